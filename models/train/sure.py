# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the network is sure of: of the true statements about film those that it would make with a likelihood, before it has learnt
from the clip. To learn these alone, from clips that it had not seen, teaches it to leave unsaid what it can only guess."""

import copy

import torch

import telling

WAYS = {"pans", "tilts", "zooms", "shakes", "moves"}
THINGS = {"something", "things", "several", "small", "large"}


class Sure:
    """least: the likelihood that every word of a statement must have."""

    def __init__(self, network, tokenizer, least):
        self.network, self.tokenizer, self.least = copy.deepcopy(network).requires_grad_(False), tokenizer, least
        self.ways, self.things = (torch.tensor([i for i in range(tokenizer.size) if tokenizer.decode([i]).strip().lower() in words])
                                  for words in (WAYS, THINGS))

    @torch.no_grad()
    def leave(self, batch):
        """Leaves of every clip's statements those that are sure."""
        told = batch.told
        batch.tell(self.tokenizer, told, english=True)
        patches = self.network.vision_model.look(batch.pixels()) if batch.patches is None else batch.patches
        pictures = self.network.show(patches).float().flatten(0, 1)
        hidden, _, _ = self.network.read(batch.ids.to(pictures.device), pictures, batch.slots.to(pictures.device))
        batch.tell(self.tokenizer, [said if isinstance(said, str) else self._sure(said, hidden[b], len(batch.heads[b]))
                                    for b, said in enumerate(told)])

    def _sure(self, said, hidden, at):
        """The statements of these that are sure; hidden: the states of the clip's tokens, of which the answer begins with the one `at`."""
        tokens = [self.tokenizer.encode(text) for text, _ in telling.pieces(said)]
        length = sum(map(len, tokens))
        likely = self.network.language_model.lm_head(hidden[at - 1:at - 1 + length]).float().softmax(-1).cpu()
        kept, joined = {}, 1.0
        for ids, (text, kind) in zip(tokens, telling.pieces(said)):
            here, likely = likely[:len(ids)], likely[len(ids):]
            each = here[range(len(ids)), ids]
            if kind is None:
                joined = 1.0 if text == "." else float(each.min())      # that of "and": whether something more is said
                continue
            if each.min() * joined >= self.least:
                kept[kind] = said[kind]
            elif kind == "camera" and len(ids) > 2 and torch.stack((*each[:2], here[2, self.ways].sum())).min() >= self.least:
                kept[kind] = "moves"
            elif kind == "count" and here[0, self.things].sum() * joined >= self.least:
                kept[kind] = "any"
            joined = 1.0
        if "count" not in kept:
            kept = {kind: value for kind, value in kept.items() if kind not in ("size", "direction", "place")}
        return kept
