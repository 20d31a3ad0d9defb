# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the embedded model from nothing, or goes on from a checkpoint or from the published folder.

python3 train.py --run FOLDER --patterns patterns.npz --see MINUTES --tell MINUTES [--start FOLDER] [--device cuda]

First the vision tower learns single pictures with labels for every patch and every picture (--see), then everything
learns to tell clips (--tell); with --hold-vision only the decoder does, at twice the speed: for a model that sees well
already. The learning rate follows the clock, so a slower machine sees fewer clips. The heads for the labels are dropped
at the export. Checkpoints and the log stand in the run folder.

On a CPU every worker is a process with one thread that draws its own clips; all average what they learnt every few steps. On
two cores that trains three times as fast as one process with two threads, which wait for each other at every operation.
With --device cuda one process trains, in bfloat16 with float32 weights, and the workers only draw for it.
"""

import argparse
import copy
import functools
import os
import time

import cv2
import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

import checkpoint
import scenes
import telling
from clips import KINDS, Clips
from network import Network, Shape
from picture import NORMAL
from prompt import DESCRIBE, NO_PICTURE, answer, prompt, question, some_times, unknown
from scenes import NAMES, SHAPES
from tokenizer import Tokenizer

N = len(NAMES)
MIDDLE = 2
FACT_WORDS = set(NAMES + SHAPES + ["left", "right", "up", "down", "still", "stands", "moves", "and", "plain", "SMPTE",
                                   "television", "checkerboard", "concentric", "zone", "gradient", "ball", "A", "An", "The",
                                   "shows", "is"])
CONNECTING = set("a an on in the and is to from things moves move".split())


class Heads(nn.Module):
    """What the labels are told from while training."""

    def __init__(self, shape):
        super().__init__()
        self.patch = nn.Linear(shape.vision, N + 1 + len(SHAPES) + 1)
        self.picture = nn.Linear(shape.hidden, len(KINDS) + N + N * 4 + N * 2)
        self.motion = nn.Linear(shape.hidden, N * 4 + N * 2 + N * 5)
        self.look = nn.Linear(shape.hidden, 49 + 12)      # a picture token's part of the picture: light of 7 x 7, colour of 2 x 2
        self.news = nn.Linear(shape.hidden, 2)            # whether something moved there since the picture before
        self.past = nn.Linear(shape.hidden, 49 + 12)      # what the picture before showed there


def look(tiles):
    """What the picture tokens are to keep: float32 [..., 16, 61] of tiles uint8 [..., 112, 112, 3]."""
    lead = tiles.shape[:-3]
    small = np.stack([cv2.resize(t, (28, 28), interpolation=cv2.INTER_AREA) for t in tiles.reshape(-1, 112, 112, 3)])
    tiny = np.stack([cv2.resize(t, (8, 8), interpolation=cv2.INTER_AREA) for t in small]).astype(np.float32)
    light = (small.astype(np.float32) @ np.float32([0.3, 0.6, 0.1])).reshape(*lead, 4, 7, 4, 7).swapaxes(-3, -2)
    light = light.reshape(*lead, 16, 49)
    colour = tiny.reshape(*lead, 4, 2, 4, 2, 3).swapaxes(-4, -3)
    return np.concatenate((light, colour.reshape(*lead, 16, 12)), -1) / np.float32(127.5) - 1


class Batch:
    """One batch of clips with the same number of frames, ready for the network."""

    def __init__(self, clips, tokenizer, count, frames, asking=False, **how):
        self.calm = how.get("calm", False)
        tiles, self.told, labels = clips.draw(count, frames, **how)
        if self.calm:      # half of the clips become pictures that have nothing to do with each other
            for i in range(1, frames):
                tiles[:count // 2, i] = np.roll(tiles[:count // 2, i], i, 0)
            labels["cells"][:count // 2] = -100
        labels["look"] = look(tiles)
        self.tiles = torch.from_numpy(tiles).flatten(0, 1)
        self.labels = {k: torch.from_numpy(v) for k, v in labels.items()}
        self.frames = frames
        if frames == 0:
            return
        self.heads = []
        for b, told in enumerate(self.told):
            asked, kind = question(clips.rng) if asking else (DESCRIBE, "describe")
            said = answer(kind, told)
            if said is None:
                asked, said = DESCRIBE, told
            self.told[b] = said
            bare = asking and clips.rng.random() < (0.5 if frames == 1 else 0.1)
            self.heads.append(tokenizer.encode(prompt(some_times(clips.rng, frames), asked, bare)))
        self.prompt_lengths = [len(h) for h in self.heads]
        self.tell(tokenizer, self.told)

    def tell(self, tokenizer, told, heavy=None, heavier=1.0):
        """Makes these sentences or statements what is to be learnt; heavy: for each the tokens that weigh more."""
        self.text = [t if isinstance(t, str) else telling.phrase(t) for t in told]
        tails = [tokenizer.encode(t + "<|eot|>") for t in self.text]
        longest = max(len(a) + len(b) for a, b in zip(self.heads, tails))
        self.ids = torch.full((len(told), longest), tokenizer.special["<|finetune_right_pad|>"])
        self.weight = torch.zeros(len(told), longest)     # of the prediction of the token at this place
        for b, (head, tail, text) in enumerate(zip(self.heads, tails, self.text)):
            self.ids[b, :len(head) + len(tail)] = torch.tensor(head + tail)
            for i, token in enumerate(tail):
                self.weight[b, len(head) + i] = weigh(tokenizer.decode([token]).strip(), text)
            for i in heavy[b] if heavy else ():
                self.weight[b, len(head) + i] = heavier
        self.tails = tails
        self.slots = self.ids == tokenizer.special["<|patch|>"]
        self.ends = self.ids == tokenizer.special["<|image_end|>"]

    def pixels(self):
        """float32 [pictures, 3, 112, 112]; the batch travels as bytes, a quarter of that."""
        planes = self.tiles.movedim(-1, -3).contiguous()
        if planes.device.type == "cpu":      # numpy looks up faster
            return torch.from_numpy(np.take(NORMAL, planes.numpy()))
        return torch.from_numpy(NORMAL).to(planes.device)[planes.int()]

    def _change(self, change):
        """Changes every tensor, those of the labels too."""
        self.labels = {k: change(v) for k, v in self.labels.items()}
        vars(self).update({k: change(v) for k, v in vars(self).items() if isinstance(v, torch.Tensor)})
        return self

    def pin_memory(self):
        return self._change(torch.Tensor.pin_memory)

    def to(self, device):
        return self._change(lambda tensor: tensor.to(device, non_blocking=True))


def weigh(word, text):
    """The weight of a token's prediction in the loss: what states something weighs most."""
    if "moves" in text and "background" in text or text.startswith(("The picture shows", "The picture is plain")):
        return 1.0 if word in FACT_WORDS else 0.2
    return 0.3 if word in CONNECTING else 1.0


