#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws how much of what the embedded model says of film is true, and how much of what is there it says, by how likely it found that.

    python3 confidence.py --stock stock.npz --out confidence.svg [--clips 600] FOLDER…

Draws clips of what train/fetch.py keeps out of the training, as the training draws them, and asks the network itself, in torch: of
each statement the likelihood of its least likely word. A curve for each folder shows what precision and recall would be if only
what is at least so likely were said; its right end is all that is said. Needs what the training needs.
"""
import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent / "train"))
import checkpoint
import telling
from batch import Batch
from clips import Clips
from network import Network
from tokenizer import Tokenizer

LEVELS = [0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99]
WIDTH, HEIGHT, LEFT, TOP, LOWEST = 560, 400, 70, 40, 0.7
COLOURS = ["#b03a2e", "#1f618d", "#1e8449", "#7d3c98"]


class Seeing(Clips):
    """Clips of film that keep what is true of each."""

    def _film(self, tiles, labels, b, frames):
        self.truths = self.truths if b else []
        drawn = self.film.draw

        def draw(*how):
            made = drawn(*how)
            self.truths.append(made[1])
            return made

        self.film.draw = draw
        try:
            return super()._film(tiles, labels, b, frames)
        finally:
            del self.film.draw


@torch.inference_mode()
def answers(network, tokenizer, batch, longest=40):
    """(answer, the likelihood of each of its tokens) of every clip of a batch of one kind of prompt."""
    _, pictures = network.see(batch.pixels())
    pictures = pictures.float().reshape(len(batch.text), -1, network.shape.hidden)
    said = [None] * len(batch.text)
    for length in set(batch.prompt_lengths):
        rows = [i for i, n in enumerate(batch.prompt_lengths) if n == length]
        ids, likely = batch.ids[rows, :length], []
        for _ in range(longest):
            hidden, _, _ = network.read(ids, pictures[rows].flatten(0, 1), ids == tokenizer.special["<|patch|>"])
            best = network.language_model.lm_head(hidden[:, -1]).float().softmax(-1).max(-1)
            likely.append(best.values)
            ids = torch.cat((ids, best.indices[:, None]), 1)
        for row, tokens, values in zip(rows, ids[:, length:].tolist(), torch.stack(likely, 1).tolist()):
            end = tokens.index(tokenizer.special["<|eot|>"]) if tokenizer.special["<|eot|>"] in tokens else longest
            said[row] = tokenizer.decode(tokens[:end]), values[:end]
    return said


def likelihoods(tokenizer, said, values):
    """{kind: likelihood} of the statements of an answer; that of all its words where they are not in the usual order."""
    out, at = {}, 0
    if "unknown" not in said:
        for text, kind in telling.pieces(said):
            end = at + len(tokenizer.encode(text))
            if kind:
                out[kind] = min(values[at:end], default=0)
            at = end
    return {kind: out.get(kind, min(values)) for kind in said}


def judge(folder, options):
    """(likelihood, whether it holds) of every statement, and how many statements could be made."""
    tokenizer, network = Tokenizer(), Network()
    network.load_state_dict(checkpoint.adapt(checkpoint.load(folder), folder, tokenizer), strict=False)
    with np.load(options.stock) as file:
        stock = {kind: [file[name] for name in file.files if name.startswith(f"held/{kind}/")] for kind in ("photo", "thing")}
    clips, made, there = Seeing(options.seed, stock=stock), [], 0
    for _ in range(-(-options.clips // 20)):
        batch = Batch(clips, tokenizer, 20, 4, film=1.0)
        for (text, values), truth in zip(answers(network, tokenizer, batch), clips.truths):
            said = telling.stated(text)
            there += len(telling.statements(truth))
            for kind, likely in likelihoods(tokenizer, said, values).items():
                holds = False if kind == "unknown" else telling.holds(kind, said[kind], truth, said)
                if holds is not None and said[kind] != telling.NOTHING:
                    made.append((likely, holds))
    return made, there


def curve(made, there):
    """(least likelihood, precision, recall) of every level at which something is said."""
    likely, holds = np.array(made).T
    return [(level, holds[likely >= level].mean(), holds[likely >= level].sum() / there)
            for level in LEVELS if (likely >= level).sum() > 9]


def picture(curves, path):
    def at(precision, recall):
        return LEFT + recall * WIDTH, TOP + HEIGHT * (1 - (precision - LOWEST) / (1 - LOWEST))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + LEFT + 30}" height="{HEIGHT + TOP + 60}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH + LEFT + 30}" height="{HEIGHT + TOP + 60}" fill="#ffffff"/>',
             f'<text x="{LEFT}" y="24" font-size="15">What is said of film and true, against what is there and said</text>']
    for i in range(11):
        x, y = at(LOWEST + (1 - LOWEST) * i / 10, i / 10)
        parts += [f'<path d="M{x} {TOP}V{TOP + HEIGHT}M{LEFT} {y:.1f}H{LEFT + WIDTH}" stroke="#dddddd"/>',
                  f'<text x="{x}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{i * 10} %</text>',
                  f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * LOWEST + (100 - 100 * LOWEST) * i / 10:.0f} %</text>']
    for (name, points), colour in zip(curves.items(), COLOURS):
        places = [at(max(p, LOWEST), r) for _, p, r in points]
        parts.append(f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(f'<text x="{places[0][0] + 8:.1f}" y="{places[0][1] + 4:.1f}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 44}" text-anchor="middle">recall; upwards: precision</text></svg>')
    Path(path).write_text("\n".join(parts) + "\n", encoding="utf-8")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folders", nargs="+")
    options.add_argument("--stock", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--clips", type=int, default=600)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    torch.set_num_threads(1)
    curves = {}
    print("| model | likely at least | precision | recall |\n|---|---|---|---|")
    for folder in options.folders:
        name = os.path.basename(os.path.normpath(folder))
        curves[name] = curve(*judge(folder, options))
        for level, precision, recall in curves[name]:
            print(f"| {name} | {level} | {100 * precision:.1f} % | {100 * recall:.1f} % |")
    picture(curves, options.out)


if __name__ == "__main__":
    main()
