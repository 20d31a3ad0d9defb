# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws people, animals and vehicles from all sides, as the training puts them into film: each as a loop of pictures with transparency.

python3 figures.py CACHE [SHARE]

Reads what fetch.py unpacked: the archive of 0 A.D. (its art is CC-BY-SA 3.0), the cars of TORCS (GPL, Free Art License) and Trigger Rally
(GPL), the traffic of FlightGear (GPL); needs cc for meshes/raster.c. CACHE/figures.npz takes the loops. Each is uint8 [phases, height, width, 4],
premultiplied, and its name says what it is: "free/figure/person/ACTOR/NUMBER/walk/0.71/0.05" is one to train with, of a person that walks and
faces to the right and a little down; of a bust its head and shoulders alone are to be seen. SHARE: of the actors, for a trial.
"""

import dataclasses
import itertools
import re
import sys
import zlib
from pathlib import Path

import numpy as np

from film.stock import held_out
from meshes import raster
from meshes.actors import Archive
from meshes.dress import WORN, dressed
from meshes.vehicles import everything

ARCHIVE = "0ad-data/usr/share/games/0ad/mods/public/public.zip"
PEOPLE = re.compile(r"^units/.*(infantry|female|healer|citizen|archer|spearman|swordsman|slave|priest|philosopher)")
NOT_PEOPLE = re.compile(r"cavalry|chariot|elephant|siege|ballista|oxybeles|catapult|packed|camel|ship|_[mrh]\.xml|ram|bolt|scorpio|mount|wagon|cart"
                        r"|trader")
ANIMALS = re.compile(r"^fauna/")
NOT_ANIMALS = re.compile(r"circle|shoal|single|fish|fin\.|dragon|flaming|tuna|whale|shark|crow|seagull|hawk")
ARMS = ("shield", "weapon", "hand", "quiver", "arrow", "javelin", "spear", "back")       # in the names of points
LOOPS = {"person": 10, "animal": 9, "vehicle": 16}      # of each of them
HEIGHTS = {"person": 64, "animal": 56, "vehicle": 48}
GAITS = ["walk"] * 7 + ["run"] * 2 + ["idle"]
BUSTS, BUST, TALL = 3, "bust", 96      # of each person, how they are called, and how tall they are drawn
HAIR = ((0.1, 0.08, 0.06), (0.25, 0.16, 0.1), (0.4, 0.27, 0.16), (0.75, 0.6, 0.38), (0.6, 0.6, 0.6), (0.45, 0.2, 0.1))
PHASES = 8
FORWARDS = {"person": (0, 0, -1), "animal": (0, 0, -1), "vehicle": (1, 0, 0)}


def kind(actor):
    for name, yes, no in (("person", PEOPLE, NOT_PEOPLE), ("animal", ANIMALS, NOT_ANIMALS)):
        if yes.search(actor) and not no.search(actor):
            return name
    return None


def family(actor):
    """What is kept out of the training together, because it looks alike: a nation, a species, a make of cars."""
    *folders, name = actor.split("/")
    if folders[:1] == ["units"] and len(folders) > 1:
        return "/".join(folders)
    return name if name.startswith("made-") else re.split(r"[-_.\d]", name)[0] or name


def loop(rng, name, parts, phases):
    """The pictures of what parts are, seen from somewhere, and which way it faces in them (right, down); None when it is out of shape."""
    pitch = rng.uniform(0, 0.2) if rng.random() < 0.35 else rng.uniform(0.15, 0.9)      # from a hand or a shelf, from a pole
    camera = raster.turn(rng.uniform(0, 2 * np.pi), pitch)
    box = bounds(parts, camera)
    left, right, bottom, top = box
    if not 0.2 < (right - left) / (top - bottom) < 6:
        return None
    right, up, _ = camera @ FORWARDS[name]
    return shots(rng, parts, phases, camera, box, HEIGHTS[name], rng.uniform(0.2, 1.3, 3)), (right, -up)


def bust(rng, parts, phases):
    """The pictures of somebody's head and shoulders, as who talks to a camera or to somebody beside it is seen, some from behind."""
    yaw = rng.normal(np.pi, 0.7) if rng.random() < 0.85 else rng.uniform(0, 2 * np.pi)
    camera = raster.turn(yaw, rng.normal(0.05, 0.12))
    left, right, bottom, top = bounds(parts, camera)
    tall = (top - bottom) * rng.uniform(0.24, 0.6)
    middle, half = (left + right) / 2, min((right - left) / 2, 0.8 * tall)
    hair = np.array(HAIR[rng.integers(len(HAIR))]) * rng.uniform(0.7, 1.4)
    return shots(rng, parts, phases, camera, (middle - half, middle + half, top - tall, top), TALL, hair)