class Silence:
    """Prompts without any picture."""

    def __init__(self, rng, tokenizer, count=4):
        rows = []
        for _ in range(count):
            asked = question(rng)[0] if rng.random() < 0.6 else unknown(rng)
            head = tokenizer.encode(prompt((), asked))
            rows.append((len(head), head + tokenizer.encode(NO_PICTURE + "<|eot|>")))
        longest = max(len(ids) for _, ids in rows)
        self.ids = torch.full((count, longest), tokenizer.special["<|finetune_right_pad|>"])
        self.weight = torch.zeros(count, longest)
        for b, (first, ids) in enumerate(rows):
            self.ids[b, :len(ids)] = torch.tensor(ids)
            self.weight[b, first:len(ids)] = 1
        self.slots = torch.zeros(count, longest, dtype=torch.bool)


class Drawing(IterableDataset):
    """The batches of one phase, without end. Each worker of a loader draws its own."""

    def __init__(self, clips, tokenizer, phase, size, asking=False, compare=0.0):
        self.clips, self.tokenizer, self.phase, self.size = clips, tokenizer, phase, size
        self.asking, self.compare = asking, compare

    def __iter__(self):
        worker = get_worker_info()
        if worker:
            self.clips.rng = self.clips.rng.spawn(worker.num_workers)[worker.id]
        while True:
            frames = 1
            if self.phase == "tell":
                frames = int(self.clips.rng.choice([4, 2, 1, 3, 5, 6, 8], p=[0.48, 0.3, 0.04, 0.09, 0.03, 0.03, 0.03]))
            count = self.size * 2 if self.phase == "see" else self.size * 4 // max(2, frames)
            if self.phase == "tell" and self.clips.rng.random() < self.compare:
                yield Batch(self.clips, self.tokenizer, self.size * 2, 3, film=1.0, calm=True)
            else:
                yield Batch(self.clips, self.tokenizer, count, frames, self.asking)


