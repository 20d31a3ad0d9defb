# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks the model for facts in long texts, through llama4 itself, and writes down what it finds.

python3 evaluate.py --tokens 1000 10000 100000 1000000 --out results.json [--model FOLDER] [--llama4 PROGRAM] [--work FOLDER]

Each text has sentences that mean nothing and, around ten depths, facts. It is computed once and kept as a session; every question is a
run of the program that begins with the session.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "train"))

import language  # noqa: E402
from network.tokenizer import Tokenizer  # noqa: E402

DEPTHS = 10
VOCABULARY = 1280


def haystack(rng, words, tokens, count):
    """A text of so many tokens, and the facts in it: where each begins, at which depth that is, whose it is, what it is."""
    facts = language.some_facts(rng, DEPTHS * count)
    sentences, at, placed = [], 0, []
    while True:
        depth = len(placed) // count
        spread = tokens / DEPTHS * ((len(placed) % count + 0.5) / count - 0.5) * 0.5       # around the depth's middle
        wanted = tokens * (depth + 0.5) / DEPTHS + spread
        due = len(placed) < len(facts) and at + 4 >= wanted
        text = language.fact(*facts[len(placed)]) if due else language.filler(rng)
        size = len(words.encode(" " * (at > 0) + text))
        if at + size > tokens:
            break
        if due:
            placed.append({"at": at, "depth": depth, "name": facts[len(placed)][0].strip(), "thing": facts[len(placed)][1].strip()})
        sentences.append(text)
        at += size
    assert len(placed) == len(facts)
    return " ".join(sentences), at, placed


def ask(options, document, session, question):
    command = [options.llama4, "run", options.model, "--document", document, "--session", session, "--max-tokens", "12",
               "--threads", str(options.threads), "--kv-type", options.kv_type, question]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    options = argparse.ArgumentParser()
    options.add_argument("--tokens", type=int, nargs="+", default=[1000, 10000, 100000])
    options.add_argument("--count", type=int, default=4, help="facts around a depth")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--model", default=f"{here}/model")
    options.add_argument("--llama4", default="llama4")
    options.add_argument("--kv-type", default="bf16")
    options.add_argument("--threads", type=int, default=0)
    options.add_argument("--work", help="where texts and sessions are kept; a temporary folder when unset")
    options.add_argument("--out")
    options = options.parse_args()
    words = Tokenizer(language.WORDS, (), VOCABULARY)
    temporary = None if options.work else tempfile.TemporaryDirectory()
    work = options.work or temporary.name
    results = []
    for tokens in options.tokens:
        text, size, facts = haystack(np.random.default_rng([options.seed, tokens]), words, tokens, options.count)
        document, session = f"{work}/{tokens}.txt", f"{work}/{tokens}.{options.kv_type}.session"
        with open(document, "w", encoding="utf-8") as file:
            file.write(text)
        begun = time.time()
        for i, fact in enumerate(facts):
            fact["said"] = ask(options, document, session, language.question(" " + fact["name"]))
            fact["found"] = fact["said"] == language.fact(" " + fact["name"], " " + fact["thing"])
            if i == 0:
                first = time.time() - begun
        later = (time.time() - begun - first) / (len(facts) - 1)
        hits = [sum(f["found"] for f in facts if f["depth"] == d) for d in range(DEPTHS)]
        print(f"{tokens} tokens: {sum(hits)} of {len(facts)} found; by depth {hits} of {options.count}; first question {first:.1f} s, "
              f"others {later:.2f} s, session {os.path.getsize(session) / 1e6:.1f} MB", flush=True)
        results.append({"tokens": tokens, "size": size, "first_seconds": round(first, 2), "other_seconds": round(later, 3),
                        "session_bytes": os.path.getsize(session), "facts": facts})
        if options.out:
            with open(options.out, "w", encoding="utf-8") as file:
                json.dump({"kv_type": options.kv_type, "seed": options.seed, "count": options.count, "texts": results}, file, indent=1)
                file.write("\n")


if __name__ == "__main__":
    main()
