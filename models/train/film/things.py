# SPDX-License-Identifier: LGPL-2.1-or-later
"""The things of film: figures that walk, people, cut-out things, bodies of any outline; and what each is called."""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from saying.telling import NAMED

NAMES = list(NAMED)
# Whose folder in the packages of clip art says what they are: one of NAMES, or clearly none of these. Of the others nobody knows.
FOLDERS = {
    "person": "people",
    "animal": "animals apes big_cats birds bovines bugs cats deer dogs equines fish insects lagomorphs mammals marsupials rodents",
    "vehicle": "auto vehicles",
    "": "arrows breads_and_carbs buttons clothes clothing computer desserts dishes electronics flowers food fruit hardware hats homes household "
        "meats_and_eggs mimetypes music nuts office ornamental plants roadsigns shapes signs_and_symbols tools trees vegetables"}
EMOJI = {"animal": [(0x1F400, 0x1F440), (0x1F980, 0x1F9AF)], "vehicle": [(0x1F681, 0x1F684), (0x1F690, 0x1F6A0)],
         "person": [(0x1F468, 0x1F46A), (0x1F474, 0x1F476), (0x1F483, 0x1F484), (0x1F57A, 0x1F57B), (0x1F6B4, 0x1F6B7), (0x1F9D1, 0x1F9D2)]}
# The shares of what moves.
SHARES = {"figure/person": 0.33, "figure/animal": 0.1, "figure/vehicle": 0.13, "drawn": 0.03, "bust": 0.1, "thing": 0.14, "blob": 0.17}
BUST = "bust"       # somebody's head and shoulders, as a theme and as a gait


def called(path):
    """What the thing "…/package/folder/file" is: one of NAMES, "" for none of these, None where nobody knows."""
    folder, file = path.split("/")[-2:]
    if folder == "emoji":
        code = int(file, 16)
        return next((name for name, ranges in EMOJI.items() if any(low <= code < high for low, high in ranges)), None)
    return next((name for name, folders in FOLDERS.items() if folder in folders.split()), None)


@dataclass
class Figure:
    """What figures.py draws: uint8 [phases, height, width, 4], premultiplied, its gait, and which way it faces in the picture (right, down)."""
    loop: np.ndarray
    gait: str                    # idle, walk, run, drive or bust
    heading: tuple


@dataclass
class Body:
    """What moves: its name as called() tells it, its look, and of a Figure its heading and gait."""
    name: str | None
    look: object                 # phase, height -> premultiplied RGBA float32
    heading: tuple | None = None
    gait: str | None = None


class Things:
    """A part of Film."""

    def _body(self, tall, theme):
        """Something of about this height. theme: one of SHARES."""
        if theme == "drawn":
            look = self._look()
            return Body("person", lambda phase, height: self._person(height, phase, look))
        if theme == BUST and self.figures.get(BUST):
            return dataclasses.replace(self._figure(BUST), name="person", heading=None)
        if theme.startswith("figure/") and self.figures.get(theme[7:]):
            return self._figure(theme[7:])
        if theme == "thing":
            name, thing = self._thing()
        else:
            name, thing = "", self._blob(max(8, tall))
        return Body(name, lambda phase, height: thing)

    def _figure(self, name):
        rng = self.rng
        loops = self.figures[name]
        figure = loops[rng.integers(len(loops))]
        turned = self._chance(0.5)
        light = np.float32(rng.uniform(0.6, 1.1))
        heading = (-figure.heading[0] if turned else figure.heading[0], figure.heading[1])

        def look(phase, _):
            sprite = figure.loop[int(phase * len(figure.loop)) % len(figure.loop)].astype(np.float32)
            sprite[..., :3] = np.minimum(sprite[..., :3] * light, sprite[..., 3:])
            return np.ascontiguousarray(sprite[:, ::-1]) if turned else sprite

        return Body(name, look, heading, figure.gait)

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

    def _thing(self):
        """The name of a cut-out thing, and itself."""
        rng = self.rng
        name, thing = self.things[rng.integers(len(self.things))]
        thing = thing.astype(np.float32)
        if self._chance(0.5):
            thing = thing[:, ::-1]
        thing[..., :3] *= np.float32(rng.uniform(0.6, 1.0))
        return name, np.ascontiguousarray(thing)

    def _sprite(self, height):
        """Premultiplied RGBA float32 of about this height."""
        return self._thing()[1] if self._chance(0.5) else self._blob(max(8, height))

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
