# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads models in AC3D's text format, and in that of TORCS cars, which has normals, several textures and strips of triangles."""

import shlex
from pathlib import Path

import numpy as np
from PIL import Image

from actors import Part

STRIP = 4           # the kind of a surface that is a strip of triangles


class _File:
    def __init__(self, path):
        self.lines, self.at = Path(path).read_text(encoding="latin-1").splitlines(), 0

    def words(self):
        self.at += 1
        return shlex.split(self.lines[self.at - 1])


def read(path):
    """The Parts of a model, in one phase; x forwards as TORCS has it. Textures are looked for beside the file."""
    file, parts, textures = _File(path), [], {}
    file.words()
    while file.at < len(file.lines):
        words = file.words()
        if words and words[0] == "OBJECT":
            part = _object(file, Path(path).parent, textures)
            if part:
                parts.append(part)
    return parts


def _object(file, folder, textures):
    """The Part of what stands until the children of an object; None when it has no surface."""
    texture, place, turn, points, corners = None, np.zeros(3), np.eye(3), np.zeros((0, 3)), []
    while file.at < len(file.lines):
        words = file.words()
        if not words:
            continue
        key, values = words[0], words[1:]
        if key == "kids":
            break
        if key == "data":
            file.at += 1
        elif key == "texture" and texture is None and values[0].endswith((".rgb", ".png")):
            texture = values[0]
        elif key == "loc":
            place = np.array(values, float)
        elif key == "rot":
            turn = np.array(values, float).reshape(3, 3).T
        elif key == "numvert":
            points = np.array([file.words()[:3] for _ in range(int(values[0]))], float).reshape(-1, 3)
        elif key == "SURF":
            corners += _surface(file, int(values[0], 16))
    if not corners:
        return None
    corners = np.array(corners)      # [triangles, 3, (number, u, v)]
    uv, points = corners[:, :, 1:].reshape(-1, 2), (points @ turn.T + place)[corners[:, :, 0].astype(int)]
    normals = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    if texture not in textures:
        there = folder / texture if texture else None
        textures[texture] = np.asarray(Image.open(there).convert("RGBA")).astype(np.float32) if there and there.exists() else None
    return Part(points.reshape(1, -1, 3), normals.repeat(3, 0)[None], uv, np.arange(len(uv)).reshape(-1, 3)[:, ::-1], textures[texture])


def _surface(file, kind):
    """The triangles of one surface: [(number, u, v)] of three corners each."""
    while True:
        words = file.words()
        if words and words[0] == "refs":
            break
    refs = [tuple(map(float, file.words()[:3])) for _ in range(int(words[1]))]
    if kind & 15 == STRIP:
        return [(a, b, c) if i % 2 == 0 else (b, a, c) for i, (a, b, c) in enumerate(zip(refs, refs[1:], refs[2:]))]
    return [(refs[0], b, c) for b, c in zip(refs[1:], refs[2:])] if kind & 15 == 0 else []
