# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenes that the embedded model knows: what is in them, how they are drawn, and the sentence that tells it."""

import zlib
from dataclasses import dataclass, field

import numpy as np

SHAPES = ["circle", "square", "triangle"]
MOTIONS = {"still": (0, 0), "left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
# Every name with the colours that stand for it; any other colour has the name of the nearest of these.
COLOURS = {
    "red": [(255, 0, 0), (220, 30, 30), (190, 20, 40)],
    "orange": [(255, 165, 0), (255, 140, 0), (240, 120, 20)],
    "yellow": [(255, 255, 0), (250, 225, 30)],
    "green": [(0, 128, 0), (0, 255, 0), (40, 180, 60)],
    "cyan": [(0, 255, 255), (0, 200, 200)],
    "blue": [(0, 0, 255), (30, 60, 220), (20, 30, 150)],
    "purple": [(128, 0, 128), (160, 32, 240), (255, 0, 255)],
    "white": [(255, 255, 255), (235, 235, 235)],
    "gray": [(128, 128, 128), (150, 150, 150), (105, 105, 105)],
    "black": [(0, 0, 0), (25, 25, 25)],
}
NAMES = list(COLOURS)
PATTERNS = {
    "smpte": "The picture shows SMPTE colour bars.",
    "snow": "The picture shows television snow.",
    "checkers": "The picture shows a checkerboard.",
    "circular": "The picture shows concentric rings.",
    "zone-plate": "The picture shows a zone plate.",
    "gradient": "The picture shows a gradient from black to white.",
    "ball": "A white ball bounces on a black background.",
}
BALL_STILL = "The picture shows a white ball on a black background."
# Fine checkers of red and green melt into this flat colour when a big picture shrinks, so no plain picture has it.
MELTED = (127, 127, 0)


def _lab(rgb):
    c = np.asarray(rgb, float) / 255
    c = np.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
    xyz = c @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = xyz / [0.9505, 1, 1.089]
    f = np.where(f > 0.008856, np.cbrt(f), 7.787 * f + 16 / 116)
    return np.stack((116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])), -1)


_ANCHORS = _lab([c for name in NAMES for c in COLOURS[name]])
_OWNER = np.array([i for i, name in enumerate(NAMES) for _ in COLOURS[name]])


def colour_name(rgb):
    """The name of a colour, and how clear that is: the distance to the nearest other name over that to its own."""
    d = np.sqrt(((_ANCHORS - _lab(rgb)) ** 2).sum(1))
    own = _OWNER[d.argmin()]
    return NAMES[own], d[_OWNER != own].min() / max(d.min(), 1e-3)


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
    kind: str                        # "things", "plain" or a name of PATTERNS
    background: str = ""
    rgb: tuple = (0, 0, 0)
    things: list = field(default_factory=list)   # in the order of NAMES


def unseen(thing, background):
    """Whether this combination is kept out of the training: one in five."""
    return zlib.crc32(f"{thing.shape} {thing.colour} {background} {thing.motion}".encode()) % 5 == 0


def sentence(scene, frames):
    if scene.kind == "plain":
        return f"The picture is plain {scene.background}."
    if scene.kind != "things":
        return BALL_STILL if scene.kind == "ball" and frames == 1 else PATTERNS[scene.kind]
    parts = []
    for t in scene.things:
        text = f"{'an' if t.colour == 'orange' else 'a'} {t.colour} {t.shape}"
        if frames > 1:
            text += " stands still" if t.motion == "still" else f" moves {t.motion}"
        parts.append(text)
    text = " and ".join(parts) + f" on a{'n' if scene.background == 'orange' else ''} {scene.background} background."
    return text[0].upper() + text[1:] if frames > 1 else f"The picture shows {text}"


def facts(text):
    """What a sentence says, as a dictionary with the keys kind, background, things {(colour): (shape, motion)}."""
    words = text.rstrip(".").lower().split()
    for kind, known in PATTERNS.items():
        if text in (known, BALL_STILL) and (text == known or kind == "ball"):
            return {"kind": kind}
    if words[:4] == ["the", "picture", "is", "plain"] and len(words) == 5:
        return {"kind": "plain", "background": words[4]}
    if words[:3] == ["the", "picture", "shows"]:
        words = words[3:]
    if len(words) < 5 or words[-1] != "background" or "on" not in words:
        return {"kind": "unknown"}
    at = len(words) - 1 - words[::-1].index("on")
    things = {}
    for part in " ".join(words[:at]).split(" and "):
        p = part.split()
        if len(p) < 3:
            return {"kind": "unknown"}
        things[p[1]] = (p[2], p[-1] if len(p) > 3 else "")
    return {"kind": "things", "background": words[-2], "things": things}


def _shade(rng, name, spread):
    """A colour of this name: one of its own, moved a little."""
    while True:
        rgb = np.array(COLOURS[name][rng.integers(len(COLOURS[name]))]) + rng.integers(-spread, spread + 1, 3)
        rgb = tuple(int(v) for v in np.clip(rgb, 0, 255))
        found, clear = colour_name(rgb)
        if found == name and clear > 1.3:
            return rgb


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
                t.rgb = _shade(rng, t.colour, spread)
            return Scene("things", background, _shade(rng, background, spread), things)


def plain_scene(rng):
    while True:
        if rng.random() < 0.5:
            name = ("black", "white")[rng.integers(2)] if rng.random() < 0.4 else NAMES[rng.integers(len(NAMES))]
            rgb = _shade(rng, name, 14)
        else:
            rgb = tuple(int(v) for v in rng.integers(0, 256, 3))
        name, clear = colour_name(rgb)
        if clear > 1.25 and np.linalg.norm(_lab(rgb) - _lab(MELTED)) > 18:
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
