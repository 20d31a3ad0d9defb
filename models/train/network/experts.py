# SPDX-License-Identifier: LGPL-2.1-or-later
"""The feed-forward part of a layer of the decoder: one expert of several for each token, and a shared one."""

import torch
import torch.nn.functional as F
from torch import nn

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

    def forward(self, x):
        """x [T, hidden] -> the same, and the balance loss of the router."""
        scores = self.router(x)
        best, chosen = scores.max(-1)
        order = torch.argsort(chosen)
        counts = torch.bincount(chosen, minlength=scores.shape[1])
        rows = -(-counts // EVEN) * EVEN
        spare = (rows - counts).cumsum(0) - (rows - counts)       # rows before those of each expert that nothing comes to
        place = torch.arange(len(order), device=x.device) + spare[chosen[order]]
        taken = torch.full((int(rows.sum()),), len(order), device=x.device).index_copy(0, place, order)
        inputs = F.pad(x * torch.sigmoid(best)[:, None], (0, 0, 0, 1)).index_select(0, taken)
        outputs = []
        for e, part in enumerate(inputs.split(rows.tolist())):
            gate, up = (part @ self.experts.gate_up_proj[e]).chunk(2, -1)
            outputs.append((F.silu(gate) * up) @ self.experts.down_proj[e])
        back = torch.empty_like(order)
        back[order] = place
        routed = torch.cat(outputs).index_select(0, back)
        share = counts.float() / len(order)
        balance = scores.shape[1] * (share * scores.softmax(-1).mean(0)).sum()
        return self.shared_expert(x) + routed, balance
