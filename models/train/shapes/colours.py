# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ten names of colours: what stands for each, and which of them a colour has."""

import numpy as np

# Every name with the colours that stand for it; any other colour has the name of the nearest of these.
COLOURS = {
    "red": [(255, 0, 0), (220, 30, 30), (190, 20, 40)],
    "orange": [(255, 165, 0), (255, 140, 0), (240, 120, 20)],
    "yellow": [(255, 255, 0), (250, 225, 30)],
    "green": [(0, 128, 0), (0, 255, 0), (40, 180, 60)],
    "cyan": [(0, 255, 255), (0, 200, 200)],
    "blue": [(0, 0, 255), (30, 60, 220), (20, 30, 150)],
    "purple": [(128, 0, 128), (160, 32, 240), (255, 0, 255)],
    "white": [(255, 255, 255), (235, 235, 235)],
    "gray": [(128, 128, 128), (150, 150, 150), (105, 105, 105)],
    "black": [(0, 0, 0), (25, 25, 25)],
}
NAMES = list(COLOURS)


def cielab(rgb):
    c = np.asarray(rgb, float) / 255
    c = np.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
    xyz = c @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = xyz / [0.9505, 1, 1.089]
    f = np.where(f > 0.008856, np.cbrt(f), 7.787 * f + 16 / 116)
    return np.stack((116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])), -1)


ANCHORS = cielab([c for name in NAMES for c in COLOURS[name]])
OWNER = np.array([i for i, name in enumerate(NAMES) for _ in COLOURS[name]])


def colour_name(rgb):
    """The name of a colour, and how clear that is: the distance to the nearest other name over that to its own."""
    d = np.sqrt(((ANCHORS - cielab(rgb)) ** 2).sum(1))
    own = OWNER[d.argmin()]
    return NAMES[own], d[OWNER != own].min() / max(d.min(), 1e-3)


def shade(rng, name, spread):
    """A colour of this name: one of its own, moved a little."""
    while True:
        rgb = np.array(COLOURS[name][rng.integers(len(COLOURS[name]))]) + rng.integers(-spread, spread + 1, 3)
        rgb = tuple(int(v) for v in np.clip(rgb, 0, 255))
        found, clear = colour_name(rgb)
        if found == name and clear > 1.3:
            return rgb
