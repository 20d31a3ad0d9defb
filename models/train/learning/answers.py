# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the network answers to clips, and how much of it is true."""

import numpy as np
import torch

from learning.batch import Batch
from saying import telling
from shapes.sentences import facts


def answers(network, tokenizer, batch):
    """Greedy answers to a batch."""
    return [text for text, _ in likely_answers(network, tokenizer, batch)]


@torch.inference_mode()
def likely_answers(network, tokenizer, batch, longest=40):
    """Greedy answers to a batch, each with the likelihoods of its tokens."""
    with torch.autocast(batch.tiles.device.type, torch.bfloat16):
        return _answers(network, tokenizer, batch, longest)


def _answers(network, tokenizer, batch, longest):
    _, pictures = network.see(batch.pixels())
    pictures = pictures.reshape(len(batch.text), -1, network.shape.hidden)
    eot = tokenizer.special["<|eot|>"]
    results = [None] * len(batch.text)
    for length in sorted(set(batch.prompt_lengths)):
        rows = [i for i, n in enumerate(batch.prompt_lengths) if n == length]
        ids, likely = batch.ids[rows, :length], []
        done = torch.zeros(len(rows), dtype=torch.bool, device=ids.device)
        for _ in range(longest):
            slots = ids == tokenizer.special["<|patch|>"]
            hidden, _, _ = network.read(ids, pictures[rows].float().flatten(0, 1), slots)
            value, token = network.language_model.lm_head(hidden[:, -1]).float().softmax(-1).max(-1)
            likely.append(value)
            ids = torch.cat((ids, token[:, None]), 1)
            done |= token == eot
            if done.all():
                break
        for r, row, values in zip(rows, ids[:, length:].tolist(), torch.stack(likely, 1).tolist()):
            end = row.index(eot) if eot in row else len(row)
            results[r] = tokenizer.decode(row[:end]), values[:end]
    return results


def score(said, true):
    """Facts right and asked by kind of fact: {name: [right, asked]}."""
    a, b = facts(said), facts(true)
    out = {}

    def put(name, right):
        entry = out.setdefault(name, [0, 0])
        entry[0] += bool(right)
        entry[1] += 1

    if b["kind"] != "things":
        put("plain" if b["kind"] == "plain" else "pattern", a == b)
        return out
    there = a.get("things", {}) if a["kind"] == "things" else {}
    put("background", a.get("background") == b["background"])
    put("count", len(there) == len(b["things"]))
    for colour, (shape, motion) in b["things"].items():
        put("colour", colour in there)
        # A thing told in a wrong colour still has its shape and motion judged, when it is the only one left.
        got = there.get(colour)
        if got is None:
            rest = [v for k, v in there.items() if k not in b["things"]]
            got = rest[0] if len(rest) == 1 else ("", "")
        put("shape", got[0] == shape)
        if motion:
            put("motion", got[1] == motion)
    put("sentence", a == b)
    return out


def table(pairs):
    total = {}
    for said, true in pairs:
        for name, (right, asked) in score(said, true).items():
            entry = total.setdefault(name, [0, 0])
            entry[0] += right
            entry[1] += asked
    return total


def show(total):
    return " ".join(f"{k} {100 * r / n:.1f}%" for k, (r, n) in sorted(total.items()))


def report(network, tokenizer, test, say, count=16):
    """Says how much of what the network tells about clips of both kinds of combinations is true."""
    test.rng = np.random.default_rng(7)
    device = next(network.parameters()).device
    if test.film:
        batch = Batch(test, tokenizer, 2 * count, 4, film=1.0).to(device)
        pairs = list(zip(answers(network, tokenizer, batch), batch.text))
        say("film: " + telling.summary(pairs))
        for said, true in [p for p in pairs if p[0] != p[1]][:8]:
            say(f"  said {said!r} for {true!r}")
    for name, held_out in (("trained", False), ("unseen", True)):
        batch = Batch(test, tokenizer, count, 4, held_out=held_out, film=0.0).to(device)
        pairs = list(zip(answers(network, tokenizer, batch), batch.text))
        say(f"{name}, greedy: " + show(table(pairs)))
    for said, true in [p for p in pairs if p[0] != p[1]][:6]:
        say(f"  said {said!r} for {true!r}")