def again(batches, rng, kept=250, share=0.7):
    """The batches, and between them earlier ones once more: drawing film takes a CPU as long as learning from it."""
    stock = []
    while True:
        if len(stock) > 20 and rng.random() < share:
            yield copy.copy(stock[rng.integers(len(stock))])
            continue
        batch = next(batches)
        if len(stock) < kept:
            stock.append(batch)
        else:
            stock[rng.integers(kept)] = batch
        yield copy.copy(batch)


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


def news_loss(heads, tokens, middle, batch):
    """Loss of what the picture tokens keep of the picture, and of what the decoder finds changed in each since the one before."""
    seen = F.smooth_l1_loss(heads.look(tokens).float(), batch.labels["look"].flatten(0, 1), beta=0.1)
    cells = batch.labels["cells"].flatten()
    if not bool((cells >= 0).any()):
        return seen, torch.zeros((), device=cells.device), seen * 0
    told = heads.news(middle[batch.slots]).float()
    loss = F.cross_entropy(told, cells, ignore_index=-100)
    asked = cells >= 0
    right = (told.argmax(-1) == cells)[asked].float().mean()
    return seen, loss, right


@torch.no_grad()
def hold_back(network, tokenizer, batch, tokens, heavier):
    """Leaves out of what is told of film the statements that the network would make wrongly, and makes leaving them out weigh as
    much more as a false statement is worse than a missing one."""
    hidden, _, _ = network.read(batch.ids, tokens.flatten(0, 1), batch.slots)
    told, heavy = [], []
    for b, (said, tail) in enumerate(zip(batch.told, batch.tails)):
        told.append(said)
        heavy.append(set())
        if isinstance(said, str):
            continue
        first = len(batch.heads[b])
        guess = network.language_model.lm_head(hidden[b, first - 1:first - 1 + len(tail)]).argmax(-1).tolist()
        wrong, at, unclear = set(), 0, False
        for text, kind in telling.pieces(said):
            for token in tokenizer.encode(text):
                true, got = tokenizer.decode([token]), tokenizer.decode([guess[at]])
                if true != got:
                    verdict = telling.compare(kind, true, got, said)
                    if verdict == "false":
                        wrong.add(kind)
                        unclear = unclear or {true, got} & telling.NO_WAY
                    elif verdict == "more":
                        heavy[b].add(at)
                at += 1
        if wrong:
            told[b] = {kind: value for kind, value in said.items() if kind not in wrong}
            if "camera" in wrong and not unclear:
                told[b]["camera"] = "moves"
            after = tokenizer.encode(telling.phrase(told[b]) + "<|eot|>")
            heavy[b] = {next((i for i, (x, y) in enumerate(zip(after, tail)) if x != y), 0)}
    batch.tell(tokenizer, told, heavy, heavier)
    batch.to(tokens.device)


