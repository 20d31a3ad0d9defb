# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the embedded model from nothing, or goes on from a checkpoint or from the published folder.

python3 train.py --run FOLDER --patterns patterns.npz --see MINUTES --tell MINUTES [--start FOLDER] [--device cuda]

First the vision tower learns single pictures with labels for every patch and every picture (--see), then everything
learns to tell clips (--tell); with --hold-trunk the trunk of the vision tower does not, and what it makes of a clip is kept:
for a model that sees well already. The learning rate follows the clock, so a slower machine sees fewer clips. The heads for
the labels stand in a file of their own in the folder that is written. The log and the state stand in the run folder; a run that
was stopped goes on from there with the same command, and loses three minutes at most. A file "publish" in it has the folder
written at once. A start from the folder of a smaller network grows it (network/grow.py).

On a CPU every worker is a process with one thread that draws its own clips; all average what they learnt every few steps. On
two cores that trains three times as fast as one process with two threads, which wait for each other at every operation.
With --device cuda one process trains, in bfloat16 with float32 weights, and the workers only draw for it.
"""

import argparse
import functools
import os
import time

import numpy as np
import torch
import torch.multiprocessing
from torch import nn
from torch.utils.data import DataLoader

from film import stock
from learning.answers import report
from learning.batch import Drawing, Silence, again
from learning.clips import Clips
from learning.losses import Heads, keep_before, losses, silence_loss
from learning.sure import Sure
from network import checkpoint
from network.grow import grow
from network.llama4 import Network
from network.tokenizer import Tokenizer


HEADS = "heads.safetensors"      # beside the network's folder, for a training that goes on from it; nobody else needs it
STATE_EVERY = 180                # seconds between states of a run


def keep(network, heads, tokenizer, folder):
    checkpoint.save(network, tokenizer, folder)
    checkpoint.write(heads.state_dict(), f"{folder}/{HEADS}")


class Average:
    """Exponential moving average of the parameters, over about a thousand steps, of which it sees one in Team.steps."""

    def __init__(self, module):
        self.live = list(module.parameters())
        self.mean = [p.detach().clone() for p in self.live]
        self.updates = 0

    @torch.no_grad()
    def update(self):
        self.updates += 1
        keep = min(0.999 ** Team.steps, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.mean, [p.detach() for p in self.live], 1 - keep)

    @torch.no_grad()
    def swap(self):
        for p, m in zip(self.live, self.mean):
            p.data, m.data = m.data, p.data

    def state(self):
        return {"mean": self.mean, "updates": self.updates}

    @torch.no_grad()
    def resume(self, state):
        torch._foreach_copy_(self.mean, state["mean"])
        self.updates = state["updates"]


class Team:
    """The workers: processes that learn from different clips, and agree on the mean of what they learnt every few steps: to wait
    for each other at every step costs more on a busy machine than the mean of gradients is worth."""
    steps = 16

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
    options.add_argument("--hold-trunk", action="store_true", help="the vision tower but its adapter learns nothing more")
    options.add_argument("--kept", type=int, default=250, help="batches that a CPU's worker keeps to learn from them again")
    options.add_argument("--again", type=float, default=0.7, help="the share of such steps")
    options.add_argument("--pairs", type=float, default=0.55)
    options.add_argument("--kinds", type=lambda text: text.split(","), help="the kinds of statements of film to tell; all when unset")
    options.add_argument("--beside", type=float, default=1.0, help="the weight of what is learnt beside the sentences of film")
    options.add_argument("--asking", action="store_true", help="with other questions than that for a description")
    options.add_argument("--foreign", type=float, default=0, help="the share of prompts that ask for another language than English")
    options.add_argument("--sure", action="store_true", help="learn only those statements of film of which the start is sure")
    options.add_argument("--stock", help="what fetch.py made")
    options.add_argument("--figures", help="what figures.py made")
    options.add_argument("--film", type=float, default=0.55, help="the share of film among the clips")
    options.add_argument("--still", type=float, default=0.62, help="the share of cameras that stand among those of film")
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options.add_argument("--device", default="cpu", help="cpu or cuda")
    options.add_argument("--save", type=float, default=7, help="minutes between writings of the folder")
    options = options.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.run, exist_ok=True)
    shape = Network().shape
    size = options.workers if options.device == "cpu" else 1
    stock.load(options.stock, "free", options.figures)      # before the workers are made, which share it
    team = Team(size, sum(p.numel() for m in (Network(), Heads(shape)) for p in m.parameters()))
    others = [torch.multiprocessing.get_context("fork").Process(target=work, args=(rank, team, options), daemon=True)
              for rank in range(1, size)]
    for process in others:
        process.start()
    work(0, team, options)


def write_state(run, **state):
    """Replaces the state of a run as a whole: one that is stopped meanwhile has that of before."""
    torch.save(state, f"{run}/state.pt.new")
    os.replace(f"{run}/state.pt.new", f"{run}/state.pt")


def read_state(run):
    return torch.load(f"{run}/state.pt", map_location="cpu") if os.path.exists(f"{run}/state.pt") else None


def begin(folder, tokenizer, network):
    """Fills the network from a folder."""
    grow(checkpoint.adapt(checkpoint.load(folder), folder, tokenizer), network)
    return network


def prepare(batch, network, sure):
    """What is done once with a batch: the held trunk of a network looks at it, and what is not sure of it is left out."""
    with torch.autocast(batch.tiles.device.type, torch.bfloat16):
        if network:
            batch.look(network)
        if sure:
            sure.leave(batch)


def work(rank, team, options):
    torch.manual_seed(options.seed)
    log = open(f"{options.run}/log.txt" if rank == 0 else os.devnull, "a", buffering=1)

    def say(line):
        print(time.strftime("%H:%M:%S"), line, file=log)

    device = torch.device(options.device)
    tokenizer, network = Tokenizer(), Network()
    heads = Heads(network.shape)
    both = nn.ModuleList([network, heads])
    state = read_state(options.run)
    if state:
        both.load_state_dict(state["both"])
    elif options.start:
        begin(options.start, tokenizer, network)
        if os.path.exists(f"{options.start}/{HEADS}"):
            before = checkpoint.read(f"{options.start}/{HEADS}")
            heads.load_state_dict({k: v for k, v in before.items() if v.shape == heads.state_dict()[k].shape}, strict=False)
    bank = np.load(options.patterns) if options.patterns and os.path.exists(options.patterns) else None
    clips = Clips(options.seed + 1000 * rank + int(time.time() if state else 0), bank,
                  options.pairs, stock.load(options.stock, "free", options.figures), options.film, options.kinds, still=options.still)
    test = Clips(4242, bank, stock=stock.load(options.stock, "held", options.figures) if rank == 0 else None, kinds=options.kinds)
    both.to(device)
    keep_before(network)
    if options.hold_trunk:
        network.vision_model.requires_grad_(False)
        network.vision_model.vision_adapter.requires_grad_(True)
    everything = [p for p in both.parameters() if p.requires_grad]
    say(f"{sum(p.numel() for p in network.parameters())} parameters, patterns {sorted(clips.bank)}")

    for phase, minutes in (("see", options.see), ("tell", options.tell)):
        if minutes <= 0 or (state and phase in state["over"]):
            continue
        decay = [p for p in everything if p.dim() >= 2]
        plain = [p for p in everything if p.dim() < 2]
        optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
                                      lr=options.rate, betas=(0.9, 0.98), eps=1e-8, fused=True)
        average = Average(both)
        drawing = Drawing(clips, tokenizer, phase, options.batch // team.size, options.asking, options.foreign)
        judge = begin(options.start, tokenizer, Network().to(device)) if options.sure and options.start else network
        sure = Sure(judge, tokenizer) if options.sure else None
        if device.type == "cpu":
            once = functools.partial(prepare, network=network if options.hold_trunk else None, sure=sure)
            batches = again(iter(drawing), np.random.default_rng(rank), options.kept, options.again, once)
        else:
            batches = iter(DataLoader(drawing, None, num_workers=options.workers, pin_memory=True, prefetch_factor=3))
        worked, step, seen, marks = 0.0, 0, 0, {}
        if state and state["phase"] == phase:       # all workers take up what the first one's optimizer knew
            optimizer.load_state_dict(state["optimizer"])
            average.resume(state["average"])
            worked, step, seen = state["clock"]
        over = ["see"] if phase == "tell" else []
        begun, before = time.time(), seen
        now = said = saved = kept = time.time()
        while True:
            if step % team.steps == 0:
                spent = team.clock(rank, worked / 60 / minutes)
            if spent >= 1:
                break
            rate = options.rate * min(1, (step + 1) / options.warm) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * spent)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = next(batches)
            if device.type != "cpu":
                prepare(batch.to(device), None, sure)
            with torch.autocast(device.type, torch.bfloat16, enabled=True):
                loss, figures = losses(network, heads, batch, phase, options.hold_trunk, options.beside)
                if options.asking and step % 4 == 0:
                    loss = loss + 0.3 * silence_loss(network, Silence(clips.rng, tokenizer, foreign=options.foreign), device)
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % team.steps == 0:
                team.average(rank, everything)
                average.update()
            seen += batch.pictures // batch.frames * team.size
            if step % 10 == 1:      # reading a figure makes the CPU wait for the GPU
                for k, v in {"loss": loss, "norm": norm, **figures}.items():
                    v = float(v.detach())
                    if v == v:
                        marks[k] = v if k not in marks else 0.8 * marks[k] + 0.2 * v
            last, now = now, time.time()
            worked += min(now - last, 5)        # a while in which the machine did nothing else is no work
            if now - said > 30:
                said = now
                say(f"{phase} {100 * spent:.1f}% step {step} clips {seen} {(seen - before) / (now - begun):.1f}/s rate {rate:.5f} "
                    + " ".join(f"{k} {v:.3f}" for k, v in marks.items()))
            if rank == 0 and now - saved > STATE_EVERY:
                saved = now
                write_state(options.run, both=both.state_dict(), phase=phase, over=over, optimizer=optimizer.state_dict(),
                            average=average.state(), clock=(worked, step, seen))
            asked = os.path.exists(f"{options.run}/publish")
            if rank == 0 and phase == "tell" and (asked or now - kept > 60 * options.save):
                kept = now
                average.swap()
                both.eval()
                report(network, tokenizer, test, say)
                keep(network, heads, tokenizer, f"{options.run}/embedded")
                average.swap()
                if asked:
                    os.remove(f"{options.run}/publish")
        average.swap()
        if rank == 0:
            write_state(options.run, both=both.state_dict(), phase=None, over=over + [phase])
        say(f"{phase} done: {step} steps, {seen} clips, {(time.time() - begun) / 60:.1f} minutes")
    if rank > 0:
        return
    keep(network, heads, tokenizer, f"{options.run}/embedded")
    report(network, tokenizer, test, say, 256)


if __name__ == "__main__":
    main()
