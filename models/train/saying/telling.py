# SPDX-License-Identifier: LGPL-2.1-or-later
"""The statements about film: which of them a Truth gives, the sentences they make, and what sentences state."""

import numpy as np

STATES = {"dark": "very dark", "overexposed": "overexposed", "blurred": "blurred", "noisy": "grainy"}
CAMERAS = {"stands": "The camera stands", "left": "The camera pans left", "right": "The camera pans right",
           "up": "The camera tilts up", "down": "The camera tilts down", "in": "The camera zooms in",
           "out": "The camera zooms out", "shakes": "The camera shakes", "moves": "The camera moves",
           "cut": "The scene changes at a cut", "same": "The picture does not change",
           "fades in": "The picture fades in", "fades out": "The picture fades out"}
STILL = ("stands", "same", "cut", "fades in", "fades out")     # of these none is a way of the camera
WAYS = {"left": "left", "right": "right", "up": "up", "down": "down", "nearer": "nearer", "away": "away"}     # of things
PASSAGES = {"enters": "into view", "leaves": "out of view"}
OF_THINGS = ("size", "direction", "passage", "place", "name")     # kinds of what is told of what moves, beside how many
PLACES = {"left": "in the left half", "right": "in the right half", "upper": "in the upper half", "lower": "in the lower half"}
NAMED = {"person": ("a person", "people"), "animal": ("an animal", "animals"), "vehicle": ("a vehicle", "vehicles")}     # what has a name
LEAST = {"none": 0, "one": 1, "some": 2, "several": 3}     # things that are told
TEXT = "There is text"
NOTHING = "The picture cannot be told"      # nothing is clear enough


def edges(movers):
    """How far all that moves reaches to each side, of the picture: how much of it is left beyond each half that it stays in."""
    return {"left": 0.5 - max(np.nanmax(m.x + m.width / 2) for m in movers), "right": min(np.nanmin(m.x - m.width / 2) for m in movers) - 0.5,
            "upper": 0.5 - max(np.nanmax(m.y + m.height / 2) for m in movers), "lower": min(np.nanmin(m.y - m.height / 2) for m in movers) - 0.5}


def place(movers):
    """The half in which all that moves stays, when it is clear."""
    room = edges(movers)
    best = max(room, key=room.get)
    return best if room[best] > -0.03 else None


def ends(mover):
    """Where a thing is first and last seen, and its height there: (x, y, height) twice, or None."""
    seen = np.flatnonzero(np.isfinite(mover.x))
    return [(mover.x[i], mover.y[i], mover.height[i]) for i in (seen[0], seen[-1])] if len(seen) > 1 else None


def comes(mover, least=1.4, aside=0.2):
    """Whether a thing comes nearer or goes away, by how large it looks, when it is clear; aside: how far it goes across at most."""
    if not ends(mover):
        return None
    (x0, y0, before), (x1, y1, after) = ends(mover)
    if max(abs(x1 - x0), abs(y1 - y0)) > aside or max(after / before, before / after) < least:
        return None
    return "nearer" if after > before else "away"


def direction(mover, least=0.09, steep=2.2):
    """Where a thing goes across the picture on the whole, when it is clear."""
    if not ends(mover):
        return None
    (x0, y0, _), (x1, y1, _) = ends(mover)
    dx, dy = x1 - x0, y1 - y0
    if abs(dx) > least and abs(dx) > steep * abs(dy):
        return "right" if dx > 0 else "left"
    if abs(dy) > least * 1.2 and abs(dy) > steep * abs(dx):
        return "down" if dy > 0 else "up"
    return None


def passage(mover):
    """Whether a thing comes into the picture or leaves it, when it is clear."""
    changes = np.diff(mover.there)
    return {1: "enters", -1: "leaves"}.get(changes.sum()) if np.abs(changes).sum() == 1 else None


