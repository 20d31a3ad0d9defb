# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is known of every part of the pictures of film: whether it changes, how far what is there has come, and what it is."""

import cv2
import numpy as np

from film.movers import CLEAR, COVERS
from film.things import NAMES
from film.units import SIDE
from network.picture import GRID

CELLS, PATCHES = 4, GRID    # a side of what the decoder sees and of what the vision tower sees
CELL = SIDE / CELLS
NOTHING, OTHER = 0, len(NAMES) + 1      # in what() beside 1 + the number of a name
UNKNOWN = -100
FADES = ("fades in", "fades out")       # while the light changes everywhere nobody can say what else does


def _inside(pixels, scale, parts):
    """float32 [parts, pixels]: 1 where one of so many pixels lies in one of the parts that a picture of the model's size has."""
    return (np.minimum(np.arange(pixels) / scale // (SIDE / parts), parts - 1) == np.arange(parts)[:, None]).astype(np.float32)


def cells(truth, layers, frames, scale, height, width):
    """Whether something has changed in every cell since the frame before: int64 [frames, 16]. layers: contrasts [frames, height, width]."""
    out = np.full((frames, CELLS ** 2), UNKNOWN, np.int64)
    if "camera" not in truth.telling or truth.camera in FADES:
        return out
    change = np.zeros((frames, CELLS, CELLS), np.float32)
    down, right = _inside(height, scale, CELLS), _inside(width, scale, CELLS)
    for layer in layers:
        for i in range(frames - 1):
            change[i + 1] += down @ cv2.absdiff(layer[i + 1], layer[i]) @ right.T / np.float32(scale ** 2)
    flat = change.reshape(frames, CELLS ** 2)
    out = np.where(flat > CLEAR / 3, 1, np.where(flat < 15, 0, UNKNOWN)).astype(np.int64)
    out[0] = UNKNOWN
    return out


def flow(truth, layers, changed, way, seen, scale, height, width):
    """How far what is in every cell has come since the frame before, in cells: float32 [frames, 16, 2], NaN where nobody knows.
    changed: as cells() tells; way: the camera's; seen: the Layers of all things."""
    out = np.full((len(changed), CELLS ** 2, 2), np.nan, np.float32)
    if "camera" not in truth.telling or truth.camera in ("cut", *FADES):
        return out
    size = np.float32([width, height]) / scale / CELL
    middle = (np.stack(np.meshgrid(np.arange(CELLS), np.arange(CELLS)), -1).reshape(CELLS ** 2, 2) + 0.5) / size
    out[1:][changed[1:] == 0] = 0
    down, right = _inside(height, scale, CELLS), _inside(width, scale, CELLS)
    if truth.camera not in ("stands", "same"):
        centre, zooms, near = way
        pace = np.stack((1 + near * (middle[:, 1] - 0.5), np.ones(len(middle))), 1)
        for i, (at, zoom, before, zoom_before) in enumerate(zip(centre[1:], zooms[1:], centre, zooms), 1):
            came = 0.5 + ((at - before) * pace + (middle - 0.5) / zoom) * zoom_before
            known = ((came >= 0) & (came <= 1) & (middle < 1)).all(1)
            out[i, known] = ((middle - came) * size)[known]
        for layer in seen:      # which do not go with the camera
            for i in range(1, len(changed)):
                covered = down @ layer.covers[i].astype(np.float32) @ right.T
                out[i, covered.reshape(CELLS ** 2) > 0.2 * (CELL * scale) ** 2] = np.nan
        return out
    for mover, layer in zip(truth.movers, layers):
        for i in range(1, len(changed)):
            covered = (down @ (layer[i] > COVERS).astype(np.float32) @ right.T).reshape(CELLS ** 2)
            known = covered > min(0.35 * (CELL * scale) ** 2, 0.2 * covered.sum())
            out[i, known] = (mover.x[i] - mover.x[i - 1]) * size[0], (mover.y[i] - mover.y[i - 1]) * size[1]
    return out


def what(truth, seen, bare, frames, scale, height, width):
    """What is to be seen in every patch of the vision tower: int64 [frames, GRID^2], NOTHING, 1 + the number of its name, or OTHER; UNKNOWN where
    nobody can say. seen: the Layers of all things; bare: the place has no others."""
    out = np.full((frames, PATCHES, PATCHES), UNKNOWN, np.int64)
    if truth.state or seen is None:
        return out.reshape(frames, -1)
    out[:] = NOTHING if bare else UNKNOWN
    down, right = _inside(height, scale, PATCHES), _inside(width, scale, PATCHES)
    for layer in seen:      # what came later hides what was there
        number = UNKNOWN if layer.name is None else 1 + NAMES.index(layer.name) if layer.name else OTHER
        for i in range(frames):
            covered = down @ layer.covers[i].astype(np.float32) @ right.T / (SIDE / PATCHES * scale) ** 2
            out[i][covered > 0.2] = number
            out[i][(covered > 0.03) & (covered <= 0.2)] = UNKNOWN
    return out.reshape(frames, -1)
