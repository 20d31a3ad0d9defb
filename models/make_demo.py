#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the demo's clip: eight scenes of four seconds, H.264 in MP4.

    python3 make_demo.py demo.mp4

Needs gst-launch-1.0 with x264enc, and numpy.
"""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "train"))
import scenes
from scenes import Scene, Thing

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 4


def thing(shape, colour, motion, size, start, travel=0.4):
    return Thing(shape, colour, motion, scenes.COLOURS[colour][0], size, 1.0, start, 0.0 if motion == "still" else travel)


def scene(background, *things):
    return Scene("things", background, scenes.COLOURS[background][0], sorted(things, key=lambda t: scenes.NAMES.index(t.colour)))


CLIP = [
    "smpte",
    scene("white", thing("circle", "red", "right", 0.35, (0.25, 0.5))),
    scene("blue", thing("triangle", "yellow", "up", 0.38, (0.5, 0.72), 0.42)),
    scene("black", thing("square", "green", "still", 0.36, (0.3, 0.5))),
    "ball",
    scene("gray", thing("square", "purple", "down", 0.34, (0.6, 0.28), 0.4)),
    scene("yellow", thing("circle", "blue", "up", 0.3, (0.25, 0.75), 0.45), thing("triangle", "red", "down", 0.32, (0.75, 0.25), 0.42)),
    "circular",
]


def frames(part):
    count = RATE * SECONDS
    if isinstance(part, str):
        caps = f"video/x-raw,format=RGB,width={WIDTH},height={HEIGHT},framerate={RATE}/1"
        run = subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={count}", f"pattern={part}", "!", caps, "!",
                              "fdsink"], check=True, stdout=subprocess.PIPE)
        return run.stdout
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
