# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws clips that look like real film: photographs as places, things that move before them, cameras, light, noise, codecs.

Film(rng, stock).draw(frames, height, width) gives the pictures at the model's size and a Truth: what may be said of them, as
the drawing knows it. Nothing that is too faint to be seen is told, and nothing is drawn that is neither clear nor invisible.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

import colours
from picture import SIZE

cv2.setNumThreads(1)
CELL = SIZE // 4
LUMA = np.float32([0.299, 0.587, 0.114])
THIRD = np.float32([1 / 3, 1 / 3, 1 / 3])
# Contrast times area, in levels times pixels of the model's picture: what must be seen, and what cannot be.
CLEAR, FAINT = 230, 50
# Mean difference of two pictures, in levels, from which on it is seen that the camera moves.
SEEN = 5


@dataclass
class Mover:
    """A thing that moves: its centre and its height in every frame, of the picture's width and height; NaN where unseen."""
    x: np.ndarray
    y: np.ndarray
    height: np.ndarray
    person: bool = False


@dataclass
class Truth:
    """What is so in a clip, and which kinds of it are clear enough to be told."""
    state: tuple = ()                # of dark, overexposed, blurred, noisy
    chroma: float = 0                # mean difference of the strongest and the weakest of red, green and blue
    above: dict = field(default_factory=dict)    # share of the upper half that the name of a colour fits
    below: dict = field(default_factory=dict)    # and of the lower
    surely_above: dict = field(default_factory=dict)    # and that surely has it
    surely_below: dict = field(default_factory=dict)
    camera: str = "stands"           # one of CAMERAS, or "unclear"
    movers: list = field(default_factory=list)   # of Mover: all that move clearly; while the camera stands
    light: float = 128               # the mean
    spread: float = 50               # and the deviation
    telling: set = field(default_factory=lambda: {"camera", "movers", "colour"})


CAMERAS = ["stands", "left", "right", "up", "down", "in", "out", "shakes", "moves", "cut", "same"]


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


