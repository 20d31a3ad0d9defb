# SPDX-License-Identifier: LGPL-2.1-or-later
"""The steps between the products of the decoder while it is trained on a CPU, forwards and back, by between.c: torch takes as long for
each of them as for a product. Activations are bfloat16, what goes from layer to layer is float."""

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import torch
from torch.autograd import Function


@functools.cache
def _library():
    """between.c, compiled for this process."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "between.so"
        subprocess.run(["cc", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-o", made, Path(__file__).with_suffix(".c"), "-lm"],
                       check=True)
        return ctypes.CDLL(str(made))


def _call(name, *given):
    """given: tensors in one piece, numbers, and None for no tensor."""
    _library()[name](*(ctypes.c_ssize_t(x) if isinstance(x, int) else ctypes.c_void_p(x if x is None else x.data_ptr()) for x in given))


def _half(*shape):
    return torch.empty(shape, dtype=torch.bfloat16)


def use(x):
    """Whether these are the steps for x."""
    return x.device.type == "cpu" and torch.is_autocast_enabled("cpu")


class Norm(Function):
    """RMSNorm: x float [..., size] -> bfloat16."""

    @staticmethod
    def forward(ctx, x, weight):
        x = x.contiguous()
        y = _half(*x.shape)
        _call("norm", x, weight, y, x.numel() // x.shape[-1], x.shape[-1])
        ctx.save_for_backward(x, weight)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, weight = ctx.saved_tensors
        dx, dweight = torch.empty_like(x), torch.zeros_like(weight)
        _call("norm_back", x, weight, dy.contiguous(), dx, dweight, x.numel() // x.shape[-1], x.shape[-1])
        return dx, dweight


class Attend(Function):
    """Causal attention: qkv bfloat16 [B, T, (heads + 2 * kv_heads) * head_dim] -> [B, T, heads * head_dim]; queries and keys are turned by
    cos and sin [T, head_dim / 2] and made even, unless these are None."""

    @staticmethod
    def forward(ctx, qkv, cos, sin, heads, kv_heads):
        clips, length, width = qkv.shape
        y = _half(clips, length, heads * (width // (heads + 2 * kv_heads)))
        pitch = -(-length // 16) * 16
        sums, memory = torch.empty(clips, heads, pitch), torch.empty(4 * 32 + 4, pitch)
        _call("attend", qkv, cos, sin, y, sums, memory, clips, length, heads, kv_heads)
        ctx.save_for_backward(qkv, cos, sin, y, sums)
        ctx.shape = clips, length, heads, kv_heads
        return y

    @staticmethod
    def backward(ctx, dy):
        qkv, cos, sin, y, sums = ctx.saved_tensors
        dqkv = torch.empty_like(qkv)
        memory = torch.empty(9 * 32 + 2 * 4 + 2, sums.shape[-1])
        _call("attend_back", qkv, cos, sin, y, sums, dy.contiguous(), dqkv, memory, *ctx.shape)
        return dqkv, None, None, None, None


class Mix(Function):
    """x float [T, size] + what its expert and the shared one make of y bfloat16 [T, size]. opened: what the expert's input is weighed by;
    taken: the tokens as the experts take them, each so many rows; place: where each token is among them (see experts.py)."""

    @staticmethod
    def forward(ctx, x, y, opened, gate_up, down, shared_gate_up, shared_down, place, taken, rows):
        size, width = x.shape[1], down.shape[1]
        given, both, out = _half(len(taken), size), _half(len(taken), 2 * width), _half(len(taken), size)
        _call("gather", y, opened, taken, given, len(taken), size, len(x))
        for a, b, w in zip(given.split(rows), both.split(rows), gate_up):
            torch.mm(a, w, out=b)
        inner = _half(len(taken), width)
        _call("gate", both, inner, len(taken), width)
        for a, b, w in zip(inner.split(rows), out.split(rows), down):
            torch.mm(a, w, out=b)
        shared_both, shared_inner = y @ shared_gate_up.T, _half(len(x), width)
        _call("gate", shared_both, shared_inner, len(x), width)
        result = torch.empty_like(x)
        _call("combine", x, shared_inner @ shared_down.T, out, place, result, len(x), size)
        ctx.save_for_backward(y, opened, gate_up, down, shared_gate_up, shared_down, place, taken, given, both, inner, shared_both, shared_inner)
        ctx.rows = rows
        return result

    @staticmethod
    def backward(ctx, dx):
        y, opened, gate_up, down, shared_gate_up, shared_down, place, taken, given, both, inner, shared_both, shared_inner = ctx.saved_tensors
        rows, size, width = ctx.rows, dx.shape[1], down.shape[1]
        d = dx.to(torch.bfloat16)
        dout, dinner = _half(len(taken), size), _half(len(taken), width)
        _call("gather", d, None, taken, dout, len(taken), size, len(dx))
        ddown, dgate_up = torch.empty_like(down), torch.empty_like(gate_up)
        for a, b, w, c, dw in zip(dout.split(rows), dinner.split(rows), down, inner.split(rows), ddown):
            torch.mm(a, w.T, out=b)
            torch.mm(c.T, a, out=dw)
        dboth, dgiven = _half(len(taken), 2 * width), _half(len(taken), size)
        _call("gate_back", both, dinner, dboth, len(taken), width)
        for a, b, w, c, dw in zip(dboth.split(rows), dgiven.split(rows), gate_up, given.split(rows), dgate_up):
            torch.mm(a, w.T, out=b)
            torch.mm(c.T, a, out=dw)
        dshared_both = _half(len(y), 2 * width)
        _call("gate_back", shared_both, d @ shared_down, dshared_both, len(y), width)
        dy, dopen = dshared_both @ shared_gate_up, torch.empty_like(opened)
        _call("gather_back", y, opened, dgiven, place, dy, dopen, len(y), size)
        return dx, dy, dopen, dgate_up, ddown, dshared_both.T @ y, d.T @ shared_inner, None, None, None
