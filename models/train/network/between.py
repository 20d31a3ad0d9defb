# SPDX-License-Identifier: LGPL-2.1-or-later
"""The steps between the products of the network while it is trained on a CPU, forwards and back, by between.c and attend.c: torch takes as
long for each of them as for a product. Activations are bfloat16, what goes from layer to layer is float."""

import ctypes
import functools
import platform
import subprocess
import tempfile
from pathlib import Path

import torch
from torch.autograd import Function

WIDE = ["-mprefer-vector-width=512"] if platform.machine() == "x86_64" else []      # GCC takes halves of AVX-512's vectors unless told


@functools.cache
def _library():
    """between.c and attend.c, compiled for this process."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "between.so"
        subprocess.run(["cc", "-O3", "-march=native", "-ffast-math", *WIDE, "-shared", "-fPIC", "-o", made,
                        *(Path(__file__).with_name(name) for name in ("between.c", "attend.c")), "-lm"], check=True)
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


def planes(pictures, table):
    """pictures uint8 [N, height, width, 3] -> bfloat16 [N, 3, height, width], each byte as table [256] has it."""
    n, height, width, _ = pictures.shape
    y = _half(n, 3, height, width)
    _call("planes", pictures.contiguous(), table.bfloat16(), y, n, height * width)
    return y


def _normed(x, weight, bias):
    """LayerNorm: x float [..., size] -> bfloat16 [rows, size]."""
    y = _half(x.numel() // x.shape[-1], x.shape[-1])
    _call("layer_norm", x, weight, bias, y, *y.shape)
    return y


def _normed_back(x, weight, dy, more=None):
    """The gradients of x, to which `more` is added, of the weight and of the bias."""
    dx, dweight, dbias = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
    _call("layer_norm_back", x, weight, dy, more, dx, dweight, dbias, *dy.shape)
    return dx, dweight, dbias


def _added(x, part, bias):
    """x + part + bias; x float [..., size], part bfloat16 [rows, size]."""
    y = torch.empty_like(x)
    _call("add", x, part, bias, y, *part.shape)
    return y


def _added_back(dy):
    """The gradients of the part and of the bias."""
    dpart, dbias = _half(dy.numel() // dy.shape[-1], dy.shape[-1]), torch.zeros(dy.shape[-1])
    _call("add_back", dy, dpart, dbias, *dpart.shape)
    return dpart, dbias


class LayerNorm(Function):
    """x float [..., size] -> bfloat16."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        x = x.contiguous()
        ctx.save_for_backward(x, weight)
        return _normed(x, weight, bias).view(x.shape)

    @staticmethod
    def backward(ctx, dy):
        return _normed_back(*ctx.saved_tensors, dy.contiguous().flatten(0, -2))


def _attend(qkv, bias, cos, sin, *shape):
    """Attention: qkv bfloat16 [B * T, (heads + 2 * kv_heads) * 32] -> [B * T, heads * 32], and what _attend_back() needs of it.
    shape: B, T, heads, kv_heads, whether it is causal, whether queries and keys are made even."""
    clips, length, heads = shape[:3]
    pitch = -(-length // 32) * 32
    y, sums = _half(clips * length, heads * 32), torch.empty(clips, heads, pitch)
    _call("attend", qkv, bias, cos, sin, y, sums, torch.empty(104, pitch), *shape)
    return y, sums


def _attend_back(qkv, bias, cos, sin, y, sums, dy, *shape):
    """The gradients of qkv and of the bias."""
    dqkv, dbias, pitch = torch.empty_like(qkv), None if bias is None else torch.zeros_like(bias), sums.shape[-1]
    _call("attend_back", qkv, bias, cos, sin, y, sums, dy, dqkv, dbias, torch.empty(260 + pitch // 2, pitch), *shape)
    return dqkv, dbias


class Attend(Function):
    """Causal attention: qkv bfloat16 [B, T, (heads + 2 * kv_heads) * head_dim] -> [B, T, heads * head_dim]; queries and keys are turned by
    cos and sin [T, head_dim / 2] and made even, unless these are None."""

    @staticmethod
    def forward(ctx, qkv, cos, sin, heads, kv_heads):
        ctx.shape = *qkv.shape[:2], heads, kv_heads, 1, int(cos is not None)
        y, sums = _attend(qkv, None, cos, sin, *ctx.shape)
        ctx.save_for_backward(qkv, cos, sin, y, sums)
        return y.view(*qkv.shape[:2], -1)

    @staticmethod
    def backward(ctx, dy):
        qkv, cos, sin, y, sums = ctx.saved_tensors
        return _attend_back(qkv, None, cos, sin, y, sums, dy.contiguous(), *ctx.shape)[0], None, None, None, None


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


class See(Function):
    """x float [N, T, size] + attention of its LayerNorm; weight [3 * size, size] and bias are those of queries, keys and values, cos and sin
    [T, 16] turn them, the last two are of what becomes of it."""

    @staticmethod
    def forward(ctx, x, norm, norm_bias, weight, bias, cos, sin, out, out_bias):
        heads = x.shape[-1] // 32
        ctx.shape = *x.shape[:2], heads, heads, 0, 0
        x, weight, out = x.contiguous(), weight.bfloat16(), out.bfloat16()
        y = _normed(x, norm, norm_bias)
        qkv = y @ weight.T
        seen, sums = _attend(qkv, bias, cos, sin, *ctx.shape)
        ctx.save_for_backward(x, norm, weight, bias, cos, sin, out, y, qkv, seen, sums)
        return _added(x, seen @ out.T, out_bias)

    @staticmethod
    def backward(ctx, dx):
        x, norm, weight, bias, cos, sin, out, y, qkv, seen, sums = ctx.saved_tensors
        dx = dx.contiguous()
        d, dout_bias = _added_back(dx)
        dqkv, dbias = _attend_back(qkv, bias, cos, sin, seen, sums, d @ out, *ctx.shape)
        return *_normed_back(x, norm, dqkv @ weight, dx), dqkv.T @ y, dbias, None, None, d.T @ seen, dout_bias


class Think(Function):
    """x float [N, T, size] + the two products and GELU of its LayerNorm."""

    @staticmethod
    def forward(ctx, x, norm, norm_bias, weight, bias, out, out_bias):
        x, weight, out = x.contiguous(), weight.bfloat16(), out.bfloat16()
        y = _normed(x, norm, norm_bias)
        inner = y @ weight.T
        opened = torch.empty_like(inner)
        _call("gelu", inner, bias, opened, *inner.shape)
        ctx.save_for_backward(x, norm, weight, bias, out, y, inner, opened)
        return _added(x, opened @ out.T, out_bias)

    @staticmethod
    def backward(ctx, dx):
        x, norm, weight, bias, out, y, inner, opened = ctx.saved_tensors
        dx = dx.contiguous()
        d, dout_bias = _added_back(dx)
        dopened, dinner, dbias = d @ out, torch.empty_like(inner), torch.zeros_like(bias)
        _call("gelu_back", inner, bias, dopened, dinner, dbias, *inner.shape)
        return *_normed_back(x, norm, dinner @ weight, dx), dinner.T @ y, dbias, d.T @ opened, dout_bias
