#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the fixtures of GGUF files: what llama.cpp's converter and quantiser write, and what transformers computes with it.

    python3 make_gguf.py [FOLDER]

runs where make_goldens.py does and llama.cpp, llama.cpp-tools, llama.cpp-tools-extra and python3-gguf are installed (Debian
unstable), and writes

    gguf-tiny/model.gguf          the decoder, every block type in it: TYPES says which tensor has which
    gguf-tiny/mmproj-F16.gguf     the vision part
    gguf-tiny/expected/           input_ids.npy, pixel_values.npy; vision_features.npy of the weights before they became F16;
                                  with the weights of model.gguf in float32: router_logits.npy and logits.npy, and
                                  logits-text.npy, for which every picture slot keeps the embedding of its token (the last
                                  TEXT_ROWS rows)
    types/TYPE.bin, TYPE.npy      blocks of random bytes, and the weights in them by the gguf package (F8_E4M3: by torch)
    quantised/TYPE.bin, TYPE.npy  blocks that llama-quantize made of TENSOR with an importance matrix, and the weights that it makes of
                                  them again (F32)

    python3 make_gguf.py --codebooks [FOLDER]

writes the last ones only, and of types/ those of CODEBOOK_TYPES; it needs neither transformers nor torch.
"""
import importlib
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

if "--codebooks" not in sys.argv:
    import torch

    import make_goldens as goldens

LIBRARY = "/usr/share/llama.cpp/llama.cpp-tools"     # has the package `conversion`
CONVERTER = "/usr/share/doc/llama.cpp-tools/scripts/convert_hf_to_gguf.py"
CLOSE_RACE = 0.05
TEXT_ROWS = 16
CODEBOOK_TYPES = ["IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S", "IQ1_M", "TQ1_0", "TQ2_0", "MXFP4"]
TENSOR = "blk.0.attn_q.weight"
CASE = {
    "seed": 16, "pictures": [(150, 100)], "tiles": 1, "vision": (16, 3, 2, 56, 32),
    "text": dict(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=1, head_dim=32,
                 intermediate_size=64, intermediate_size_mlp=128, num_local_experts=2, interleave_moe_layer_step=2,
                 attention_chunk_size=8192, use_qk_norm=True, attn_temperature_tuning=True, floor_scale=8192, attn_scale=0.1,
                 rope_parameters="--codebooks" not in sys.argv and goldens.BANDS)}
TYPES = {
    "token_embd": "q6_k", "output": "q5_k",
    "blk.0.attn_q": "q4_k", "blk.0.attn_k": "q8_0", "blk.0.attn_v": "f16", "blk.0.attn_output": "q4_1",
    "blk.0.ffn_gate": "q3_k", "blk.0.ffn_up": "iq4_xs", "blk.0.ffn_down": "q5_1",
    "blk.1.attn_q": "q2_k", "blk.1.attn_k": "bf16", "blk.1.attn_v": "q6_k", "blk.1.attn_output": "iq4_nl",
    "blk.1.ffn_gate_exps": "q4_k", "blk.1.ffn_up_exps": "iq4_xs", "blk.1.ffn_down_exps": "q4_0",
    "blk.1.ffn_gate_shexp": "q3_k", "blk.1.ffn_up_shexp": "q2_k", "blk.1.ffn_down_shexp": "q5_0",
    "blk.2.attn_q": "q5_k", "blk.2.attn_k": "q4_1", "blk.2.attn_v": "q5_1", "blk.2.attn_output": "q4_0",
    "blk.2.ffn_gate": "iq4_nl", "blk.2.ffn_up": "q4_0", "blk.2.ffn_down": "q8_0",
    "blk.3.attn_q": "iq4_xs", "blk.3.attn_k": "q3_k", "blk.3.attn_v": "q5_k", "blk.3.attn_output": "q5_0",
    "blk.3.ffn_gate_exps": "q5_0", "blk.3.ffn_up_exps": "q3_k", "blk.3.ffn_down_exps": "iq4_nl",
    "blk.3.ffn_gate_shexp": "q6_k", "blk.3.ffn_up_shexp": "q4_0", "blk.3.ffn_down_shexp": "q8_0",
}
BLOCK_TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
HALVES = {"TQ1_0": (52,), "TQ2_0": (64,), "IQ1_M": (), "MXFP4": (), "Q4_1": (0, 2), "Q5_1": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}


def convert(folder, *args):
    """Runs the converter, to which the tiny vocabulary is Llama 4's."""
    sys.argv = [CONVERTER, str(folder), *map(str, args)]
    sys.path[:0] = [LIBRARY]
    base = importlib.import_module("conversion.base")
    base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "llama4"
    try:
        runpy.run_path(CONVERTER, run_name="__main__")
    except SystemExit as stop:
        assert not stop.code, stop.code


