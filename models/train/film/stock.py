# SPDX-License-Identifier: LGPL-2.1-or-later
"""The photographs, cut-out things and figures that film is made of, as fetch.py and figures.py packed them."""

import functools
import zlib

import numpy as np

from film.things import BUST, NAMES, Figure, called

CHARTS, OFTEN = "/opencv-doc/", 4       # where most pictures are charts and chessboards; how much oftener others are drawn


def held_out(name):
    """Whether this photograph, thing, or family of figures or fonts is kept out of the training: one in six."""
    return zlib.crc32(name.encode()) % 6 == 0


@functools.cache
def load(path, part, figures=None):
    """Of a part of the stock, "free" to train with or "held" out: {"photo": [picture], "thing": [(what it is called, picture)],
    "font": [letters as writing.py has them], "figure": {name: [Figure]}, those of heads and shoulders under BUST}. None without a path."""
    if not path:
        return None
    with np.load(path) as file:
        photos, things, fonts = (_of(file, f"{part}/{kind}/") for kind in ("photo", "thing", "font"))
    return {"photo": [photo for name, photo in photos.items() for _ in range(1 if CHARTS in name else OFTEN)],
            "thing": [(called(name), thing) for name, thing in things.items()], "font": list(fonts.values()), "figure": _figures(figures, part)}


def _of(file, start):
    return {name: file[name] for name in file.files if name.startswith(start)}


def _figures(path, part):
    out = {name: [] for name in [*NAMES, BUST]}
    if path:
        with np.load(path) as file:
            for key, loop in _of(file, f"{part}/figure/").items():
                name, _, _, gait, right, down = key.split("/")[2:]
                out[BUST if gait == BUST else name].append(Figure(loop, gait, (float(right), float(down))))
    return out
