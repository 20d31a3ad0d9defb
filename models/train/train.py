# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the embedded model from nothing, or goes on from a checkpoint or from the published folder.

python3 train.py --run FOLDER --patterns patterns.npz --see MINUTES --tell MINUTES [--start FOLDER] [--device cuda]

First the vision tower learns single pictures with labels for every patch and every picture (--see), then everything
learns to tell clips (--tell); with --hold-vision only the decoder does, at twice the speed: for a model that sees well
already. The learning rate follows the clock, so a slower machine sees fewer clips. The heads for the labels are dropped
at the export. Checkpoints and the log stand in the run folder.

On a CPU every worker is a process with one thread that draws its own clips; all average their gradients at every step. On
two cores that trains three times as fast as one process with two threads, which wait for each other at every operation.
With --device cuda one process trains, in bfloat16 with float32 weights, and the workers only draw for it.
"""

import argparse
import os
import time

import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

import checkpoint
import scenes
from clips import KINDS, Clips
from network import Network, Shape
from picture import NORMAL
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
        tiles, self.text, labels = clips.draw(count, frames, **how)
        self.tiles = torch.from_numpy(tiles).flatten(0, 1)
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

    def pixels(self):
        """float32 [pictures, 3, 112, 112]; the batch travels as bytes, a quarter of that."""
        return torch.from_numpy(NORMAL).to(self.tiles.device)[self.tiles.int()].movedim(-1, -3)

    def _change(self, change):
        """Changes every tensor, those of the labels too."""
        self.labels = {k: change(v) for k, v in self.labels.items()}
        vars(self).update({k: change(v) for k, v in vars(self).items() if isinstance(v, torch.Tensor)})
        return self

    def pin_memory(self):
        return self._change(torch.Tensor.pin_memory)

    def to(self, device):
        return self._change(lambda tensor: tensor.to(device, non_blocking=True))


class Drawing(IterableDataset):
    """The batches of one phase, without end. Each worker of a loader draws its own."""

    def __init__(self, clips, tokenizer, phase, size):
        self.clips, self.tokenizer, self.phase, self.size = clips, tokenizer, phase, size

    def __iter__(self):
        worker = get_worker_info()
        if worker:
            self.clips.rng = self.clips.rng.spawn(worker.num_workers)[worker.id]
        while True:
            frames = 1
            if self.phase == "tell":
                frames = 4 if self.clips.rng.random() < 0.78 else int(self.clips.rng.choice([1, 2, 3, 5, 6, 8]))
            count = self.size * 2 if self.phase == "see" else self.size * 4 // max(4, frames)
            yield Batch(self.clips, self.tokenizer, count, frames)


def picture_loss(heads, patches, tokens, labels):
    """Loss of the labels of single pictures, and the share of things told right in every way."""
    kind = labels["kind"].flatten()
    background = labels["background"].flatten()
    shape = labels["shape"].flatten(0, 1)
    place = labels["place"].flatten(0, 1)
    out = heads.patch(patches)
    colours, shapes = out.split((N + 1, len(SHAPES) + 1), -1)
    weight_c = torch.ones(N + 1, device=out.device)
    weight_c[N] = 0.25
    weight_s = torch.ones(len(SHAPES) + 1, device=out.device)
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


def motion_loss(heads, half, batch):
    """Loss of the way since the first frame, read off the decoder's middle at the end of every later picture."""
    count, frames = batch.labels["kind"].shape
    x = half[batch.ends].view(count, frames, -1)
    sh, way, turn = heads.motion(x).split((N * 4, N * 2, N * 5), -1)
    shape, place = batch.labels["shape"], batch.labels["place"]
    there = shape > 0
    loss = F.cross_entropy(sh.reshape(-1, 4), shape.flatten(), torch.tensor([0.1, 1, 1, 1], device=x.device))
    if frames > 1:
        true = (place - place[:, :1])[:, 1:]
        error = (way.view(count, frames, N, 2)[:, 1:] - true).abs() * there[:, 1:, :, None]
        loss = loss + 10 * error.sum() / there[:, 1:].sum().clamp(min=1) / 2
        turn = turn.view(count, frames, N, 5)[:, -1].flatten(0, 1)
        loss = loss + 0.5 * F.cross_entropy(turn, batch.labels["motion"].flatten(), ignore_index=-100)
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
    _, pictures = network.see(batch.pixels())
    pictures = pictures.reshape(len(batch.text), -1, network.shape.hidden)
    eot = tokenizer.special["<|eot|>"]
    results = [None] * len(batch.text)
    for length in sorted(set(batch.prompt_lengths)):
        rows = [i for i, n in enumerate(batch.prompt_lengths) if n == length]
        ids = batch.ids[rows, :length]
        done = torch.zeros(len(rows), dtype=torch.bool, device=ids.device)
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


