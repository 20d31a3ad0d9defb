#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the fixtures of the golden tests: tiny Llama 4 checkpoints of random weights, and what transformers computes with them.

    python3 make_goldens.py [FOLDER [CASE...]]

runs where python3-transformers, python3-torch and python3-torchvision are installed (Debian unstable has them), and writes one
folder a case: the checkpoint as users have it, its weights in bfloat16, and in expected/ the pictures (image-K.ppm,
images.json), the conversation (messages.json, prompt.txt, input_ids.npy), the prepared tiles (pixel_values.npy) and the stages
of one forward pass in float32 with eager attention: vision_features.npy [tokens of all tiles, hidden], hidden_states.npy
[layers + 1, tokens, hidden], router_logits.npy [expert layers, tokens, experts], logits.npy [tokens, vocabulary]; then the
greedy continuation, generated_ids.npy and generated.txt, each token from a forward pass over all before it.

Weights are scaled so that every one of them shows in the logits, and drawn again until no greedy step is a close race.
tokenizer/vectors.json holds texts with their ids by the tokenizers library, special tokens in the text taken as text.
"""
import json
import random
import sys
from pathlib import Path

import numpy as np
import torch
import transformers as tf
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

NEW_TOKENS = 16
CLOSE_RACE = 0.02
CONTEXT = 4096
ORDINARY = 300      # tokens that are not special
LETTERS = r"\p{Lm}\p{Lo}\p{M}"
ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
LEAD = r"[^\r\n\p{L}\p{N}]?"
PIECES = "|".join([
    rf"{LEAD}[\p{{Lu}}\p{{Lt}}{LETTERS}]*[\p{{Ll}}{LETTERS}]+{ENDING}",
    rf"{LEAD}[\p{{Lu}}\p{{Lt}}{LETTERS}]+[\p{{Ll}}{LETTERS}]*{ENDING}",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
SPECIALS = [f"<|{name}|>" for name in (
    "begin_of_text", "end_of_text", "header_start", "header_end", "eom", "eot", "step", "image_start", "image_end", "image",
    "patch", "tile_x_separator", "tile_y_separator", "finetune_right_pad")]
SENTENCES = [f"{who} {does} {where}" for who in ("A tall tree", "The last bus", "My neighbour", "One wheel", "Änne's bird")
             for does in ("falls over", "comes home", "isn't here", "shines brightly", "has 314 parts")
             for where in ("at noon.", "behind the house!", "in 1999?", "again and again;", "zwölf Mal…")]
TEMPLATE = ("{{ '<|begin_of_text|>' }}{% for m in messages %}<|header_start|>{{ m['role'] }}<|header_end|>{{ '\n\n' }}"
            "{% for p in m['content'] %}{% if p['type'] == 'image' %}<|image|>{% elif m['role'] == 'system' %}"
            "{{ p['text'] | trim }}{% else %}{{ p['text'] }}{% endif %}{% endfor %}<|eot|>{% endfor %}"
            "{{ '<|header_start|>assistant<|header_end|>\n\n' }}")

BANDS = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 64}     # short, middle and long wavelengths all occur
PLAIN = {"rope_type": "default", "rope_theta": 500000.0}
CASES = {
    "scout-tiny": {
        "seed": 11, "pictures": [(150, 100), (60, 56)], "tiles": 4, "vision": (48, 3, 3, 56, 64),
        "text": dict(hidden_size=64, num_hidden_layers=8, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                     intermediate_size=48, intermediate_size_mlp=96, num_local_experts=16, interleave_moe_layer_step=1,
                     attention_chunk_size=32, use_qk_norm=True, attn_temperature_tuning=True, floor_scale=8, attn_scale=0.1,
                     rope_parameters=BANDS)},
    "maverick-tiny": {
        "seed": 12, "pictures": [(80, 170)], "tiles": 16, "vision": (48, 3, 3, 56, 64), "shards": "900KB", "published": True,
        "text": dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                     intermediate_size=24, intermediate_size_mlp=128, num_local_experts=128, interleave_moe_layer_step=2,
                     attention_chunk_size=48, use_qk_norm=False, attn_temperature_tuning=True, floor_scale=16, attn_scale=0.1,
                     rope_parameters=PLAIN)},
    "frames-tiny": {
        "seed": 13, "pictures": [(112, 64)] * 4, "tiles": 1, "vision": (32, 3, 2, 56, 64),
        "text": dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=1, head_dim=16,
                     intermediate_size=64, intermediate_size_mlp=96, num_local_experts=4, interleave_moe_layer_step=1,
                     attention_chunk_size=64, use_qk_norm=True, attn_temperature_tuning=False, rope_parameters=BANDS)},
    "topk-tiny": {
        "seed": 14, "pictures": [(56, 40), (30, 90)], "tiles": 1, "vision": (32, 3, 2, 56, 64), "between": True,
        "text": dict(hidden_size=64, num_hidden_layers=5, num_attention_heads=6, num_key_value_heads=2, head_dim=24,
                     intermediate_size=40, intermediate_size_mlp=80, num_local_experts=8, num_experts_per_tok=2,
                     moe_layers=[0, 2, 3], no_rope_layers=[1, 0, 1, 1, 0], attention_chunk_size=24, use_qk_norm=True,
                     attn_temperature_tuning=True, floor_scale=4, attn_scale=0.2, rope_parameters=BANDS)},
    "dense-tiny": {
        "seed": 15, "pictures": [], "tiles": 1, "vision": None,
        "text": dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4, head_dim=16,
                     intermediate_size=48, intermediate_size_mlp=112, num_local_experts=4, moe_layers=[],
                     no_rope_layers=[1, 1, 1], attention_chunk_size=CONTEXT, use_qk_norm=False, attn_temperature_tuning=False,
                     rope_parameters=PLAIN)},
}


def make_tokenizer():
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    inner.decoder = decoders.ByteLevel()
    inner.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=ORDINARY, show_progress=False,
                                                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    inner.add_special_tokens(SPECIALS)
    return tf.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token=SPECIALS[0], eos_token="<|eot|>", pad_token=SPECIALS[-1],
                                      chat_template=TEMPLATE)


def draw_picture(rng, width, height):
    """Stripes, a disc and a box: edges in every direction."""
    y, x = np.mgrid[:height, :width].astype(float)
    out = np.empty((height, width, 3))
    for c in range(3):
        a, b, phase = rng.uniform(-0.3, 0.3, 2).tolist() + [rng.uniform(0, 6)]
        out[..., c] = 127 + 90 * np.sin(a * x + b * y + phase)
    cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), min(width, height) / 4
    out[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = rng.integers(0, 256, 3)
    out[height // 3:height // 2, width // 4:width // 3 + 1] = rng.integers(0, 256, 3)
    return out.clip(0, 255).astype(np.uint8)


def draw_weights(model, seed):
    """Every weight matters: matrices keep the size of what passes through them, or enlarge it a little."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith(".bias"):
                mean, spread = 0, 0.1
            elif any(part in name for part in ("embed", "positional")):
                mean, spread = 0, 0.8
            elif p.dim() == 1:
                mean, spread = 1, 0.2
            elif "router" in name:
                mean, spread = 0, 2.5 / p.shape[-1] ** 0.5
            else:
                mean, spread = 0, 1.4 / p.shape[1 if p.dim() == 3 else -1] ** 0.5
            p.copy_(torch.normal(float(mean), float(spread), p.shape, generator=g).bfloat16().float())


