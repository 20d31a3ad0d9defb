# SPDX-License-Identifier: LGPL-2.1-or-later
"""The decoder: layers of attention and experts, three of four with rotary positions."""

import torch
import torch.nn.functional as F
from torch import nn

from network import between
from network.attention import Attention
from network.experts import FeedForward


class RmsNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return between.Norm.apply(x, self.weight) if between.use(x) else F.rms_norm(x, (x.shape[-1],), self.weight, 1e-5)


class DecoderLayer(nn.Module):
    """attention: what makes the attention of a shape, with rotary positions or without; `where` is what that needs to know of places."""

    def __init__(self, shape, rope, attention):
        super().__init__()
        self.input_layernorm = RmsNorm(shape.hidden)
        self.self_attn = attention(shape, rope)
        self.post_attention_layernorm = RmsNorm(shape.hidden)
        self.feed_forward = FeedForward(shape)

    def forward(self, x, *where):
        x = x + self.self_attn(self.input_layernorm(x), *where)
        y, balance = self.feed_forward(x.flatten(0, 1), self.post_attention_layernorm(x).flatten(0, 1))
        return y.view_as(x), balance


class Decoder(nn.Module):
    def __init__(self, shape, attention=Attention):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(DecoderLayer(shape, (i + 1) % 4 != 0, attention) for i in range(shape.layers))
        self.norm = RmsNorm(shape.hidden)


class LanguageModel(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.model = Decoder(shape)
        self.lm_head = nn.Linear(shape.hidden, shape.vocabulary, bias=False)
