# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small language: sentences that mean nothing, facts between them, and questions about the facts."""

# Who has a code. They stand in other sentences, too.
NAMES = [" " + a + b + c + d for a in "BDFKLMRT" for b in "aeio" for c, d in ("la", "no", "ri", "so")]
# What codes are, and what other sentences are about.
THINGS = [" " + word for word in """apple bear bell bird boat bone book boot bowl bread bridge brush bucket cake candle car card
cat chair clock cloud coat coin cow cup deer desk dog door drum duck egg fan fish flag flower fork fox frog gate goat gold hat
hen hill horse house ice jar key king kite knife lake lamp leaf lion map mill moon mouse nail nest oak owl pan pear pen pig
plate pond queen rain ring rock roof rope rose sand sheep ship shoe snow soap sock spoon star stone sun swan table tent tiger
tree wheel wolf""".split()]
ADJECTIVES = [" " + word for word in """old new big small red blue green white black cold warm wet dry long short round soft hard
dark light heavy quiet""".split()]
VERBS = [" " + word for word in """sees finds likes wants holds moves turns keeps leaves follows needs brings loses hears takes""".split()]
PLACES = [" " + word for word in "near under over behind beside above below before".split()]
TIMES = [" " + word for word in "today again now often never soon always later".split()]

# Those with a blank before them come first: of two merges the earlier one is made.
WORDS = (NAMES + THINGS + ADJECTIVES + VERBS + PLACES + TIMES + [" The", " A", " the", " a", " is", " of", " code", " and", " not"]
         + ["\n\n", "system", "user", "assistant", "The", "What", "A"])


def pick(rng, words):
    return words[rng.integers(len(words))]


def noun(rng):
    return (pick(rng, ADJECTIVES) if rng.random() < 0.5 else "") + pick(rng, THINGS)


def filler(rng):
    """A sentence that is no fact."""
    kind = rng.random()
    if kind < 0.1:
        return "The" + noun(rng) + " of" + pick(rng, NAMES) + " is" + pick(rng, ADJECTIVES) + "."
    if kind < 0.2:
        return "The" + noun(rng) + pick(rng, PLACES) + pick(rng, NAMES) + " is" + " a" + pick(rng, THINGS) + "."
    end = pick(rng, PLACES) + " the" + noun(rng) if rng.random() < 0.5 else pick(rng, TIMES)
    if kind < 0.3:
        end += " and" + pick(rng, VERBS) + pick(rng, NAMES)
    if kind < 0.65:
        return ("The", "A")[rng.integers(2)] + noun(rng) + " is" + (" not" if rng.random() < 0.3 else "") + pick(rng, ADJECTIVES) + end + "."
    return "The" + noun(rng) + pick(rng, VERBS) + " a" + noun(rng) + end + "."


def fact(name, thing):
    return "The code of" + name + " is" + thing + "."


def question(name):
    return "What is the code of" + name + "?"


def some_facts(rng, count):
    """Names, each with what its code is."""
    return [(NAMES[i], pick(rng, THINGS)) for i in rng.permutation(len(NAMES))[:count]]


def turn(role, text):
    return "<|header_start|>" + role + "<|header_end|>\n\n" + text + "<|eot|>"
