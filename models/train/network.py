# SPDX-License-Identifier: LGPL-2.1-or-later
"""Llama4ForConditionalGeneration in plain torch, for training; parameters carry the published names and layouts."""

import torch
import torch.nn.functional as F
from torch import nn

IMAGE, PATCH, GRID = 112, 14, 8
PICTURE_TOKENS = 16


class Shape:
    """Sizes of the embedded model."""
    vision, vision_heads, vision_layers = 128, 4, 4
    projected = 256
    hidden, heads, kv_heads, head_dim, layers = 256, 12, 4, 32, 4
    experts, width = 4, 256
    vocabulary = 1536
    theta, vision_theta = 500000.0, 10000.0


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

    def forward(self, x, cos, sin):
        b, t, d = x.shape
        w = torch.cat((self.q_proj.weight, self.k_proj.weight, self.v_proj.weight))
        bias = torch.cat((self.q_proj.bias, self.k_proj.bias, self.v_proj.bias))
        q, k, v = F.linear(x, w, bias).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = attend(rotate(q, cos, sin), rotate(k, cos, sin), v)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, d))


class VisionLayer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(shape.vision, eps=1e-5)
        self.self_attn = VisionAttention(shape)
        self.post_attention_layernorm = nn.LayerNorm(shape.vision, eps=1e-5)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(shape.vision, 4 * shape.vision),
                                  "fc2": nn.Linear(4 * shape.vision, shape.vision)})

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.post_attention_layernorm(x))))


