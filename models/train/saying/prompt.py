# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompts that llama4describe and llama4 write, with the times of the frames, the questions in them and their answers."""

import numpy as np

from saying import telling

PICTURE = "<|image_start|><|image|>" + "<|patch|>" * 16 + "<|image_end|>"
DESCRIBE = "Describe what happens in this video."
ALIKE = ["Describe the video.", "Describe this video in one sentence.", "Describe the picture.", "Describe the scene briefly.",
         "What is shown?", "What happens?", "What happens in this video?", "What is happening?", "What do you see?",
         "What can you see in the picture?", "What does the picture show?", "Describe what you see.", "Describe what is going on."]
DESCRIPTIONS = {DESCRIBE, *ALIKE}
NO_ANSWER = "I am a small model and cannot answer that."
NO_PICTURE = "There is no picture."
UNCLEAR = "That is not clear."
NO_TEXT = "I see no text."
UNREAD = "There is text, but I cannot read it."
# Of these any question that the model does not know is made.
OPENINGS = ["Who", "Why", "When", "Where", "How old", "What colour", "Which", "Whose", "How", "Can you", "Please", "Tell me", "Write",
            "Translate", "Count", "Is", "Are", "Do", "Does", "Name", "Explain", "List", "What", "How much", "Will", "Should"]
MIDDLES = ["the man", "the woman", "people", "this dog", "the weather", "my car", "the word", "a poem", "it", "he", "she", "they",
           "the building", "the time", "the price", "a story", "the answer", "this city", "the year", "the team", "your name", "music"]
ENDS = ["wear", "say", "win", "like", "is called", "about", "in French", "tomorrow", "here", "today", "be", "made of", "for me", "and why",
        "doing", "on the left", "in German", "costs", "means", "was born", "ends", "come from", "before that", "again"]


def question(rng):
    """A prompt, and its kind: describe, what, whether, change, many, text, or other."""
    r = rng.random()
    if r < 0.68:
        return DESCRIBE, "describe"
    if r < 0.76:
        return ALIKE[rng.integers(len(ALIKE))], "describe"
    if r < 0.81:
        return ("What moves?", "What is moving?")[rng.integers(2)], "what"
    if r < 0.86:
        return ("Is anything moving?", "Does anything move?")[rng.integers(2)], "whether"
    if r < 0.89:
        return "Does the picture change?", "change"
    if r < 0.92:
        return "How many things move?", "many"
    if r < 0.94:
        return ("What does the text say?", "What is written there?")[rng.integers(2)], "text"
    return unknown(rng), "other"


def unknown(rng):
    words = [choice[rng.integers(len(choice))] for choice in (OPENINGS, MIDDLES, ENDS)]
    if rng.random() < 0.3:
        words.pop()
    return " ".join(words) + "?."[int(rng.random() < 0.25)]


def answer(kind, told, text=False):
    """What a question of a kind is answered when this is told of a clip: a sentence, or statements of film. text: Truth.text."""
    if kind == "describe":
        return told
    if kind == "other":
        return NO_ANSWER
    if isinstance(told, str):
        return {"what": told, "text": NO_TEXT}.get(kind)
    if kind == "text":
        return UNCLEAR if text is None else UNREAD if text else NO_TEXT
    camera, count = told.get("camera"), told.get("count")
    if camera == "same":
        count = "none"
    changes = camera not in (None, "stands", "same")
    if kind == "what":
        if count:
            return {k: v for k, v in told.items() if k in telling.OF_THINGS} | {"count": count}
        return {"camera": camera} if changes else UNCLEAR
    if kind == "many":
        return {"none": "Nothing.", "one": "One thing.", "some": "Two or three things.", "several": "Several things."}.get(count, UNCLEAR)
    if changes:
        return "Yes." if kind == "change" else {"camera": camera}
    if count is None:
        return UNCLEAR
    if kind == "change" and count == "none" and camera != "same":
        return UNCLEAR
    return "No." if count == "none" else "Yes."


def prompt(times, asked=DESCRIBE, bare=False):
    """The element's prompt; bare: llama4's, which names no times."""
    shown = PICTURE * len(times) if bare else "".join(f"[{t:.1f} s]{PICTURE}" for t in times) + "\n" if len(times) else ""
    return ("<|begin_of_text|><|header_start|>user<|header_end|>\n\n" + shown + asked +
            "<|eot|><|header_start|>assistant<|header_end|>\n\n")


def some_times(rng, frames):
    """Times of the frames of any window of any stream."""
    first = rng.choice([4.0 * rng.integers(0, 16), 4.0 * rng.integers(0, 1000), rng.uniform(0, 4000)])
    span = rng.choice([4.0, 4.0, 3.96, rng.uniform(0.3, 10)])
    return first + span * np.arange(frames) / max(1, frames - 1)