def losses(network, heads, batch, phase, hold_vision):
    """The loss of a batch, and figures of how well it went."""
    with torch.set_grad_enabled(not hold_vision):
        patches, tokens = network.see(batch.pixels())
    if phase == "see":
        return picture_loss(heads, patches, tokens, batch.labels)
    hidden, balance, half = network.read(batch.ids, tokens.flatten(0, 1), batch.slots, MIDDLE)
    telling, right = text_loss(network, hidden, batch)
    moving = motion_loss(heads, half, batch)
    loss = telling + 0.01 * balance + 0.3 * moving
    figures = {"moving": moving, "telling": telling, "facts": right, "balance": balance / 4}
    if not hold_vision:
        seeing, more = picture_loss(heads, patches, tokens, batch.labels)
        loss = loss + 0.5 * seeing
        figures = {**more, **figures}
    return loss, figures


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
        if self.size == 1:
            return
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
    options.add_argument("--device", default="cpu", help="cpu or cuda")
    options.add_argument("--save", type=float, default=7, help="minutes between checkpoints")
    options = options.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.run, exist_ok=True)
    shape = Network().shape
    size = options.workers if options.device == "cpu" else 1
    team = Team(size, sum(p.numel() for m in (Network(), Heads(shape)) for p in m.parameters()))
    others = [torch.multiprocessing.get_context("fork").Process(target=work, args=(rank, team, options), daemon=True)
              for rank in range(1, size)]
    for process in others:
        process.start()
    work(0, team, options)


def work(rank, team, options):
    torch.manual_seed(options.seed)
    log = open(f"{options.run}/log.txt" if rank == 0 else os.devnull, "a", buffering=1)

    def say(line):
        print(time.strftime("%H:%M:%S"), line, file=log)

    device = torch.device(options.device)
    tokenizer, network = Tokenizer(), Network()
    heads = Heads(network.shape)
    both = nn.ModuleList([network, heads])
    state = f"{options.run}/state.pt"
    if os.path.exists(state):
        both.load_state_dict(torch.load(state, map_location="cpu")["both"])
    elif options.start:
        network.load_state_dict(checkpoint.load(options.start))
    bank = np.load(options.patterns) if options.patterns and os.path.exists(options.patterns) else None
    clips = Clips(options.seed + 1000 * rank + int(time.time() if os.path.exists(state) else 0), bank,
                  options.pairs)
    test = Clips(4242, bank)
    both.to(device)
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
        drawing = Drawing(clips, tokenizer, phase, options.batch // team.size)
        batches = iter(drawing if device.type == "cpu" else
                       DataLoader(drawing, None, num_workers=options.workers, pin_memory=True, prefetch_factor=3))
        begun, step, seen, marks = time.time(), 0, 0, {}
        said, saved = time.time(), time.time()
        while True:
            spent = team.clock(rank, (time.time() - begun) / 60 / minutes)
            if spent >= 1:
                break
            rate = options.rate * min(1, (step + 1) / options.warm) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * spent)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = next(batches).to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu"):
                loss, figures = losses(network, heads, batch, phase, options.hold_vision)
            optimizer.zero_grad()
            loss.backward()
            team.average(rank, everything)
            norm = nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimizer.step()
            average.update()
            step += 1
            seen += len(batch.text) * team.size
            if step % 10 == 1:      # reading a figure makes the CPU wait for the GPU
                for k, v in {"loss": loss, "norm": norm, **figures}.items():
                    v = float(v.detach())
                    if v == v:
                        marks[k] = v if k not in marks else 0.8 * marks[k] + 0.2 * v
            now = time.time()
            if now - said > 30:
                said = now
                say(f"{phase} {100 * spent:.1f}% step {step} clips {seen} {seen / (now - begun):.1f}/s rate {rate:.5f} "
                    + " ".join(f"{k} {v:.3f}" for k, v in marks.items()))
            asked = phase == "tell" and os.path.exists(f"{options.run}/publish")
            if rank == 0 and (asked or now - saved > 60 * options.save):
                saved = now
                average.swap()
                torch.save({"both": both.state_dict()}, state + ".new")
                os.replace(state + ".new", state)
                if phase == "tell":
                    both.eval()
                    report(network, tokenizer, test, say)
                    checkpoint.save(network, tokenizer, f"{options.run}/embedded")
                    if asked:
                        os.remove(f"{options.run}/publish")
                average.swap()
        average.swap()
        if rank == 0:
            torch.save({"both": both.state_dict()}, state)
            torch.save({"both": both.state_dict()}, f"{options.run}/{phase}.pt")
        say(f"{phase} done: {step} steps, {seen} clips, {(time.time() - begun) / 60:.1f} minutes")
    if rank > 0:
        return
    checkpoint.save(network, tokenizer, f"{options.run}/embedded")
    report(network, tokenizer, test, say, 256)


def report(network, tokenizer, test, say, count=32):
    """Says how much of what the network tells about clips of both kinds of combinations is true."""
    test.rng = np.random.default_rng(7)
    device = next(network.parameters()).device
    for name, held_out in (("trained", False), ("unseen", True)):
        batch = Batch(test, tokenizer, count, 4, held_out=held_out).to(device)
        pairs = list(zip(answers(network, tokenizer, batch), batch.text))
        say(f"{name}, greedy: " + show(table(pairs)))
    for said, true in [p for p in pairs if p[0] != p[1]][:6]:
        say(f"  said {said!r} for {true!r}")


if __name__ == "__main__":
    main()