def configure(case, ids):
    names = dict(bos_token_id=ids["<|begin_of_text|>"], eos_token_id=ids["<|eot|>"], pad_token_id=ids["<|finetune_right_pad|>"])
    text = tf.Llama4TextConfig(vocab_size=ORDINARY + len(SPECIALS), max_position_embeddings=CONTEXT, rms_norm_eps=1e-5,
                               tie_word_embeddings=False, **names, **{"num_experts_per_tok": 1, **case["text"]})
    if case["vision"] is None:
        text._attn_implementation = "eager"
        return text
    hidden, layers, heads, size, wide = case["vision"]
    vision = tf.Llama4VisionConfig(
        hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=4 * hidden, image_size=size,
        patch_size=14, num_channels=3, pixel_shuffle_ratio=0.5, vision_output_dim=wide, projector_input_dim=wide,
        projector_output_dim=wide, rope_parameters={"rope_type": "default", "rope_theta": 10000.0})
    config = tf.Llama4Config(vision_config=vision.to_dict(), text_config=text.to_dict(), boi_token_index=ids["<|image_start|>"],
                             eoi_token_index=ids["<|image_end|>"], image_token_index=ids["<|patch|>"])
    config._attn_implementation = "eager"
    return config


def conversation(case):
    parts = []
    for k in range(len(case["pictures"])):
        if case.get("between"):
            parts.append({"type": "text", "text": f"[{k}.5 s] "})
        parts.append({"type": "image"})
    parts.append({"type": "text", "text": "\nWhat comes next, and isn't it 42?"})
    return [{"role": "system", "content": [{"type": "text", "text": " Speak about the house.\n"}]},
            {"role": "user", "content": parts}]


