# SPDX-License-Identifier: LGPL-2.1-or-later
"""What picture tokens are to keep of their part of the picture, and how far what is there has come, as labels."""

import cv2
import numpy as np

from network.picture import SIZE

# A side of a part's light in the labels, and the coefficients a side that tell its coarse shape.
SIDE, COARSE = 7, 3
FAINT = 0.3         # the square of slopes beside which light tells nothing of its way
MOVES = 0.02        # the way in cells of what moves
UNIT = 2.5          # what brings ways to a deviation of 1


def look(tiles):
    """What the picture tokens are to keep: float32 [..., 16, 61] of tiles uint8 [..., SIZE, SIZE, 3]."""
    lead = tiles.shape[:-3]
    small = np.stack([cv2.resize(t, (28, 28), interpolation=cv2.INTER_AREA) for t in tiles.reshape(-1, SIZE, SIZE, 3)])
    tiny = np.stack([cv2.resize(t, (8, 8), interpolation=cv2.INTER_AREA) for t in small]).astype(np.float32)
    light = (small.astype(np.float32) @ np.float32([0.3, 0.6, 0.1])).reshape(*lead, 4, 7, 4, 7).swapaxes(-3, -2)
    light = light.reshape(*lead, 16, SIDE ** 2)
    colour = tiny.reshape(*lead, 4, 2, 4, 2, 3).swapaxes(-4, -3)
    return np.concatenate((light, colour.reshape(*lead, 16, 12)), -1) / np.float32(127.5) - 1


def stir(light):
    """The coarse light of every part float32 [..., frames, 16, COARSE^2], and how far it seems to have come since the picture before
    [..., frames - 1, 16, 2], by its slope times its change: what motion is to first order. light float32 [..., frames, 16, SIDE^2]."""
    order = np.arange(COARSE)[:, None]
    basis = np.cos(np.pi / SIDE * order * (np.arange(SIDE) + 0.5)) * np.sqrt(np.where(order == 0, 1, 2) / SIDE)
    coarse = basis @ light.reshape(*light.shape[:-1], SIDE, SIDE) @ basis.T
    smooth = basis.T @ coarse @ basis
    change = smooth[..., 1:, :, :, :] - smooth[..., :-1, :, :, :]
    both = smooth[..., 1:, :, :, :] + smooth[..., :-1, :, :, :]
    down, right = np.gradient(both / 2, axis=(-2, -1))
    come = -np.stack([(slope * change).sum((-2, -1)) for slope in (right, down)], -1)
    come *= UNIT / ((right ** 2 + down ** 2).sum((-2, -1)) + FAINT)[..., None]
    return coarse.reshape(*coarse.shape[:-2], -1).astype(np.float32), come.clip(-4, 4).astype(np.float32)


def drift(flow, cells):
    """How far all that moves has come, right, down, and away from its middle: float32 [..., 3] of flow [..., 16, 2], NaN where nobody knows.
    cells int64 [..., 16]: 1 where something has changed."""
    at = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(16, 2)
    known = np.isfinite(flow).all(-1)
    moves = known & (np.abs(np.nan_to_num(flow)) > MOVES).any(-1)
    share = moves / np.maximum(moves.sum(-1, keepdims=True), 1)
    flow = np.nan_to_num(flow)
    away = at - (share[..., None] * at).sum(-2, keepdims=True)
    out = np.concatenate(((share[..., None] * flow).sum(-2), (share * (away * flow).sum(-1)).sum(-1, keepdims=True)), -1)
    changed = cells == 1
    told = known.any(-1) & (~changed.any(-1) | (changed & known).any(-1))
    return np.where(told[..., None], out, np.nan).astype(np.float32)
