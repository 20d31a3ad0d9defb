# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the embedded model from nothing, or goes on from a checkpoint or from the published folder.

python3 train.py --run FOLDER --patterns patterns.npz --see MINUTES --tell MINUTES [--start FOLDER]

First the vision tower learns single pictures with labels for every patch and every picture (--see), then everything
learns to tell clips (--tell); with --hold-vision only the decoder does, at twice the speed: for a model that sees well
already. The learning rate follows the clock, so a slower machine sees fewer clips. The heads for the labels are dropped
at the export. Checkpoints and the log stand in the run folder.

Every worker is a process with one thread that draws its own clips; all average their gradients at every step. On two
cores that trains three times as fast as one process with two threads, which wait for each other at every operation.
"""

import argparse
import os
import time

import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as F
from torch import nn

import checkpoint
import scenes
from clips import KINDS, Clips
from network import Network, Shape
from picture import normalise
from prompt import prompt, some_times
from scenes import NAMES, SHAPES
from tokenizer import Tokenizer

N = len(NAMES)
MIDDLE = 2
FACT_WORDS = set(NAMES + SHAPES + ["left", "right", "up", "down", "still", "stands", "moves", "and", "plain", "SMPTE",
                                   "television", "checkerboard", "concentric", "zone", "gradient", "ball", "A", "An", "The",
                                   "shows", "is"])


class Heads(nn.Module):
    """What the labels are told from while training."""

    def __init__(self, shape):
        super().__init__()
        self.patch = nn.Linear(shape.vision, N + 1 + len(SHAPES) + 1)
        self.picture = nn.Linear(shape.hidden, len(KINDS) + N + N * 4 + N * 2)
        self.motion = nn.Linear(shape.hidden, N * 4 + N * 2 + N * 5)


class Batch:
    """One batch of clips with the same number of frames, ready for the network."""

    def __init__(self, clips, tokenizer, count, frames, **how):
        tiles, self.text, labels, self.scenes = clips.draw(count, frames, **how)
        self.pixels = torch.from_numpy(normalise(tiles)).flatten(0, 1)
        self.labels = {k: torch.from_numpy(v) for k, v in labels.items()}
        self.frames = frames
        if frames == 0:
            return
        heads = [tokenizer.encode(prompt(some_times(clips.rng, frames))) for _ in range(count)]
        tails = [tokenizer.encode(t + "<|eot|>") for t in self.text]
        longest = max(len(a) + len(b) for a, b in zip(heads, tails))
        pad = tokenizer.special["<|finetune_right_pad|>"]
        self.ids = torch.full((count, longest), pad)
        self.weight = torch.zeros(count, longest)     # of the prediction of the token at this place
        for b, (head, tail) in enumerate(zip(heads, tails)):
            self.ids[b, :len(head) + len(tail)] = torch.tensor(head + tail)
            for i, token in enumerate(tail):
                self.weight[b, len(head) + i] = 1.0 if tokenizer.decode([token]).strip() in FACT_WORDS else 0.2
        self.prompt_lengths = [len(h) for h in heads]
        self.slots = self.ids == tokenizer.special["<|patch|>"]
        self.ends = self.ids == tokenizer.special["<|image_end|>"]


def picture_loss(heads, patches, tokens, labels):
    """Loss of the labels of single pictures, and the share of things told right in every way."""
    kind = labels["kind"].flatten()
    background = labels["background"].flatten()
    shape = labels["shape"].flatten(0, 1)
    place = labels["place"].flatten(0, 1)
    out = heads.patch(patches)
    colours, shapes = out.split((N + 1, len(SHAPES) + 1), -1)
    weight_c = torch.ones(N + 1)
    weight_c[N] = 0.25
    weight_s = torch.ones(len(SHAPES) + 1)
    weight_s[-1] = 0.25
    loss = F.cross_entropy(colours.flatten(0, 1), labels["patch_colour"].flatten(), weight_c)
    loss = loss + F.cross_entropy(shapes.flatten(0, 1), labels["patch_shape"].flatten(), weight_s)
    k, bg, sh, at = heads.picture(tokens.mean(1)).split((len(KINDS), N, N * 4, N * 2), -1)
    sh, at = sh.view(-1, N, 4), at.view(-1, N, 2)
    there = shape > 0
    weight = torch.where(there, 3.0, 0.3)
    loss = loss + F.cross_entropy(k, kind) + F.cross_entropy(bg, background, ignore_index=-100)
    loss = loss + (F.cross_entropy(sh.flatten(0, 1), shape.flatten(), reduction="none").view_as(shape) * weight).sum(1).mean()
    error = ((at - place).abs() * there[..., None]).sum() / there.sum().clamp(min=1) / 2
    loss = loss + 10 * error
    things = kind == 0
    right = (sh.argmax(-1) == shape).all(1)[things].float().mean()
    figures = {"kind": (k.argmax(-1) == kind).float().mean(), "things": right, "place": error * 112,
               "background": (bg.argmax(-1) == background)[background >= 0].float().mean()}
    return loss, figures


MOTION_NAMES = list(scenes.MOTIONS)


def motion_loss(heads, half, batch):
    """Loss of the way since the first frame, read off the decoder's middle at the end of every later picture."""
    count, frames = batch.labels["kind"].shape
    x = half[batch.ends].view(count, frames, -1)
    sh, way, turn = heads.motion(x).split((N * 4, N * 2, N * 5), -1)
    shape, place = batch.labels["shape"], batch.labels["place"]
    there = shape > 0
    loss = F.cross_entropy(sh.reshape(-1, 4), shape.flatten(), torch.tensor([0.1, 1, 1, 1]))
    if frames > 1:
        true = (place - place[:, :1])[:, 1:]
        error = (way.view(count, frames, N, 2)[:, 1:] - true).abs() * there[:, 1:, :, None]
        loss = loss + 10 * error.sum() / there[:, 1:].sum().clamp(min=1) / 2
        target = torch.full((count, N), -100)
        for b, scene in enumerate(batch.scenes):
            for t in scene.things:
                target[b, NAMES.index(t.colour)] = MOTION_NAMES.index(t.motion)
        loss = loss + 0.5 * F.cross_entropy(turn.view(count, frames, N, 5)[:, -1].flatten(0, 1), target.flatten(), ignore_index=-100)
    return loss


