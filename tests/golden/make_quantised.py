#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what llama.cpp's quantiser makes of the weights in tests/unit/test-quantise.c: SHA-256 of the blocks, and their error.

Needs: llama-quantize, gguf, numpy (Debian unstable: llama.cpp-tools, python3-gguf).
Usage: make_quantised.py
"""
import hashlib
import os
import subprocess
import tempfile

import gguf
import numpy as np

ROWS, COLUMNS = 64, 1024


def weights():
    """Sums of four 16-bit numbers of splitmix64, exact in float32; row r times 2^(r mod 8 - 4), every 16th row zero."""
    with np.errstate(over="ignore"):
        z = np.arange(1, ROWS * COLUMNS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    total = sum(((z >> np.uint64(16 * i)) & np.uint64(0xFFFF)).astype(np.int64) for i in range(4)) - 2 * 65535
    table = (total / 2**22).astype(np.float32).reshape(ROWS, COLUMNS)
    table *= (2.0 ** (np.arange(ROWS) % 8 - 4)).astype(np.float32)[:, None]
    table[::16] = 0
    return table


def write(path, table):
    writer = gguf.GGUFWriter(path, "llama4")
    shape = dict(block_count=4, context_length=64, embedding_length=COLUMNS, feed_forward_length=COLUMNS, expert_count=4,
                 expert_feed_forward_length=COLUMNS, expert_used_count=1, interleave_moe_layer_step=1, vocab_size=ROWS)
    for key, value in shape.items():
        writer.add_uint32("llama4." + key, value)
    for key in ("head_count", "head_count_kv"):
        writer.add_uint32("llama4.attention." + key, 8)
    writer.add_float32("llama4.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_string("tokenizer.ggml.model", "none")
    writer.add_tensor("token_embd.weight", table)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    table = weights()
    with tempfile.TemporaryDirectory() as folder:
        plain, out = os.path.join(folder, "plain.gguf"), os.path.join(folder, "out.gguf")
        write(plain, table)
        for name in ("F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"):
            subprocess.run(["llama-quantize", "--pure", "--output-tensor-type", name, "--token-embedding-type", name, plain, out,
                            name, "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            tensor = gguf.GGUFReader(out).tensors[0]
            assert tensor.tensor_type.name == name
            blocks = np.ascontiguousarray(tensor.data)
            values = gguf.quants.dequantize(blocks, tensor.tensor_type).astype(np.float64).reshape(table.shape)
            error = np.sqrt(((values - table) ** 2).sum() / (table.astype(np.float64) ** 2).sum())
            print(f'{{L4_TYPE_{name}, "{hashlib.sha256(blocks.tobytes()).hexdigest()}", {error:.6f}}},')


if __name__ == "__main__":
    main()
