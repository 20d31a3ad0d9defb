# SPDX-License-Identifier: LGPL-2.1-or-later
"""Llama4ForConditionalGeneration in plain torch, for training; parameters carry the published names and layouts."""

import torch
from torch import nn

from network.decoder import LanguageModel
from network.vision import VisionModel


class Shape:
    """Sizes of the embedded model."""
    vision, vision_heads, vision_layers = 128, 4, 6
    projected = 256
    hidden, heads, kv_heads, head_dim, layers = 256, 12, 4, 32, 4
    experts, width = 4, 256
    vocabulary = 1536
    theta, vision_theta = 500000.0, 10000.0


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
        """pixels [N, 3, SIZE, SIZE] -> features of the patches and the vectors of the picture tokens [N, 16, hidden]."""
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
