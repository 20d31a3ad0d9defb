# SPDX-License-Identifier: LGPL-2.1-or-later
"""Large writing over the pictures of film, as of titles, captions and signs."""

import cv2
import numpy as np

from film.light import LUMA
from film.movers import HIDDEN

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:!?-&"
UPPER, LOWER, DIGITS = slice(0, 26), slice(26, 52), slice(52, 62)
SIDE, RISE, BASE = 64, 34, 46        # of a letter as fetch.py draws it: its square, how tall a capital is, where it stands
LARGE, SMALL = 0.09, 0.035           # letters so tall, as a part of the picture, are told; smaller than that nobody reads
APART = 70                           # the difference of light by which letters are clear


class Writing:
    """A part of Film."""

    def _word(self):
        """Letters of a word, as their numbers in LETTERS."""
        rng = self.rng
        length = int(rng.integers(1, 10))
        style = rng.random()
        if style < 0.15:
            return rng.integers(DIGITS.start, DIGITS.stop, min(length, 4))
        word = rng.integers(LOWER.start, LOWER.stop, length) if style < 0.7 else rng.integers(UPPER.start, UPPER.stop, length)
        if style < 0.45:
            word[0] = rng.integers(UPPER.start, UPPER.stop)
        if self._chance(0.1):
            word = np.append(word, rng.integers(DIGITS.stop, len(LETTERS)))
        return word

    def _line(self, font, most):
        """A line of letters of a font, float32 [SIDE, width] from 0 to 1, at most so wide."""
        line, words = np.zeros((SIDE, 0), np.float32), int(self.rng.integers(1, 5))
        for _ in range(words):
            for letter in self._word():
                shape = font[letter]
                across = np.nonzero(shape.any(0))[0]
                piece = shape[:, across[0]:across[-1] + 4].astype(np.float32) / 255 if len(across) else shape[:, :0].astype(np.float32)
                if line.shape[1] + piece.shape[1] > most:
                    return line
                line = np.concatenate((line, piece), 1)
            line = np.concatenate((line, np.zeros((SIDE, min(SIDE // 4, most - line.shape[1])), np.float32)), 1)
        return line

    def _text(self, height, width):
        """Lines of writing, float32 [rows, columns] from 0 to 1, and the part of the height that a capital takes."""
        rng = self.rng
        tall = float(np.exp(rng.uniform(np.log(0.06), np.log(0.3))))
        zoom = tall * height / RISE
        font = self.fonts[rng.integers(len(self.fonts))]
        lines = [self._line(font, max(SIDE, int(0.94 * width / zoom))) for _ in range(int(rng.choice([1, 1, 1, 2, 3])))]
        across = max(line.shape[1] for line in lines)
        rows = [np.pad(line, ((0, 0), ((across - line.shape[1]) // 2, across - line.shape[1] - (across - line.shape[1]) // 2))) for line in lines]
        while len(rows) * SIDE * zoom > 0.95 * height and len(rows) > 1:
            rows.pop()
        text = np.concatenate(rows)
        size = max(1, int(across * zoom)), max(1, int(len(text) * zoom))
        return cv2.resize(text, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR), tall

    def _write(self, pictures, seen):
        """Writes on all pictures alike. True when the writing is clear, False when there is none, None when nobody can say.
        seen: the Layers of what is there, which the writing does not hide."""
        rng = self.rng
        if not self.fonts or not self._chance(0.7 if self.bare else 0.2):
            return False
        height, width = pictures.shape[1:3]
        text, tall = self._text(height, width)
        h, w = min(text.shape[0], height), min(text.shape[1], width)
        text = text[:h, :w]
        for _ in range(4):
            y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
            covered = [layer.covers[:, y:y + h, x:x + w].sum((1, 2)) > HIDDEN / 2 * np.maximum(layer.covers.sum((1, 2)), 1) for layer in seen]
            if not any(c.any() for c in covered):
                break
        else:
            return False
        crop = pictures[:, y:y + h, x:x + w]
        behind = float((crop @ LUMA).mean())
        ink = np.full(3, rng.choice([0, 255, 255])) if self._chance(0.6) else rng.uniform(0, 255, 3)
        style = rng.random()
        if style < 0.35:        # a box behind it
            box, thick = np.float32(rng.uniform(0, 255, 3) if self._chance(0.5) else np.full(3, 255 * rng.integers(2))), np.float32(rng.uniform(0.6, 1))
            crop *= 1 - thick
            crop += box * thick
            behind = float((crop @ LUMA).mean())
        elif style < 0.7:       # an outline, or a shadow
            wide = max(1, round(tall * height * 0.07))
            around = cv2.dilate(text, np.ones((2 * wide + 1,) * 2, np.uint8))
            edge = 0.0 if ink @ LUMA > 128 else 255.0
            crop *= 1 - around[..., None]
            crop += edge * around[..., None]
            behind = edge
        crop *= 1 - text[..., None]
        crop += np.float32(ink) * text[..., None]
        clear = abs(float(ink @ LUMA) - behind)
        if style >= 0.7:        # the place itself is behind it
            clear -= float((crop[0] @ LUMA)[text < 0.5].std()) if (text < 0.5).any() else 0
        letters = text.sum() / (tall * height) ** 2      # of how many capitals' squares it is
        if clear < 12:
            return False if letters == 0 else None
        return True if clear > APART and tall >= LARGE and letters > 0.15 else None
