# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one step of the training learns from: clips with their prompts, sentences and labels."""

import copy

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from learning.motion import SIDE, drift, look, stir
from network import between
from network.picture import NORMAL
from saying import languages
from saying.prompt import DESCRIBE, NO_PICTURE, answer, prompt, question, some_times, unknown
from shapes.colours import NAMES
from shapes.scenes import SHAPES

FACT_WORDS = set(NAMES + SHAPES + ["left", "right", "up", "down", "still", "stands", "moves", "and", "plain", "SMPTE",
                                   "on", "television", "checkerboard", "concentric", "zone", "gradient", "ball", "A", "An", "The",
                                   "shows", "is"])
EVEN = 16           # tokens of the longest clip, in multiples: for every new number of them a CPU makes kernels


class Batch:
    """One batch of clips with the same number of frames, ready for the network.

    asking: with other questions than that for a description; foreign: the share of prompts that ask for a language."""

    def __init__(self, clips, tokenizer, count, frames, asking=False, foreign=0, **how):
        tiles, self.told, labels = clips.draw(count, frames, **how)
        self.patches = None     # what the trunk of the vision tower made of the tiles, when it is held
        self.pictures = count * frames
        labels["look"] = look(tiles)
        labels["coarse"], labels["come"] = stir(labels["look"][..., :SIDE ** 2])
        labels["drift"] = drift(labels["flow"], labels["cells"])
        self.tiles = torch.from_numpy(tiles).flatten(0, 1)
        self.labels = {k: torch.from_numpy(v) for k, v in labels.items()}
        self.frames = frames
        self.asked = []
        truths = iter(clips.truths)     # of those of film
        for b, told in enumerate(self.told):
            text = not isinstance(told, str) and next(truths).text
            asked, kind = question(clips.rng) if asking else (DESCRIBE, "describe")
            said = answer(kind, told, text)
            if said is None:
                asked, said = DESCRIBE, told
            self.told[b] = said
            bare = asking and clips.rng.random() < (0.5 if frames == 1 else 0.1)
            self.asked.append((some_times(clips.rng, frames), asked, bare, *languages.some(clips.rng, foreign)))
        self.tell(tokenizer, self.told)

    def tell(self, tokenizer, told, english=False):
        """Makes these sentences or statements what is to be learnt, in the languages asked for or all in English."""
        self.told = told
        self.heads = [tokenizer.encode(prompt(times, asked + ("" if english else wish), bare)) for times, asked, bare, _, wish in self.asked]
        self.prompt_lengths = [len(h) for h in self.heads]
        self.text = [languages.say(t, None if english else asked[3]) for t, asked in zip(told, self.asked)]
        tails = [tokenizer.encode(t + "<|eot|>") for t in self.text]
        longest = -(-max(len(a) + len(b) for a, b in zip(self.heads, tails)) // EVEN) * EVEN
        self.ids = torch.full((len(told), longest), tokenizer.special["<|finetune_right_pad|>"])
        self.weight = torch.zeros(len(told), longest)     # of the prediction of the token at this place
        for b, (head, tail, text) in enumerate(zip(self.heads, tails, self.text)):
            self.ids[b, :len(head) + len(tail)] = torch.tensor(head + tail)
            for i, token in enumerate(tail):
                self.weight[b, len(head) + i] = weigh(tokenizer.decode([token]).strip(), text)
        self.slots = self.ids == tokenizer.special["<|patch|>"]
        self.ends = self.ids == tokenizer.special["<|image_end|>"]

    def pixels(self):
        """float32, or what a CPU trains with, bfloat16 [pictures, 3, SIZE, SIZE], the same numbers; the batch travels as bytes, less than that."""
        if between.use(self.tiles):
            return between.planes(self.tiles, torch.from_numpy(NORMAL))
        planes = self.tiles.movedim(-1, -3).contiguous()
        if planes.device.type == "cpu":      # numpy looks up faster
            return torch.from_numpy(np.take(NORMAL, planes.numpy()))
        return torch.from_numpy(NORMAL).to(planes.device)[planes.int()]

    def _change(self, change):
        """Changes every tensor, those of the labels too."""
        self.labels = {k: change(v) for k, v in self.labels.items()}
        vars(self).update({k: change(v) for k, v in vars(self).items() if isinstance(v, torch.Tensor)})
        return self

    @torch.no_grad()
    def look(self, network):
        """Keeps what the trunk of the vision tower makes of the tiles, in their place."""
        if self.patches is None:
            self.patches = network.vision_model.look(self.pixels()).to(torch.bfloat16)
            self.tiles = self.tiles.new_empty(0, *self.tiles.shape[1:])

    def pin_memory(self):
        return self._change(torch.Tensor.pin_memory)

    def to(self, device):
        return self._change(lambda tensor: tensor.to(device, non_blocking=True))


def weigh(word, text):
    """The weight of a token's prediction in the loss: of drawn pictures what states something weighs most. Of film all weigh the same, since
    any word may stand where another would state something, and is to be as likely as it is true."""
    if "moves" in text and "background" in text or text.startswith(("The picture shows", "The picture is plain")):
        return 1.0 if word in FACT_WORDS else 0.2
    return 1.0


class Silence:
    """Prompts without any picture."""

    def __init__(self, rng, tokenizer, count=4, foreign=0):
        rows = []
        for _ in range(count):
            asked = question(rng)[0] if rng.random() < 0.6 else unknown(rng)
            language, wish = languages.some(rng, foreign)
            head = tokenizer.encode(prompt((), asked + wish))
            rows.append((len(head), head + tokenizer.encode(languages.say(NO_PICTURE, language) + "<|eot|>")))
        longest = max(len(ids) for _, ids in rows)
        self.ids = torch.full((count, longest), tokenizer.special["<|finetune_right_pad|>"])
        self.weight = torch.zeros(count, longest)
        for b, (first, ids) in enumerate(rows):
            self.ids[b, :len(ids)] = torch.tensor(ids)
            self.weight[b, first:len(ids)] = 1
        self.slots = torch.zeros(count, longest, dtype=torch.bool)


class Drawing(IterableDataset):
    """The batches of one phase, without end. Each worker of a loader draws its own."""

    def __init__(self, clips, tokenizer, phase, size, asking=False, foreign=0):
        self.clips, self.tokenizer, self.phase, self.size, self.asking, self.foreign = clips, tokenizer, phase, size, asking, foreign

    def __iter__(self):
        worker = get_worker_info()
        if worker:
            self.clips.rng = self.clips.rng.spawn(worker.num_workers)[worker.id]
        while True:
            frames = 1
            if self.phase == "tell":
                frames = int(self.clips.rng.choice([4, 2, 1, 3, 5, 6, 8], p=[0.48, 0.3, 0.04, 0.09, 0.03, 0.03, 0.03]))
            count = self.size * 2 if self.phase == "see" else self.size * 4 // max(2, frames)
            yield Batch(self.clips, self.tokenizer, count, frames, self.asking, self.foreign)


def again(batches, rng, kept, share, prepare):
    """The batches, and between them earlier ones once more: drawing film takes a CPU as long as learning from it.
    prepare: what is done once with each."""
    stock = []
    while True:
        if len(stock) > 20 and rng.random() < share:
            yield copy.copy(stock[rng.integers(len(stock))])
            continue
        batch = next(batches)
        prepare(batch)
        if len(stock) < kept:
            stock.append(batch)
        else:
            stock[rng.integers(kept)] = batch
        yield copy.copy(batch)