def text_loss(network, half_and_hidden, batch):
    hidden = half_and_hidden
    at = batch.weight > 0
    before = torch.roll(at, -1, 1)
    logits = network.language_model.lm_head(hidden[before]).float()
    target = batch.ids[at]
    weight = batch.weight[at]
    loss = (F.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum()
    right = (logits.argmax(-1) == target).float()
    return loss, ((right * (weight > 0.5)).sum() / (weight > 0.5).sum())


def past_loss(heads, middle, batch):
    """Loss of what every picture token recalls of the picture before, and what it would be if nothing ever changed."""
    count, frames = batch.labels["cells"].shape[:2]
    true = batch.labels["look"].view(count, frames, 16, -1)
    told = heads.past(middle[batch.slots]).float().view(count, frames, 16, -1)
    loss = F.smooth_l1_loss(told[:, 1:], true[:, :-1], beta=0.1)
    return loss, F.smooth_l1_loss(true[:, 1:], true[:, :-1], beta=0.1)


def silence_loss(network, silence, device):
    for name in ("ids", "weight", "slots"):
        setattr(silence, name, getattr(silence, name).to(device))
    nothing = torch.zeros(0, network.shape.hidden, device=device)
    return text_loss(network, network.read(silence.ids, nothing, silence.slots)[0], silence)[0]


@torch.inference_mode()
def answers(network, tokenizer, batch, longest=34):
    """Greedy answers to a batch."""
    with torch.autocast(batch.tiles.device.type, torch.bfloat16):
        return _answers(network, tokenizer, batch, longest)


def _answers(network, tokenizer, batch, longest):
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
            hidden, _, _ = network.read(ids, pictures[rows].float().flatten(0, 1), slots)
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


def losses(network, heads, batch, phase, hold_vision, tokenizer=None, heavier=0, beside=1.0):
    """The loss of a batch, and figures of how well it went."""
    with torch.set_grad_enabled(not hold_vision and not batch.calm):
        patches, tokens = network.see(batch.pixels())
    if phase == "see":
        return picture_loss(heads, patches, tokens, batch.labels)
    if batch.calm:
        last = int(batch.ends.nonzero()[:, 1].max()) + 1
        batch.slots = batch.slots[:, :last]
        _, balance, half = network.read(batch.ids[:, :last], tokens.flatten(0, 1), batch.slots, MIDDLE, False)
        _, news, found = news_loss(heads, tokens, half, batch)
        past, plain = past_loss(heads, half, batch)
        return 1.5 * past + 3.0 * news + 0.01 * balance, {"past": past, "same": plain, "news": news, "found": found}
    if heavier:
        hold_back(network, tokenizer, batch, tokens, heavier)
    hidden, balance, half = network.read(batch.ids, tokens.flatten(0, 1), batch.slots, MIDDLE)
    text, right = text_loss(network, hidden, batch)
    moving = motion_loss(heads, half, batch)
    seen, news, found = news_loss(heads, tokens, half, batch)
    past = past_loss(heads, half, batch)[0] if batch.frames > 1 else seen * 0
    loss = text + 0.01 * balance + 0.3 * moving + beside * (2.0 * seen + 2.0 * news + past)
    figures = {"look": seen, "news": news, "found": found, "moving": moving, "telling": text, "facts": right, "balance": balance / 4}
    if not hold_vision:
        seeing, more = picture_loss(heads, patches, tokens, batch.labels)
        loss = loss + 0.25 * seeing
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
    """The workers: processes that learn from different clips, and agree on the mean of what they learnt every few steps: to wait
    for each other at every step costs more on a busy machine than the mean of gradients is worth."""
    steps = 4

    def __init__(self, size, parameters):
        self.size = size
        self.parameters = torch.zeros(size, parameters).share_memory_()
        self.spent = torch.zeros(1, dtype=torch.float64).share_memory_()
        self.barrier = torch.multiprocessing.get_context("fork").Barrier(size)

    @torch.no_grad()
    def average(self, rank, parameters):
        """Replaces every parameter by the mean of all workers'."""
        if self.size == 1:
            return
        own, at = self.parameters[rank], 0
        for p in parameters:
            own[at:at + p.numel()] = p.flatten()
            at += p.numel()
        self.barrier.wait()
        mean, at = self.parameters.mean(0), 0
        for p in parameters:
            p.copy_(mean[at:at + p.numel()].view_as(p))
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
    options.add_argument("--compare", type=float, default=0, help="the share of batches that only learn what has changed")
    options.add_argument("--kinds", type=lambda text: text.split(","), help="the kinds of statements of film to tell; all when unset")
    options.add_argument("--beside", type=float, default=1.0, help="the weight of what is learnt beside the sentences of film")
    options.add_argument("--asking", action="store_true", help="with other questions than that for a description")
    options.add_argument("--heavier", type=float, default=0, help="how much worse a false statement of film is than a missing one")
    options.add_argument("--stock", help="what fetch.py made")
    options.add_argument("--film", type=float, default=0.55, help="the share of film among the clips")
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options.add_argument("--device", default="cpu", help="cpu or cuda")
    options.add_argument("--save", type=float, default=7, help="minutes between checkpoints")
    options = options.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.run, exist_ok=True)
    shape = Network().shape
    size = options.workers if options.device == "cpu" else 1
    stock(options.stock, "free")      # before the workers are made, which share it
    team = Team(size, sum(p.numel() for m in (Network(), Heads(shape)) for p in m.parameters()))
    others = [torch.multiprocessing.get_context("fork").Process(target=work, args=(rank, team, options), daemon=True)
              for rank in range(1, size)]
    for process in others:
        process.start()
    work(0, team, options)


