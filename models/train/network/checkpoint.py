# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the model as a Hugging Face folder of Llama4ForConditionalGeneration in bfloat16, and reads it again."""

import json
import os
import struct

import numpy as np
import torch

from network.picture import PATCH, SIZE
from network.vision import SHUFFLE


def write(tensors, path):
    """A file of tensors in bfloat16, which appears whole."""
    header, parts, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in sorted(tensors.items()):
        raw = tensor.detach().to(torch.bfloat16).contiguous().view(torch.int16).cpu().numpy().tobytes()
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{path}.new", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
    os.replace(f"{path}.new", path)


def save(network, tokenizer, folder, documents=None):
    """documents: what the JSON files hold; those of the embedded model when unset."""
    os.makedirs(folder, exist_ok=True)
    write(network.state_dict(), f"{folder}/model.safetensors")
    tokenizer.save(folder)
    for name, content in (documents or _documents(network.shape, tokenizer.special)).items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")


def read(path):
    """The tensors of such a file as float32."""
    with open(path, "rb") as file:
        raw = file.read()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            first, last = (8 + size + o for o in entry["data_offsets"])
            bits = torch.from_numpy(np.frombuffer(raw[first:last], np.int16).copy())
            tensors[name] = bits.view(torch.bfloat16).float().view(entry["shape"])
    return tensors


def load(folder):
    """The tensors of a saved folder as float32."""
    return read(f"{folder}/model.safetensors")


def adapt(tensors, folder, tokenizer):
    """Gives every token of this tokenizer the row that it had with the folder's; new ones get the mean of all."""
    with open(f"{folder}/tokenizer.json", encoding="utf-8") as file:
        document = json.load(file)
    before = dict(document["model"]["vocab"])
    before.update({t["content"]: t["id"] for t in document["added_tokens"]})
    now = {**tokenizer.vocabulary, **tokenizer.special}
    for name in ("language_model.model.embed_tokens.weight", "language_model.lm_head.weight"):
        old = tensors[name]
        rows = old.mean(0) + 0.02 * torch.randn(len(now), old.shape[1], generator=torch.Generator().manual_seed(1))
        for token, at in now.items():
            if token in before:
                rows[at] = old[before[token]]
        tensors[name] = rows
    return tensors


def _documents(shape, special):
    bos, eot, pad = special["<|begin_of_text|>"], special["<|eot|>"], special["<|finetune_right_pad|>"]
    rope = [int((i + 1) % 4 != 0) for i in range(shape.layers)]
    text = {
        "attention_bias": False, "attention_chunk_size": 8192, "attention_dropout": 0.0, "attn_scale": 0.1,
        "attn_temperature_tuning": True, "bos_token_id": bos, "eos_token_id": eot, "floor_scale": 8192,
        "head_dim": shape.head_dim, "hidden_act": "silu", "hidden_size": shape.hidden, "initializer_range": 0.02,
        "interleave_moe_layer_step": 1, "intermediate_size": shape.width, "intermediate_size_mlp": 2 * shape.width,
        "layer_types": ["chunked_attention" if r else "full_attention" for r in rope],
        "max_position_embeddings": 8192, "model_type": "llama4_text", "moe_layers": list(range(shape.layers)),
        "no_rope_layer_interval": 4, "no_rope_layers": rope, "num_attention_heads": shape.heads,
        "num_experts_per_tok": 1, "num_hidden_layers": shape.layers, "num_key_value_heads": shape.kv_heads,
        "num_local_experts": shape.experts, "output_router_logits": False, "pad_token_id": pad, "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_theta": shape.theta, "rope_type": "default"}, "router_aux_loss_coef": 0.001,
        "router_jitter_noise": 0.0, "tie_word_embeddings": False, "use_cache": True, "use_qk_norm": True,
        "vocab_size": shape.vocabulary}
    vision = {
        "attention_dropout": 0.0, "hidden_act": "gelu", "hidden_size": shape.vision, "image_size": SIZE,
        "initializer_range": 0.02, "intermediate_size": SHUFFLE ** 2 * shape.vision, "model_type": "llama4_vision_model",
        "multi_modal_projector_bias": False, "norm_eps": 1e-5, "num_attention_heads": shape.vision_heads,
        "num_channels": 3, "num_hidden_layers": shape.vision_layers, "patch_size": PATCH, "pixel_shuffle_ratio": 1 / SHUFFLE,
        "projector_dropout": 0.0, "projector_input_dim": shape.projected, "projector_output_dim": shape.projected,
        "rope_parameters": {"rope_theta": shape.vision_theta, "rope_type": "default"},
        "vision_feature_select_strategy": "default", "vision_output_dim": shape.projected}
    image = {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "Llama4ImageProcessor", "image_std": [0.5, 0.5, 0.5],
        "max_patches": 1, "resample": 2, "rescale_factor": 1 / 255, "resize_to_max_canvas": False,
        "size": {"height": SIZE, "width": SIZE}}
    return {
        "config.json": {
            "architectures": ["Llama4ForConditionalGeneration"], "boi_token_index": special["<|image_start|>"],
            "dtype": "bfloat16", "eoi_token_index": special["<|image_end|>"], "image_token_index": special["<|patch|>"],
            "model_type": "llama4", "text_config": text, "tie_word_embeddings": False,
            "transformers_version": "5.12.1", "vision_config": vision},
        "generation_config.json": {
            "bos_token_id": bos, "do_sample": False, "eos_token_id": [special["<|end_of_text|>"], special["<|eom|>"], eot],
            "pad_token_id": pad, "transformers_version": "5.12.1"},
        "preprocessor_config.json": image,
        "processor_config.json": {
            "fake_image_token": "<|image|>", "image_processor": image, "image_token": "<|image|>", "patch_size": PATCH,
            "processor_class": "Llama4Processor"},
        "tokenizer_config.json": {
            "bos_token": "<|begin_of_text|>", "eos_token": "<|eot|>",
            "model_max_length": 1000000000000000019884624838656, "pad_token": "<|finetune_right_pad|>",
            "processor_class": "Llama4Processor", "tokenizer_class": "PreTrainedTokenizerFast"}}