def quantize(source, target):
    chosen = [word for name, kind in TYPES.items() if name not in ("token_embd", "output")
              for word in ("--tensor-type", rf"{name}\.weight={kind}".replace("blk.", r"blk\."))]
    subprocess.run(["llama-quantize", "--output-tensor-type", TYPES["output"], "--token-embedding-type", TYPES["token_embd"],
                    *chosen, str(source), str(target), "Q4_0"], check=True, stdout=subprocess.DEVNULL)
    kinds = {t.name: t.tensor_type.name.lower() for t in gguf.GGUFReader(target).tensors}
    for name, kind in TYPES.items():
        assert kinds[f"{name}.weight"] == kind, (name, kinds[f"{name}.weight"], kind)


def take_weights(text, path):
    """Gives the reference the decoder's weights in the file."""
    found = {t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32).copy())
             for t in gguf.GGUFReader(path).tensors}

    def put(parameter, name):
        parameter.data.copy_(found[f"{name}.weight"].reshape(parameter.shape))

    put(text.model.embed_tokens.weight, "token_embd")
    put(text.model.norm.weight, "output_norm")
    put(text.lm_head.weight, "output")
    for i, layer in enumerate(text.model.layers):
        put(layer.input_layernorm.weight, f"blk.{i}.attn_norm")
        put(layer.post_attention_layernorm.weight, f"blk.{i}.ffn_norm")
        for ours, theirs in (("q", "q"), ("k", "k"), ("v", "v"), ("o", "output")):
            put(getattr(layer.self_attn, f"{ours}_proj").weight, f"blk.{i}.attn_{theirs}")
        ff = layer.feed_forward
        suffix = "_shexp" if hasattr(ff, "router") else ""
        for part in ("gate", "up", "down"):
            put(getattr(ff.shared_expert if suffix else ff, f"{part}_proj").weight, f"blk.{i}.ffn_{part}{suffix}")
        if suffix:
            put(ff.router.weight, f"blk.{i}.ffn_gate_inp")
            gate, up, down = (found[f"blk.{i}.ffn_{part}_exps.weight"].transpose(1, 2) for part in ("gate", "up", "down"))
            ff.experts.gate_up_proj.data.copy_(torch.cat([gate, up], 2))
            ff.experts.down_proj.data.copy_(down)


def margin(router_logits):
    two = torch.as_tensor(router_logits).topk(2, dim=-1).values
    return (two[..., 0] - two[..., 1]).min().item()


def make_case(folder):
    expected = folder / "expected"
    expected.mkdir(parents=True, exist_ok=True)
    tokenizer = goldens.make_tokenizer()
    for seed in range(CASE["seed"] * 1000, CASE["seed"] * 1000 + 1000):
        run = goldens.Run(CASE, tokenizer)
        run.build(seed)
        with tempfile.TemporaryDirectory() as scratch:
            scratch = Path(scratch)
            features = run.observe()["vision_features"]
            run.save(scratch / "hf", torch.zeros(1, dtype=torch.int64))
            convert(scratch / "hf", "--outfile", scratch / "model.gguf", "--outtype", "f32")
            convert(scratch / "hf", "--mmproj", "--outfile", folder / "mmproj-F16.gguf", "--outtype", "f16")
            quantize(scratch / "model.gguf", folder / "model.gguf")
        run.build(seed)     # saving made a bfloat16 model of it, its frequencies too
        take_weights(run.model.language_model, folder / "model.gguf")
        stages = run.observe()
        if margin(stages["router_logits"]) > CLOSE_RACE:
            break
    with torch.no_grad():
        stages["logits-text"] = run.model(input_ids=run.ids, use_cache=False).logits[0, -TEXT_ROWS:]
    stages.update(vision_features=features, pixel_values=run.pixels)
    del stages["hidden_states"]
    for name, value in stages.items():
        np.save(expected / f"{name}.npy", value.float().numpy())
    np.save(expected / "input_ids.npy", run.ids[0].numpy())
    print(f"gguf-tiny: {run.ids.shape[1]} tokens, {len(run.pixels)} tiles, weights of seed {seed}")