def bounds(parts, camera):
    """left, right, bottom, top of what these parts take in all phases."""
    points = np.concatenate([part.points.reshape(-1, 3) for part in parts]) @ camera.T
    (left, bottom, _), (right, top, _) = points.min(0), points.max(0)
    return left, right, bottom, top


def shots(rng, parts, phases, camera, box, height, tint):
    """uint8 [phases, height, width, 4] under some light."""
    light = rng.normal(0, 1, 3) + (0, 1.5, 0.7)
    light /= np.linalg.norm(light)
    return np.stack([raster.draw(parts, i, camera, box, height, light, tint) for i in range(phases)])


def people_and_animals(archive, share):
    for actor in sorted(name.removeprefix("art/actors/") for name in archive.names if name.endswith(".xml") and name.startswith("art/actors/")):
        name = kind(actor)
        if not name or zlib.crc32(b"share" + actor.encode()) % 1000 >= 1000 * share:
            continue
        rng = np.random.default_rng(zlib.crc32(actor.encode()))
        for n in range(LOOPS[name] + BUSTS * (name == "person")):
            close = n >= LOOPS[name]
            gait = "idle" if close else GAITS[rng.integers(len(GAITS))]
            today = name == "person" and rng.random() < 0.6
            bare = today or rng.random() < 0.75
            parts = archive.pose(rng, actor, gait, PHASES, ARMS * bare + WORN * today)
            if parts and today:
                parts = dressed(rng, parts)
            if parts and close:
                yield f"figure/{name}/{actor.replace('/', '-')}/{n}/{BUST}/0/0", held_out(family(actor)), bust(rng, parts, PHASES)
                continue
            made = loop(rng, name, parts, PHASES) if parts else None
            if made:
                pictures, (right, down) = made
                yield f"figure/{name}/{actor.replace('/', '-')}/{n}/{gait}/{right:.2f}/{down:.2f}", held_out(family(actor)), pictures


def vehicles(assets):
    for actor, body, wheels in everything(assets):
        rng = np.random.default_rng(zlib.crc32(actor.encode()))
        for n in range(LOOPS["vehicle"]):
            paint, share = rng.uniform(0.1, 1.5, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.1, 1.5)), rng.uniform(0, 1)
            made = loop(rng, "vehicle", painted(body, paint, share) + wheels, 1)
            if made:
                pictures, (right, down) = made
                yield f"figure/vehicle/{actor}/{n}/drive/{right:.2f}/{down:.2f}", held_out(family(actor)), pictures


def painted(parts, paint, share):
    """The Parts with their colours turned into one, as far as share says."""
    def turned(colours):
        return colours + (colours.mean(-1, keepdims=True) * paint - colours) * np.float32(share)

    done = {}
    for part in parts:
        if id(part.texture) not in done and part.texture is not None:
            done[id(part.texture)] = np.concatenate((turned(part.texture[..., :3]), part.texture[..., 3:]), -1)
    return [dataclasses.replace(part, texture=done.get(id(part.texture)), colour=tuple(turned(np.float32(part.colour)))) for part in parts]


def main():
    cache, share = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1
    figures = {}
    assets = cache / "assets"
    for name, held, pictures in itertools.chain(vehicles(assets), people_and_animals(Archive(assets / ARCHIVE), share)):
        figures[("held/" if held else "free/") + name] = pictures
    np.savez(cache / "figures.new.npz", **figures)
    (cache / "figures.new.npz").replace(cache / "figures.npz")
    for part in ("free/figure/", "held/figure/"):
        for name in LOOPS:
            print(part + name, sum(key.startswith(f"{part}{name}/") for key in figures))
    print(sum(pictures.nbytes for pictures in figures.values()) >> 20, "MiB")


if __name__ == "__main__":
    main()