def text_loss(network, half_and_hidden, batch):
    hidden = half_and_hidden
    at = batch.weight > 0
    before = torch.roll(at, -1, 1)
    logits = network.language_model.lm_head(hidden[before])
    target = batch.ids[at]
    weight = batch.weight[at]
    loss = (F.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum()
    right = (logits.argmax(-1) == target).float()
    return loss, ((right * (weight > 0.5)).sum() / (weight > 0.5).sum())


@torch.inference_mode()
def answers(network, tokenizer, batch, longest=34):
    """Greedy answers to a batch."""
    _, pictures = network.see(batch.pixels)
    pictures = pictures.reshape(len(batch.text), -1, network.shape.hidden)
    eot = tokenizer.special["<|eot|>"]
    results = [None] * len(batch.text)
    for length in sorted(set(batch.prompt_lengths)):
        rows = [i for i, n in enumerate(batch.prompt_lengths) if n == length]
        ids = batch.ids[rows, :length]
        done = torch.zeros(len(rows), dtype=torch.bool)
        for _ in range(longest):
            slots = ids == tokenizer.special["<|patch|>"]
            hidden, _, _ = network.read(ids, pictures[rows].flatten(0, 1), slots)
            token = network.language_model.lm_head(hidden[:, -1]).argmax(-1)
            ids = torch.cat((ids, token[:, None]), 1)
            done |= token == eot
            if done.all():
                break
        for r, row in zip(rows, ids[:, length:].tolist()):
            results[r] = tokenizer.decode(row[:row.index(eot)] if eot in row else row)
    return results


def score(said, true):
    """Facts right and asked by kind of fact: {name: [right, asked]}."""
    a, b = scenes.facts(said), scenes.facts(true)
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


class Average:
    """Exponential moving average of the parameters."""

    def __init__(self, module):
        self.live = list(module.parameters())
        self.mean = [p.detach().clone() for p in self.live]
        self.steps = 0

    @torch.no_grad()
    def update(self):
        self.steps += 1
        keep = min(0.999, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.mean, [p.detach() for p in self.live], 1 - keep)

    @torch.no_grad()
    def swap(self):
        for p, m in zip(self.live, self.mean):
            p.data, m.data = m.data, p.data


class Team:
    """The workers: processes that do the same steps on different clips."""

    def __init__(self, size, parameters):
        self.size = size
        self.gradients = torch.zeros(size, parameters).share_memory_()
        self.spent = torch.zeros(1, dtype=torch.float64).share_memory_()
        self.barrier = torch.multiprocessing.get_context("fork").Barrier(size)

    def average(self, rank, parameters):
        """Replaces every gradient by the mean of all workers'."""
        own, at = self.gradients[rank], 0
        for p in parameters:
            own[at:at + p.numel()] = 0 if p.grad is None else p.grad.flatten()
            at += p.numel()
        self.barrier.wait()
        mean, at = self.gradients.mean(0), 0
        for p in parameters:
            p.grad = mean[at:at + p.numel()].view_as(p)
            at += p.numel()
        self.barrier.wait()

    def clock(self, rank, spent):
        """What the first worker's clock says, for all."""
        if rank == 0:
            self.spent[0] = spent
        self.barrier.wait()
        return float(self.spent)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--patterns")
    options.add_argument("--see", type=float, default=20)
    options.add_argument("--tell", type=float, default=75)
    options.add_argument("--start")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rate", type=float, default=1.5e-3)
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--warm", type=int, default=200)
    options.add_argument("--hold-vision", action="store_true")
    options.add_argument("--pairs", type=float, default=0.55)
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options = options.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.run, exist_ok=True)
    shape = Network().shape
    team = Team(options.workers, sum(p.numel() for m in (Network(), Heads(shape)) for p in m.parameters()))
    others = [torch.multiprocessing.get_context("fork").Process(target=work, args=(rank, team, options), daemon=True)
              for rank in range(1, options.workers)]
    for process in others:
        process.start()
    work(0, team, options)


