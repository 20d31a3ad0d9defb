#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws how much of what the embedded model says of film is true, and how much of what is there it says, by how likely it found that.

    python3 confidence.py --stock stock.npz [--figures figures.npz] [--out confidence.svg] [--thresholds] [--clips 600] NAME=FOLDER…

Draws clips of what train/fetch.py keeps out of the training, as the training draws them, and asks the network itself, in torch: of
each statement the likelihood of its least likely word. A curve for each folder shows what precision and recall would be if only
what is at least so likely were said; its right end is all that is said. --thresholds prints from which likelihood on 95 % of each
kind of statements hold, as train/learning/sure.py reckons it: what LEAST there is made of. Needs what the training needs.
"""
import argparse
import itertools
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent / "train"))
from film import stock
from learning.answers import likely_answers
from learning.batch import Batch
from learning.clips import Clips
from learning.sure import LEAST, Sure, group
from network import checkpoint
from network.llama4 import Network
from network.tokenizer import Tokenizer
from saying import telling

LEVELS = [0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99]
ENOUGH = 0.95       # of what is said is to hold
WIDTH, HEIGHT, LEFT, TOP, LOWEST = 560, 400, 70, 40, 0.7
COLOURS = ["#b03a2e", "#1f618d", "#1e8449", "#7d3c98"]


class Statement(NamedTuple):
    kind: str
    value: str
    likely: float       # the least likely of its words
    sure: float         # as sure.py has it
    holds: bool
    told: bool          # whether it is one that was to be told


def usual(answer):
    """The statements that make this answer, or None when it is none that is made of statements."""
    said = telling.stated(answer)
    for count in (said.get("count"), "any"):
        again = {**said, "count": count} if "count" in said else said
        if "unknown" not in said and telling.phrase(again) == answer:
            return again
    return None


def likelihoods(tokenizer, answer, values):
    """{kind: likelihood} of the statements of an answer; that of all its words where they are not in the usual order."""
    said = usual(answer)
    if said is None:
        return dict.fromkeys(telling.stated(answer), min(values))
    out, at = {}, 0
    for text, kind in telling.pieces(said):
        end = at + len(tokenizer.encode(text))
        if kind:
            out[kind] = min([out.get(kind, 1), *values[at:end]])
        at = end
    return out


def judge(folder, options):
    """Every Statement about which it is known whether it holds, and how many were to be told."""
    tokenizer, network = Tokenizer(), Network()
    network.load_state_dict(checkpoint.adapt(checkpoint.load(folder), folder, tokenizer), strict=False)
    sure = Sure(network, tokenizer)
    clips, made, there = Clips(options.seed, stock=stock.load(options.stock, "held", options.figures)), [], 0
    for _ in range(-(-options.clips // 20)):
        batch = Batch(clips, tokenizer, 20, 4, film=1.0)
        answers = likely_answers(network, tokenizer, batch)
        with torch.autocast("cpu", torch.bfloat16):
            weighed = sure.weigh(batch, [usual(text) or {} for text, _ in answers])
        for (text, values), weights, truth in zip(answers, weighed, clips.truths):
            said, told = telling.stated(text), telling.statements(truth)
            there += len(told)
            for kind, likely in likelihoods(tokenizer, text, values).items():
                holds = False if kind == "unknown" else telling.holds(kind, said[kind], truth, said)
                if holds is not None and said[kind] != telling.NOTHING:
                    made.append(Statement(kind, said[kind], likely, weights.get(kind, likely), holds, kind in told))
    return made, there


def curve(made, there):
    """(least likelihood, precision, recall) of every level at which something is said."""
    likely, holds, told = np.array([(s.likely, s.holds, s.told) for s in made], float).reshape(-1, 3).T
    return [(level, holds[likely >= level].mean(), (holds * told)[likely >= level].sum() / there)
            for level in LEVELS if (likely >= level).sum() > 9]


def threshold(made):
    """The least likelihood from which on ENOUGH of the statements hold, and how many are so likely; None and 0 when there is none."""
    likely, holds = np.array(sorted(((s.sure, s.holds) for s in made), reverse=True)).T
    count = np.arange(1, len(likely) + 1)
    last = np.append(likely[1:] < likely[:-1], True)        # of those that are equally likely
    fits = np.nonzero(last & (holds.cumsum() >= ENOUGH * count))[0]
    return (likely[fits[-1]], count[fits[-1]]) if len(fits) else (None, 0)


def show_thresholds(made):
    """A row for each key of LEAST, and one for each value of those that have several."""
    groups = {}
    for statement in made:
        groups.setdefault(group(statement.kind, statement.value), []).append(statement)
    print(f"\n| statements | made | held | {100 * ENOUGH:.0f} % hold from | kept |\n|---|---|---|---|---|")
    for key in (key for key in [*LEAST, "others"] if key in groups):
        values = {}
        for statement in groups[key]:
            values.setdefault(f"{statement.kind} {statement.value}", []).append(statement)
        rows = {key: groups[key]} | ({f"– {name}": values[name] for name in sorted(values)} if set(values) != {key} else {})
        for name, statements in rows.items():
            least, kept = threshold(statements)
            print(f"| {name} | {len(statements)} | {sum(s.holds for s in statements)} | {'' if least is None else f'{least:.3f}'} | {kept} |")


def picture(curves, path):
    def at(precision, recall):
        return LEFT + recall * WIDTH, TOP + HEIGHT * (1 - (precision - LOWEST) / (1 - LOWEST))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + LEFT + 30}" height="{HEIGHT + TOP + 60}" font-family="sans-serif" '
             'font-size="13">',
             f'<rect width="{WIDTH + LEFT + 30}" height="{HEIGHT + TOP + 60}" fill="#ffffff"/>',
             f'<text x="{LEFT}" y="24" font-size="15">What is said of film and true, against what is there and said</text>']
    for i in range(11):
        x, y = at(LOWEST + (1 - LOWEST) * i / 10, i / 10)
        parts += [f'<path d="M{x} {TOP}V{TOP + HEIGHT}M{LEFT} {y:.1f}H{LEFT + WIDTH}" stroke="#dddddd"/>',
                  f'<text x="{x}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{i * 10} %</text>',
                  f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * LOWEST + (100 - 100 * LOWEST) * i / 10:.0f} %</text>']
    for (name, points), colour in zip(curves.items(), itertools.cycle(COLOURS)):
        places = [at(max(p, LOWEST), r) for _, p, r in points]
        parts.append(f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(f'<text x="{places[0][0] + 8:.1f}" y="{places[0][1] + 4:.1f}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 44}" text-anchor="middle">recall; upwards: precision</text></svg>')
    Path(path).write_text("\n".join(parts) + "\n", encoding="utf-8")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("models", nargs="+", metavar="NAME=FOLDER")
    options.add_argument("--stock", required=True)
    options.add_argument("--figures")
    options.add_argument("--out", help="the drawing")
    options.add_argument("--thresholds", action="store_true", help="print from which likelihood on each kind of statements holds")
    options.add_argument("--clips", type=int, default=600)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    torch.set_num_threads(1)
    curves = {}
    for model in options.models:
        name, _, folder = model.rpartition("=")
        made, there = judge(folder, options)
        points = curve(made, there)
        if points:
            curves[name or folder] = points
        print("| model | likely at least | precision | recall |\n|---|---|---|---|")
        for level, precision, recall in points:
            print(f"| {name} | {level} | {100 * precision:.1f} % | {100 * recall:.1f} % |")
        if options.thresholds:
            show_thresholds(made)
    if options.out:
        picture(curves, options.out)


if __name__ == "__main__":
    main()
