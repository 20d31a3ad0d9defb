# SPDX-License-Identifier: LGPL-2.1-or-later
"""What moves in film: whither, how large, and how it is put into the pictures."""

from dataclasses import dataclass

import cv2
import numpy as np

from film.light import THIRD
from film.things import BUST, SHARES

# Contrast times area, in levels times square units: what must be seen, and what cannot be.
CLEAR, FAINT = 230, 50
NAMEABLE = 9        # units that a thing is high which can be told from others
COVERS = 8          # contrast from which on a thing covers a pixel
HIDDEN = 0.35       # the share of a thing that others may cover
# How many of its heights something that walks, or something else that has a front, goes while a clip lasts.
STEPS = {"walk": (0.6, 5), "run": (1.5, 9), "drive": (0.5, 12)}


@dataclass
class Mover:
    """A thing that moves: its centre, height and width in every frame, of the picture's height and width; NaN where unseen."""
    x: np.ndarray
    y: np.ndarray
    height: np.ndarray
    width: np.ndarray
    there: np.ndarray            # of the frames that are shown: 1 where it is seen, 0 where nothing of it is, NaN between
    name: str | None = ""        # as things.called() tells it
    clear: bool = True           # whether it is large enough to be named


@dataclass
class Layer:
    """What a thing, one that stands too, changes in the pictures: its name, and the contrast float32 [frames, height, width]."""
    name: str | None
    contrast: np.ndarray
    covers: np.ndarray           # bool: where it is to be seen

    @classmethod
    def of(cls, name, contrast):
        return cls(name, contrast, contrast > COVERS)


