#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells how much of what the embedded model says about new clips is true, through the real pipeline.

    python3 evaluate.py [--clips 300] [--seed 1] [--model FOLDER]

Draws clips of shapes whose combinations were kept out of the training, and takes every videotestsrc pattern and some solid
colours; encodes them by x264 at CRF 23 and 35 in three sizes, runs llama4describe on the files, and prints the share of facts
told right. Every clip is four seconds long, so that each window is one clip. Needs gst-launch-1.0 with x264enc and the plugin
on its path (./dev run models/evaluate.py), and numpy.
"""
import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "train"))
from shapes import scenes, sentences

RATE, SECONDS = 25, 4
SIZES = [(320, 240), (640, 360), (1280, 720)]
# What encodes clips; MPEG-2 knows few frame rates, and is coded as interlaced film is.
CODECS = {
    "H.264 CRF 23": "x264enc pass=qual quantizer=23 speed-preset=veryfast key-int-max=100 ! h264parse ! matroskamux",
    "H.264 CRF 35": "x264enc pass=qual quantizer=35 speed-preset=veryfast key-int-max=100 ! h264parse ! matroskamux",
    "H.265 CRF 28": "x265enc option-string=crf=28:log-level=none speed-preset=veryfast key-int-max=100 ! h265parse ! matroskamux",
    "MPEG-2 interlaced": "capssetter caps=video/x-raw,interlace-mode=interleaved,field-order=top-field-first join=true "
                         "! avenc_mpeg2video bitrate=4000000 flags=ildct+ilme ! mpegvideoparse ! matroskamux",
}
CODED = ["H.264 CRF 23", "H.264 CRF 35"]
PATTERNS = {"smpte": "smpte", "snow": "snow", "checkers-8": "checkers", "circular": "circular", "gradient": "gradient",
            "ball": "ball", "zone-plate kx2=20 ky2=20 kt=1": "zone-plate"}
PLAIN = {"black": "black", "white": "white", "red": "red", "green": "green", "blue": "blue"}
SOLID = {"orange": 0xFFFFA500, "yellow": 0xFFFFE000, "cyan": 0xFF00E0E0, "purple": 0xFF901090, "gray": 0xFF808080}


def pattern_clips():
    """(what videotestsrc is to show, the facts of it)"""
    for pattern, kind in PATTERNS.items():
        yield pattern, {"kind": kind}
    for pattern, colour in PLAIN.items():
        yield pattern, {"kind": "plain", "background": colour}
    for colour, argb in SOLID.items():
        yield f"solid-color foreground-color={argb}", {"kind": "plain", "background": colour}


def pattern_frames(pattern, width, height):
    caps = f"video/x-raw,format=RGB,width={width},height={height},framerate={RATE}/1"
    arguments = pattern.split(" ")
    return subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={RATE * SECONDS}", "pattern=" + arguments[0],
                           *arguments[1:], "!", caps, "!", "fdsink"], check=True, stdout=subprocess.PIPE).stdout


def scene_frames(scene, width, height):
    count = RATE * SECONDS
    for i in range(count):
        yield scenes.draw(scene, i / (count - 1), width, height).round().clip(0, 255).astype(np.uint8).tobytes()


def encode(path, parts, width, height, codec, rate=RATE):
    """Encodes the frames of the parts, one after the other, by one of CODECS."""
    encoder = subprocess.Popen(
        ["gst-launch-1.0", "-q", "fdsrc", "!", "rawvideoparse", "format=rgb", f"width={width}", f"height={height}",
         f"framerate={rate}/1", "!", "videoconvert", "!", "video/x-raw,format=I420", "!", *CODECS[codec].split(" "), "!", "filesink",
         f"location={path}"], stdin=subprocess.PIPE)
    for part in parts:
        for frame in part:
            encoder.stdin.write(frame)
    encoder.stdin.close()
    if encoder.wait() != 0:
        sys.exit("evaluate: the clips could not be encoded")


def records(path, model, properties=(), window=SECONDS * 10**9):
    """What the element says of each window of so many nanoseconds."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        extra = [f"model-path={model}"] if model else []
        subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "decodebin", "!", "llama4describe", "name=d",
                        f"window={window}", *extra, *properties, "!", "fakesink", "sync=false", "d.json_src", "!", "filesink",
                        f"location={out.name}"], check=True, stdout=subprocess.DEVNULL)
        return [json.loads(line) for line in open(out.name)]


def describe(path, model, properties=()):
    """One sentence a window."""
    return [record["text"] for record in records(path, model, properties)]


def count(total, key, right):
    entry = total.setdefault(key, [0, 0])
    entry[0] += bool(right)
    entry[1] += 1


def judge(total, said, true):
    """Counts what is asked about a clip by kind of fact. A shape in a wrong colour still has its form and motion judged, when it
    is the only one left."""
    a = sentences.facts(said)
    if true["kind"] != "things":
        count(total, "patterns", a == true)
        return
    there = dict(a.get("things", {}))
    count(total, "background", a.get("background") == true["background"])
    left = {c: v for c, v in there.items() if c not in true["things"]}
    for colour, (shape, motion) in true["things"].items():
        got = there.get(colour)
        count(total, "colours", got is not None)
        if got is None and len(left) == 1:
            got = left.popitem()[1]
        got = got or ("", "")
        count(total, "shapes", got[0] == shape)
        count(total, "directions", got[1] == motion)
    count(total, "whole sentences", a == true)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--clips", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--model")
    options.add_argument("--property", action="append", default=[], help="of the element, as name=value")
    options.add_argument("--show-errors", action="store_true")
    options = options.parse_args()
    rng = np.random.default_rng(options.seed)
    table, everything = [], {}
    each = -(-options.clips // (len(SIZES) * len(CODED)))
    with tempfile.TemporaryDirectory() as folder:
        for width, height in SIZES:
            for codec in CODED:
                path, total = f"{folder}/clips.mkv", {}
                drawn = [scenes.things_scene(rng, width, height, held_out=True, hard=False) for _ in range(each)]
                true = [f for _, f in pattern_clips()] + [sentences.facts(sentences.sentence(s, 4)) for s in drawn]
                patterns = ([pattern_frames(p, width, height)] for p, _ in pattern_clips())
                encode(path, itertools.chain(patterns, (scene_frames(s, width, height) for s in drawn)), width, height, codec)
                said = describe(path, options.model, options.property)
                if len(said) != len(true):
                    sys.exit(f"evaluate: {len(said)} windows of {len(true)} clips")
                for text, facts in zip(said, true):
                    judge(total, text, facts)
                    judge(everything, text, facts)
                    if options.show_errors and sentences.facts(text) != facts:
                        print(f"  {width}x{height} {codec}: {text!r} for {facts}")
                table.append((f"{width}x{height}", codec, total))
    table.append(("all", "", everything))
    kinds = ["patterns", "shapes", "colours", "directions", "background", "whole sentences"]
    print("| size | coded | " + " | ".join(kinds) + " |")
    print("|---|---|" + "---|" * len(kinds))
    for size, codec, total in table:
        print(f"| {size} | {codec} | " + " | ".join(f"{100 * total[k][0] / total[k][1]:.1f} % of {total[k][1]}" for k in kinds) + " |",
              flush=True)


if __name__ == "__main__":
    main()