class VisionModel(nn.Module):
    def __init__(self, shape):
        super().__init__()
        d = shape.vision
        self.patch_embedding = nn.ModuleDict({"linear": nn.Linear(3 * PATCH * PATCH, d, bias=False)})
        self.class_embedding = nn.Parameter(torch.randn(d) * d ** -0.5)
        self.positional_embedding_vlm = nn.Parameter(torch.randn(GRID * GRID + 1, d) * d ** -0.5)
        self.layernorm_pre = nn.LayerNorm(d, eps=1e-5)
        self.layernorm_post = nn.LayerNorm(d, eps=1e-5)
        self.model = nn.ModuleDict({"layers": nn.ModuleList(VisionLayer(shape) for _ in range(shape.vision_layers))})
        self.vision_adapter = nn.ModuleDict({"mlp": nn.ModuleDict({
            "fc1": nn.Linear(4 * d, shape.projected, bias=False),
            "fc2": nn.Linear(shape.projected, shape.projected, bias=False)})})
        head = d // shape.vision_heads
        rate = shape.vision_theta ** (-torch.arange(0, head // 4).float() * 4 / head)
        at = torch.arange(GRID * GRID)
        angle = torch.cat(((at % GRID + 1)[:, None] * rate, (at // GRID + 1)[:, None] * rate), 1)
        angle = torch.cat((angle, torch.zeros(1, head // 2)))
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def look(self, pixels):
        """pixels [N, 3, 112, 112] -> features of the patches [N, 64, d]."""
        n = pixels.shape[0]
        x = pixels.view(n, 3, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 1, 3, 5).reshape(n, GRID * GRID, -1)
        x = self.patch_embedding["linear"](x)
        x = torch.cat((x, self.class_embedding.expand(n, 1, -1)), 1) + self.positional_embedding_vlm
        x = self.layernorm_pre(x)
        for layer in self.model["layers"]:
            x = layer(x, self.cos, self.sin)
        return self.layernorm_post(x)[:, :-1]

    def adapt(self, patches):
        """Features of the patches -> of the picture tokens [N, 16, projected]."""
        n, half = len(patches), GRID // 2
        x = patches.reshape(n, half, 2, half, 2, -1).permute(0, 1, 3, 2, 4, 5).reshape(n, half * half, -1)
        mlp = self.vision_adapter["mlp"]
        return F.gelu(mlp["fc2"](F.gelu(mlp["fc1"](x))))


class RmsNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-5)


class Attention(nn.Module):
    def __init__(self, shape, rope):
        super().__init__()
        self.rope, self.heads, self.kv_heads, self.head_dim = rope, shape.heads, shape.kv_heads, shape.head_dim
        self.match = None       # queries and keys as they were compared last, for those who keep them
        self.keep = False
        self.q_proj = nn.Linear(shape.hidden, shape.heads * shape.head_dim, bias=False)
        self.k_proj = nn.Linear(shape.hidden, shape.kv_heads * shape.head_dim, bias=False)
        self.v_proj = nn.Linear(shape.hidden, shape.kv_heads * shape.head_dim, bias=False)
        self.o_proj = nn.Linear(shape.heads * shape.head_dim, shape.hidden, bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, -1).transpose(1, 2)
        k = self.k_proj(x).view(b, t, self.kv_heads, -1).transpose(1, 2)
        v = self.v_proj(x).view(b, t, self.kv_heads, -1).transpose(1, 2)
        if self.rope:
            d = (self.head_dim,)
            q = F.rms_norm(rotate(q, cos, sin), d, None, 1e-5)
            k = F.rms_norm(rotate(k, cos, sin), d, None, 1e-5)
        # The temperature of the layers without RoPE is exactly 1 below position 8191, where training ends.
        repeat = self.heads // self.kv_heads
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        self.match = (q, k) if self.keep else None
        y = attend(q, k, v, True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


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
        inputs = (x * torch.sigmoid(best)[:, None]).index_select(0, order)
        outputs = []
        for e, part in enumerate(inputs.split(counts.tolist())):
            gate, up = (part @ self.experts.gate_up_proj[e]).chunk(2, -1)
            outputs.append((F.silu(gate) * up) @ self.experts.down_proj[e])
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=x.device)
        routed = torch.cat(outputs).index_select(0, back)
        share = counts.float() / len(order)
        balance = scores.shape[1] * (share * scores.softmax(-1).mean(0)).sum()
        return self.shared_expert(x) + routed, balance


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
        y, balance = self.feed_forward(self.post_attention_layernorm(x).flatten(0, 1))
        return x + y.view_as(x), balance


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


class Network(nn.Module):
    def __init__(self, shape=Shape):
        super().__init__()
        self.shape = shape
        self.vision_model = VisionModel(shape)
        self.multi_modal_projector = nn.ModuleDict({"linear_1": nn.Linear(shape.projected, shape.hidden, bias=False)})
        self.language_model = LanguageModel(shape)
        rate = shape.theta ** (-torch.arange(0, shape.head_dim // 2).float() * 2 / shape.head_dim)
        angle = torch.arange(1024).float()[:, None] * rate
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        deep = (2 * shape.layers) ** -0.5
        for name, p in self.named_parameters():
            if name.endswith("embed_tokens.weight"):
                nn.init.normal_(p, std=0.5)
            elif name.endswith("lm_head.weight"):
                nn.init.normal_(p, std=0.02)
            elif p.dim() == 2 and "embedding_vlm" not in name:
                nn.init.normal_(p, std=p.shape[1] ** -0.5)
            elif name.endswith(".bias"):
                nn.init.zeros_(p)
            if any(s in name for s in ("o_proj.weight", "down_proj", "fc2.weight")) and "adapter" not in name:
                p.data.mul_(deep)

    def see(self, pixels):
        """pixels [N, 3, 112, 112] -> features of the patches and the vectors of the picture tokens [N, 16, hidden]."""
        patches = self.vision_model.look(pixels)
        return patches, self.show(patches)

    def show(self, patches):
        """Features of the patches -> the vectors of the picture tokens."""
        return self.multi_modal_projector["linear_1"](self.vision_model.adapt(patches))

    def read(self, ids, pictures, slots, layers=None):
        """ids [B, T], pictures [P, hidden] for the True places of slots [B, T] -> hidden [B, T, hidden], balance loss,
        and the hidden states after every layer; of the first layers alone, and no hidden then, when their number is given."""
        decoder = self.language_model.model
        x = decoder.embed_tokens(ids)
        x = x.masked_scatter(slots[..., None], pictures.to(x.dtype))
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        balance, states = 0.0, []
        for layer in decoder.layers[:layers]:
            x, b = layer(x, cos, sin)
            balance = balance + b
            states.append(x)
        return None if layers else decoder.norm(x), balance, states
