# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rotary positions and attention: the vision tower's, and the decoder's with and without positions."""

import torch
import torch.nn.functional as F
from torch import nn

from network import between


def rotate(x, cos, sin):
    """Interleaved pairs; x [B, H, T, d], cos and sin [T, d / 2]."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


def attend(q, k, v, causal=False):
    """Attention. On a CPU in float32, for which alone it is fast there."""
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float(), is_causal=causal)


class VisionAttention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads = shape.vision_heads
        for name in "qkvo":
            setattr(self, name + "_proj", nn.Linear(shape.vision, shape.vision))

    def at_once(self):
        """Weight and bias of queries, keys and values."""
        return tuple(torch.cat([getattr(p, name) for p in (self.q_proj, self.k_proj, self.v_proj)]) for name in ("weight", "bias"))

    def forward(self, x, cos, sin):
        b, t, d = x.shape
        q, k, v = F.linear(x, *self.at_once()).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = attend(rotate(q, cos, sin), rotate(k, cos, sin), v)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, d))


class Attention(nn.Module):
    def __init__(self, shape, rope):
        super().__init__()
        self.rope, self.heads, self.kv_heads, self.head_dim = rope, shape.heads, shape.kv_heads, shape.head_dim
        self.keep = []          # the heads whose queries and keys are kept as `match`, as they were compared last
        self.match = None
        self.q_proj = nn.Linear(shape.hidden, shape.heads * shape.head_dim, bias=False)
        self.k_proj = nn.Linear(shape.hidden, shape.kv_heads * shape.head_dim, bias=False)
        self.v_proj = nn.Linear(shape.hidden, shape.kv_heads * shape.head_dim, bias=False)
        self.o_proj = nn.Linear(shape.heads * shape.head_dim, shape.hidden, bias=False)

    def forward(self, x, cos, sin):
        angles = (cos, sin) if self.rope else (None, None)
        return self.o_proj(self._at_once(x, *angles) if between.use(x) else self._step_by_step(x, *angles))

    def _at_once(self, x, cos, sin):
        qkv = F.linear(x, torch.cat((self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)))
        if self.keep:
            each = qkv.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
            of = [self.heads + head // (self.heads // self.kv_heads) for head in self.keep]
            self.match = self._turn(each[:, self.keep], cos, sin), self._turn(each[:, of], cos, sin)
        return between.Attend.apply(qkv, cos, sin, self.heads, self.kv_heads)

    def _step_by_step(self, x, cos, sin):
        q, k, v = (p(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        # The temperature of the layers without RoPE is exactly 1 below position 8191, where training ends.
        repeat = self.heads // self.kv_heads
        q, k, v = self._turn(q, cos, sin), self._turn(k, cos, sin).repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        if self.keep:
            self.match = q[:, self.keep], k[:, self.keep]
        return attend(q, k, v, True).transpose(1, 2).flatten(2)

    def _turn(self, x, cos, sin):
        return x if cos is None else F.rms_norm(rotate(x, cos, sin), (self.head_dim,), None, 1e-5)
