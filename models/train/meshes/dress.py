# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dresses the people of an ancient world as one sees them today: coats, trousers and skirts of few colours, no helmets."""

import dataclasses

import numpy as np

WORN = ("helmet", "cape", "cloak", "shoulder", "hat")      # in the names of points, beside arms
HIP = 0.52          # of the height of a body without its head
SHOE = 0.06
COATS = ((0.06, 0.06, 0.07), (0.12, 0.12, 0.13), (0.07, 0.09, 0.17), (0.25, 0.25, 0.26), (0.5, 0.5, 0.5), (0.85, 0.85, 0.83), (0.4, 0.06, 0.06),
         (0.65, 0.1, 0.1), (0.1, 0.2, 0.45), (0.15, 0.3, 0.18), (0.35, 0.25, 0.16), (0.7, 0.62, 0.48), (0.8, 0.55, 0.15), (0.45, 0.3, 0.5))
TROUSERS = ((0.05, 0.05, 0.06), (0.1, 0.1, 0.11), (0.08, 0.1, 0.18), (0.15, 0.2, 0.34), (0.25, 0.32, 0.48), (0.28, 0.28, 0.28), (0.5, 0.45, 0.35),
            (0.7, 0.66, 0.58))
LEATHER = ((0.05, 0.05, 0.05), (0.15, 0.09, 0.06), (0.75, 0.75, 0.75))


def dressed(rng, parts):
    """The Parts of somebody, the first of which is the body without its head, in other clothes."""
    body, *others = parts
    heights = body.points[..., 1].mean(0)       # of all phases
    low, high = heights.min(), heights.max()
    at = (heights[body.faces].mean(1) - low) / (high - low)
    coat = _some(rng, COATS)
    legs = coat if rng.random() < 0.15 else _some(rng, TROUSERS)
    hem = HIP - abs(rng.normal(0, 0.12)) if rng.random() < 0.5 else HIP       # of a coat
    layers = ((at >= hem, coat), ((at < hem) & (at >= SHOE), legs), (at < SHOE, _some(rng, LEATHER)))
    return [dataclasses.replace(body, faces=body.faces[which], texture=_cloth(body.texture, colour)) for which, colour in layers] + others


def _some(rng, colours):
    return np.array(colours[rng.integers(len(colours))]) * rng.uniform(0.7, 1.3) + rng.normal(0, 0.02, 3)


def _cloth(texture, colour):
    """A texture whose folds are left, in one colour."""
    light = np.full((1, 1, 1), 1.0) if texture is None else texture[..., :3].mean(-1, keepdims=True)
    folds = 0.65 + 0.35 * light / max(light.mean(), 1)
    return np.concatenate((np.clip(folds * colour * 255, 0, 255), np.full_like(folds, 255)), -1).astype(np.float32)
