# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads models in AC3D's text format, and in that of TORCS cars, which has normals, several textures and strips of triangles."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from meshes.actors import loose

STRIP = 4           # the kind of a surface that is a strip of triangles
WORDS = re.compile(r'"([^"]*)"|(\S+)')
GLASS = 0.4         # how much of what is as transparent as that is left out


@dataclass
class _Place:
    """Where the children of an object stand."""
    turn: np.ndarray
    at: np.ndarray


class _File:
    def __init__(self, path):
        self.lines, self.at = [line for line in Path(path).read_text(encoding="latin-1").splitlines() if line.strip()], 0
        self.folder, self.colours, self.textures = Path(path).parent, [], {}

    def words(self):
        self.at += 1
        return [a or b for a, b in WORDS.findall(self.lines[self.at - 1])]

    def texture(self, name):
        if name not in self.textures:
            path = self.folder / name if name else None
            self.textures[name] = np.asarray(Image.open(path).convert("RGBA")).astype(np.float32) if path and path.is_file() else None
        return self.textures[name]


def read(path):
    """The Parts of a model, in one phase, y up. Textures are looked for beside the file."""
    file, parts = _File(path), []
    file.words()
    while file.at < len(file.lines):
        words = file.words()
        if words[0] == "MATERIAL":
            at = words.index("rgb")
            file.colours.append((tuple(map(float, words[at + 1:at + 4])), float(words[words.index("trans") + 1])))
        elif words[0] == "OBJECT":
            _object(file, parts, _Place(np.eye(3), np.zeros(3)))
    return parts


def _object(file, parts, parent):
    """Adds the Parts of an object and its children."""
    texture, place, points, surfaces, children = None, _Place(parent.turn, parent.at), np.zeros((0, 3)), [], 0
    while file.at < len(file.lines):
        words = file.words()
        key, values = words[0], words[1:]
        if key == "kids":
            children = int(values[0])
            break
        if key == "data" and int(values[0]):
            file.at += 1
        elif key == "texture" and texture is None and values and values[0].lower().endswith((".rgb", ".png")):
            texture = values[0]
        elif key == "loc":
            place.at = parent.turn @ np.array(values, float) + parent.at
        elif key == "rot":
            place.turn = parent.turn @ np.array(values, float).reshape(3, 3).T
        elif key == "numvert":
            points = np.array([file.words()[:3] for _ in range(int(values[0]))], float).reshape(-1, 3) @ place.turn.T + place.at
        elif key == "SURF":
            surfaces.append(_surface(file, int(values[0], 16)))
    for material in {m for m, triangles in surfaces if triangles}:
        colour, glass = file.colours[material] if material < len(file.colours) else ((1, 1, 1), 0)
        if glass < GLASS or texture:
            parts.append(_part(points, [t for m, triangles in surfaces if m == material for t in triangles], file.texture(texture), colour))
    for _ in range(children):
        while file.at < len(file.lines):
            words = file.words()
            if words[0] == "OBJECT":
                _object(file, parts, place)
                break


def _part(points, triangles, texture, colour):
    corners = np.array(triangles)      # [triangles, 3, (number, u, v)]
    return loose(points[corners[:, :, 0].astype(int)], corners[:, :, 1:], texture=texture, colour=colour, cut=True)


def _surface(file, kind):
    """The material of one surface, and its triangles: [(number, u, v)] of three corners each."""
    material = 0
    while (words := file.words())[0] != "refs":
        if words[0] == "mat":
            material = int(words[1])
    refs = [tuple(map(float, (file.words() + ["0"] * 3)[:3])) for _ in range(int(words[1]))]
    if kind & 15 == STRIP:
        return material, [(a, b, c) if i % 2 == 0 else (b, a, c) for i, (a, b, c) in enumerate(zip(refs, refs[1:], refs[2:]))]
    return material, [(refs[0], b, c) for b, c in zip(refs[1:], refs[2:])] if kind & 15 == 0 else []