def work(rank, team, options):
    torch.manual_seed(options.seed)
    log = open(f"{options.run}/log.txt" if rank == 0 else os.devnull, "a", buffering=1)

    def say(line):
        print(time.strftime("%H:%M:%S"), line, file=log)

    tokenizer, network = Tokenizer(), Network()
    heads = Heads(network.shape)
    both = nn.ModuleList([network, heads])
    state = f"{options.run}/state.pt"
    if os.path.exists(state):
        both.load_state_dict(torch.load(state)["both"])
    elif options.start:
        network.load_state_dict(checkpoint.load(options.start))
    bank = np.load(options.patterns) if options.patterns and os.path.exists(options.patterns) else None
    clips = Clips(options.seed + 1000 * rank + int(time.time() if os.path.exists(state) else 0), bank,
                  options.pairs)
    test = Clips(4242, bank)
    size = options.batch // team.size
    if options.hold_vision:
        both.requires_grad_(False)
        network.language_model.requires_grad_(True)
        heads.motion.requires_grad_(True)
    everything = [p for p in both.parameters() if p.requires_grad]
    say(f"{sum(p.numel() for p in network.parameters())} parameters, patterns {sorted(clips.bank)}")

    for phase, minutes in (("see", options.see), ("tell", options.tell)):
        if minutes <= 0:
            continue
        decay = [p for p in everything if p.dim() >= 2]
        plain = [p for p in everything if p.dim() < 2]
        optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
                                      lr=options.rate, betas=(0.9, 0.98), eps=1e-8, fused=True)
        average = Average(both)
        begun, step, seen, marks = time.time(), 0, 0, {}
        said, saved = time.time(), time.time()
        while True:
            spent = team.clock(rank, (time.time() - begun) / 60 / minutes)
            if spent >= 1:
                break
            rate = options.rate * min(1, (step + 1) / options.warm) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * spent)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            if phase == "see":
                batch = Batch(clips, tokenizer, size * 2, 1)
                patches, tokens = network.see(batch.pixels)
                loss, figures = picture_loss(heads, patches, tokens, batch.labels)
            else:
                frames = 4 if clips.rng.random() < 0.78 else int(clips.rng.choice([1, 2, 3, 5, 6, 8]))
                batch = Batch(clips, tokenizer, size * 4 // max(4, frames), frames)
                with torch.set_grad_enabled(not options.hold_vision):
                    patches, tokens = network.see(batch.pixels)
                hidden, balance, half = network.read(batch.ids, tokens.flatten(0, 1), batch.slots, MIDDLE)
                telling, right = text_loss(network, hidden, batch)
                moving = motion_loss(heads, half, batch)
                loss = telling + 0.01 * balance + 0.3 * moving
                figures = {"moving": moving, "telling": telling, "facts": right, "balance": balance / 4}
                if not options.hold_vision:
                    seeing, more = picture_loss(heads, patches, tokens, batch.labels)
                    loss = loss + 0.5 * seeing
                    figures = {**more, **figures}
            optimizer.zero_grad()
            loss.backward()
            team.average(rank, everything)
            norm = nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimizer.step()
            average.update()
            step += 1
            seen += len(batch.text) * team.size
            for k, v in {"loss": loss, "norm": norm, **figures}.items():
                v = float(v)
                if v == v:
                    marks[k] = v if k not in marks else 0.97 * marks[k] + 0.03 * v
            now = time.time()
            if now - said > 30:
                said = now
                say(f"{phase} {100 * spent:.1f}% step {step} clips {seen} {seen / (now - begun):.1f}/s rate {rate:.5f} "
                    + " ".join(f"{k} {v:.3f}" for k, v in marks.items()))
            if rank == 0 and (now - saved > 420 or (phase == "tell" and os.path.exists(f"{options.run}/publish"))):
                saved = now
                average.swap()
                torch.save({"both": both.state_dict()}, state + ".new")
                os.replace(state + ".new", state)
                if phase == "tell":
                    both.eval()
                    report(network, heads, tokenizer, test, say)
                    checkpoint.save(network, tokenizer, f"{options.run}/embedded")
                    if os.path.exists(f"{options.run}/publish"):
                        os.remove(f"{options.run}/publish")
                average.swap()
        average.swap()
        if rank == 0:
            torch.save({"both": both.state_dict()}, state)
            torch.save({"both": both.state_dict()}, f"{options.run}/{phase}.pt")
        say(f"{phase} done: {step} steps, {seen} clips, {(time.time() - begun) / 60:.1f} minutes")
    if rank > 0:
        return
    report(network, heads, tokenizer, test, say, 256)
    checkpoint.save(network, tokenizer, f"{options.run}/embedded")


def report(network, heads, tokenizer, test, say, count=32):
    test.rng = np.random.default_rng(7)
    pairs = []
    for _ in range(count // 32):
        batch = Batch(test, tokenizer, 32, 4, held_out=True)
        pairs += list(zip(answers(network, tokenizer, batch), batch.text))
    say("unseen, greedy: " + show(table(pairs)))
    for said, true in [p for p in pairs if p[0] != p[1]][:6]:
        say(f"  said {said!r} for {true!r}")


if __name__ == "__main__":
    main()
