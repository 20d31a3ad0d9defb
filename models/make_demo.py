#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the demo's clip: scenes of four seconds, H.264 in MP4: patterns, shapes, and a meadow as a camera films it.

    python3 make_demo.py demo.mp4

Needs gst-launch-1.0 with x264enc, numpy and python3-opencv.
"""
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "train"))
from film.film import Film
from shapes.colours import COLOURS, NAMES
from shapes.scenes import Scene, Thing, draw

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 4


def thing(shape, colour, motion, size, start, travel=0.4):
    return Thing(shape, colour, motion, COLOURS[colour][0], size, 1.0, start, 0.0 if motion == "still" else travel)


def scene(background, *things):
    return Scene("things", background, COLOURS[background][0], sorted(things, key=lambda t: NAMES.index(t.colour)))


CLIP = [
    "smpte",
    scene("white", thing("circle", "red", "right", 0.35, (0.25, 0.5))),
    scene("blue", thing("triangle", "yellow", "up", 0.38, (0.5, 0.72), 0.42)),
    scene("black", thing("square", "green", "still", 0.36, (0.3, 0.5))),
    "ball",
    scene("gray", thing("square", "purple", "down", 0.34, (0.6, 0.28), 0.4)),
    scene("yellow", thing("circle", "blue", "up", 0.3, (0.25, 0.75), 0.45), thing("triangle", "red", "down", 0.32, (0.75, 0.25), 0.42)),
    "circular",
    "walk",
    "pan",
]
FILMED = ["walk", "pan"]


def meadow(width, height, rng):
    """A meadow with trees and a house under a blue sky, float32 [height, width, 3]."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    out = np.float32([92, 150, 226]) * (1 - y) + np.float32([178, 208, 240]) * y + np.zeros((1, width, 1), np.float32)
    for cells, strength in ((3, 16), (9, 9)):
        cloud = cv2.resize(rng.standard_normal((cells, cells * width // height)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        out += np.clip(cloud, 0, 2)[..., None] * strength
    horizon = int(height * 0.42)
    x = np.arange(width)
    for base, swing, colour in ((0.38, 0.05, (70, 104, 84)), (0.44, 0.03, (78, 122, 56))):
        line = height * (base + swing * np.sin(x / width * rng.uniform(4, 9) + rng.uniform(0, 6)))
        out[np.arange(height)[:, None] > line[None]] = colour
    grass = cv2.resize(rng.standard_normal((height // 8, width // 8)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    out[horizon + 20:] += grass[horizon + 20:, :, None] * np.float32([9, 12, 6])
    for _ in range(width // 110):
        at, tall = int(rng.uniform(0, width)), rng.uniform(0.12, 0.3) * height
        foot = int(height * rng.uniform(0.44, 0.58))
        cv2.rectangle(out, (at - 3, int(foot - tall * 0.5)), (at + 3, foot), (66, 50, 36), -1)
        for _ in range(40):
            spot = at + int(rng.normal(0, tall * 0.2)), int(foot - tall * 0.7 + rng.normal(0, tall * 0.18))
            cv2.circle(out, spot, int(tall * 0.13), [float(c) for c in np.float32([46, 92, 40]) * rng.uniform(0.7, 1.4)], -1, cv2.LINE_AA)
    left, top, wide, high = int(width * 0.18), int(height * 0.36), int(height * 0.34), int(height * 0.2)
    cv2.rectangle(out, (left, top), (left + wide, top + high), (206, 196, 178), -1)
    cv2.fillPoly(out, [np.int32([(left - 12, top), (left + wide + 12, top), (left + wide // 2, top - high // 2)])], (150, 62, 48), cv2.LINE_AA)
    for i in (0.15, 0.6):
        cv2.rectangle(out, (left + int(wide * i), top + high // 4), (left + int(wide * (i + 0.22)), top + high // 2), (62, 74, 92), -1)
    return out


def filmed(kind):
    """The frames of a scene as of film: somebody walks past, the camera pans."""
    rng = np.random.default_rng(7)
    maker = Film(rng, {"photo": [], "thing": [], "font": [], "figure": {}}, rng.standard_normal((512, 512, 3)).astype(np.float32))
    place, look, count = meadow(WIDTH * 2, HEIGHT, rng), maker._look(), RATE * SECONDS
    for i in range(count):
        u = i / (count - 1)
        left = int(u * WIDTH) if kind == "pan" else 0
        frame = place[:, left:left + WIDTH].copy()
        if kind == "walk":
            body = maker._fit(maker._person(HEIGHT * 0.42, i / RATE * 0.9, look), HEIGHT * 0.42)
            maker._paste(frame, body, WIDTH * (0.2 + 0.6 * u), HEIGHT * 0.72)
        frame += maker._grain(HEIGHT, WIDTH) * np.float32(1)
        yield np.clip(frame + 0.5, 0, 255).astype(np.uint8).tobytes()


def frames(part):
    count = RATE * SECONDS
    if part in FILMED:
        return b"".join(filmed(part))
    if isinstance(part, str):
        caps = f"video/x-raw,format=RGB,width={WIDTH},height={HEIGHT},framerate={RATE}/1"
        run = subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={count}", f"pattern={part}", "!", caps, "!",
                              "fdsink"], check=True, stdout=subprocess.PIPE)
        return run.stdout
    return b"".join(draw(part, i / (count - 1), WIDTH, HEIGHT).round().clip(0, 255).astype("uint8").tobytes()
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
