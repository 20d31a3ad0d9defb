#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the demo's clip: eight scenes of patterns and shapes and three as of film, four seconds each, H.264 in MP4.

    python3 make_demo.py demo.mp4

Needs gst-launch-1.0 with x264enc, and numpy.
"""
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "train"))
import scenes
from scenes import Scene, Thing

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 4


def thing(shape, colour, motion, size, start, travel=0.4):
    return Thing(shape, colour, motion, scenes.COLOURS[colour][0], size, 1.0, start, 0.0 if motion == "still" else travel)


def scene(background, *things):
    return Scene("things", background, scenes.COLOURS[background][0], sorted(things, key=lambda t: scenes.NAMES.index(t.colour)))


def clouds(rng, height, width):
    """Soft noise of several sizes, float64 [height, width] around 0."""
    out = np.zeros((height, width))
    for cells, strength in ((3, 22), (9, 12), (40, 10), (160, 18)):
        coarse = rng.standard_normal((cells, cells * 2))
        x, y = np.linspace(0, cells * 2 - 1, width), np.linspace(0, cells - 1, height)
        rows = np.stack([np.interp(x, np.arange(cells * 2), row) for row in coarse])
        out += strength * np.stack([np.interp(y, np.arange(cells), column) for column in rows.T], 1)
    return out


def yard(width):
    """A place under a gray sky, float64 [HEIGHT, width, 3]: ground, a wall, windows in it."""
    rng = np.random.default_rng(5)
    noise = clouds(rng, HEIGHT, width)[..., None]
    out = np.full((HEIGHT, width, 3), (150.0, 160.0, 172.0)) + 0.5 * noise
    out[150:] = (134.0, 96.0, 78.0) + 0.5 * noise[150:]
    for row, y in enumerate(range(150, 270, 12)):        # bricks
        out[y:y + 2] = (172.0, 164.0, 154.0)
        for x in range(20 * (row % 2), width, 40):
            out[y:y + 12, x:x + 2] = (172.0, 164.0, 154.0)
    for x in range(40, width - 90, 170):
        out[185:245, x:x + 70] = (40.0, 48.0, 60.0) + 0.3 * noise[185:245, x:x + 70]
    out[270:] = (92.0, 100.0, 84.0) + 0.9 * noise[270:]
    return out


def somebody(picture, x):
    """A figure in dark blue whose middle is at x."""
    y, at = np.mgrid[0:HEIGHT, 0:picture.shape[1]]
    for cx, cy, rx, ry, colour in ((x, 180, 13, 16, (200, 150, 120)), (x, 240, 24, 48, (24, 32, 96)), (x - 9, 310, 9, 34, (30, 30, 36)), (x + 9, 310, 9, 34, (30, 30, 36))):
        picture[((at - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = colour


def passes(u):
    """Somebody walks through the picture, as far as u of the way."""
    out = yard(WIDTH)
    somebody(out, 40 + 480 * u)
    return out


def pans(u):
    """The camera pans."""
    x = int(480 * u)
    return yard(2 * WIDTH)[:, x:x + WIDTH]


def stands(_):
    return yard(WIDTH)


CLIP = [
    "smpte",
    scene("white", thing("circle", "red", "right", 0.35, (0.25, 0.5))),
    scene("blue", thing("triangle", "yellow", "up", 0.38, (0.5, 0.72), 0.42)),
    scene("black", thing("square", "green", "still", 0.36, (0.3, 0.5))),
    "ball",
    scene("gray", thing("square", "purple", "down", 0.34, (0.6, 0.28), 0.4)),
    scene("yellow", thing("circle", "blue", "up", 0.3, (0.25, 0.75), 0.45), thing("triangle", "red", "down", 0.32, (0.75, 0.25), 0.42)),
    "circular",
    passes,
    pans,
    stands,
]


def frames(part):
    count = RATE * SECONDS
    if isinstance(part, str):
        caps = f"video/x-raw,format=RGB,width={WIDTH},height={HEIGHT},framerate={RATE}/1"
        run = subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={count}", f"pattern={part}", "!", caps, "!",
                              "fdsink"], check=True, stdout=subprocess.PIPE)
        return run.stdout
    if callable(part):
        return b"".join(part(i / (count - 1)).clip(0, 255).astype("uint8").tobytes() for i in range(count))
    return b"".join(scenes.draw(part, i / (count - 1), WIDTH, HEIGHT).round().clip(0, 255).astype("uint8").tobytes()
                    for i in range(count))


def main():
    encoder = subprocess.Popen(
        ["gst-launch-1.0", "-q", "fdsrc", "!", "rawvideoparse", "format=rgb", f"width={WIDTH}", f"height={HEIGHT}",
         f"framerate={RATE}/1", "!", "videoconvert", "!", "x264enc", "pass=quant", "quantizer=29", "key-int-max=100", "!",
         "video/x-h264,profile=high", "!", "h264parse", "!", "mp4mux", "!", "filesink", f"location={sys.argv[1]}"],
        stdin=subprocess.PIPE)
    for part in CLIP:
        encoder.stdin.write(frames(part))
    encoder.stdin.close()
    sys.exit(encoder.wait())


if __name__ == "__main__":
    main()
