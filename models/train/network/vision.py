# SPDX-License-Identifier: LGPL-2.1-or-later
"""The vision tower: patches of a picture to picture tokens."""

import torch
import torch.nn.functional as F
from torch import nn

from network import between
from network.attention import VisionAttention
from network.picture import GRID, PATCH

SHUFFLE = 3         # patches a side that become one picture token
PICTURE_TOKENS = (GRID // SHUFFLE) ** 2


class VisionLayer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(shape.vision, eps=1e-5)
        self.self_attn = VisionAttention(shape)
        self.post_attention_layernorm = nn.LayerNorm(shape.vision, eps=1e-5)
        wide = SHUFFLE ** 2 * shape.vision      # one number in the configuration is for this and for the adapter
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(shape.vision, wide), "fc2": nn.Linear(wide, shape.vision)})

    def forward(self, x, cos, sin):
        return self._at_once(x, cos, sin) if between.use(x) else self._step_by_step(x, cos, sin)

    def _at_once(self, x, cos, sin):
        first, second, fc1, fc2, out = self.input_layernorm, self.post_attention_layernorm, *self.mlp.values(), self.self_attn.o_proj
        x = between.See.apply(x, first.weight, first.bias, *self.self_attn.at_once(), cos, sin, out.weight, out.bias)
        return between.Think.apply(x, second.weight, second.bias, fc1.weight, fc1.bias, fc2.weight, fc2.bias)

    def _step_by_step(self, x, cos, sin):
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
            "fc1": nn.Linear(SHUFFLE ** 2 * d, shape.projected, bias=False),
            "fc2": nn.Linear(shape.projected, shape.projected, bias=False)})})
        head = d // shape.vision_heads
        rate = shape.vision_theta ** (-torch.arange(0, head // 4).float() * 4 / head)
        at = torch.arange(GRID * GRID)
        angle = torch.cat(((at % GRID + 1)[:, None] * rate, (at // GRID + 1)[:, None] * rate), 1)
        angle = torch.cat((angle, torch.zeros(1, head // 2)))
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def look(self, pixels):
        """pixels [N, 3, SIZE, SIZE] -> features of the patches [N, GRID^2, d]."""
        n = pixels.shape[0]
        x = pixels.view(n, 3, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 1, 3, 5).reshape(n, GRID * GRID, -1)
        x = self.patch_embedding["linear"](x)
        x = torch.cat((x, self.class_embedding.expand(n, 1, -1)), 1) + self.positional_embedding_vlm
        x = self.layernorm_pre(x)
        for layer in self.model["layers"]:
            x = layer(x, self.cos, self.sin)
        post = self.layernorm_post
        return (between.LayerNorm.apply(x, post.weight, post.bias) if between.use(x) else post(x))[:, :-1]

    def adapt(self, patches):
        """Features of the patches -> of the picture tokens [N, 16, projected]."""
        n, side = len(patches), GRID // SHUFFLE
        x = patches.reshape(n, side, SHUFFLE, side, SHUFFLE, -1).permute(0, 1, 3, 2, 4, 5).reshape(n, PICTURE_TOKENS, -1)
        mlp = self.vision_adapter["mlp"]
        return F.gelu(mlp["fc2"](F.gelu(mlp["fc1"](x))))
