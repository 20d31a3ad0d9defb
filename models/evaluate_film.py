#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells how much of what the embedded model states about film is true, and how much of what is there it states.

    python3 evaluate_film.py --stock stock.npz --figures figures.npz [--clips 240] [--pairs 0] [--seed 1] [--model FOLDER]
    python3 evaluate_film.py --video vtest.avi --labels labels/vtest.json [--model FOLDER]

The first draws clips from the photographs and things that train/fetch.py keeps out of the training, encodes them (H.264, H.265,
MPEG-2; 320x240 to 1920x1080) and runs llama4describe on the files; of two questions it also tells how much of what was thought to
be likely came true. Pairs are a clip in which the camera or something goes somewhere, and the same backwards. The second runs it
on real videos, of each of which a file says by hand what holds in every window. Needs what evaluate.py needs, python3-opencv,
python3-pil, and the encoders that evaluate.CODECS names.
"""
import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

import evaluate
from evaluate import encode

sys.path.insert(0, str(Path(__file__).parent / "train"))
from film import film, stock
from film.units import SIDE
from saying import telling

RATE, FRAMES, SHOWN = 4, 16, [0, 5, 10, 15]       # of 16 frames the element shows these to the model
CODED = [(320, 240, "H.264 CRF 23"), (320, 240, "H.265 CRF 28"), (320, 240, "MPEG-2 interlaced"), (640, 360, "H.264 CRF 23"),
         (640, 360, "H.264 CRF 35"), (640, 360, "MPEG-2 interlaced"), (960, 540, "H.264 CRF 35"), (960, 540, "H.265 CRF 28"),
         (960, 540, "H.264 CRF 23"), (1920, 1080, "H.264 CRF 23")]
KINDS = ["plain", "state", "colour", "mostly", "above", "below", "camera", "count", *telling.OF_THINGS, "text"]
OTHER_WAY = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in", "nearer": "away", "away": "nearer"}
MOVING, CHANGES = "Is anything moving?", "Does the picture change?"
NEEDS_CAMERA = ("count", *telling.OF_THINGS)       # to stand


def count(table, kind, said_true=0, said=0, told=0, there=0):
    entry = table.setdefault(kind, np.zeros(4, int))
    entry += [said_true, said, told, there]


def judge_drawn(table, text, truth):
    """Counts the statements of a text about a clip; returns those that are false. A true "moves" or "something" counts as told where
    more could be said."""
    said, there, wrong, right = telling.stated(text), telling.statements(truth), [], set()
    for kind, value in said.items():
        if kind == "unknown":
            if value != telling.NOTHING:
                count(table, "other", 0, 1)
                wrong.append(value)
            continue
        holds = telling.holds(kind, value, truth, said)
        if holds is not None:
            count(table, kind, int(holds), 1)
            if holds:
                right.add(kind)
            else:
                wrong.append(f"{kind} {value}")
    for kind in there:
        count(table, kind, told=int(kind in right), there=1)
    return wrong


def judge_labelled(table, text, label):
    """The same for a window of a real video with a label: how many things move, stay in each half, go each way. Of the camera and of names
    it has one that holds, or all that may be said to; null where nobody can say."""
    said, wrong = telling.stated(text), []
    among = lambda value, those: value in those if isinstance(those, list) else value == those
    least = telling.LEAST.get(said.get("count"), 1)
    for kind, value in said.items():
        if kind == "state":
            holds = value in label.get("state", [])
        elif kind in label and label[kind] is None or kind in NEEDS_CAMERA and (label["moving"] is None or label["camera"] != "stands"):
            continue        # nobody can say
        elif kind in ("colour", "camera", "plain"):
            holds = among(value, label.get(kind))
        elif kind in ("mostly", "above", "below"):
            holds = value in label[kind]
        elif kind == "count":
            holds = label["moving"] == 0 if value == "none" else label["moving"] >= least
        elif kind == "size":
            if value not in label:
                continue        # nobody has looked
            holds = label[value] >= least
        elif kind in ("direction", "passage", "place"):
            if value not in label.get(kind, {}):
                continue        # nobody has looked
            holds = label[kind][value] >= least
        elif kind == "name":
            holds = among(value, label[kind]) and label["moving"] >= least
        elif kind == "text":
            holds = bool(label.get("text"))
        else:
            holds = value == telling.NOTHING
            kind = "other"
            if holds:
                continue
        count(table, kind, int(holds), 1)
        if not holds:
            wrong.append(f"{kind} {value}")
    return wrong, len(said) - (said.get("unknown") == telling.NOTHING)


def holds_question(question, truth):
    """Whether yes is right, or None where nobody can say."""
    if truth.state or "camera" not in truth.telling or truth.camera in ("cut", "unclear", "fades in", "fades out"):
        return None
    if truth.camera not in ("stands", "same"):
        return True if question == CHANGES else None
    if truth.movers or truth.camera == "same":
        return bool(truth.movers)
    return None if question == CHANGES else False


def show_calibration(likely):
    """likely: {question: [(probability of yes, whether it was right)]}."""
    print("\n| question | thought | clips | yes was right |\n|---|---|---|---|")
    for question, pairs in likely.items():
        yes, right = np.array(pairs, float).reshape(-1, 2).T
        for low in np.arange(0, 1, 0.2):
            inside = (yes >= low) & (yes < low + 0.2 + (low > 0.7))
            if inside.any():
                print(f"| {question} | {100 * yes[inside].mean():.0f} % | {inside.sum()} | {100 * right[inside].mean():.0f} % |")
        told, brier = ((yes > 0.5) == right).mean(), ((yes - right) ** 2).mean()
        print(f"| {question} | all | {len(yes)} | told right {100 * told:.0f} %, Brier score {brier:.3f} |")


def clip(maker, width, height):
    """The pictures of a clip that the maker draws, and what is true of those that the model is shown."""
    pictures, truth, _, _ = maker.render(FRAMES, height, width, max(width, height) / SIDE, SHOWN)
    size = SIDE, SIDE * height // width
    film.look_at(truth, np.stack([cv2.resize(pictures[i], size, interpolation=cv2.INTER_AREA) for i in SHOWN]))
    return pictures, truth


def backwards(pictures, truth):
    """A clip the other way round."""
    movers = [dataclasses.replace(m, x=m.x[::-1], y=m.y[::-1], height=m.height[::-1], width=m.width[::-1], there=m.there[::-1]) for m in truth.movers]
    return pictures[::-1], dataclasses.replace(truth, movers=movers, camera=OTHER_WAY.get(truth.camera, truth.camera))


def way(said):
    """Where the camera, or what moves, goes: ("camera" or "direction", way), or None."""
    if said.get("camera") in OTHER_WAY:
        return "camera", said["camera"]
    return ("direction", said["direction"]) if "direction" in said else None


def ways(options, maker):
    """Tells how many pairs of a clip and the same backwards are both told to go where they do, as far as a way is told of both."""
    width, height, codec = CODED[0]
    clips = []
    while len(clips) < 2 * options.pairs:
        made = clip(maker, width, height)
        if way(telling.statements(made[1])):
            clips += [made, backwards(*made)]
    with tempfile.TemporaryDirectory() as folder:
        encode(f"{folder}/clips.mkv", ([p.tobytes() for p in pictures] for pictures, _ in clips), width, height, codec, RATE)
        said = [way(telling.stated(r["text"])) for r in evaluate.records(f"{folder}/clips.mkv", options.model, window=FRAMES * 10**9 // RATE)]
    if len(said) != len(clips):
        sys.exit(f"evaluate_film: {len(said)} windows of {len(clips)} clips")
    right = [s and s == way(telling.statements(truth)) for s, (_, truth) in zip(said, clips)]
    both = [bool(a and b) for a, b in zip(right[::2], right[1::2])]
    told = [bool(a and b) for a, b in zip(said[::2], said[1::2])]
    print(f"\n{options.pairs} pairs, {sum(told)} told a way of both, {sum(both)} of them right")


def drawn(options):
    cv2.setNumThreads(1)
    rng = np.random.default_rng(options.seed)
    maker = film.Film(rng, stock.load(options.stock, "held", options.figures), rng.standard_normal((512, 512, 3)).astype(np.float32))
    if options.pairs:
        return ways(options, maker)
    table, likely, each = {}, {MOVING: [], CHANGES: []}, -(-options.clips // len(CODED))
    with tempfile.TemporaryDirectory() as folder:
        for width, height, codec in CODED:
            truths = []

            def parts():
                for _ in range(each):
                    pictures, truth = clip(maker, width, height)
                    truths.append(truth)
                    yield [p.tobytes() for p in pictures]

            rate = 25 if codec.startswith("MPEG") else RATE
            encode(f"{folder}/clips.mkv", parts(), width, height, codec, rate)
            said = evaluate.records(f"{folder}/clips.mkv", options.model, [f"questions={MOVING};{CHANGES}"], FRAMES * 10**9 // rate)
            if len(said) != len(truths):
                sys.exit(f"evaluate_film: {len(said)} windows of {len(truths)} clips")
            for record, truth in zip(said, truths):
                for answer in record["answers"]:
                    right = holds_question(answer["question"], truth)
                    if right is not None:
                        likely[answer["question"]].append((answer["yes"], right))
                wrong = judge_drawn(table, record["text"], truth)
                if options.show_errors and wrong:
                    print(f"  {width}x{height} {codec}: {record['text']!r}: {', '.join(wrong)}; to be told: {telling.sentence(truth)!r}")
    show(table)
    show_calibration(likely)


def show(table):
    table["all"] = sum(table.values())
    print("| statements | precision | recall |\n|---|---|---|")
    for kind in [*KINDS, "other", "all"]:
        if kind in table:
            good, said, told, there = table[kind]
            print(f"| {kind} | {100 * good / max(said, 1):.1f} % of {said} | " +
                  (f"{100 * told / there:.1f} % of {there} |" if there else " |"))


def labelled(options):
    table, total, seen = {}, 0, 0
    for video, path in zip(options.video, options.labels, strict=True):
        labels = json.load(open(path, encoding="utf-8"))
        said = evaluate.describe(video, options.model)
        windows = [{**labels["always"], **window} for window in labels["windows"]]
        if len(said) != len(windows):
            sys.exit(f"evaluate_film: {len(said)} windows of {video}, {len(windows)} labels")
        print(video)
        for i, (text, label) in enumerate(zip(said, windows)):
            wrong, statements = judge_labelled(table, text, label)
            total, seen = total + statements, seen + 1
            print(f"{i * 4:3d} s  {text}" + (f"  WRONG: {', '.join(wrong)}" if wrong else ""))
    print(f"{total / seen:.1f} statements a window")
    show(table)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--stock")
    options.add_argument("--figures")
    options.add_argument("--video", action="append")
    options.add_argument("--labels", action="append")
    options.add_argument("--clips", type=int, default=240)
    options.add_argument("--pairs", type=int, default=0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--model")
    options.add_argument("--show-errors", action="store_true")
    options = options.parse_args()
    if options.video:
        labelled(options)
    else:
        drawn(options)


if __name__ == "__main__":
    main()
