# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts the weights of a smaller network into a larger one, which then says the same, or nearly so when its pictures are larger.

What is new writes into new places of the hidden state, from small random weights; nothing reads these yet. New layers write nothing yet. Places of
a finer picture, and patches that more of become one picture token, get what stood where they lie."""

import torch
import torch.nn.functional as F

NORMS = ("layernorm.weight", "model.norm.weight")


def _corner(new, old):
    new[tuple(slice(n) for n in old.shape)] = old


def _places(old, new):
    """Positions [side^2 + 1, d] of the patches, and of the class behind them, of a picture with another number of patches."""
    before, after = (int((len(x) - 1) ** 0.5) for x in (old, new))
    grid = old[:-1].T.reshape(1, -1, before, before)
    finer = F.interpolate(grid, size=(after, after), mode="bilinear", align_corners=False)
    return torch.cat((finer.reshape(old.shape[1], -1).T, old[-1:]))


def _shares(before, after):
    """How much of each of `before` equal parts of a line lies in each of `after`: [after, before]."""
    first, last = torch.arange(after)[:, None] / after, torch.arange(1, after + 1)[:, None] / after
    low, high = torch.arange(before) / before, torch.arange(1, before + 1) / before
    return (torch.minimum(last, high) - torch.maximum(first, low)).clamp(min=0) * before


def _fold(old, new, d):
    """What reads squares of patches [out, side^2 * d], for squares with more of them."""
    before, after = (int((x.shape[1] // d) ** 0.5) for x in (old, new))
    share = _shares(before, after)
    return torch.einsum("oijd,ai,bj->oabd", old.view(len(old), before, before, d), share, share).reshape(new.shape)


def grow(tensors, network):
    """tensors: of the smaller network by their names. Fills the larger one, whose own weights are fresh."""
    wide = dict(network.state_dict())
    hidden = tensors["language_model.model.norm.weight"].shape[0]
    patch = len(tensors["vision_model.class_embedding"])
    for name, new in wide.items():
        if name not in tensors and name.endswith(("o_proj.weight", "fc2.weight")):
            new.zero_()
    for name, old in tensors.items():
        new = wide[name]
        if new.shape == old.shape:
            new.copy_(old)
        elif name.endswith("positional_embedding_vlm"):
            new.copy_(_places(old, new))
        elif "vision_adapter" in name and name.endswith("fc1.weight"):
            new.copy_(_fold(old, new, patch))
        elif name.endswith(NORMS) and "vision" not in name:
            new.fill_(1).mul_((hidden / len(new)) ** 0.5)       # the mean square is of more places now
            new[:hidden] = old * (hidden / len(new)) ** 0.5
        elif name.endswith("gate_up_proj"):
            gate, up = old.chunk(2, -1)
            width = new.shape[-1] // 2
            new.zero_()
            _corner(new[..., :width], gate)
            _corner(new[..., width:], up)
        elif name.endswith("experts.down_proj"):
            new[..., :hidden] = 0
            _corner(new, old)
        elif name.endswith(("shared_expert.down_proj.weight", "o_proj.weight")):
            new[:hidden] = 0
            _corner(new, old)
        elif name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight")):
            new[:len(old), hidden:] = 0
            _corner(new, old)
        elif name.endswith("fc1.weight"):
            _corner(new, old)
        elif name.endswith(("fc2.weight", "linear_1.weight")):
            new[:len(old), old.shape[1]:] = 0
            new[len(old):] *= 0.5
            _corner(new, old)
        else:       # embeddings, the router, gates and the head
            new.zero_()
            _corner(new, old)
    network.load_state_dict(wide)
