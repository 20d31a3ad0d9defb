# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenes of shapes: what is in them, and how they are drawn."""

import zlib
from dataclasses import dataclass, field

import numpy as np

from shapes.colours import NAMES, cielab, colour_name, shade

SHAPES = ["circle", "square", "triangle"]
MOTIONS = {"still": (0, 0), "left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
# Fine checkers of red and green melt into this flat colour when a big picture shrinks, so no plain picture has it.
MELTED = (127, 127, 0)


@dataclass
class Thing:
    shape: str
    colour: str
    motion: str
    rgb: tuple = (0, 0, 0)
    size: float = 0.2        # height, of the picture's smaller side
    wide: float = 1.0        # width over height
    start: tuple = (0, 0)    # centre in the first frame, of width and height
    travel: float = 0.0      # from the first to the last frame, of width or height

    def centre(self, u):
        x, y = MOTIONS[self.motion]
        return self.start[0] + x * self.travel * u, self.start[1] + y * self.travel * u


@dataclass
class Scene:
    kind: str                        # "things", "plain" or a name of sentences.PATTERNS
    background: str = ""
    rgb: tuple = (0, 0, 0)
    things: list = field(default_factory=list)   # in the order of NAMES


def unseen(thing, background):
    """Whether this combination is kept out of the training: one in five."""
    return zlib.crc32(f"{thing.shape} {thing.colour} {background} {thing.motion}".encode()) % 5 == 0


def _place(rng, things, width, height, hard):
    """Gives every thing a size and a way inside the picture, none touching another; False when that fails."""
    side = min(width, height)
    for t in things:
        low, high = (0.22, 0.50) if hard else (0.24, 0.48)
        t.size = rng.uniform(low, high if len(things) == 1 else 0.38)
        t.wide = rng.uniform(0.95, 1.15) if t.shape == "triangle" else 1.0
        x, y = MOTIONS[t.motion]
        half = (t.size * t.wide * side / width / 2 + 0.01, t.size * side / height / 2 + 0.01)
        room = 1 - 2 * half[0 if x else 1]
        t.travel = 0.0 if t.motion == "still" else rng.uniform(0.13 if hard else 0.15, min(0.62 if hard else 0.60, room))
        start = []
        for axis, way in enumerate((x, y)):
            low, high = half[axis], 1 - half[axis]
            if way > 0:
                high -= t.travel
            elif way < 0:
                low += t.travel
            start.append(rng.uniform(low, high))
        t.start = tuple(start)
    if len(things) == 2:
        a, b = things
        gap_x = (a.size * a.wide + b.size * b.wide) * side / width / 2 + 0.015
        gap_y = (a.size + b.size) * side / height / 2 + 0.015
        for u in (0, 0.2, 0.4, 0.6, 0.8, 1):
            (ax, ay), (bx, by) = a.centre(u), b.centre(u)
            if abs(ax - bx) < gap_x and abs(ay - by) < gap_y:
                return False
    return True


def things_scene(rng, width, height, held_out=False, hard=True, count=None):
    """A scene of one or two coloured shapes; all its combinations are unseen ones, or none is."""
    while True:
        n = count or 1 + int(rng.random() < 0.55)
        names = [NAMES[i] for i in rng.permutation(len(NAMES))[:n + 1]]
        background = names.pop()
        motions = list(MOTIONS)
        things = [Thing(SHAPES[rng.integers(3)], c, motions[rng.integers(5)]) for c in sorted(names, key=NAMES.index)]
        if any(unseen(t, background) != held_out for t in things):
            continue
        if n == 1 and background == "black" and things[0].colour == "white" and things[0].shape == "circle":
            continue   # that is the ball
        if any(_place(rng, things, width, height, hard) for _ in range(12)):
            spread = 14 if hard else 8
            for t in things:
                t.rgb = shade(rng, t.colour, spread)
            return Scene("things", background, shade(rng, background, spread), things)


def plain_scene(rng):
    while True:
        if rng.random() < 0.5:
            name = ("black", "white")[rng.integers(2)] if rng.random() < 0.4 else NAMES[rng.integers(len(NAMES))]
            rgb = shade(rng, name, 14)
        else:
            rgb = tuple(int(v) for v in rng.integers(0, 256, 3))
        name, clear = colour_name(rgb)
        if clear > 1.25 and np.linalg.norm(cielab(rgb) - cielab(MELTED)) > 18:
            return Scene("plain", name, rgb)


def outline(shape, dx, dy, half, wide):
    """Distance to the outline, negative inside; dx, dy from the centre, half the height."""
    if shape == "circle":
        return np.sqrt(dx * dx + dy * dy) - half
    if shape == "square":
        return np.maximum(abs(dx), abs(dy)) - half
    n = np.float32(1 / np.sqrt(4 + wide * wide))
    return np.maximum(dy - half, abs(dx) * 2 * n - (dy + half) * wide * n)


def draw(scene, u, width, height, blur=1.0, chroma_blur=1.0, colours=None, noise=None, shake=(0, 0)):
    """One frame, float32 [height, width, 3], of a scene of things or a plain one at the time u from 0 to 1.

    Edges are `blur` pixels soft, those of the colour `chroma_blur`. colours replaces the RGB values (background first);
    noise [height, width, 3] roughens the surroundings of things; shake moves the moving things, in pixels.
    """
    colours = np.asarray(colours if colours is not None else [scene.rgb] + [t.rgb for t in scene.things], np.float32)
    frame = np.empty((height, width, 3), np.float32)
    frame[:] = colours[0]
    side = min(width, height)
    luma = colours @ np.float32([0.299, 0.587, 0.114])
    for i, t in enumerate(scene.things):
        cx, cy = t.centre(u)
        cx, cy, half = cx * width, cy * height, t.size * side / 2
        if t.motion != "still":
            cx, cy = cx + shake[0], cy + shake[1]
        reach = half * max(1, t.wide) + chroma_blur + 2
        x0, x1 = max(0, int(cx - reach)), min(width, int(cx + reach) + 2)
        y0, y1 = max(0, int(cy - reach)), min(height, int(cy + reach) + 2)
        if x0 >= x1 or y0 >= y1:
            continue
        dx = np.arange(x0, x1, dtype=np.float32)[None, :] + np.float32(0.5 - cx)
        dy = np.arange(y0, y1, dtype=np.float32)[:, None] + np.float32(0.5 - cy)
        far = outline(t.shape, dx, dy, np.float32(half), np.float32(t.wide))
        light = np.clip(0.5 - far / np.float32(blur), 0, 1)[..., None]
        step = luma[i + 1] - luma[0]
        tint = colours[i + 1] - colours[0] - step
        crop = frame[y0:y1, x0:x1]
        crop += light * step
        crop += (light if blur == chroma_blur else np.clip(0.5 - far / np.float32(chroma_blur), 0, 1)[..., None]) * tint
        if noise is not None:
            crop += noise[y0:y1, x0:x1]
    return frame