class Film:
    def __init__(self, rng, stock, grain, still=0.62):
        """stock {"photo": [...], "thing": [...]}; grain float32 [512, 512, 3] with deviation 1; still: the share of cameras that stand."""
        self.still = still
        self.rng, self.photos, self.things, self.grain = rng, stock["photo"], stock["thing"], grain
        self.way = None         # the camera's, of the piece drawn last: its place and zoom in every frame

    # ---- the place

    def _chance(self, p):
        return self.rng.random() < p

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
            sprite = self._sprite(height * rng.uniform(0.05, 0.6))
            self._paste(out, sprite, rng.uniform(0, width), rng.uniform(0, height))
        return np.clip(out, 0, 255, out)

    # ---- things

    def _person(self, height, phase, look):
        """A walking figure, premultiplied RGBA float32, drawn at twice its size."""
        n = max(12, int(height * 2))
        w = max(8, int(n * 0.55))
        skin, coat, legs, hair, stout, lean = look
        out = np.zeros((n, w, 4), np.float32)
        swing = np.sin(phase * 2 * np.pi)
        cx = w / 2

        def at(x, y):
            return int(cx + x * n), int(y * n)

        thick = max(1, int(n * 0.085 * stout))
        for side in (-1, 1):
            foot = side * swing * 0.13
            cv2.line(out, at(0.02 * side, 0.52), at(foot, 0.97), (*legs, 255), thick)
            cv2.line(out, at(0.05 * side * stout, 0.2), at(-foot * 0.8 + 0.05 * side, 0.5), (*coat, 255), max(1, thick * 2 // 3))
        cv2.ellipse(out, at(lean, 0.34), (max(1, int(n * 0.1 * stout)), max(1, int(n * 0.2))), 0, 0, 360, (*coat, 255), -1)
        cv2.circle(out, at(lean * 1.5, 0.085), max(1, int(n * 0.068)), (*skin, 255), -1)
        cv2.ellipse(out, at(lean * 1.5, 0.055), (max(1, int(n * 0.07)), max(1, int(n * 0.045))), 0, 0, 360, (*hair, 255), -1)
        return out

    def _look(self):
        rng = self.rng
        skin = np.float32([224, 172, 140]) * rng.uniform(0.3, 1.05)
        cloth = [np.full(3, rng.uniform(5, 70)) + rng.normal(0, 8, 3) if self._chance(0.55) else rng.uniform(0, 255, 3) for _ in range(2)]
        hair = np.full(3, rng.uniform(10, 120)) + np.float32([25, 10, 0]) * rng.uniform(0, 2)
        return [[float(v) for v in np.clip(c, 0, 255)] for c in (skin, *cloth, hair)] + [rng.uniform(0.8, 1.5), rng.uniform(-0.03, 0.03)]

    def _blob(self, height):
        """A body of any outline, with a photograph or one colour on it."""
        rng = self.rng
        n = max(8, int(height))
        w = max(6, int(n * np.exp(rng.normal(0.1, 0.5))))
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius = 0.42 + 0.16 * sum(rng.normal(0, 0.5) / k * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (1, 2, 3, 5))
        radius = np.clip(radius, 0.15, 0.5)
        points = np.stack((w * (0.5 + radius * np.cos(angle)), n * (0.5 + radius * np.sin(angle))), 1)
        if self._chance(0.35):     # something with corners, such as a car or a box
            points = np.float32([[0.02, 0.35], [0.25, 0.35], [0.35, 0.03], [0.7, 0.03], [0.82, 0.35], [0.98, 0.4], [0.98, 0.95],
                                 [0.02, 0.95]]) * [w, n]
            if self._chance(0.4):
                points = np.float32([[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]) * [w, n]
        mask = np.zeros((n, w), np.float32)
        cv2.fillPoly(mask, [np.int32(points * 16)], 1, cv2.LINE_AA, 4)
        if self._chance(0.5):
            photo = self.photos[rng.integers(len(self.photos))]
            y, x = rng.integers(0, photo.shape[0] - 100), rng.integers(0, photo.shape[1] - 100)
            skin = cv2.resize(photo[y:y + 100, x:x + 100], (w, n), interpolation=cv2.INTER_AREA).astype(np.float32)
        else:
            skin = np.empty((n, w, 3), np.float32)
            skin[:] = rng.uniform(0, 255, 3)
            skin += np.linspace(rng.uniform(-40, 40), rng.uniform(-40, 40), n, dtype=np.float32)[:, None, None]
            if self._chance(0.5):
                skin[int(n * 0.6):] *= np.float32(rng.uniform(0.2, 1))
        out = np.empty((n, w, 4), np.float32)
        out[..., :3] = np.clip(skin, 0, 255) * mask[..., None]
        out[..., 3] = mask * 255
        return out

    def _sprite(self, height):
        """Premultiplied RGBA float32 of about this height."""
        rng = self.rng
        if self._chance(0.5):
            thing = self.things[rng.integers(len(self.things))].astype(np.float32)
            if self._chance(0.5):
                thing = thing[:, ::-1]
            thing[..., :3] *= np.float32(rng.uniform(0.6, 1.0))
            return np.ascontiguousarray(thing)
        return self._blob(max(8, height))

    @staticmethod
    def _fit(sprite, height):
        h = max(1, int(round(height)))
        w = max(1, int(round(height * sprite.shape[1] / sprite.shape[0])))
        return cv2.resize(sprite, (w, h), interpolation=cv2.INTER_AREA if h < sprite.shape[0] else cv2.INTER_LINEAR)

    def _bent(self, sprite, strength):
        """A sprite whose parts have moved a little against each other."""
        h, w = sprite.shape[:2]
        push = cv2.resize(self.rng.standard_normal((3, 3, 2)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
        push *= np.float32(strength * min(h, w))
        gy, gx = np.mgrid[0:h, 0:w].astype(np.float32)
        return cv2.remap(sprite, gx + push[..., 0], gy + push[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

    @staticmethod
    def _paste(frame, sprite, cx, cy):
        """Lays a sprite on a frame, its centre at (cx, cy); returns the box that it covers, or None."""
        h, w = sprite.shape[:2]
        x, y = cx - w / 2, cy - h / 2
        ix, iy = int(np.floor(x)), int(np.floor(y))
        if ix >= frame.shape[1] or iy >= frame.shape[0] or ix + w + 1 <= 0 or iy + h + 1 <= 0:
            return None
        shift = np.float32([[1, 0, x - ix], [0, 1, y - iy]])
        sprite = cv2.warpAffine(sprite, shift, (w + 1, h + 1))
        x0, y0 = max(0, ix), max(0, iy)
        x1, y1 = min(frame.shape[1], ix + w + 1), min(frame.shape[0], iy + h + 1)
        part = sprite[y0 - iy:y1 - iy, x0 - ix:x1 - ix]
        crop = frame[y0:y1, x0:x1]
        crop *= 1 - part[..., 3:] / 255
        crop += part[..., :3]
        return x0, y0, x1, y1

    # ---- the way of things

    def _way(self, frames, aspect, person, near):
        """Centre and relative size in every frame, of width and height of the picture."""
        rng = self.rng
        u = np.arange(frames) / max(1, frames - 1)
        start = rng.uniform(0.02, 0.98, 2)
        kind = rng.random()
        if self._chance(0.6 if near else 0.1):          # moves where it is
            start = np.array([rng.uniform(0.2, 0.8), rng.uniform(0.4, 0.8)]) if near else start
            sway = np.cumsum(rng.normal(0, 1, (frames, 2)), 0) * rng.uniform(0.005, 0.04) * (4 / max(4, frames)) ** 0.5
            return start + sway, np.exp(rng.normal(0, 0.02) * np.arange(frames))
        length = np.exp(rng.uniform(np.log(0.05), np.log(0.9)))
        if kind < (0.65 if person else 0.45):           # across
            angle = rng.normal(0, 0.25) + (np.pi if self._chance(0.5) else 0)
        elif kind < 0.75:
            angle = rng.normal(0, 0.25) + np.pi / 2 * (1 if self._chance(0.5) else 3)
        else:
            angle = rng.uniform(0, 2 * np.pi)
        step = np.array([np.cos(angle), np.sin(angle) * aspect]) * length
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

    def _move(self, pictures, scale, shown):
        """Puts one moving thing into all frames. Returns its Mover and its layer of contrast [frames, cells...], or None when it
        was taken out again because it can be neither seen nor overlooked."""
        rng = self.rng
        n, height, width = pictures.shape[:3]
        person = self._chance(0.5)
        tall = float(np.exp(rng.uniform(np.log(0.05), np.log(0.55)))) if self._chance(0.8) else float(rng.uniform(0.2, 0.75))
        if person and self._chance(0.7):
            tall = min(tall, rng.uniform(0.06, 0.3))
        near = not person and self._chance(0.28)      # such as a face or a hand
        if near:
            tall = float(rng.uniform(0.5, 1.2))
        at, size = self._way(n, width / height, person, near)
        tall = max(tall, 3.5 * scale / height)
        bends = rng.uniform(0.02, 0.1) if not person and self._chance(0.6 if near else 0.25) else 0
        rests = self._chance(0.25)      # stands as well as it could move
        if rests:
            at, size, bends = np.repeat(at[:1], n, 0), np.ones(n), 0
        look = self._look() if person else None
        body = None if person else self._sprite(tall * height)
        phase, pace = rng.uniform(0, 1), rng.uniform(0.1, 0.9) * 4 / max(n, 4)
        turn = self._chance(0.1) and not rests
        pace *= not rests
        shadow = rng.uniform(0.3, 0.9) if self._chance(0.4) else 0
        mover = Mover(np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), person)
        layer = np.zeros((n, height, width), np.float32)
        kept = []
        for i in range(n):
            h = tall * size[i] * height
            sprite = self._person(h, phase + pace * i, look) if person else body
            if turn and i * 4 // max(n, 4) % 2:
                sprite = np.ascontiguousarray(sprite[:, ::-1])
            sprite = self._fit(sprite, h)
            if bends and min(sprite.shape[:2]) > 8:
                sprite = self._bent(sprite, bends)
            cx, cy = at[i, 0] * width, at[i, 1] * height
            kept.append(pictures[i].copy())
            before = kept[-1]
            if shadow:
                flat = np.zeros((max(2, int(h * 0.12)), max(3, sprite.shape[1]), 4), np.float32)
                half = flat.shape[1] // 2, flat.shape[0] // 2
                cv2.ellipse(flat, half, half, 0, 0, 360, (0, 0, 0, 110 * shadow), -1)
                self._paste(pictures[i], flat, cx, cy + h / 2)
            box = self._paste(pictures[i], sprite, cx, cy)
            if box is None:
                continue
            x0, y0, x1, y1 = box
            contrast = cv2.absdiff(pictures[i, y0:y1, x0:x1], before[y0:y1, x0:x1]) @ THIRD
            layer[i, y0:y1, x0:x1] = contrast
            if contrast.sum() / scale ** 2 > CLEAR / 2:
                mover.x[i], mover.y[i] = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height
                mover.height[i] = (y1 - y0) / height
        change = np.array([cv2.norm(layer[j], layer[i], cv2.NORM_L1) for i, j in zip(shown, shown[1:])] or [0.0]) / scale ** 2
        for values in (mover.x, mover.y, mover.height):      # only what is shown is judged
            values[[i for i in range(n) if i not in shown]] = np.nan
        if change.max() >= CLEAR and np.isfinite(mover.x).any():
            return mover, layer
        if change.max() > FAINT:
            pictures[:] = kept
            return None
        return False

    # ---- the camera

    def _camera(self, frames):
        """The camera's name, its place [frames, 2] in widths and heights of the picture, and its zoom [frames]."""
        rng = self.rng
        u = np.arange(frames) / max(1, frames - 1)
        still = np.zeros((frames, 2)), np.ones(frames)
        if frames == 1 or self._chance(self.still):
            return "stands", *still
        r = rng.random()
        far = np.exp(rng.uniform(np.log(0.10), np.log(1.1)))
        jitter = rng.normal(0, 0.004, (frames, 2)) * self._chance(0.5)
        if r < 0.42:
            way = ("left", "right", "up", "down")[rng.integers(4)]
            x, y = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}[way]
            side = rng.normal(0, 0.06)
            return way, np.stack((u * far * (x or side), u * far * (y or side)), 1) + jitter, np.ones(frames)
        if r < 0.63:
            way = ("in", "out")[rng.integers(2)]
            zoom = np.exp(u * np.log(1 + np.exp(rng.uniform(np.log(0.15), np.log(1.2)))))
            return way, np.zeros((frames, 2)) + jitter, zoom if way == "in" else zoom[::-1].copy()
        if r < 0.82:
            size = np.exp(rng.uniform(np.log(0.015), np.log(0.08)))
            shake = rng.normal(0, size, (frames, 2))
            shake -= shake.mean(0)
            return "shakes" if np.abs(np.diff(shake, axis=0)).max() > 0.015 else "unclear", shake, np.ones(frames)
        if r < 0.92:
            angle = np.pi / 4 + np.pi / 2 * rng.integers(4) + rng.normal(0, 0.15)
            return "moves", u[:, None] * far * np.array([np.cos(angle), np.sin(angle)]), np.exp(u * rng.normal(0, 0.3))
        # Too little to be told from standing with certainty.
        return "unclear", rng.normal(0, 0.004, (frames, 2)) + u[:, None] * rng.normal(0, 0.02, 2), np.ones(frames)

    def _views(self, frames, height, width):
        """The place as the camera sees it, float32 [frames, height, width, 3], and the camera's name."""
        name, at, zoom = self._camera(frames)
        out = np.empty((frames, height, width, 3), np.float32)
        if name == "stands":
            out[:] = self._place(height, width)
            return out, name
        self.way = None
        reach = np.abs(at).max(0) * 2 + 1.02
        big = self._place(int(min(height * reach[1], max(900, 1.2 * height))), int(min(width * reach[0], max(1400, 1.2 * width))))
        bh, bw = big.shape[:2]
        centre = at - (at.max(0) + at.min(0)) / 2
        room = np.array([bw / width - 1, bh / height - 1]) / 2
        centre = np.clip(centre, -room, room) if name in ("shakes", "unclear") else centre
        self.way = centre, zoom
        for i in range(frames):
            s = 1 / zoom[i]
            x = bw / 2 + (centre[i, 0] - 0.5 * s) * width
            y = bh / 2 + (centre[i, 1] - 0.5 * s) * height
            m = np.float32([[s, 0, x], [0, s, y]])
            out[i] = cv2.warpAffine(big, m, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101)
        # Before a bare wall nobody sees that the camera moves.
        change = max(cv2.norm(a, b, cv2.NORM_L1) for a, b in zip(out, out[1:])) / (height * width * 3)
        return out, name if change > SEEN else "unclear"

    # ---- what stands between

    def _flicker(self, pictures, scale):
        """Leaves, water, flames: a part of the picture that wobbles in place."""
        rng = self.rng
        n, height, width = pictures.shape[:3]
        h, w = int(height * rng.uniform(0.1, 1)), int(width * rng.uniform(0.1, 1))
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        soft = np.zeros((h, w), np.float32)
        cv2.ellipse(soft, (w // 2, h // 2), (int(w * 0.35), int(h * 0.35)), 0, 0, 360, 1, -1)
        soft = cv2.blur(soft, (w // 4 + 1, h // 4 + 1))
        gy, gx = np.mgrid[0:h, 0:w].astype(np.float32)
        strength = float(np.exp(rng.uniform(np.log(0.2), np.log(1.6)))) * scale
        cells = int(rng.integers(5, 20))
        for i in range(n):
            push = cv2.resize(rng.standard_normal((cells, cells, 2)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
            push *= strength * soft[..., None]
            crop = pictures[i, y:y + h, x:x + w]
            crop[:] = cv2.remap(crop.copy(), gx + push[..., 0], gy + push[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    def _overlay(self, pictures, scale):
        """A clock, a station's logo, a line of text: on the picture, not in the place."""
        rng = self.rng
        n, height, width = pictures.shape[:3]
        size = rng.uniform(0.25, 0.6) * scale / 2
        x = int(width * rng.choice([0.02, 0.6]))
        y = int(height * rng.choice([0.08, 0.96]))
        colour = (255, 255, 255) if self._chance(0.7) else tuple(float(c) for c in rng.uniform(0, 255, 3))
        clock = self._chance(0.6)
        second = int(rng.integers(0, 50))
        word = "".join(chr(rng.integers(65, 91)) for _ in range(rng.integers(2, 12)))
        for i in range(n):
            text = f"12:34:{(second + i * 4 // max(4, n)) % 60:02d}" if clock else word
            cv2.putText(pictures[i], text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)

    def _codec(self, small, strength):
        """What a codec leaves: blocks without news are taken from the frame before, the others lose detail."""
        n, h, w = small.shape[:3]
        out = np.empty_like(small)
        quality = [int(np.clip(95 - strength * 60, 20, 95))]
        last = None
        for i in range(n):
            f = small[i]
            if strength > 0.15:
                ok, code = cv2.imencode(".jpg", f, (cv2.IMWRITE_JPEG_QUALITY, *quality))
                f = cv2.imdecode(code, cv2.IMREAD_COLOR)
            if last is not None:
                news = cv2.absdiff(small[i], last).astype(np.float32) @ THIRD
                bh, bw = -(-h // 8), -(-w // 8)
                padded = np.zeros((bh * 8, bw * 8), np.float32)
                padded[:h, :w] = news
                block = cv2.resize(padded, (bw, bh), interpolation=cv2.INTER_AREA) > 1 + 3.5 * strength
                pick = block.repeat(8, 0).repeat(8, 1)[:h, :w]
                f = cv2.copyTo(f, pick.view(np.uint8), last.copy())
            out[i] = last = f
        return out

    # ---- a clip

    def _stretch(self, frames, height, width, scale, shown):
        """One piece without a cut: pictures float32 [frames, height, width, 3], camera, movers, layers."""
        rng = self.rng
        pictures, camera = self._views(frames, height, width)
        if self._chance(0.25):
            self._flicker(pictures, scale)
        movers, layers = [], []
        want = 0 if self._chance(0.28) else int(rng.choice([1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8]))
        if camera != "stands" and self._chance(0.5):
            want = 0
        for _ in range(want):
            got = self._move(pictures, scale, shown)
            if got:
                movers.append(got[0])
                layers.append(got[1])
        if camera == "stands" and self._chance(0.08):      # a pole stands before all
            w = max(2, int(width * rng.uniform(0.01, 0.05)))
            x = rng.integers(0, width - w)
            pictures[:, int(height * rng.uniform(0, 0.4)):, x:x + w] = 0.5 * pictures[0, 0, x] + 30
        return pictures, camera, movers, layers

    def render(self, frames, height, width, scale, shown=None):
        """A clip as a camera would film it: uint8 [frames, height, width, 3], Truth, layers of contrast.

        scale: how many times larger it is than at the model's size. shown: the frames that the model will see; all when None."""
        rng = self.rng
        shown = list(range(frames)) if shown is None else shown
        pictures, camera, movers, layers = self._stretch(frames, height, width, scale, shown)
        if frames > 1 and self._chance(0.09):
            where = int(rng.integers(shown[0] + 1, shown[-1] + 1))
            pictures[where:] = self._stretch(frames, height, width, scale, shown)[0][where:]
            camera = "cut"
        if camera != "stands":
            layers = [pictures @ LUMA]
        truth = Truth(camera=camera, movers=movers if camera == "stands" else [])
        if frames == 1:
            truth.telling -= {"camera", "movers"}
        if camera != "stands":
            truth.telling.discard("movers")
        if camera == "unclear":
            truth.telling.discard("camera")
        if camera == "stands" and frames > 1 and not movers and self._chance(0.4):
            pictures[:] = pictures[0]
            truth.camera = "same"
        self._finish(pictures, truth, scale)
        if self._chance(0.1):
            margin = int(height * rng.uniform(0.06, 0.16))
            pictures[:, :margin] = pictures[:, height - margin:] = 0
        return np.clip(pictures + 0.5, 0, 255).astype(np.uint8), truth, layers

    def draw(self, frames, height, width):
        """tiles uint8 [frames, 112, 112, 3] of a picture of height x width in them, its Truth, and for every frame and cell
        whether something has changed there since the frame before: int64 [frames, 16], -100 where it is not to be asked; and
        how far what is there has come since then, in cells: float32 [frames, 16, 2], NaN where nobody knows."""
        rng = self.rng
        scale = (1.5, 1.5, 2.0, 2.0, 2.0, 3.0)[rng.integers(6)]
        bh, bw = int(height * scale), int(width * scale)
        pictures, truth, layers = self.render(frames, bh, bw, scale)
        tiles = np.zeros((frames, SIZE, SIZE, 3), np.uint8)
        strength = rng.uniform(0, 1) if self._chance(0.7) else 0
        first = scale >= 2 and self._chance(0.5)
        if strength and first:
            pictures = self._codec(pictures, strength)
        small = np.stack([np.asarray(Image.fromarray(f).resize((width, height), Image.BILINEAR)) for f in pictures])
        if strength and not first:
            small = self._codec(small, strength * 0.5)
        tiles[:, :height, :width] = small
        look_at(truth, small)
        cells = self._cells(truth, layers, frames, scale, bh, bw)
        return tiles, truth, cells, self._flow(truth, layers, cells, scale, height, width)

    def _finish(self, pictures, truth, scale):
        """Light, grain, blur, gray: what lies over all of the clip."""
        rng = self.rng
        n = len(pictures)
        same = truth.camera == "same"
        if not same and n > 1 and self._chance(0.03):      # fades to or from black or white
            ramp = np.linspace(1, rng.uniform(0, 0.3), n, dtype=np.float32)[::1 if self._chance(0.5) else -1][:, None, None, None]
            end = np.float32(0 if self._chance(0.7) else 255)
            pictures[:] = pictures * ramp + end * (1 - ramp)
            truth.camera, truth.movers = "unclear", []
            truth.telling -= {"camera", "movers", "colour"}
        if self._chance(0.16):
            pictures[:] = (pictures @ LUMA)[..., None]
            if self._chance(0.3):
                pictures *= rng.uniform(0.97, 1.03, 3).astype(np.float32)
        if not same and self._chance(0.12):         # the light changes
            pictures *= np.linspace(1, rng.uniform(0.75, 1.2), n, dtype=np.float32)[:, None, None, None]
        if not same and self._chance(0.15):
            pictures *= rng.normal(1, 0.02, n).astype(np.float32)[:, None, None, None]
        r = rng.random()
        if r < 0.05:
            pictures *= np.float32(rng.uniform(4, 16) / max(pictures.mean(), 1))
            truth.state = ("dark",)
        elif r < 0.09:
            pictures *= np.float32(rng.uniform(0.1, 0.4))
            pictures += np.float32(255 * rng.uniform(0.88, 1.0))
            truth.state = ("overexposed",)
        elif r < 0.14:
            sigma = float(rng.uniform(2.6, 6) * scale)
            for p in pictures:
                cv2.GaussianBlur(p, (0, 0), sigma, p)
            truth.state = ("blurred",)
        elif r < 0.18 and not same:
            sigma = rng.uniform(28, 70)
            h, w = pictures.shape[1:3]
            for p in pictures:
                p += cv2.resize(self._grain(SIZE, SIZE) * np.float32(sigma), (w, h), interpolation=cv2.INTER_LINEAR)
            truth.state = ("noisy",)
        elif not same and r < 0.75:
            sigma = np.exp(rng.uniform(np.log(0.7), np.log(9)))
            for p in pictures:
                p += self._grain(*p.shape[:2]) * np.float32(sigma)
        elif r < 0.85:
            sigma = float(rng.uniform(0.4, 1.2) * scale)
            for p in pictures:
                cv2.GaussianBlur(p, (0, 0), sigma, p)
        if truth.state:
            truth.telling -= {"movers", "camera"}
        if set(truth.state) & {"dark", "overexposed"}:
            truth.telling.discard("colour")
        if self._chance(0.2):
            self._overlay(pictures, scale)
            if same:
                pictures[:] = pictures[0]

    def _grain(self, height, width):
        if height > 500 or width > 500:
            return cv2.resize(self._grain(min(height, 500), min(width, 500)), (width, height))
        y, x = self.rng.integers(0, 512 - height), self.rng.integers(0, 512 - width)
        return self.grain[y:y + height, x:x + width]

    def _flow(self, truth, layers, cells, scale, height, width):
        flow = np.full((len(cells), 16, 2), np.nan, np.float32)
        if "camera" not in truth.telling or truth.camera == "cut":
            return flow
        size = np.float32([width, height]) / CELL
        middle = (np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(16, 2) + 0.5) / size
        flow[1:][cells[1:] == 0] = 0
        if truth.camera not in ("stands", "same"):
            for i, (at, zoom, before, zoom_before) in enumerate(zip(self.way[0][1:], self.way[1][1:], *self.way), 1):
                came = 0.5 + (at - before + (middle - 0.5) / zoom) * zoom_before
                known = ((came >= 0) & (came <= 1) & (middle < 1)).all(1)
                flow[i, known] = ((middle - came) * size)[known]
            return flow
        inside = [(np.minimum(np.arange(int(n * scale)) / scale // CELL, 3) == np.arange(4)[:, None]).astype(np.float32) for n in (height, width)]
        for mover, layer in zip(truth.movers, layers):
            for i in range(1, len(cells)):
                covered = inside[0] @ (layer[i] > 8).astype(np.float32) @ inside[1].T
                known = covered.reshape(16) > 0.35 * (CELL * scale) ** 2
                flow[i, known] = (mover.x[i] - mover.x[i - 1]) * size[0], (mover.y[i] - mover.y[i - 1]) * size[1]
        return flow

    @staticmethod
    def _cells(truth, layers, frames, scale, bh, bw):
        cells = np.full((frames, 16), -100, np.int64)
        if "camera" not in truth.telling:
            return cells
        change = np.zeros((frames, 4, 4), np.float32)
        inside_y = (np.minimum(np.arange(bh) / scale // CELL, 3) == np.arange(4)[:, None]).astype(np.float32)
        inside_x = (np.minimum(np.arange(bw) / scale // CELL, 3)[:, None] == np.arange(4)).astype(np.float32)
        for layer in layers:
            for i in range(frames - 1):
                change[i + 1] += inside_y @ cv2.absdiff(layer[i + 1], layer[i]) @ inside_x / np.float32(scale ** 2)
        flat = change.reshape(frames, 16)
        cells = np.where(flat > CLEAR / 3, 1, np.where(flat < 15, 0, -100)).astype(np.int64)
        cells[0] = -100
        return cells