def make_blocks(folder, names, rng):
    for name in names:
        kind = gguf.GGMLQuantizationType[name]
        n, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (512 // n, size), dtype=np.uint8)
        for at in HALVES.get(name, (0,)):
            blocks[:, at:at + 2] = rng.uniform(-2, 2, (512 // n, 1)).astype("<f2").view(np.uint8)
        blocks.tofile(folder / f"{name}.bin")
        np.save(folder / f"{name}.npy", gguf.quants.dequantize(blocks, kind).astype(np.float32).reshape(-1))


def make_types(folder):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(17)
    make_blocks(folder, BLOCK_TYPES, rng)
    bits = np.arange(0, 65536, 37, dtype="<u2")
    bits.tofile(folder / "F16.bin")
    np.save(folder / "F16.npy", bits.view("<f2").astype(np.float32))
    bits.tofile(folder / "BF16.bin")
    np.save(folder / "BF16.npy", (bits.astype("<u4") << 16).view("<f4"))
    numbers = rng.normal(0, 1e3, 64).astype("<f4")
    numbers.tofile(folder / "F32.bin")
    np.save(folder / "F32.npy", numbers)
    octets = torch.arange(256, dtype=torch.uint8)
    octets.numpy().tofile(folder / "F8_E4M3.bin")
    np.save(folder / "F8_E4M3.npy", octets.view(torch.float8_e4m3fn).float().numpy())


def importance(path, tensors):
    """An importance matrix of random numbers, in the old format of llama-imatrix."""
    rng = np.random.default_rng(18)
    with open(path, "wb") as file:
        file.write(np.int32(len(tensors)).tobytes())
        for tensor in tensors:
            name, n = tensor.name.encode(), int(tensor.shape[0]) * (int(tensor.shape[2]) if len(tensor.shape) > 2 else 1)
            file.write(np.int32(len(name)).tobytes() + name + np.int32(1).tobytes() + np.int32(n).tobytes())
            file.write(rng.uniform(0.1, 2, n).astype("<f4").tobytes())


def tensor_of(path):
    return next(t for t in gguf.GGUFReader(path).tensors if t.name == TENSOR)


def make_quantised(folder, model):
    """model: any GGUF file with TENSOR."""
    folder.mkdir(exist_ok=True)
    command = ["llama-quantize", "--allow-requantize"]
    with tempfile.TemporaryDirectory() as scratch:
        there, back, matrix = (Path(scratch) / name for name in ("there.gguf", "back.gguf", "matrix.dat"))
        importance(matrix, gguf.GGUFReader(model).tensors)
        for name in CODEBOOK_TYPES[:-1]:        # it has no word for MXFP4 alone
            subprocess.run([*command, "--imatrix", str(matrix), "--tensor-type", rf"blk\.0\.attn_q\.weight={name.lower()}", str(model),
                            str(there), "Q8_0"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run([*command, str(there), str(back), "F32"], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            one, other = tensor_of(there), tensor_of(back)
            assert one.tensor_type.name == name and other.tensor_type.name == "F32", (one, other)
            one.data.reshape(-1)[:4 * gguf.GGML_QUANT_SIZES[one.tensor_type][1]].tofile(folder / f"{name}.bin")
            np.save(folder / f"{name}.npy", np.asarray(other.data, dtype=np.float32).reshape(-1)[:1024])


def main():
    names = [a for a in sys.argv[1:] if a != "--codebooks"]
    out = Path(names[0] if names else Path(__file__).parent).resolve()
    make_blocks(out / "types", CODEBOOK_TYPES, np.random.default_rng(19))
    make_quantised(out / "quantised", out / "gguf-tiny" / "model.gguf")
    if "--codebooks" in sys.argv:
        return
    torch.set_num_threads(1)
    make_case(out / "gguf-tiny")
    make_types(out / "types")


if __name__ == "__main__":
    main()
