# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads models in Wavefront's OBJ format, with one texture or one colour for all."""

import numpy as np

from meshes.actors import loose


def read(text, texture, colour=(0.6, 0.6, 0.6)):
    """The Part of a model, in one phase. texture: float32 [h, w, 4] or None."""
    points, uvs, triangles = [], [(0, 0)], []
    for line in text.splitlines():
        key, *values = line.split() or ("",)
        if key == "v":
            points.append([float(v) for v in values[:3]])
        elif key == "vt":
            uvs.append([float(v) for v in values[:2]])
        elif key == "f":
            corners = [_corner(v, len(points), len(uvs)) for v in values]
            triangles += [(corners[0], b, c) for b, c in zip(corners[1:], corners[2:])]
    corners, points = np.array(triangles), np.array(points)
    points, uv = points[corners[:, :, 0]], np.array(uvs, float)[corners[:, :, 1]]
    return loose(points, uv, texture=texture, colour=colour)


def _corner(text, n_points, n_uvs):
    """The numbers of a point and of a place of the texture; negative ones count from those that came last."""
    point, uv, *_ = (*text.split("/"), "")
    point, uv = int(point), int(uv or 0)
    return point - 1 if point > 0 else n_points + point, uv if uv >= 0 else n_uvs + uv
