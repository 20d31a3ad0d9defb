# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws triangles with textures, small and many, as points that lie close enough; the nearest one of a pixel is seen."""

import cv2
import numpy as np

FINER = 2           # pixels a side of which each one of the result is the mean
CLOSE = 0.75        # how far apart points may be, in the finer pixels
CLASSES = (1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 60, 100, 200)


def _lattice(n):
    """Barycentric coordinates [points, 3] of a triangle whose sides have n + 1."""
    i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    i, j = i[i + j <= n], j[i + j <= n]
    return np.stack((i, j, n - i - j), 1) / n


LATTICES = {n: _lattice(n) for n in CLASSES}


def turn(yaw, pitch):
    """The matrix of a camera that looks down by pitch on what has turned by yaw; x right, y up, z towards the camera."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    return np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])


def draw(parts, phase, camera, box, height, light, tint):
    """Premultiplied RGBA uint8 of this height. camera: as turn() gives it; box: left, right, bottom, top in its units; light: where it comes
    from; tint: the colour that shows where a texture is transparent."""
    left, right, bottom, top = box
    fine = height * FINER
    scale = fine / (top - bottom)
    wide = max(1, round((right - left) * scale / FINER)) * FINER
    at, depth, colour = [], [], []
    for part in parts:
        seen = part.points[phase] @ camera.T
        x, y = (seen[:, 0] - left) * scale, (top - seen[:, 1]) * scale
        bright = 0.45 + 0.65 * np.clip(part.normals[phase] @ camera.T @ light, 0, 1)
        corners = np.stack((x, y, seen[:, 2], bright, part.uv[:, 0], part.uv[:, 1]), 1)[part.faces]
        across, down = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
        corners = corners[across[:, 0] * down[:, 1] > across[:, 1] * down[:, 0]]      # those that face the camera
        sides = np.hypot(*(corners[:, [0, 1, 2], :2] - corners[:, [1, 2, 0], :2]).transpose(2, 0, 1)).max(1)
        classes = np.minimum(np.searchsorted(CLASSES, sides / CLOSE), len(CLASSES) - 1)
        for c in np.unique(classes):
            points = np.einsum("pk,fkv->fpv", LATTICES[CLASSES[c]], corners[classes == c]).reshape(-1, corners.shape[2])
            px, py = np.floor(points[:, 0]).astype(int), np.floor(points[:, 1]).astype(int)
            points, px, py = (values[(px >= 0) & (px < wide) & (py >= 0) & (py < fine)] for values in (points, px, py))
            at.append(py * wide + px)
            depth.append(points[:, 2])
            colour.append(_colours(part.texture, points[:, 4], points[:, 5], tint) * points[:, 3:4])
    out = np.zeros((fine * wide, 4), np.float32)
    order = np.argsort(np.concatenate(depth))
    at = np.concatenate(at)[order]
    out[at, :3] = np.concatenate(colour)[order].clip(0, 255)
    out[at, 3] = 255
    return (cv2.resize(out.reshape(fine, wide, 4), (wide // FINER, height), interpolation=cv2.INTER_AREA) + 0.5).astype(np.uint8)


def _colours(texture, u, v, tint):
    if texture is None:
        return np.full((len(u), 3), 150.0)
    h, w = texture.shape[:2]
    texels = texture[np.minimum(((1 - v) % 1 * h).astype(int), h - 1), np.minimum((u % 1 * w).astype(int), w - 1)]
    own = texels[:, 3:] / 255
    return texels[:, :3] * own + texels[:, :3].mean(1, keepdims=True) * tint * (1 - own)
