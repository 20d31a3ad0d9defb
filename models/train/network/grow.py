# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts the weights of a smaller network into a larger one, which then says the same.

What is new writes into new places of the hidden state, from small random weights; nothing reads these yet."""

NORMS = ("layernorm.weight", "model.norm.weight")


def _corner(new, old):
    new[tuple(slice(n) for n in old.shape)] = old


def grow(tensors, network):
    """tensors: of the smaller network by their names. Fills the larger one, whose own weights are fresh."""
    wide = dict(network.state_dict())
    hidden = tensors["language_model.model.norm.weight"].shape[0]
    for name, old in tensors.items():
        new = wide[name]
        if new.shape == old.shape:
            new.copy_(old)
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
