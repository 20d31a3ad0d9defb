# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture preparation of Llama 4 for one tile: fit to its square, pad right and below with black, normalise by a table."""

import functools

import numpy as np

PATCH, GRID = 14, 12        # pixels and patches a side
SIZE = GRID * PATCH         # pixels a side


def fitted(height, width):
    """Height and width of the picture inside its tile."""
    limit_h = min(max(height, SIZE), SIZE)
    limit_w = min(max(width, SIZE), SIZE)
    sh, sw = limit_h / height, limit_w / width
    if sw < sh:
        return max(1, min(int(height * sw), limit_h)), limit_w
    return limit_h, max(1, min(int(width * sh), limit_w))


@functools.lru_cache(64)
def _filter(size, out):
    """The antialiased triangle filter: for every output its first and last input and their weights."""
    scale = size / out
    reach = max(scale, 1.0)
    rows = []
    for i in range(out):
        centre = (i + 0.5) * scale
        first = max(0, int(centre - reach + 0.5))
        last = min(size, int(centre + reach + 0.5))
        w = np.maximum(0, 1 - np.abs((np.arange(first, last) - centre + 0.5) / reach))
        rows.append((first, last, (w / w.sum()).astype(np.float32)))
    return rows


def _resize(x, out):
    """float32 [n, size, 3] -> [n, out, 3], rounded."""
    return np.stack([np.rint(np.einsum("nsc,s->nc", x[:, a:b], w)) for a, b, w in _filter(x.shape[1], out)], 1)


def fit(frame):
    """uint8 [height, width, 3] -> uint8 [SIZE, SIZE, 3], padded right and below."""
    height, width = frame.shape[:2]
    h, w = fitted(height, width)
    x = frame.astype(np.float32)
    if w != width:
        x = _resize(x, w)
    if h != height:
        x = _resize(x.swapaxes(0, 1), h).swapaxes(0, 1)
    tile = np.zeros((SIZE, SIZE, 3), np.uint8)
    tile[:h, :w] = np.clip(x, 0, 255)
    return tile


def _round_bf16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


# What each byte of a tile becomes, from -1 to 1, rounded as the published processor does.
NORMAL = 2 * _round_bf16(_round_bf16(np.arange(256, dtype=np.float32) * np.float32(1 / 255)) - np.float32(0.5))
