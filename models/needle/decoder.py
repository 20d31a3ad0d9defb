# SPDX-License-Identifier: LGPL-2.1-or-later
"""The decoder of Llama 4 in plain torch, for contexts of which parts stand for many alike: what it learns of a few hundred sentences
then holds among a hundred thousand."""

import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "train"))

from network import checkpoint, tokenizer  # noqa: E402, F401
from network.attention import Attention  # noqa: E402
from network.decoder import Decoder  # noqa: E402

CHUNK = 384


class Shape:
    """Sizes of the model that finds needles."""
    hidden, heads, kv_heads, head_dim, layers = 128, 2, 1, 64, 4
    experts, width = 4, 96
    vocabulary = 1280
    theta = 10000.0
    floor_scale, attn_scale = 8192.0, 0.1


class Chunked(Attention):
    """With rotary positions; no chunk sees another."""

    def forward(self, x, context):
        b, t, d = x.shape
        chunk = min(t, CHUNK)
        y = super().forward(x.reshape(b * t // chunk, chunk, d), context.cos[:chunk], context.sin[:chunk])
        return y.view(b, t, d)


class Global(Attention):
    """Without positions, over all tokens."""

    def forward(self, x, context):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, -1).transpose(1, 2) * context.temperature[:, None, :, None]
        k = self.k_proj(x).view(b, t, self.kv_heads, -1).transpose(1, 2).repeat_interleave(self.heads // self.kv_heads, 1)
        v = self.v_proj(x).view(b, t, self.kv_heads, -1).transpose(1, 2).repeat_interleave(self.heads // self.kv_heads, 1)
        if context.points is not None:
            example, place, goal = context.points.T
            scores = (q[example, 0, place][:, None] @ k[example, 0].transpose(1, 2))[:, 0] * self.head_dim ** -0.5 + context.mask[example, 0, place]
            context.missed = F.cross_entropy(scores, goal)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=context.mask)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class Context:
    """What the layers need to know of the tokens' places. alike [B, T]: for how many such tokens each stands. points [N, 3]: an example, a
    place in it and the place that the first head of the layers without positions is to look at from there; how badly it does: missed."""

    def __init__(self, alike, points, cos, sin, shape):
        t = alike.shape[1]
        place = alike.double().cumsum(1)
        self.temperature = (1 + shape.attn_scale * torch.log(torch.floor(place / shape.floor_scale) + 1)).float()
        later = torch.ones(t, t, dtype=torch.bool).triu(1)
        self.mask = alike.log()[:, None, None, :].expand(-1, 1, t, t).masked_fill(later, -torch.inf)
        self.cos, self.sin, self.points, self.missed = cos, sin, points, 0.0


def attention(shape, rope):
    return (Chunked if rope else Global)(shape, rope)


class Network(nn.Module):
    def __init__(self, shape=Shape):
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape, attention)
        self.lm_head = nn.Linear(shape.hidden, shape.vocabulary, bias=False)
        rate = shape.theta ** (-torch.arange(0, shape.head_dim // 2).float() * 2 / shape.head_dim)
        angle = torch.arange(CHUNK).float()[:, None] * rate
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, p in self.named_parameters():
            if name.endswith("embed_tokens.weight"):
                nn.init.normal_(p, std=0.5)
            elif name.endswith("lm_head.weight"):
                nn.init.normal_(p, std=0.02)
            elif p.dim() == 2:
                nn.init.normal_(p, std=p.shape[1] ** -0.5)
            if name.endswith("lm_head.weight"):     # what is read is nearly what is to be said
                p.data.add_(0.04 * self.model.embed_tokens.weight.data)
            if "o_proj" in name or "down_proj" in name:
                p.data.mul_((2 * shape.layers) ** -0.5)

    def forward(self, ids, alike, points=None):
        """ids [B, T], T up to a chunk or a multiple of it -> hidden [B, T, hidden], balance loss, hidden before the last layer, how
        badly points were missed."""
        context = Context(alike, points, self.cos, self.sin, self.shape)
        x, balance = self.model.embed_tokens(ids), 0.0
        for layer in self.model.layers:
            before = x
            x, b = layer(x, context)
            balance = balance + b
        return self.model.norm(x), balance, before, context.missed


def documents(shape, special):
    """The JSON files of the checkpoint."""
    bos, eot, pad = special["<|begin_of_text|>"], special["<|eot|>"], special["<|finetune_right_pad|>"]
    rope = [int((i + 1) % 4 != 0) for i in range(shape.layers)]
    config = {
        "architectures": ["Llama4ForCausalLM"], "attention_bias": False, "attention_chunk_size": CHUNK, "attention_dropout": 0.0,
        "attn_scale": shape.attn_scale, "attn_temperature_tuning": True, "bos_token_id": bos, "dtype": "bfloat16", "eos_token_id": eot,
        "floor_scale": int(shape.floor_scale), "head_dim": shape.head_dim, "hidden_act": "silu", "hidden_size": shape.hidden,
        "initializer_range": 0.02, "interleave_moe_layer_step": 1, "intermediate_size": shape.width,
        "intermediate_size_mlp": 2 * shape.width,
        "layer_types": ["chunked_attention" if r else "full_attention" for r in rope],
        "max_position_embeddings": 10485760, "model_type": "llama4_text", "moe_layers": list(range(shape.layers)),
        "no_rope_layer_interval": 4, "no_rope_layers": rope, "num_attention_heads": shape.heads, "num_experts_per_tok": 1,
        "num_hidden_layers": shape.layers, "num_key_value_heads": shape.kv_heads, "num_local_experts": shape.experts,
        "output_router_logits": False, "pad_token_id": pad, "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_theta": shape.theta, "rope_type": "default"}, "router_aux_loss_coef": 0.001,
        "router_jitter_noise": 0.0, "tie_word_embeddings": False, "transformers_version": "5.12.1", "use_cache": True,
        "use_qk_norm": True, "vocab_size": shape.vocabulary}
    return {
        "config.json": config,
        "generation_config.json": {
            "bos_token_id": bos, "do_sample": False, "eos_token_id": [special["<|end_of_text|>"], special["<|eom|>"], eot],
            "pad_token_id": pad, "transformers_version": "5.12.1"},
        "tokenizer_config.json": {
            "bos_token": "<|begin_of_text|>", "eos_token": "<|eot|>",
            "model_max_length": 1000000000000000019884624838656, "pad_token": "<|finetune_right_pad|>",
            "tokenizer_class": "PreTrainedTokenizerFast"}}
