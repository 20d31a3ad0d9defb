# SPDX-License-Identifier: LGPL-2.1-or-later
"""The feed-forward part of a layer of the decoder: one expert of several for each token, and a shared one."""

import torch
import torch.nn.functional as F
from torch import nn

from network import between

EVEN = 64           # each expert has a multiple of rows: for every new number of them a CPU makes kernels, which takes longer than the rows


class Experts(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.randn(shape.experts, shape.hidden, 2 * shape.width) * shape.hidden ** -0.5)
        self.down_proj = nn.Parameter(torch.randn(shape.experts, shape.width, shape.hidden) * shape.width ** -0.5)


class SharedExpert(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.width, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.width, bias=False)
        self.down_proj = nn.Linear(shape.width, shape.hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.router = nn.Linear(shape.hidden, shape.experts, bias=False)
        self.experts = Experts(shape)
        self.shared_expert = SharedExpert(shape)

    def forward(self, x, y):
        """x [T, hidden] and y, which is even -> x + what the experts make of y, and the balance loss of the router."""
        scores = self.router(y)
        best, chosen = scores.max(-1)
        order = torch.argsort(chosen)
        counts = torch.bincount(chosen, minlength=scores.shape[1])
        rows = -(-counts // EVEN) * EVEN
        spare = (rows - counts).cumsum(0) - (rows - counts)       # rows before those of each expert that nothing comes to
        at = torch.arange(len(order), device=x.device) + spare[chosen[order]]
        taken = torch.full((int(rows.sum()),), len(order), device=x.device).index_copy(0, at, order)     # the tokens as the experts take them
        place = torch.empty_like(order).index_copy(0, order, at)                                        # where each of them is among those
        share = counts.float() / len(order)
        balance = scores.shape[1] * (share * scores.softmax(-1).mean(0)).sum()
        way = self._at_once if between.use(x) else self._step_by_step
        return way(x, y, torch.sigmoid(best.float()), place, taken, rows.tolist()), balance

    def _at_once(self, x, y, opened, place, taken, rows):
        shared = self.shared_expert
        weights = self.experts.gate_up_proj, self.experts.down_proj, torch.cat((shared.gate_proj.weight, shared.up_proj.weight)), shared.down_proj.weight
        return between.Mix.apply(x, y, opened, *(w.bfloat16() for w in weights), place, taken, rows)

    def _step_by_step(self, x, y, opened, place, taken, rows):
        inputs = F.pad(y * opened[:, None], (0, 0, 0, 1)).index_select(0, taken)
        outputs = []
        for part, gate_up, down in zip(inputs.split(rows), self.experts.gate_up_proj.unbind(), self.experts.down_proj.unbind()):
            gate, up = (part @ gate_up).chunk(2, -1)
            outputs.append((F.silu(gate) * up) @ down)
        return x + self.shared_expert(y) + torch.cat(outputs).index_select(0, place)
