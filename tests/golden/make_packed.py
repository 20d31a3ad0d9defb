#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes folders of weights as published quantisers write them, and what those packages read in them.

    packed/NAME/model.safetensors, config.json    one matrix, "w", as a folder has it
    packed/NAME/weights.npy                       its weights, in float32
    types/INT4_128.bin, .npy, F8_128.bin, .npy    blocks of random bytes and the weights in them, by NumPy; INT4_32, too

compressed-* and block-fp8 are written and read by compressed-tensors; gptq-* is written by AutoGPTQ's own layer (auto_gptq/nn_modules/
qlinear/qlinear_cuda_old.py of its sources), and read by NumPy as its forward does it; gptq-v2 is gptq-v1 with one added to every
zero, as GPTQModel's convert_gptq_v1_to_v2_format() does it. *-32, *-64 and *-96, in groups of as many columns, are written and read by
NumPy in these packages' formats; what reads them is tried on the folders of the packages first.

Needs: numpy, torch, compressed-tensors, the sources of AutoGPTQ.
Usage: make_packed.py AUTOGPTQ OUT
"""
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.entrypoints.convert.converters.fp8block_dequantizer import FP8BlockDequantizer
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams

ROWS, COLUMNS = 20, 384
GPTQ_ROWS = 32                  # AutoGPTQ takes only multiples of that
DTYPES = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32", torch.int32: "I32", torch.int64: "I64",
          torch.float8_e4m3fn: "F8_E4M3"}


def write(out, name, tensors, settings, weights):
    folder = out / "packed" / name
    folder.mkdir(parents=True, exist_ok=True)
    header, data = {}, b""
    for key, tensor in tensors.items():
        octets = tensor.contiguous().view(torch.uint8).numpy().tobytes()
        header["w." + key] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(octets)]}
        data += octets
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama4", "quantization_config": settings}, indent=1) + "\n")
    np.save(folder / "weights.npy", np.ascontiguousarray(weights, np.float32))


def random_matrix(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator) * torch.exp2(torch.randint(-8, -3, (rows, 1), generator=generator).float())


def compressed(out, name, dtype, symmetric, strategy, group_size, seed):
    args = QuantizationArgs(num_bits=4, type="int", symmetric=symmetric, strategy=strategy, group_size=group_size)
    weight = random_matrix(ROWS, COLUMNS, seed).to(dtype)
    groups = weight.reshape(ROWS, -1, group_size or COLUMNS)
    scale, zero = calculate_qparams(groups.amin(-1), groups.amax(-1), args)
    state = {"weight": weight, "weight_scale": scale.to(dtype), "weight_zero_point": zero.to(torch.int8)}
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    packed = PackedQuantizationCompressor.compress(state, scheme)
    exact = PackedQuantizationCompressor.decompress({**packed, "weight_scale": packed["weight_scale"].float()}, scheme)["weight"]
    rounded = PackedQuantizationCompressor.decompress(packed, scheme)["weight"]
    assert exact.dtype == torch.float32 and torch.equal(exact.to(dtype), rounded)
    keep = {key: value for key, value in packed.items() if value is not None}
    settings = {"quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed", "ignore": ["lm_head"],
                "kv_cache_scheme": None, "sparsity_config": {}, "config_groups": {"group_0": {
                    "targets": ["Linear"], "input_activations": None, "output_activations": None, "weights": {
                        "num_bits": 4, "type": "int", "strategy": strategy, "group_size": group_size, "symmetric": symmetric,
                        "dynamic": False, "actorder": None, "block_structure": None, "observer": "minmax", "observer_kwargs": {}}}}}
    write(out, name, keep, settings, exact.numpy())


def block_fp8(out, method, dtype, rows, columns, seed):
    weight = random_matrix(rows, columns, seed)
    padded = torch.nn.functional.pad(weight, (0, 0, 0, -rows % 128)).reshape(-1, 128, columns // 128, 128)
    scale = (padded.abs().amax((1, 3)) / 448).to(dtype)
    expanded = scale.float().repeat_interleave(128, 0)[:rows].repeat_interleave(128, 1)
    codes = (weight / expanded).clamp(-448, 448).to(torch.float8_e4m3fn)
    read = FP8BlockDequantizer(dtype=torch.float32)._create_dequantized_weight(codes, scale)
    if method == "fp8":
        settings = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
        write(out, "block-fp8-inverse", {"weight": codes, "weight_scale_inv": scale}, settings, read.numpy())
    else:
        settings = {"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0": {
            "targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [128, 128],
                                               "symmetric": True, "dynamic": False}}}}
        write(out, "block-fp8", {"weight": codes, "weight_scale": scale}, settings, read.numpy())


def auto_gptq_layer(sources):
    """AutoGPTQ's layer without its package, which needs a graphics card."""
    for name in ("auto_gptq", "auto_gptq.nn_modules", "auto_gptq.nn_modules.qlinear", "transformers", "transformers.pytorch_utils"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["auto_gptq.nn_modules.qlinear"].GeneralQuantLinear = torch.nn.Module
    sys.modules["transformers"].pytorch_utils = sys.modules["transformers.pytorch_utils"]
    sys.modules["transformers"].Conv1D = sys.modules["transformers.pytorch_utils"].Conv1D = type("Conv1D", (), {})
    path = Path(sources) / "auto_gptq" / "nn_modules" / "qlinear" / "qlinear_cuda_old.py"
    module = types.ModuleType("auto_gptq.nn_modules.qlinear.qlinear_cuda_old")
    module.__package__ = "auto_gptq.nn_modules.qlinear"
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    return module.QuantLinear


def unpack(words, axis):
    """Eight codes of four bits a word, along axis."""
    words = np.moveaxis(words.view(np.uint32), axis, 0)
    codes = np.stack([words >> (4 * i) & 15 for i in range(8)], 1).reshape(-1, *words.shape[1:])
    return np.moveaxis(codes, 0, axis)


def gptq(out, sources, symmetric, seed):
    group_size = 128
    weight = random_matrix(GPTQ_ROWS, COLUMNS, seed)
    groups = weight.reshape(GPTQ_ROWS, -1, group_size)
    if symmetric:
        scale = groups.abs().amax(-1) / 7.5
        zero = torch.full_like(scale, 8)
    else:
        low, high = groups.amin(-1).clamp(max=0), groups.amax(-1).clamp(min=0)
        scale = (high - low) / 15
        zero = torch.round(-low / scale).clamp(1, 15)
    scale = scale.half().float()
    codes = torch.clamp(torch.round(groups / scale[..., None]) + zero[..., None], 0, 15)
    linear = torch.nn.Linear(COLUMNS, GPTQ_ROWS, bias=False)
    linear.weight.data = ((codes - zero[..., None]) * scale[..., None]).reshape(GPTQ_ROWS, COLUMNS)
    layer = auto_gptq_layer(sources)(4, group_size, COLUMNS, GPTQ_ROWS, False, weight_dtype=torch.float32)
    layer.pack(linear, scale.clone(), zero.clone(), None)
    scales = layer.scales.half()
    read = unpack(layer.qweight.numpy(), 0).astype(np.float32)
    zeros = ((unpack(layer.qzeros.numpy(), 1) + 1) & 15).astype(np.float32)
    read = ((read - zeros.repeat(group_size, 0)) * scales.float().numpy().repeat(group_size, 0)).T
    assert np.array_equal(read, linear.weight.data.numpy())
    tensors = {"qweight": layer.qweight, "qzeros": layer.qzeros, "scales": scales, "g_idx": layer.g_idx}
    settings = {"quant_method": "gptq", "bits": 4, "group_size": group_size, "desc_act": False, "sym": symmetric, "lm_head": False,
                "static_groups": False, "true_sequential": True, "damp_percent": 0.01, "checkpoint_format": "gptq"}
    if symmetric:
        write(out, "gptq-symmetric", tensors, settings, read)
        return
    write(out, "gptq-v1", tensors, settings, read)
    tensors["qzeros"] = layer.qzeros + 0x11111111
    write(out, "gptq-v2", tensors, {**settings, "checkpoint_format": "gptq_v2"}, read)


def pack(codes, axis):
    """The other way; what is missing in a last word is 0."""
    codes = np.moveaxis(codes.astype(np.uint32), axis, 0)
    codes = np.concatenate([codes, np.zeros((-len(codes) % 8, *codes.shape[1:]), np.uint32)]).reshape(-1, 8, *codes.shape[1:])
    words = sum(codes[:, i] << np.uint32(4 * i) for i in range(8))
    return np.ascontiguousarray(np.moveaxis(words, 0, axis)).view(np.int32)


def read_groups(tensors, gptq):
    """The weights [rows, columns] of such tensors."""
    codes = unpack(tensors["qweight" if gptq else "weight_packed"], 0 if gptq else 1).astype(np.float32)
    scales = tensors["scales" if gptq else "weight_scale"]
    codes, scales = (codes.T, scales.T) if gptq else (codes, scales)
    rows, columns = codes.shape
    zeros = np.full(scales.shape, 8, np.float32)
    if gptq:
        zeros = ((unpack(tensors["qzeros"], 1).T[:rows] + 1) & 15).astype(np.float32)
    elif "weight_zero_point" in tensors:
        zeros = unpack(tensors["weight_zero_point"], 0)[:rows].astype(np.float32)
    each = columns // scales.shape[1]
    return (codes - zeros.repeat(each, 1)) * scales.repeat(each, 1)


def read_folder(folder):
    data = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        kinds = {"I32": np.int32, "I64": np.int64, "F16": np.float16, "BF16": np.uint16}
        values = np.frombuffer(data[begin:end], kinds[entry["dtype"]])
        if entry["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        values = values.astype(np.float32) if entry["dtype"] == "F16" else values
        tensors[name.removeprefix("w.")] = values.reshape(entry["shape"])
    return tensors


def small_groups(out, name, group_size, symmetric, seed):
    gptq = name.startswith("gptq")
    random = np.random.default_rng(seed)
    rows, groups = GPTQ_ROWS if gptq else ROWS, COLUMNS // group_size
    codes = random.integers(0, 16, (rows, COLUMNS))
    zeros = np.full((rows, groups), 8) if symmetric else random.integers(1, 16, (rows, groups))
    scales = np.exp2(random.uniform(-12, -4, (rows, groups))).astype(np.float16)
    if gptq:
        tensors = {"qweight": pack(codes.T, 0), "qzeros": pack((zeros.T - 1) & 15, 1), "scales": scales.T,
                   "g_idx": (np.arange(COLUMNS) // group_size).astype(np.int32)}
        settings = {"quant_method": "gptq", "bits": 4, "group_size": group_size, "desc_act": False, "sym": symmetric,
                    "checkpoint_format": "gptq"}
    else:
        tensors = {"weight_packed": pack(codes, 1), "weight_scale": scales, "weight_shape": np.array([rows, COLUMNS])}
        if not symmetric:
            tensors["weight_zero_point"] = pack(zeros, 0)
        settings = {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0": {
            "targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": group_size,
                                               "symmetric": symmetric, "dynamic": False}}}}
    exact = read_groups({key: value.astype(np.float32) if value.dtype == np.float16 else value for key, value in tensors.items()}, gptq)
    write(out, name, {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in tensors.items()}, settings, exact)


def all_small_groups(out):
    for name in ("compressed-symmetric", "compressed-asymmetric", "gptq-v1", "gptq-symmetric"):
        folder = out / "packed" / name
        assert np.array_equal(read_groups(read_folder(folder), name.startswith("gptq")), np.load(folder / "weights.npy"))
    small_groups(out, "compressed-32", 32, True, 8)
    small_groups(out, "compressed-96", 96, False, 9)
    small_groups(out, "gptq-32", 32, False, 10)
    small_groups(out, "gptq-64", 64, False, 11)


def small_blocks(out):
    """12 blocks as of INT4_128, of 32 weights each."""
    random = np.random.default_rng(18)
    heads = (random.standard_normal(12) * 2.0 ** random.integers(-12, 4, 12)).astype(np.float32).view(np.uint32) & np.uint32(0xFFFFFF00)
    zeros = random.integers(0, 16, 12).astype(np.uint32)
    codes = random.integers(0, 256, (12, 16), dtype=np.uint8)
    (out / "types" / "INT4_32.bin").write_bytes(b"".join((h | z).tobytes() + c.tobytes() for h, z, c in zip(heads, zeros, codes)))
    scale = heads.view(np.float32)[:, None]
    values = np.concatenate([codes & 15, codes >> 4], 1).astype(np.float32)
    np.save(out / "types" / "INT4_32.npy", (scale * values - scale * zeros.astype(np.float32)[:, None]))


def blocks(out):
    random = np.random.default_rng(17)
    folder = out / "types"
    scales = (random.standard_normal(12) * 2.0 ** random.integers(-12, 4, 12)).astype(np.float32)
    heads = scales.view(np.uint32) & np.uint32(0xFFFFFF00)
    zeros = random.integers(0, 16, 12).astype(np.uint32)
    codes = random.integers(0, 256, (12, 64), dtype=np.uint8)
    (folder / "INT4_128.bin").write_bytes(b"".join((h | z).tobytes() + c.tobytes() for h, z, c in zip(heads, zeros, codes)))
    fours = codes.reshape(12, 4, 1, 16)
    values = np.concatenate([fours & 15, fours >> 4], 2).reshape(12, 128).astype(np.float32)
    scale = heads.view(np.float32)[:, None]
    np.save(folder / "INT4_128.npy", scale * values - scale * zeros.astype(np.float32)[:, None])
    codes = random.integers(0, 256, (12, 128), dtype=np.uint8)
    (folder / "F8_128.bin").write_bytes(b"".join(s.tobytes() + c.tobytes() for s, c in zip(scales, codes)))
    np.save(folder / "F8_128.npy", torch.from_numpy(codes).view(torch.float8_e4m3fn).float().numpy() * scales[:, None])


def main():
    sources, out = sys.argv[1], Path(sys.argv[2])
    compressed(out, "compressed-symmetric", torch.bfloat16, True, "group", 128, 1)
    compressed(out, "compressed-asymmetric", torch.bfloat16, False, "group", 128, 2)
    compressed(out, "compressed-rows", torch.float16, True, "channel", None, 3)
    block_fp8(out, "compressed-tensors", torch.bfloat16, 130, 128, 4)
    block_fp8(out, "fp8", torch.float32, ROWS, COLUMNS, 5)
    gptq(out, sources, True, 6)
    gptq(out, sources, False, 7)
    blocks(out)
    all_small_groups(out)
    small_blocks(out)


if __name__ == "__main__":
    main()
