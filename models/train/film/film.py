# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws clips that look like real film: photographs as places, things that move before them, cameras, light, noise, codecs.

Film(rng, stock).draw(frames, height, width) gives the pictures at the model's size and a Truth: what may be said of them, as
the drawing knows it. Nothing that is too faint to be seen is told, and nothing is drawn that is neither clear nor invisible.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from film import colours, labels
from film.cameras import Cameras
from film.light import LUMA, Light
from film.movers import Movers
from film.places import Places
from film.things import Things
from film.units import SIDE
from film.writing import Writing
from network.picture import SIZE

cv2.setNumThreads(1)


@dataclass
class Truth:
    """What is so in a clip, and which kinds of it are clear enough to be told."""
    state: tuple = ()                # of dark, overexposed, blurred, noisy
    chroma: float = 0                # mean difference of the strongest and the weakest of red, green and blue
    above: dict = field(default_factory=dict)    # share of the upper half that the name of a colour fits
    below: dict = field(default_factory=dict)    # and of the lower
    surely_above: dict = field(default_factory=dict)    # and that surely has it
    surely_below: dict = field(default_factory=dict)
    camera: str = "stands"           # one of telling.CAMERAS, or "unclear"
    movers: list = field(default_factory=list)   # of Mover: all that move clearly; while the camera stands
    text: bool | None = False        # whether there is large writing
    light: float = 128               # the mean
    spread: float = 50               # and the deviation
    telling: set = field(default_factory=lambda: {"camera", "movers", "colour"})


def look_at(truth, small):
    """Puts what the pictures uint8 [frames, height, width, 3] show of light and colour into the truth."""
    half = small.shape[1] // 2
    truth.surely_above, truth.above = colours.shares(small[:, :half])
    truth.surely_below, truth.below = colours.shares(small[:, half:])
    r, g, b = small[..., 0], small[..., 1], small[..., 2]
    truth.chroma = float((np.maximum(np.maximum(r, g), b) - np.minimum(np.minimum(r, g), b)).mean())
    luma = small.astype(np.float32) @ LUMA
    truth.light, truth.spread = float(luma.mean()), float(luma.std())
    if truth.light < 18 and not truth.state:
        truth.state = ("dark",)
        truth.telling = set()
    if truth.light > 235 and not truth.state:
        truth.telling = set()