class Run:
    """A checkpoint with its inputs."""

    def __init__(self, case, tokenizer):
        self.case, self.tokenizer = case, tokenizer
        ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIALS}
        self.config = configure(case, ids)
        self.messages = conversation(case)
        rng = np.random.default_rng(case["seed"])
        self.pictures = [draw_picture(rng, w, h) for w, h in case["pictures"]]
        if case["vision"] is None:
            self.processor, self.pixels = None, None
            self.prompt = tokenizer.apply_chat_template(self.messages, tokenize=False)
            self.ids = tokenizer(self.prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
            return
        size = case["vision"][3]
        self.processor = tf.Llama4Processor(
            tf.Llama4ImageProcessor(size={"height": size, "width": size}, max_patches=case["tiles"]), tokenizer, patch_size=14,
            pixel_shuffle_ratio=0.5, chat_template=TEMPLATE)
        self.prompt = self.processor.apply_chat_template(self.messages, tokenize=False)
        batch = self.processor(images=[torch.from_numpy(p).permute(2, 0, 1) for p in self.pictures], text=self.prompt,
                               add_special_tokens=False, return_tensors="pt")
        self.ids, self.pixels = batch["input_ids"], batch["pixel_values"].float()

    def build(self, seed):
        kind = tf.Llama4ForCausalLM if self.processor is None else tf.Llama4ForConditionalGeneration
        self.model = kind(self.config).float().eval()
        self.model.set_attn_implementation("eager")
        draw_weights(self.model, seed)

    def forward(self, ids, **more):
        if self.pixels is not None:
            more["pixel_values"] = self.pixels
        with torch.no_grad():
            return self.model(input_ids=ids, use_cache=False, **more)

    def continue_greedily(self):
        """The new ids, or None when a step was a close race."""
        ids = self.ids
        for _ in range(NEW_TOKENS):
            logits = self.forward(ids).logits[0, -1]
            first, second = logits.topk(2).values.tolist()
            if first - second < CLOSE_RACE:
                return None
            ids = torch.cat([ids, logits.argmax().view(1, 1)], 1)
        return ids[0, self.ids.shape[1]:]

    def observe(self):
        """The stages of one forward pass by the names of their files."""
        text = self.model.model if self.processor is None else self.model.language_model.model
        seen = {"router_logits": []}
        hooks = [layer.feed_forward.router.register_forward_hook(
            lambda module, given, _: seen["router_logits"].append(given[0].reshape(-1, given[0].shape[-1]) @ module.weight.T))
            for layer in text.layers if hasattr(layer.feed_forward, "router")]
        if self.processor is not None:
            hooks.append(self.model.multi_modal_projector.register_forward_hook(
                lambda module, given, out: seen.__setitem__("vision_features", out.reshape(-1, out.shape[-1]))))
        out = self.forward(self.ids, output_hidden_states=True)
        for hook in hooks:
            hook.remove()
        seen["router_logits"] = torch.stack(seen["router_logits"]) if seen["router_logits"] else None
        seen["hidden_states"] = torch.stack([h[0] for h in out.hidden_states])
        seen["logits"] = out.logits[0]
        return {name: value for name, value in seen.items() if value is not None}

    def save(self, folder, new):
        expected = folder / "expected"
        expected.mkdir(parents=True, exist_ok=True)
        stages = self.observe()
        if self.pixels is not None:
            stages["pixel_values"] = self.pixels
        for name, value in stages.items():
            np.save(expected / f"{name}.npy", value.float().numpy())
        np.save(expected / "input_ids.npy", self.ids[0].numpy())
        np.save(expected / "generated_ids.npy", new.numpy())
        (expected / "generated.txt").write_text(self.tokenizer.decode(new))
        (expected / "prompt.txt").write_text(self.prompt)
        (expected / "messages.json").write_text(json.dumps(self.messages, indent=1))
        names = []
        for k, picture in enumerate(self.pictures):
            height, width = picture.shape[:2]
            names.append({"file": f"image-{k}.ppm", "width": width, "height": height})
            (expected / f"image-{k}.ppm").write_bytes(b"P6 %d %d 255\n" % (width, height) + picture.tobytes())
        (expected / "images.json").write_text(json.dumps(names))
        self.model.bfloat16().save_pretrained(folder, max_shard_size=self.case.get("shards", "1GB"))
        (self.processor or self.tokenizer).save_pretrained(folder)
        special = {name: self.tokenizer.convert_tokens_to_ids(name) for name in SPECIALS}
        tf.GenerationConfig(bos_token_id=special["<|begin_of_text|>"], pad_token_id=special["<|finetune_right_pad|>"],
                            eos_token_id=[special[n] for n in ("<|end_of_text|>", "<|eom|>", "<|eot|>")]).save_pretrained(folder)
        if self.case.get("published"):
            rename_keys(folder)


def rename_keys(folder):
    """Writes the settings as the checkpoints of April 2025 do."""
    config = json.loads((folder / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    rope = text.pop("rope_parameters")
    text.update(rope_theta=rope["rope_theta"], rope_scaling=None, no_rope_layers=[], torch_dtype="bfloat16")
    for key in ("layer_types", "moe_layers"):
        text.pop(key, None)
    vision["rope_theta"] = vision.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype", None) or "bfloat16"
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    processor = json.loads((folder / "processor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(processor.pop("image_processor"), indent=1))
    (folder / "processor_config.json").write_text(json.dumps(processor, indent=1))


def save_vectors(folder, tokenizer):
    """Texts of all kinds; ids as for text from outside, in which a special token's spelling is only text."""
    rnd = random.Random(5)
    alphabet = ["a", "B", "house", "HOME", "isn't", "I'LL", "'S", "ſ", "ß", "Ä", "é", "e\u0301", "ǅ", "日本", "한국어", "عربي", "हिन्दी", "🙂",
                "👩\u200d🚀", "0", "12", "3456", "²", "½", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u180e", "\u3000",
                ".", ",", "…", "/", "//", "<|eot|>", "<|", "|>", "\u0000", "\u007f", "\ufeff", "\u202e", "_", "-", "😀😀"]
    texts = SENTENCES[:20] + ["", "x" * 300, " " * 50, "ab" * 200, "\n" * 20]
    texts += ["".join(rnd.choices(alphabet, k=rnd.randint(1, 12))) for _ in range(275)]
    inner = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    inner.encode_special_tokens = True
    folder.mkdir(exist_ok=True)
    vectors = [{"text": t, "ids": inner.encode(t, add_special_tokens=False).ids} for t in texts]
    (folder / "vectors.json").write_text(json.dumps(vectors, indent=0))


def main():
    torch.set_num_threads(1)
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    tokenizer = make_tokenizer()
    for name in sys.argv[2:] or CASES:
        run, new, seed = Run(CASES[name], tokenizer), None, CASES[name]["seed"] * 1000
        while new is None:
            run.build(seed)
            new = run.continue_greedily()
            seed += 1
        run.save(out / name, new)
        print(f"{name}: {run.ids.shape[1]} tokens, {0 if run.pixels is None else len(run.pixels)} tiles, weights of seed {seed - 1}")
    save_vectors(out / "tokenizer", tokenizer)


if __name__ == "__main__":
    main()
