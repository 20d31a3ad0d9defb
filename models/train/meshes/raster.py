# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws triangles with textures, small: every pixel is the mean of several, of which each shows what is nearest. raster.c fills them."""

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

FINER = 3           # pixels a side of which each one of the result is the mean


class _Skin(ctypes.Structure):
    _fields_ = [("texels", ctypes.c_void_p), ("width", ctypes.c_int32), ("height", ctypes.c_int32), ("colour", ctypes.c_float * 3),
                ("tint", ctypes.c_float * 3), ("cut", ctypes.c_int32), ("both", ctypes.c_int32)]


class _Canvas(ctypes.Structure):
    _fields_ = [("picture", ctypes.c_void_p), ("depth", ctypes.c_void_p), ("width", ctypes.c_int32), ("height", ctypes.c_int32)]


@functools.cache
def _library():
    """raster.c, compiled for this process."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "raster.so"
        subprocess.run(["cc", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-o", made,
                        Path(__file__).with_suffix(".c"), "-lm"], check=True)
        library = ctypes.CDLL(str(made))
    library.fill_all.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int32]
    return library


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
    picture, depth = np.zeros((fine, wide, 4), np.float32), np.full((fine, wide), -np.inf, np.float32)
    canvas = _Canvas(picture.ctypes.data, depth.ctypes.data, wide, fine)
    for part in parts:
        seen, normals = part.points[phase] @ camera.T, part.normals[phase] @ camera.T
        if part.both:
            normals = normals * np.where(normals[:, 2:] < 0, -1, 1)
        bright = 0.45 + 0.65 * np.clip(normals @ light, 0, 1)
        vertices = np.ascontiguousarray(np.stack(((seen[:, 0] - left) * scale, (top - seen[:, 1]) * scale, seen[:, 2], bright, *part.uv.T), 1),
                                        np.float32)
        faces = np.ascontiguousarray(part.faces, np.int32)
        texture = None if part.texture is None else np.ascontiguousarray(part.texture, np.float32)
        skin = _Skin(*((None, 0, 0) if texture is None else (texture.ctypes.data, texture.shape[1], texture.shape[0])),
                     tuple(part.colour), tuple(tint), part.cut, part.both)
        _library().fill_all(ctypes.byref(canvas), ctypes.byref(skin), vertices.ctypes.data, faces.ctypes.data, len(faces))
    return (cv2.resize(picture, (wide // FINER, height), interpolation=cv2.INTER_AREA) + 0.5).astype(np.uint8)
