# SPDX-License-Identifier: LGPL-2.1-or-later
"""Muon: momentum whose update of every matrix has all its singular values near one, so that rare directions are learnt as fast as common
ones. (Keller Jordan, 2024; scaled to the size of AdamW's updates as in Moonlight, arXiv 2502.16982, so that it takes the same rate.)"""

import torch

STEPS = 5
COEFFICIENTS = 3.4445, -4.7750, 2.0315      # of the odd polynomial that drives singular values towards one
LIKE_ADAMW = 0.2                            # the root mean square of an update of AdamW


def orthogonal(matrices):
    """[N, rows, columns], each with its singular values brought near one."""
    x = matrices.to(torch.bfloat16)
    turned = x.shape[1] > x.shape[2]
    x = x.mT if turned else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.mT if turned else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Of matrices, and of stacks of them, that stand between other layers: not of embeddings and heads."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.05):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = {}
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault(p.shape[-2:], []).append(p)
            for (rows, columns), parameters in alike.items():
                ways = [self._way(p, group["momentum"]).view(-1, rows, columns) for p in parameters]
                ways = orthogonal(torch.cat(ways)).split([len(way) for way in ways])
                for p, way in zip(parameters, ways):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(way.view_as(p), alpha=-group["lr"] * LIKE_ADAMW * max(rows, columns) ** 0.5)

    def _way(self, p, momentum):
        kept = self.state[p].setdefault("momentum", torch.zeros_like(p))
        kept.lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(kept, momentum)