class Film(Places, Things, Cameras, Movers, Writing, Light):
    def __init__(self, rng, stock, grain, still=0.62):
        """stock: as stock.load() gives it; grain float32 [512, 512, 3] with deviation 1; still: the share of cameras that stand."""
        self.still = still
        self.rng, self.photos, self.things, self.figures, self.fonts = rng, stock["photo"], stock["thing"], stock["figure"], stock["font"]
        self.grain = grain
        self.bar = 0            # rows above and below that are black
        self.sprites = 0        # things that the places have which nobody knows of
        self.bare = False       # whether the place drawn last is one for titles
        self.straight = None    # the angle at which all that moves goes all the time; None: everything as it likes
        self.way = None         # the camera's, of the piece drawn last, as _views() leaves it

    def _chance(self, p):
        return self.rng.random() < p

    def _stretch(self, frames, height, width, scale, shown):
        """One piece without a cut: pictures float32 [frames, height, width, 3], camera, the Layers of its things and their Movers, None for
        those that rest."""
        rng = self.rng
        pictures, camera = self._views(frames, height, width)
        if self._chance(0.25):
            self._flicker(pictures, scale)
        movers, seen = [], []
        self.straight = self._straight_way() if self._chance(0.4) else None
        want = 0 if self._chance(0.28) else int(rng.choice([1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8] if self.straight is None else [1, 1, 1, 1, 2, 3]))
        if camera != "stands" and self._chance(0.5):
            want = 0
        theme = self._theme() if self._chance(0.75) else None       # of all of them
        for _ in range(want):
            got = self._move(pictures, scale, shown, theme or self._theme(), seen)
            if got:
                movers.append(got[0])
                seen.append(got[1])
        if camera == "stands" and self._chance(0.08):      # a pole stands before all
            w = max(2, int(width * rng.uniform(0.01, 0.05)))
            x = rng.integers(0, width - w)
            pictures[:, int(height * rng.uniform(0, 0.4)):, x:x + w] = 0.5 * pictures[0, 0, x] + 30
        return pictures, camera, movers, seen

    def _dissolve(self, pictures, others):
        """One piece becomes another little by little, which is told as nothing."""
        frames = len(pictures)
        middle, long = self.rng.uniform(0.2, 0.8), self.rng.uniform(0.2, 0.8)
        share = np.clip((np.arange(frames) / (frames - 1) - middle) / long + 0.5, 0, 1).astype(np.float32)[:, None, None, None]
        pictures += (others - pictures) * share

    def render(self, frames, height, width, scale, shown=None):
        """A clip as a camera would film it: uint8 [frames, height, width, 3], Truth, what changes in it (contrasts [frames, height,
        width], of the movers while the camera stands), and the Layers of its things, None where nobody knows.

        scale: pixels a unit (units.py). shown: the frames that the model will see; all when None."""
        rng = self.rng
        shown = list(range(frames)) if shown is None else shown
        self.bar = int(height * rng.uniform(0.06, 0.16)) if self._chance(0.1) else 0
        self.sprites = 0
        pictures, camera, movers, seen = self._stretch(frames, height, width, scale, shown)
        written = slice(None)
        if frames > 1 and self._chance(0.11):
            for _ in range(rng.choice([1, 1, 1, 2, 3])):
                where = int(rng.integers(shown[0] + 1, shown[-1] + 1))
                pictures[where:] = self._stretch(frames, height, width, scale, shown)[0][where:]
            camera, seen = "cut", None
            if self._chance(0.5):       # as of a title between two scenes
                written = slice(where) if self._chance(0.5) else slice(where, None)
        elif frames > 2 and self._chance(0.03):
            self._dissolve(pictures, self._stretch(frames, height, width, scale, shown)[0])
            camera, seen = "unclear", None
        text = self._write(pictures[written], seen or [])
        changes = [layer.contrast for mover, layer in zip(movers, seen) if mover] if camera == "stands" else [pictures @ LUMA]
        movers = [mover for mover in movers if mover]
        truth = Truth(camera=camera, movers=movers if camera == "stands" else [], text=text)
        if frames == 1:
            truth.telling -= {"camera", "movers"}
        if camera != "stands":
            truth.telling.discard("movers")
        if camera == "unclear":
            truth.telling.discard("camera")
        if camera == "stands" and frames > 1 and not movers and self._chance(0.4):
            pictures[:] = pictures[0]
            truth.camera = "same"
        self._finish(pictures, truth, scale, shown)
        if self.bar:
            for rows in (slice(self.bar), slice(height - self.bar, None)):
                pictures[:, rows] = 0
                for layer in changes:
                    layer[:, rows] = 0
            truth.text = truth.text and None
        return np.clip(pictures + 0.5, 0, 255).astype(np.uint8), truth, changes, seen

    def draw(self, frames, height, width):
        """tiles uint8 [frames, SIZE, SIZE, 3] of a picture of height x width in them, its Truth, and its labels (see labels.py)."""
        rng = self.rng
        scale = (1.5, 1.5, 2.0, 2.0, 2.0, 3.0)[rng.integers(6)]
        size = int(height * scale * SIDE / SIZE), int(width * scale * SIDE / SIZE)
        pictures, truth, changes, seen = self.render(frames, *size, scale)
        tiles = np.zeros((frames, SIZE, SIZE, 3), np.uint8)
        strength = rng.uniform(0, 1) if self._chance(0.7) else 0
        first = scale >= 2 and self._chance(0.5)
        if strength and first:
            pictures = self._codec(pictures, strength)
        small = np.stack([np.asarray(Image.fromarray(f).resize((width, height), Image.BILINEAR)) for f in pictures])
        if strength and not first:
            small = self._codec(small, strength * 0.5)
        tiles[:, :height, :width] = small
        if frames > 1 and truth.camera == "stands" and not truth.movers and "camera" in truth.telling and (small == small[:1]).all():
            truth.camera = "same"
        look_at(truth, small)
        cells = labels.cells(truth, changes, frames, scale, *size)
        return tiles, truth, {"cells": cells, "flow": labels.flow(truth, changes, cells, self.way, seen, scale, *size),
                              "what": labels.what(truth, seen, not self.sprites, frames, scale, *size)}
