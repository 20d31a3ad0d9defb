# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a network is sure of: of the true statements about film those that it would make with a likelihood. To learn these alone, from
clips that the network which judges them had not seen, teaches it to leave unsaid what it can only guess."""

import copy

import torch

from saying import telling
from saying.prompt import DESCRIPTIONS, UNCLEAR

WAYS = {"pans", "tilts", "zooms", "shakes", "moves"}
NAMED = {"a", "an", "some", "several"}
THINGS = {"something", "things", "several", "small", "large", *NAMED}
# The likelihood that every word of a statement must have, and what it rests on: the less is right of what is said of new clips, the more.
LEAST = {"plain": 0.6, "colour colour": 0.35, "colour gray": 0.5, "mostly": 0.52, "above": 0.6, "below": 0.62, "state dark": 0.64,
         "state overexposed": 0.78, "state blurred": 0.9, "state noisy": 0.7, "camera": 0.9, "camera left": 0.82, "camera down": 0.8,
         "camera in": 0.82, "camera out": 0.75, "camera shakes": 0.98, "camera fades in": 0.75, "camera fades out": 0.7, "camera moves": 0.985,
         "camera stands": 0.4, "camera same": 0.7, "camera cut": 0.6, "count none": 0.72, "count one": 0.45, "count some": 0.45,
         "count several": 0.4, "count any": 0.6, "size large": 0.75, "size small": 0.9, "direction": 0.78, "passage": 0.6, "place": 0.75,
         "name": 0.45, "text": 0.58}
OTHERS = 0.85


def group(kind, value):
    """The key of LEAST for a statement, "others" when it has none."""
    return next((key for key in (f"{kind} {value}", kind) if key in LEAST), "others")


def enough(kind, value, likely):
    return likely >= LEAST.get(group(kind, value), OTHERS)


class Sure:
    """network: as it is now, whatever it learns later."""

    def __init__(self, network, tokenizer):
        self.network, self.tokenizer = copy.deepcopy(network).requires_grad_(False), tokenizer
        said = [tokenizer.decode([i]).strip().lower() for i in range(tokenizer.size)]
        self.ways, self.things, self.named = (torch.tensor([i for i, word in enumerate(said) if word in words]) for words in (WAYS, THINGS, NAMED))
        self.camera = tokenizer.encode(" camera")[0]

    @torch.no_grad()
    def leave(self, batch):
        """Leaves of every clip's statements those that are sure."""
        told = batch.told
        hidden = self._read(batch, told)
        kept = [said if isinstance(said, str) else self._sure(said, hidden[b], len(batch.heads[b])) for b, said in enumerate(told)]
        batch.tell(self.tokenizer, [said or ({} if asked in DESCRIPTIONS else UNCLEAR) for said, (_, asked, *_) in zip(kept, batch.asked)])
        batch.to(hidden.device)

    @torch.no_grad()
    def weigh(self, batch, told):
        """How likely each of these statements of film is, {kind: likelihood} of every clip. The batch tells them from then on."""
        hidden = self._read(batch, told)
        return [self._likely(said, hidden[b], len(batch.heads[b]))[0] for b, said in enumerate(told)]

    def _read(self, batch, told):
        """The states of the tokens when these are the answers."""
        batch.tell(self.tokenizer, told, english=True)
        patches = self.network.vision_model.look(batch.pixels()) if batch.patches is None else batch.patches
        pictures = self.network.show(patches).float().flatten(0, 1)
        return self.network.read(batch.ids.to(pictures.device), pictures, batch.slots.to(pictures.device))[0]

    def _sure(self, said, hidden, at):
        """The statements of these that are sure; hidden, at: as _likely has them."""
        least, moves, things = self._likely(said, hidden, at)
        kept = {kind: said[kind] for kind, value in least.items() if enough(kind, said[kind], value)}
        if "camera" not in kept and said.get("camera") not in telling.STILL and enough("camera", "moves", moves):
            kept["camera"] = "moves"
        if "count" not in kept and said.get("count") not in (None, "none") and enough("count", "any", things):
            kept["count"] = "any"
        return kept if "count" in kept else {kind: value for kind, value in kept.items() if kind not in telling.OF_THINGS}

    def _likely(self, said, hidden, at):
        """{kind: likelihood} of statements, that of any way of the camera, and that of any number of things; hidden: the states of the clip's
        tokens, of which the answer begins with the one `at`."""
        pieces = [(text, kind, self.tokenizer.encode(text)) for text, kind in telling.pieces(said)]
        length = sum(len(ids) for _, _, ids in pieces)
        likely = self.network.language_model.lm_head(hidden[at - 1:at - 1 + length]).float().softmax(-1).cpu()
        least, joined, moves, things, named = {}, 1.0, 0.0, None, 0.0
        for text, kind, ids in pieces:
            here, likely = likely[:len(ids)], likely[len(ids):]
            each = here[range(len(ids)), ids]
            if kind is None:        # that of "and" is whether something more is said
                joined = 1.0 if text == "." else float(each.min())
                continue
            if kind in ("count", "size") and things is None:
                joined *= least.get("camera", 1.0)      # nothing is told to move before one that may move itself
            least[kind] = min(least.get(kind, 1.0), joined * float(each.min()))
            if kind == "name":
                least[kind] = min(named, least[kind])
            if kind == "camera" and self.camera in ids:
                way = ids.index(self.camera) + 1
                moves = joined * min(float(each[:way].min()), float(here[way, self.ways].sum()))
            if kind in ("count", "size") and things is None:
                things = joined * float(here[0, self.things].sum())
                named = joined * float(here[0, self.named].sum())
                if kind == "size":      # what comes first tells more than one, too
                    least["count"] = least["size"]
            joined = 1.0
        return least, moves, things