@functools.cache
def stock(path, part):
    """The photographs and things of a part of the stock: "free" to train with or "held" out."""
    if not path:
        return None
    with np.load(path) as file:
        return {kind: [file[name] for name in file.files if name.startswith(f"{part}/{kind}/")] for kind in ("photo", "thing")}


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
        both.load_state_dict(torch.load(state, map_location="cpu")["both"], strict=False)
    elif options.start:
        network.load_state_dict(checkpoint.adapt(checkpoint.load(options.start), options.start, tokenizer))
    bank = np.load(options.patterns) if options.patterns and os.path.exists(options.patterns) else None
    clips = Clips(options.seed + 1000 * rank + int(time.time() if os.path.exists(state) else 0), bank,
                  options.pairs, stock(options.stock, "free"), options.film, options.kinds)
    test = Clips(4242, bank, stock=stock(options.stock, "held") if rank == 0 else None, kinds=options.kinds)
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
        drawing = Drawing(clips, tokenizer, phase, options.batch // team.size, options.asking, options.compare)
        batches = again(iter(drawing), np.random.default_rng(rank)) if device.type == "cpu" else iter(
                       DataLoader(drawing, None, num_workers=options.workers, pin_memory=True, prefetch_factor=3))
        begun, step, seen, marks = time.time(), 0, 0, {}
        said, saved = time.time(), time.time()
        while True:
            if step % team.steps == 0:
                spent = team.clock(rank, (time.time() - begun) / 60 / minutes)
            if spent >= 1:
                break
            rate = options.rate * min(1, (step + 1) / options.warm) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * spent)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = next(batches).to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=True):
                loss, figures = losses(network, heads, batch, phase, options.hold_vision, tokenizer, options.heavier, options.beside)
                if options.asking and step % 4 == 0:
                    loss = loss + 0.3 * silence_loss(network, Silence(clips.rng, tokenizer), device)
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % team.steps == 0:
                team.average(rank, everything)
            average.update()
            seen += len(batch.tiles) // batch.frames * team.size
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


if __name__ == "__main__":
    main()