def statements(truth):
    """{kind: value} of what is to be told: plain alone, or state, colour, mostly, above, below, camera, count, size, direction, passage, place,
    name, text."""
    if truth.spread < 4 and not 14 < truth.light < 242:      # nothing is to be seen in it
        return {"plain": "black" if truth.light < 128 else "white"}
    said = {}
    if truth.state:
        said["state"] = truth.state[0]
    if "colour" in truth.telling:
        said["colour"] = "gray" if truth.chroma < 2.5 else "colour" if truth.chroma > 14 else None
        if said["colour"] == "colour":
            for half, shares in (("above", truth.surely_above), ("below", truth.surely_below)):
                best = max(shares, key=shares.get)
                said[half] = best if shares[best] > 0.5 else None
            if said["above"] and said["above"] == said["below"]:
                said = {**said, "mostly": said["above"], "above": None, "below": None}
    if "camera" in truth.telling:
        said["camera"] = truth.camera
    if "movers" in truth.telling and truth.camera == "stands":
        n = len(truth.movers)
        said["count"] = "none" if n == 0 else "one" if n == 1 else "some" if n <= 3 else "several"
        if n:
            tall = [np.nanmax(m.height) for m in truth.movers]
            said["size"] = "small" if max(tall) < 0.21 else "large" if min(tall) > 0.4 else None
            for kind, tell in (("direction", lambda m: comes(m) or direction(m)), ("passage", passage)):
                told = {tell(m) for m in truth.movers}
                said[kind] = told.pop() if len(told) == 1 else None
            said["place"] = place(truth.movers)
            names = {m.name for m in truth.movers}
            said["name"] = names.pop() if len(names) == 1 and all(m.clear for m in truth.movers) else None
    said["text"] = "some" if truth.text else None
    return {kind: value for kind, value in said.items() if value}


VALUES = {"camera": list(CAMERAS), "count": ["none", "one", "some", "several"], "size": ["small", "large"],
          "direction": list(WAYS), "passage": list(PASSAGES), "place": list(PLACES), "name": list(NAMED), "text": ["some", "none"]}


def numbers(said, truth):
    """The values of the kinds in VALUES as numbers, -100 where nothing is stated."""
    said = {"text": "none", **said} if truth.text is False else said
    return [values.index(said[kind]) if kind in said else -100 for kind, values in VALUES.items()]


def only(kinds, said):
    """The statements of these kinds, or with these values: "cut" alone for the camera's cuts, "any" for whatever number moves, "moves" for
    whatever way of the camera; all when kinds is None."""
    if kinds is None:
        return said
    less = dict(said)
    if said.get("count") not in (None, "none", *kinds) and "count" not in kinds:
        less["count"] = "any"
    if said.get("camera") not in (None, *STILL, *kinds) and "camera" not in kinds:
        less["camera"] = "moves"
    return {kind: value for kind, value in less.items() if kind == "plain" or kind in kinds or value in kinds}


def holds(kind, value, truth, said):
    """Whether a statement of a text is true, or None where nobody can say. `said` are all its statements."""
    if kind == "state":
        return value in truth.state or (None if value == "blurred" and truth.state else False)
    if kind == "plain":
        return truth.spread < 6 and (truth.above.get(value, 0) + truth.below.get(value, 0)) / 2 > 0.45
    if kind == "colour":
        return None if truth.state else truth.chroma > 5 if value == "colour" else truth.chroma < 7
    if kind == "text":
        return truth.text
    if kind in ("mostly", "above", "below"):
        above, below = truth.above.get(value, 0), truth.below.get(value, 0)
        return None if truth.state else bool({"mostly": (above + below) / 2, "above": above, "below": below}[kind] > 0.45)
    if kind == "camera":
        if truth.camera == "unclear":
            return None
        if value == "moves":
            return truth.camera not in STILL
        if value == "same":
            return truth.camera == "same" or (None if truth.camera == "stands" and not truth.movers else False)
        return value == truth.camera or value == "stands" and truth.camera == "same"
    least = LEAST.get(said.get("count"), 1)
    if truth.camera not in ("stands", "same"):
        return None
    if kind == "count":
        return not truth.movers if value == "none" else len(truth.movers) >= least
    if kind == "size":
        fits = [np.nanmax(m.height) < 0.25 if value == "small" else np.nanmax(m.height) > 0.33 for m in truth.movers]
    elif kind == "direction":
        fits = [value in (direction(m, 0.03, 1), comes(m, 1.12, 1)) for m in truth.movers]
    elif kind == "passage":
        fits = [passage(m) == value for m in truth.movers]
    elif kind == "place":
        fits = [edges([m])[value] > -0.08 for m in truth.movers]
    elif kind == "name":
        fits = [m.name == value for m in truth.movers]
        if sum(fits) < least <= sum(fits) + sum(m.name is None for m in truth.movers):
            return None
    else:
        return False
    return bool(sum(fits) >= least)


def sentence(truth, without=()):
    """What is to be told. Without some kinds of statements, when they shall be left out."""
    return phrase({kind: value for kind, value in statements(truth).items() if kind not in without})


def phrase(said):
    """The sentences of {kind: value}."""
    return "".join(text for text, _ in pieces(said))


