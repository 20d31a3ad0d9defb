#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws how much of what the embedded model says of film is true, and how much of what is there it says, by how likely it found that.

    python3 confidence.py --stock stock.npz --out confidence.svg [--clips 600] NAME=FOLDER…

Draws clips of what train/fetch.py keeps out of the training, as the training draws them, and asks the network itself, in torch: of
each statement the likelihood of its least likely word. A curve for each folder shows what precision and recall would be if only
what is at least so likely were said; its right end is all that is said. Needs what the training needs.
"""
import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent / "train"))
from film import stock
from learning.answers import likely_answers
from learning.batch import Batch
from learning.clips import Clips
from network import checkpoint
from network.llama4 import Network
from network.tokenizer import Tokenizer
from saying import telling

LEVELS = [0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99]
WIDTH, HEIGHT, LEFT, TOP, LOWEST = 560, 400, 70, 40, 0.7
COLOURS = ["#b03a2e", "#1f618d", "#1e8449", "#7d3c98"]


def likelihoods(tokenizer, answer, values):
    """{kind: likelihood} of the statements of an answer; that of all its words where they are not in the usual order."""
    said = telling.stated(answer)
    for count in (said.get("count"), "any"):
        usual = {**said, "count": count} if "count" in said else said
        if "unknown" not in said and telling.phrase(usual) == answer:
            out, at = {}, 0
            for text, kind in telling.pieces(usual):
                end = at + len(tokenizer.encode(text))
                if kind:
                    out[kind] = min([out.get(kind, 1), *values[at:end]])
                at = end
            return out
    return dict.fromkeys(said, min(values))


def judge(folder, options):
    """(likelihood, whether it holds, whether it is one that was to be told) of every statement, and how many were to be told."""
    tokenizer, network = Tokenizer(), Network()
    network.load_state_dict(checkpoint.adapt(checkpoint.load(folder), folder, tokenizer), strict=False)
    clips, made, there = Clips(options.seed, stock=stock.load(options.stock, "held", options.figures)), [], 0
    for _ in range(-(-options.clips // 20)):
        batch = Batch(clips, tokenizer, 20, 4, film=1.0)
        for (text, values), truth in zip(likely_answers(network, tokenizer, batch), clips.truths):
            said, told = telling.stated(text), telling.statements(truth)
            there += len(told)
            for kind, likely in likelihoods(tokenizer, text, values).items():
                holds = False if kind == "unknown" else telling.holds(kind, said[kind], truth, said)
                if holds is not None and said[kind] != telling.NOTHING:
                    made.append((likely, holds, kind in told))
    return made, there


def curve(made, there):
    """(least likelihood, precision, recall) of every level at which something is said."""
    likely, holds, told = np.array(made, float).reshape(-1, 3).T
    return [(level, holds[likely >= level].mean(), (holds * told)[likely >= level].sum() / there)
            for level in LEVELS if (likely >= level).sum() > 9]


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
    options.add_argument("--out", required=True)
    options.add_argument("--clips", type=int, default=600)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    torch.set_num_threads(1)
    curves = {}
    print("| model | likely at least | precision | recall |\n|---|---|---|---|")
    for model in options.models:
        name, _, folder = model.rpartition("=")
        points = curve(*judge(folder, options))
        if points:
            curves[name or folder] = points
        for level, precision, recall in points:
            print(f"| {name} | {level} | {100 * precision:.1f} % | {100 * recall:.1f} % |")
    picture(curves, options.out)


if __name__ == "__main__":
    main()
