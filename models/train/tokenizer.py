# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small byte-level vocabulary of the embedded model: bytes, the words of its sentences, special tokens."""

import json
import re

SPLIT = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# The same rule for ASCII, all that the training texts hold.
SPLIT_ASCII = re.compile(
    SPLIT.replace(r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", "[A-Z]").replace(r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", "[a-z]")
    .replace(r"\p{L}", "A-Za-z").replace(r"\p{N}{1,3}", "[0-9]{1,3}").replace(r"\p{N}", "0-9"))

SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>",
           "<|step|>", "<|image_start|>", "<|image_end|>", "<|tile_x_separator|>", "<|tile_y_separator|>",
           "<|image|>", "<|patch|>", "<|finetune_right_pad|>"]
WORDS = ["\n\n", "user", "assistant", "system", "Describe", " what", " happens", " in", " this", " video", " s", "A", "An",
         " a", " an", " and", " on", " background", " moves", " stands", " still", " left", " right", " up", " down",
         "The", " picture", " is", " plain", " shows", " from", " to", " SMPTE", " colour", " bars", " television",
         " snow", " checkerboard", " concentric", " rings", " zone", " plate", " gradient", " ball", " bounces",
         " circle", " square", " triangle", " red", " orange", " yellow", " green", " cyan", " blue", " purple",
         " white", " gray", " black",
         " camera", " pans", " tilts", " zooms", " out", " shakes", " scene", " changes", " at", " cut", " does", " not",
         " change", " the", " half", " upper", " lower", " nothing", " something", " things", " several", " small", " large",
         "Nothing", "Something", "Things", "Several", "Small", "Large", " very", " dark", " overexposed", " blurred", " grainy",
         " mostly", " cannot", " be", " told",
         "What", "Is", "Does", "How", "Yes", "No", "One", "Two", "There",
         " no", " thing", " three", " or", " many", " moving", " anything", " am", " model", " answer", " that", "That", " clear", "I", " above", " below"]
SIZE = 1024


def _byte_characters():
    """The printable character that stands for each byte."""
    shown = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for byte in range(256):
        if byte in shown:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


class Tokenizer:
    """size: entries of the vocabulary, those that nothing stands for included."""

    def __init__(self, words=WORDS, size=SIZE):
        self.characters = _byte_characters()
        ordered = sorted(self.characters.values())
        self.vocabulary = {c: i for i, c in enumerate(ordered)}
        self.merges = []
        for word in words:
            symbols = self._spell(word)
            for k in range(1, len(symbols)):
                joined = symbols[:k + 1]
                if joined not in self.vocabulary:
                    self.vocabulary[joined] = len(self.vocabulary)
                    self.merges.append((symbols[:k], symbols[k]))
        self.ranks = {pair: i for i, pair in enumerate(self.merges)}
        for word in words:
            assert self._merge(self._spell(word)) == [self._spell(word)], word
        special = SPECIAL + [f"<|reserved_special_token_{i}|>" for i in range(size - len(self.vocabulary) - len(SPECIAL))]
        self.special = {name: len(self.vocabulary) + i for i, name in enumerate(special)}
        assert len(self.vocabulary) + len(self.special) == size
        self.bytes = {i: bytes(b for c in s for b, k in self.characters.items() if k == c)
                      for s, i in self.vocabulary.items()}

    def _spell(self, text):
        return "".join(self.characters[b] for b in text.encode())

    def _merge(self, piece):
        parts = list(piece)
        while len(parts) > 1:
            best = min(range(len(parts) - 1), key=lambda i: self.ranks.get((parts[i], parts[i + 1]), 1 << 30))
            if (parts[best], parts[best + 1]) not in self.ranks:
                break
            parts[best:best + 2] = [parts[best] + parts[best + 1]]
        return parts

    def encode(self, text):
        ids = []
        for run in re.split(r"(<\|[a-z_0-9]+\|>)", text):
            if run in self.special:
                ids.append(self.special[run])
                continue
            for piece in SPLIT_ASCII.findall(run):
                spelled = self._spell(piece)
                parts = [spelled] if spelled in self.vocabulary else self._merge(spelled)
                ids += [self.vocabulary[p] for p in parts]
        return ids

    def decode(self, ids):
        return b"".join(self.bytes.get(int(i), b"") for i in ids).decode("utf-8", "replace")

    def save(self, folder):
        added = [{"id": i, "content": s, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                  "special": True} for s, i in self.special.items()]
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                 "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                 "vocab": self.vocabulary, "merges": [list(m) for m in self.merges]}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        document = {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}, level]},
            "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                               "special_tokens": {}},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": model}
        with open(f"{folder}/tokenizer.json", "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, indent=1)