def pieces(said):
    """The sentences of {kind: value} as (text, kind that it states or None)."""
    if "plain" in said:
        return [(f"The picture is plain {said['plain']}.", "plain")]
    looks = []
    if "state" in said:
        looks.append((" " + STATES[said["state"]], "state"))
    if "colour" in said:
        looks.append(((" and" if looks else "") + (" gray" if said["colour"] == "gray" else " in colour"), "colour"))
        if "mostly" in said and said["colour"] == "colour":
            looks.append((f", mostly {said['mostly']}", "mostly"))
        for half in ("above", "below"):
            if half in said and said["colour"] == "colour":
                looks.append((f", mostly {said[half]} {half}", half))
    out = [("The picture is", None), *looks, (".", None)] if looks else []
    gap = " " if out else ""
    if "camera" in said:
        out.append((gap + CAMERAS[said["camera"]], "camera"))
        if "count" in said:
            out += [(" and", None), *_moving(said)]
        out.append((".", None))
    elif "count" in said:
        first, kind = _moving(said)[0]
        out += [(gap + first[1].upper() + first[2:], kind), *_moving(said)[1:], (".", None)]
    if "text" in said:
        out += [((" " if out else "") + TEXT, "text"), (".", None)]
    return out or [(NOTHING + ".", None)]


def _moving(said):
    count, size = said["count"], said.get("size")
    if count == "none":
        return [(" nothing moves", "count")]
    one = count in ("one", "any")
    small = [(" " + size, "size")] if size else []
    if "name" in said:      # the size is left unsaid
        first, noun = NAMED[said["name"]][0].split(" ") if one else (count, NAMED[said["name"]][1])
        out = [(" " + first, "count"), (" " + noun, "name"), (" moves" if one else " move", None)]
    elif one:
        out = [(" something", "count"), *small, (" moves", None)]
    else:
        out = ([(" several", "count")] if count == "several" else []) + small + [(" things", "count"), (" move", None)]
    if "direction" in said:
        out.append((" " + WAYS[said["direction"]], "direction"))
    if "passage" in said:
        out.append((" " + PASSAGES[said["passage"]], "passage"))
    if "place" in said:
        out.append((" " + PLACES[said["place"]], "place"))
    return out


def stated(text):
    """{kind: value} of what a text states, with None for what is not one of these sentences."""
    said = {}
    rest = text.strip()
    for part in [p.strip() for p in rest.rstrip(".").split(". ") if p.strip()]:
        if part.startswith("The picture is plain "):
            said["plain"] = part.removeprefix("The picture is plain ")
            continue
        if part.startswith("The picture is "):
            looks = part.removeprefix("The picture is ")
            for state, words in STATES.items():
                if looks.startswith(words):
                    said["state"] = state
                    looks = looks.removeprefix(words).removeprefix(" and ")
            if looks == "gray":
                said["colour"] = "gray"
            elif looks.startswith("in colour"):
                said["colour"] = "colour"
                for part in looks.split(", mostly ")[1:]:
                    colour, _, half = part.partition(" ")
                    said[half or "mostly"] = colour
            elif looks:
                said["unknown"] = part
            continue
        if part == TEXT:
            said["text"] = "some"
            continue
        moving = part
        for camera, words in CAMERAS.items():
            if part == words or part.startswith(words + " and "):
                said["camera"] = camera
                moving = part[len(words):].removeprefix(" and ")
        if not moving:
            continue
        words = moving[0].lower() + moving[1:]
        if words == "nothing moves":
            said["count"] = "none"
            continue
        for kind, phrases in (("place", PLACES), ("passage", PASSAGES), ("direction", WAYS)):      # from the end
            for name, phrase in phrases.items():
                if words.endswith(" " + phrase):
                    said[kind] = name
                    words = words[:-len(phrase) - 1]
        pieces = words.split(" ")
        body = " ".join(p for p in pieces if p not in ("small", "large"))
        size = [p for p in pieces if p in ("small", "large")]
        if size:
            said["size"] = size[0]
        for name, (one, many) in NAMED.items():
            if body in (f"{one} moves", f"some {many} move", f"several {many} move"):
                said["name"] = name
                body = body.replace(one, "something").replace(f"some {many}", "things").replace(many, "things")
        known = {"something moves": "one", "things move": "some", "several things move": "several"}
        if body in known:
            said["count"] = known[body]
        else:
            said["unknown"] = part
    return said


def summary(pairs):
    """Precision and recall of every kind of statement in pairs of a said and a true sentence, as a line."""
    total = {}
    for said, true in pairs:
        a, b = stated(said), stated(true)
        for kind in sorted({*a, *b}):
            entry = total.setdefault(kind, [0, 0, 0])
            entry[0] += kind in a and a.get(kind) == b.get(kind)
            entry[1] += kind in a
            entry[2] += kind in b
    return ", ".join(f"{kind} {100 * r / max(1, n):.0f}/{100 * r / max(1, m):.0f}" for kind, (r, n, m) in sorted(total.items()))
