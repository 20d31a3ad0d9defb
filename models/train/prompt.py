# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt that llama4describe writes, as token ids, with the times of the frames."""

import numpy as np

PICTURE = "<|image_start|><|image|>" + "<|patch|>" * 16 + "<|image_end|>"
QUESTION = "\nDescribe what happens in this video.<|eot|><|header_start|>assistant<|header_end|>\n\n"


def prompt(times):
    shown = "".join(f"[{t:.1f} s]{PICTURE}" for t in times)
    return f"<|begin_of_text|><|header_start|>user<|header_end|>\n\n{shown}{QUESTION}"


def some_times(rng, frames):
    """Times of the frames of any window of any stream."""
    first = rng.choice([4.0 * rng.integers(0, 16), 4.0 * rng.integers(0, 1000), rng.uniform(0, 4000)])
    span = rng.choice([4.0, 4.0, 3.96, rng.uniform(0.3, 10)])
    return first + span * np.arange(frames) / max(1, frames - 1)
