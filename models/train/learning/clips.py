# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches of small clips for the training: pictures at the model's size as H.264 leaves them, sentences, labels."""

import numpy as np

from film.film import Film
from network.picture import GRID, PATCH, SIZE, fitted
from saying import telling
from shapes import scenes
from shapes.colours import NAMES
from shapes.scenes import SHAPES
from shapes.sentences import PATTERNS, sentence

KINDS = ["things", "plain"] + list(PATTERNS) + ["film"]
ASPECTS = [(320, 240)] * 3 + [(640, 360)] * 5 + [(1, 1), (3, 2), (5, 4), (9, 16), (21, 9), (2, 1), (3, 4)]
MATRIX_601 = np.float32([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
MATRIX_709 = np.float32([[0.2126, 0.7152, 0.0722], [-0.114572, -0.385428, 0.5], [0.5, -0.454153, -0.045847]])
MIXED = [np.linalg.inv(MATRIX_709) @ MATRIX_601, np.linalg.inv(MATRIX_601) @ MATRIX_709]


class Clips:
    """Draws clips; pairs: the share of two shapes among those that show shapes; film: that of clips of film among all; kinds: the
    kinds of statements of film that are told, "cut" among them for the camera's cuts alone; all when None (see telling.only); how: see Film."""

    def __init__(self, seed, bank=None, pairs=0.55, stock=None, film=0.5, kinds=None, **how):
        self.pairs, self.share, self.kinds = pairs, film if stock else 0, kinds
        self.rng = np.random.default_rng(seed)
        self.grain = self.rng.standard_normal((512, 512, 3)).astype(np.float32)
        coarse = self.rng.standard_normal((128, 128, 3)).astype(np.float32).repeat(4, 0).repeat(4, 1)
        self.grain = 0.6 * self.grain + 0.8 * coarse
        self.bank = {}
        for key in bank.files if bank else ():
            self.bank.setdefault(key.split("/")[0], []).append(bank[key])
        plain = self.rng.standard_normal((512, 512, 3)).astype(np.float32)
        self.film = Film(self.rng, stock, plain, **how) if stock else None

    def _noise(self, height, width):
        y, x = self.rng.integers(0, 512 - height), self.rng.integers(0, 512 - width)
        return self.grain[y:y + height, x:x + width]

    def _pattern(self, kind, frames):
        rng = self.rng
        stock = self.bank[kind][rng.integers(len(self.bank[kind]))]
        step = rng.integers(1, 8) if frames > 1 else 1
        at = (rng.integers(len(stock)) + step * np.arange(frames)) % len(stock)
        return stock[at]

    def _drawn(self, scene, frames, held_out, width, height):
        """Frames of a scene after emulated encoding, uint8 [frames, SIZE, SIZE, 3]."""
        rng = self.rng
        h, w = fitted(height, width)
        colours = np.float32([scene.rgb] + [t.rgb for t in scene.things])
        if rng.random() < 0.15:
            colours = colours @ np.float32(MIXED[rng.integers(2)]).T
        colours = np.clip(colours + rng.normal(0, 2, colours.shape), 0, 255).astype(np.float32)
        blur = rng.uniform(0.7, 3.2)
        chroma = blur + rng.uniform(0, 1.2)
        rough = rng.choice([0, 1, 2.5, 5])
        grain = rng.choice([0, 0, 0.5, 1.0, 2.0])
        shake = rng.choice([0, 0, 0.2, 0.5])
        out = np.zeros((frames, SIZE, SIZE, 3), np.uint8)
        spread = rng.uniform(0, 1) if frames == 1 else None
        for i in range(frames):
            u = spread if frames == 1 else i / (frames - 1)
            f = scenes.draw(scene, u, w, h, blur, chroma, colours, rough * self._noise(h, w) if rough else None,
                            rng.normal(0, shake, 2) if shake else (0, 0))
            if grain:
                f += grain * self._noise(h, w)
            out[i, :h, :w] = np.clip(f + 0.5, 0, 255)
        return out, (h, w), spread

    def _film(self, tiles, labels, b, frames):
        width, height = ASPECTS[self.rng.integers(len(ASPECTS))]
        h, w = fitted(height, width)
        self.film.rng = self.rng
        tiles[b], truth, known = self.film.draw(frames, h, w)
        for name, values in known.items():
            labels[name][b] = values
        labels["kind"][b] = KINDS.index("film")
        labels["patch_colour"][b] = labels["patch_shape"][b] = -100
        self.truths.append(truth)
        said = telling.statements(truth)
        if "plain" in said:
            labels["kind"][b] = KINDS.index("plain")
        labels["truth"][b] = telling.numbers(said, truth)
        return telling.only(self.kinds, said)

    def draw(self, count, frames, held_out=False, things_only=False, film=None):
        """tiles uint8 [count, frames, SIZE, SIZE, 3], what is to be told (a sentence, or the statements of film), and the labels of
        every frame and of the clip's motions. What is true of those of film is in truths, then."""
        rng = self.rng
        self.truths = []
        tiles = np.zeros((count, frames, SIZE, SIZE, 3), np.uint8)
        n = len(NAMES)
        labels = {"kind": np.zeros((count, frames), np.int64), "background": np.full((count, frames), -100, np.int64),
                  "shape": np.zeros((count, frames, n), np.int64), "place": np.zeros((count, frames, n, 2), np.float32),
                  "motion": np.full((count, n), -100, np.int64),
                  "patch_colour": np.full((count, frames, GRID ** 2), n, np.int64),
                  "patch_shape": np.full((count, frames, GRID ** 2), len(SHAPES), np.int64),
                  "cells": np.full((count, frames, 16), -100, np.int64), "flow": np.full((count, frames, 16, 2), np.nan, np.float32),
                  "what": np.full((count, frames, GRID ** 2), -100, np.int64), "truth": np.full((count, len(telling.VALUES)), -100, np.int64)}
        text = []
        for b in range(count):
            if self.film and rng.random() < (self.share if film is None else film):
                text.append(self._film(tiles, labels, b, frames))
                continue
            r = rng.random()
            if things_only or r < 0.72 or (r >= 0.8 and not self.bank):
                width, height = ASPECTS[rng.integers(len(ASPECTS))]
                scene = scenes.things_scene(rng, width, height, held_out, count=1 + int(rng.random() < self.pairs))
                tiles[b], (h, w), spread = self._drawn(scene, frames, held_out, width, height)
                self._label(labels, b, scene, frames, h, w, spread)
            elif r < 0.8:
                width, height = ASPECTS[rng.integers(len(ASPECTS))]
                scene = scenes.plain_scene(rng)
                tiles[b] = self._drawn(scene, frames, held_out, width, height)[0]
                labels["kind"][b] = 1
                labels["background"][b] = NAMES.index(scene.background)
            else:
                scene = scenes.Scene("ball" if rng.random() < 0.2 else list(PATTERNS)[rng.integers(len(PATTERNS))])
                tiles[b] = self._pattern(scene.kind, frames)
                labels["kind"][b] = KINDS.index(scene.kind)
            text.append(sentence(scene, frames))
        return tiles, text, labels

    def _label(self, labels, b, scene, frames, h, w, spread):
        labels["background"][b] = NAMES.index(scene.background)
        grid = np.arange(GRID) * PATCH + PATCH // 2
        side = min(h, w)
        for t in scene.things:
            c = NAMES.index(t.colour)
            labels["shape"][b, :, c] = 1 + SHAPES.index(t.shape)
            labels["motion"][b, c] = list(scenes.MOTIONS).index(t.motion)
            for i in range(frames):
                x, y = t.centre(spread if frames == 1 else i / (frames - 1))
                labels["place"][b, i, c] = x * w / SIZE, y * h / SIZE
                half = t.size * side / 2
                inside = ((abs(grid - x * w)[None, :] < half * t.wide + 5) & (abs(grid - y * h)[:, None] < half + 5)).ravel()
                labels["patch_colour"][b, i][inside] = c
                labels["patch_shape"][b, i][inside] = SHAPES.index(t.shape)
