# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the model that finds needles, from nothing or from where the run folder has got to.

python3 train.py --run FOLDER --minutes N [--export FOLDER]

An example is a system turn of sentences with facts between them, and turns that ask for these. A sentence that is no fact stands for
up to 2,500 of its kind: its keys weigh as much in layers without positions, and the temperature is that of the place where the token
would be. Beside it the model learns, before its last layer, to tell whose code a thing is and whose was asked for (what tells that is
dropped at the end), and one head of that layer where to look. The learning rate follows the clock, that of all runs in the folder together.
"""

import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import language
from decoder import CHUNK, Network, Shape, checkpoint, documents, tokenizer


class Example:
    """ids [length], how many tokens each stands for, and what each place weighs as a target: the answers, and a little the rest."""

    def __init__(self, rng, words, length, most_alike):
        alike = math.exp(rng.uniform(0, math.log(most_alike))) if most_alike > 1 and rng.random() < 0.75 else 1.0
        self.words, self.ids, self.alike, self.weights, self.whose = words, [], [], [], []
        self.points, places = [], {}
        self.add("<|begin_of_text|><|header_start|>system<|header_end|>\n\n", 1, 0)
        room = length * rng.uniform(0.3, 0.7)
        facts = language.some_facts(rng, rng.integers(1, max(2, int(room / 8 / rng.uniform(1.2, 4)))))
        sentences = [language.fact(*f) for f in facts]
        while 8 * len(sentences) < room - 8:
            sentences.append(None)
        rng.shuffle(sentences)
        for i, sentence in enumerate(sentences):
            self.add(" " * (i > 0) + (sentence or language.filler(rng)), 1 if sentence else alike, 0.02)
            if sentence:
                self.whose[-2] = language.NAMES.index(" " + sentence.split()[3])
                places[self.whose[-2]] = len(self.ids) - 2
        self.add("<|eot|>", 1, 0)
        while len(self.ids) < length:
            name, thing = facts[rng.integers(len(facts))]
            self.add(language.turn("user", language.question(name)) + "<|header_start|>assistant<|header_end|>\n\n", 1, 0)
            self.add(language.fact(name, thing) + "<|eot|>", 1, 0.3)
            self.weights[-5] = 0.5          # whose code
            self.weights[-3] = 1.0          # what it is
            self.whose[-4] = language.NAMES.index(name)
            if len(self.ids) - 4 < length - 1:
                self.points.append((len(self.ids) - 4, places[self.whose[-4]]))
        for each in (self.ids, self.alike, self.weights, self.whose):
            del each[length:]

    def add(self, text, alike, weight):
        ids = self.words.encode(text)
        self.ids += ids
        self.alike += [alike] * len(ids)
        self.weights += [weight] * len(ids)
        self.whose += [-1] * len(ids)


def batch(rng, words, length, count, most_alike):
    examples = [Example(rng, words, length + 1, most_alike) for _ in range(count)]
    ids = torch.tensor([e.ids for e in examples])
    alike = torch.tensor([e.alike for e in examples])[:, :-1]
    whose = torch.tensor([e.whose for e in examples])[:, :-1]
    points = torch.tensor([(i, *point) for i, e in enumerate(examples) for point in e.points])
    return ids[:, :-1], alike, ids[:, 1:], torch.tensor([e.weights for e in examples])[:, 1:], whose, points


def losses(network, teller, given):
    """The loss, the shares of codes and of whose they are told right, and how badly was looked."""
    ids, alike, targets, weights, whose, points = given
    hidden, balance, before, missed = network(ids, alike, points)
    chosen = weights > 0
    logits, targets, weights = network.lm_head(hidden[chosen]), targets[chosen], weights[chosen]
    loss = F.cross_entropy(logits, targets, reduction="none")
    heavy = weights == 1
    right = (logits[heavy].argmax(-1) == targets[heavy]).float().mean().item()
    told, whose = teller(before[whose >= 0]), whose[whose >= 0]
    known = (told.argmax(-1) == whose).float().mean().item()
    return (loss * weights).sum() / weights.sum() + 0.01 * balance + 0.3 * (F.cross_entropy(told, whose) + missed), right, known, missed.item()


def stage(passed, kind):
    """Length, count, how many tokens one stands for at most: first what is easy. By the share of the time that has passed."""
    if passed < 0.2:
        return CHUNK // 4, 16, 1
    if passed < 0.45 or kind < 0.1:
        return CHUNK // 2, 8, math.exp(math.log(2500) * (passed - 0.2) / 0.25) if passed < 0.45 else 2500
    return (2 * CHUNK, 3, 2500) if kind < 0.4 else (CHUNK, 5, 2500)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--rate", type=float, default=3e-3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--export", help="only writes the checkpoint there")
    options = options.parse_args()
    os.makedirs(options.run, exist_ok=True)
    saved = f"{options.run}/state.pt"
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    words = tokenizer.Tokenizer(language.WORDS, (), Shape.vocabulary)
    network, teller = Network(), torch.nn.Linear(Shape.hidden, len(language.NAMES))
    parameters = [*network.parameters(), *teller.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.02)
    before, step = 0.0, 0
    if os.path.exists(saved):
        state = torch.load(saved)
        network.load_state_dict(state["network"])
        teller.load_state_dict(state["teller"])
        optimiser.load_state_dict(state["optimiser"])
        before, step = state["minutes"], state["step"]
    if options.export:
        checkpoint.save(network, words, options.export, documents(Shape, words.special))
        return
    rng = np.random.default_rng([options.seed, step])
    begun = said = time.time()
    passed, rights, tokens = before / options.minutes, {}, 0
    while passed < 1:
        length, count, most_alike = stage(passed, rng.random())
        rate = options.rate * min(1, (step + 1) / 100) * (0.02 + 0.98 * min(1, (1 - passed) / 0.6))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss, right, known, missed = losses(network, teller, batch(rng, words, length, count, most_alike))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step, tokens = step + 1, tokens + length * count
        rights.setdefault(length, []).append(right)
        minutes = before + (time.time() - begun) / 60
        passed = minutes / options.minutes
        if time.time() - said > 30 or passed >= 1:
            said = time.time()
            shown = {length: f"{100 * np.mean(r[-20:]):.1f} %" for length, r in sorted(rights.items())}
            print(f"{minutes:.1f} min, step {step}, loss {loss.item():.3f}, whose {100 * known:.0f} %, missed {missed:.2f}, "
                  f"right {json.dumps(shown)}, alike up to {most_alike:.0f}, {tokens} tokens", flush=True)
            torch.save({"network": network.state_dict(), "teller": teller.state_dict(), "optimiser": optimiser.state_dict(),
                        "minutes": minutes, "step": step}, saved + ".new")
            os.replace(saved + ".new", saved)


if __name__ == "__main__":
    main()
