# SPDX-License-Identifier: LGPL-2.1-or-later
"""The places of film: pieces of photographs, and what is drawn without one."""

import cv2
import numpy as np

from film.light import LUMA


class Places:
    """A part of Film."""

    def _procedural(self, height, width):
        """A place without a photograph: clouds of colour, flat areas, lines as of text."""
        rng = self.rng
        out = np.empty((height, width, 3), np.float32)
        out[:] = rng.uniform(0, 255, 3)
        kind = rng.integers(3)
        if kind != 1:
            for cells, strength in ((2, 70), (5, 40), (17, 25), (60, 12)):
                small = rng.standard_normal((cells, cells, 3)).astype(np.float32)
                out += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * strength * rng.uniform(0, 1)
        if kind != 0:
            for _ in range(rng.integers(3, 25)):
                x, y = rng.integers(0, width), rng.integers(0, height)
                w, h = int(width * rng.uniform(0.02, 0.5)), int(height * rng.uniform(0.02, 0.4))
                colour = tuple(float(c) for c in (rng.uniform(0, 255, 3) if self._chance(0.5) else np.full(3, rng.uniform(0, 255))))
                if self._chance(0.6):
                    cv2.rectangle(out, (x, y), (x + w, y + h), colour, -1)
                elif self._chance(0.5):
                    cv2.ellipse(out, (x, y), (w // 2 + 1, h // 2 + 1), rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
                else:
                    for row in range(y, min(height, y + h), 6):
                        cv2.line(out, (x, row), (x + int(w * rng.uniform(0.3, 1)), row), colour, 1)
        return np.clip(out, 0, 255)

    def _place(self, height, width):
        """float32 [height, width, 3] in 0..255: a piece of a photograph, its colours changed."""
        rng = self.rng
        if self._chance(0.12):
            out = self._procedural(height, width)
        else:
            photo = self.photos[rng.integers(len(self.photos))]
            ph, pw = photo.shape[:2]
            ratio = width / height
            share = rng.uniform(0.35, 1)
            w = min(pw, ph * ratio) * share
            h = w / ratio
            x, y = int(rng.uniform(0, pw - w + 0.5)), int(rng.uniform(0, ph - h + 0.5))
            crop = photo[y:y + max(8, int(h)), x:x + max(8, int(w))]
            if self._chance(0.5):
                crop = crop[:, ::-1]
            out = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if w > width else cv2.INTER_LINEAR).astype(np.float32)
        if self._chance(0.7):
            cv2.pow(np.clip(out, 0, 255) / np.float32(255), float(np.exp(rng.normal(0, 0.25))), out)
            out *= np.float32(255 * rng.uniform(0.75, 1.08))
        if self._chance(0.5):
            gray = (out @ LUMA)[..., None]
            out = gray + (out - gray) * np.float32(rng.uniform(0.3, 1.3)) + rng.normal(0, 7, 3).astype(np.float32)
        for _ in range(rng.integers(0, 4) if self._chance(0.4) else 0):
            self.sprites += 1
            sprite = self._sprite(height * rng.uniform(0.05, 0.6))
            self._paste(out, sprite, rng.uniform(0, width), rng.uniform(0, height))
        return np.clip(out, 0, 255, out)
