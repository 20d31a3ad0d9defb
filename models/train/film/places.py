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

    def _bare(self, height, width):
        """A ground for titles: one colour, most often black, that may become lighter to one side or have lines, as of ruled paper."""
        rng = self.rng
        colour = np.zeros(3) if self._chance(0.55) else np.full(3, rng.uniform(0, 255)) if self._chance(0.4) else rng.uniform(0, 255, 3)
        slope = np.linspace(*rng.normal(0, 25, 2), height, dtype=np.float32) if self._chance(0.3) else np.zeros(height, np.float32)
        out = np.float32(colour) + np.broadcast_to(slope[:, None, None], (height, width, 3))
        if self._chance(0.3):
            apart, thick, light = rng.uniform(0.02, 0.12) * height, max(1, int(rng.uniform(0.002, 0.01) * height)), np.float32(rng.normal(0, 25))
            for row in np.arange(0, height, apart).astype(int):
                out[row:row + thick] += light
            for column in np.arange(0, width, apart if self._chance(0.8) else 2 * width).astype(int):
                out[:, column:column + thick] += light
        return np.clip(out, 0, 255)

    def _photo(self, height, width):
        """A piece of a photograph, float32; at times as seen aslant."""
        rng = self.rng
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
        if self._chance(0.25):
            corners = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
            return self._laid(crop, corners + rng.normal(0, 0.12, (4, 2)), height, width)
        return cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if w > width else cv2.INTER_LINEAR).astype(np.float32)

    def _laid(self, picture, corners, height, width):
        """A picture laid out between four corners, of the width and the height, and mirrored beyond them: float32 [height, width, 3]."""
        h, w = picture.shape[:2]
        inside = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
        way = cv2.getPerspectiveTransform(inside, np.float32(corners * [width, height]))
        return cv2.warpPerspective(picture, way, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(np.float32)

    def _stage(self, height, width):
        """A ground that is nearer below, what is behind it, and at times a wall to one side, each with a photograph's texture or colour."""
        rng = self.rng
        horizon = rng.uniform(0.2, 0.65)
        out = self._photo(height, width) if self._chance(0.7) else self._bare(height, width).copy()
        away = rng.uniform(0.2, 3)
        corners = np.array([[0.5 - 0.5 / away, horizon], [0.5 + 0.5 / away, horizon], [2, 1.1], [-1, 1.1]])
        ground = self._laid(self._photo(height, width), corners, height, width)
        if self._chance(0.4):       # of little texture, as a road or a floor has
            ground += (ground.mean((0, 1)) - ground) * np.float32(rng.uniform(0.6, 0.95))
        out[int(horizon * height):] = ground[int(horizon * height):]
        if self._chance(0.5):
            edge, foot = rng.uniform(0.1, 0.6), rng.uniform(1, 1.6)
            corners = np.array([[0, -0.5], [edge, rng.uniform(-0.1, 0.3)], [edge, horizon + rng.uniform(0, 0.1)], [0, foot]])
            side = self._chance(0.5)
            if side:
                corners[:, 0] = 1 - corners[:, 0]
            wall = self._laid(self._photo(height, width), corners[[1, 0, 3, 2]] if side else corners, height, width)
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [np.int32(corners * [width, height])], 1)
            out = np.where(mask[..., None] > 0, wall, out)
        return out

    def _place(self, height, width):
        """float32 [height, width, 3] in 0..255: what is behind all that moves."""
        rng = self.rng
        self.bare = self._chance(0.03)
        if self.bare:
            return self._bare(height, width)
        kind = rng.random()
        out = self._procedural(height, width) if kind < 0.12 else self._stage(height, width) if kind < 0.3 else self._photo(height, width)
        if self._chance(0.2):       # other colours than those that the photographs have
            out = out @ np.float32(np.eye(3) * 0.5 + rng.dirichlet(np.ones(3), 3) * 0.5)
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
