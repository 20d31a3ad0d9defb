# SPDX-License-Identifier: LGPL-2.1-or-later
"""The names that people give to the colours of film: surely, and when asked whether one fits."""

import numpy as np

from shapes.colours import ANCHORS, COLOURS, NAMES, OWNER, cielab

STEPS = 32      # of red, green and blue each
# What surely has a name: from which chroma on (CIELAB), within which lightness, and how far its hue may be from that of the colours
# of that name, in degrees. What is less is brown, beige, pink, olive; nobody is sure of it.
CHROMATIC = {"red": (45, 25, 70, 18), "orange": (50, 50, 90, 14), "yellow": (45, 65, 100, 16), "green": (20, 18, 95, 28),
             "cyan": (22, 40, 97, 22), "blue": (22, 12, 90, 45), "purple": (25, 15, 85, 24)}
# The others: up to which chroma, and within which lightness.
PLAIN = {"white": (8, 86, 101), "gray": (8, 30, 72), "black": (20, -1, 14)}
LEAST, MOST = 12, 18    # chroma from which on the name of a hue may be given, and up to which that of none


def _hue(lab):
    return np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))


def _tables():
    """bool [colours, names]: which name every colour surely has, and which fit it."""
    step = (np.arange(STEPS) + 0.5) * 256 / STEPS
    lab = cielab(np.stack(np.meshgrid(step, step, step, indexing="ij"), -1).reshape(-1, 3))
    chroma, light = np.hypot(lab[:, 1], lab[:, 2]), lab[:, 0]
    nearest = np.concatenate([((lab[i:i + 4096, None] - ANCHORS) ** 2).sum(-1).argmin(1) for i in range(0, len(lab), 4096)])
    sure, fits = np.zeros((len(lab), len(NAMES)), bool), OWNER[nearest][:, None] == np.arange(len(NAMES))
    turns = {name: np.abs((_hue(lab)[:, None] - _hue(cielab(COLOURS[name])) + 180) % 360 - 180).min(1) for name in CHROMATIC}
    closest = np.array(list(turns.values())).min(0)
    for name, (least, low, high, far) in CHROMATIC.items():
        at = NAMES.index(name)
        sure[:, at] = (chroma > least) & (light > low) & (light < high) & (turns[name] < far) & (turns[name] == closest)
        fits[:, at] |= (chroma > LEAST) & (turns[name] == closest)
    for name, (most, low, high) in PLAIN.items():
        at = NAMES.index(name)
        sure[:, at] = (chroma < most) & (light > low) & (light < high)
        fits[:, at] &= (chroma < MOST) | (light < 25)
    return sure, fits | sure


SURE, FITS = _tables()


def shares(pixels):
    """({name: share that surely has it}, {name: share that it fits}) of pixels uint8 [..., 3]."""
    q = pixels.reshape(-1, 3) >> 3
    counts = np.bincount((q[:, 0].astype(np.int32) * STEPS + q[:, 1]) * STEPS + q[:, 2], minlength=STEPS ** 3) / len(q)
    seen = counts.nonzero()[0]
    return tuple(dict(zip(NAMES, counts[seen] @ table[seen])) for table in (SURE, FITS))