class Movers:
    """A part of Film."""

    def _theme(self):
        return str(self.rng.choice(list(SHARES), p=list(SHARES.values())))

    def _way(self, frames, aspect, person, near):
        """Centre and relative size in every frame, of width and height of the picture."""
        rng = self.rng
        u = np.arange(frames) / max(1, frames - 1)
        start = rng.uniform(0.02, 0.98, 2)
        if self.straight is not None and self._chance(0.8):
            length = np.exp(rng.uniform(np.log(0.12), np.log(0.9)))
            return self._along(start, np.array([np.cos(self.straight), np.sin(self.straight) * aspect]) * length, u)
        kind = rng.random()
        if self._chance(0.6 if near else 0.1):          # moves where it is
            start = np.array([rng.uniform(0.2, 0.8), rng.uniform(0.4, 0.8)]) if near else start
            sway = np.cumsum(rng.normal(0, 1, (frames, 2)), 0) * rng.uniform(0.005, 0.04) * (4 / max(4, frames)) ** 0.5
            return start + sway, np.exp(rng.normal(0, 0.02) * np.arange(frames))
        if not near and self._chance(0.2):              # comes nearer or goes away
            size = np.exp(u * rng.uniform(0.4, 1.2))
            return start + u[:, None] * rng.normal(0, 0.06, 2), (size if self._chance(0.5) else size[::-1]) / size.mean()
        length = np.exp(rng.uniform(np.log(0.05), np.log(0.9)))
        if kind < (0.65 if person else 0.45):           # across
            angle = rng.normal(0, 0.25) + (np.pi if self._chance(0.5) else 0)
        elif kind < 0.75:
            angle = rng.normal(0, 0.25) + np.pi / 2 * (1 if self._chance(0.5) else 3)
        else:
            angle = rng.uniform(0, 2 * np.pi)
        return self._along(start, np.array([np.cos(angle), np.sin(angle) * aspect]) * length, u)

    def _along(self, start, step, u):
        """The same, of who goes by step from about start on, as u tells of every frame."""
        rng = self.rng
        frames = len(u)
        if self.straight is not None:
            return self._from(step) + u[:, None] * step, np.ones(frames)
        if np.abs(start + step - 0.5).max() > 0.6:     # most stay in the picture
            if self._chance(0.7):
                start = start - step
        if self._chance(0.75):
            # Not all of the time: it starts, stops, slows down.
            begin, end = sorted(rng.uniform(0, 1, 2)) if self._chance(0.25) else (0, 1)
            u = np.clip((u - begin) / max(0.15, end - begin), 0, 1)
        at = start + u[:, None] * step
        if self._chance(0.25):
            at = at + rng.normal(0, 0.02, (frames, 2))
        if self._chance(0.5):
            at[:, 1] += np.abs(np.sin(np.arange(frames) * rng.uniform(0, 3))) * rng.uniform(0, 0.015)
        size = np.exp(u * rng.normal(0, 0.35)) if self._chance(0.3) else np.ones(frames)
        return at, size

    def _straight_way(self):
        rng = self.rng
        return np.pi / 2 * rng.choice(4, p=[0.36, 0.14, 0.36, 0.14]) + rng.normal(0, 0.12)

    def _from(self, step):
        """Where something begins that goes by step, so that it stays in the picture, comes into it, or leaves it."""
        rng = self.rng
        low, high = 0.05 - np.minimum(step, 0), 0.95 - np.maximum(step, 0)
        start = rng.uniform(np.minimum(low, high), np.maximum(low, high))
        main = np.abs(step).argmax()
        if self._chance(0.35) and abs(step[main]) > 0.2:
            outside = rng.uniform(0.02, abs(step[main]) - 0.1)
            away = 1 + outside if step[main] < 0 else -outside     # of what comes
            start[main] = away if self._chance(0.5) else 1 - away - step[main]
        return start

    def _forwards(self, frames, aspect, body, tall):
        """The same, of who goes the way that it faces."""
        rng = self.rng
        start = rng.uniform(0.02, 0.98, 2)
        if body.gait == "idle":
            return np.repeat(start[None], frames, 0), np.ones(frames)
        least, most = STEPS[body.gait]
        length = min(tall * np.exp(rng.uniform(np.log(least), np.log(most))), 1.1)
        right, down = body.heading
        return self._along(start, np.array([right / aspect, down]) * length, np.arange(frames) / max(1, frames - 1))

    def _tall(self, body, near):
        """How much of the picture's height a thing takes."""
        rng = self.rng
        if near:
            return float(rng.uniform(0.5, 1.2))
        if body.heading:
            return float(np.exp(rng.uniform(np.log(0.09), np.log(0.6))))
        tall = float(np.exp(rng.uniform(np.log(0.05), np.log(0.55)))) if self._chance(0.8) else float(rng.uniform(0.2, 0.75))
        return min(tall, rng.uniform(0.06, 0.3)) if body.name == "person" and self._chance(0.7) else tall

    def _move(self, pictures, scale, shown, theme, seen):
        """Puts one moving thing into all frames. Returns its Mover, None for one that rests, and its Layer; or None when it was taken
        out again because it can be neither seen nor overlooked, or hides one of those that are there."""
        rng = self.rng
        n, height, width = pictures.shape[:3]
        body = self._body(0.3 * height, theme)
        person = theme in ("drawn", "figure/person")
        bust = body.gait == BUST
        near = bust or not person and not body.heading and self._chance(0.28)      # such as a face or a hand
        tall = max(self._tall(body, near), 3.5 * scale / height)
        at, size = (self._forwards(n, width / height, body, tall) if body.heading else self._way(n, width / height, person, near))
        if bust:        # nothing of the place is to be seen below it
            at[:, 1] += 1 - tall * size.min() / 2 + rng.uniform(0, 0.15) - at[:, 1].min()
        soft = bust or not person and not body.heading and self._chance(0.6 if near else 0.25)
        bends = rng.uniform(0.02, 0.1) * (0.4 if bust else 1) if soft else 0
        phase, pace = rng.uniform(0, 1), rng.uniform(0.1, 0.9) * 4 / max(n, 4)
        turn = self._chance(0.1) and not body.heading
        rests = self._chance(0.25 if self.straight is None else 0.05)      # stands as well as it could move
        if rests:
            at, size, bends, pace, turn = np.repeat(at[:1], n, 0), np.ones(n), 0, 0, False
        shadow = rng.uniform(0.3, 0.9) if self._chance(0.4) else 0
        mover = Mover(*np.full((4, n), np.nan), np.zeros(n), body.name)
        contrasts = np.zeros((n, height, width), np.float32)
        kept = pictures.copy()
        for i in range(n):
            h = tall * size[i] * height
            sprite = body.look(phase + pace * i, h)
            if turn and i * 4 // max(n, 4) % 2:
                sprite = np.ascontiguousarray(sprite[:, ::-1])
            sprite = self._fit(sprite, h)
            if bends and min(sprite.shape[:2]) > 8:
                sprite = self._bent(sprite, bends)
            cx, cy = at[i, 0] * width, at[i, 1] * height
            if shadow:
                self._cast(pictures[i], sprite.shape[1], h, cx, cy, shadow)
            box = self._paste(pictures[i], sprite, cx, cy)
            if box is None:
                continue
            x0, y0, x1, y1 = box
            y0, y1 = max(y0, self.bar), min(y1, height - self.bar)
            if y0 >= y1:
                continue
            contrast = cv2.absdiff(pictures[i, y0:y1, x0:x1], kept[i, y0:y1, x0:x1]) @ THIRD
            contrasts[i, y0:y1, x0:x1] = contrast
            mover.there[i] = np.nan if contrast.sum() / scale ** 2 > FAINT / 2 else 0
            if contrast.sum() / scale ** 2 > CLEAR / 2:
                mover.there[i] = 1
                mover.x[i], mover.y[i] = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height
                mover.height[i], mover.width[i] = (y1 - y0) / height, (x1 - x0) / width
        change = np.array([cv2.norm(contrasts[j], contrasts[i], cv2.NORM_L1) for i, j in zip(shown, shown[1:])] or [0.0]) / scale ** 2
        if rests:       # though leaves may stir behind it
            change[:] = 0
        mover.there = mover.there[shown]
        for values in (mover.x, mover.y, mover.height, mover.width):      # only what is shown is judged
            values[[i for i in range(n) if i not in shown]] = np.nan
        moves, layer = change.max() >= CLEAR and np.isfinite(mover.x).any(), Layer.of(body.name, contrasts)
        if change.max() > FAINT and not moves or self._hides(layer, seen):
            pictures[:] = kept
            return None
        mover.clear = bool(moves and np.nanmax(mover.height) * height / scale >= NAMEABLE)
        return mover if moves else None, layer

    @staticmethod
    def _hides(layer, seen):
        """Whether something new covers too much of what is there in some frame."""
        return any(((layer.covers & old.covers).sum((1, 2)) > HIDDEN * np.maximum(old.covers.sum((1, 2)), 1)).any() for old in seen)

    def _cast(self, picture, wide, height, cx, cy, strength):
        """A thing's shadow under it."""
        flat = np.zeros((max(2, int(height * 0.12)), max(3, wide), 4), np.float32)
        half = flat.shape[1] // 2, flat.shape[0] // 2
        cv2.ellipse(flat, half, half, 0, 0, 360, (0, 0, 0, 110 * strength), -1)
        self._paste(picture, flat, cx, cy + height / 2)
