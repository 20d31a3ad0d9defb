# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cars, buses, lorries and trains as Parts, with their wheels: x forwards, y up, in metres.

TORCS (GPL, Free Art License), Trigger Rally (GPL) and FlightGear (GPL), as fetch.py unpacked them; and everyday ones that traffic.py makes.
"""

import dataclasses
import io
import itertools
import re
import zipfile
import zlib

import cv2
import numpy as np
from PIL import Image

from meshes import ac3d, obj
from meshes.actors import loose
from meshes.traffic import MAKERS, make

TORCS = "torcs-data/usr/share/games/torcs/cars"
RALLY = "trigger-rally-data/usr/share/games/trigger-rally/data.zip"
FLIGHTGEAR = "flightgear-data-models/usr/share/games/flightgear/Models"
TRAFFIC = ("Transport/110Bus", "Transport/KSFO_AirTrain", "Transport/Class_66", "Transport/locomotive-A4", "Transport/tender-A4",
           "Transport/lner-teak-first-class-coach", "Transport/lner-teak-brake-coach", "Transport/ICE3firstcar", "Transport/ICE3middlecar",
           "Transport/ICE3middlecar2", "Transport/wagon-ore", "Airport/Pushback/Forklift", "Airport/Pushback/Douglas", "Airport/Pushback/Military",
           "Airport/Pushback/Goldhofert", "Airport/Vehicle/hoskosh-ti-1500", "Airport/supacat_winch", "Military/humvee-pickup-odrab-low-poly")
FAR = 60            # metres from the middle, where nothing belongs to a vehicle
FINEST = 512        # texels a side
SPOKES = 20
MADE = 18


def wheel(at, radius, width, rim):
    """The Parts of a wheel that stands across z: its tyre, and its rim, of this share of the radius."""
    angle = np.arange(SPOKES) / SPOKES * 2 * np.pi
    round_ = np.stack((np.cos(angle), np.sin(angle), np.zeros(SPOKES)), 1)
    ends = [np.array([0, 0, side * width / 2]) for side in (-1, 1)]
    rings = [radius * round_ + end for end in ends]
    following = np.roll(np.arange(SPOKES), -1)
    tyre = [_triangles([rings[0], rings[1], rings[0][following]]), _triangles([rings[1], rings[1][following], rings[0][following]])]
    hub = []
    for ring, end in zip(rings, ends):
        tyre.append(_triangles([ring, ring[following], np.broadcast_to(end, ring.shape)]))
        outside = round_ * radius * rim + end * 1.06
        hub.append(_triangles([outside, outside[following], np.broadcast_to(end * 1.06, ring.shape)]))
    return [loose(np.concatenate(triangles) + at, colour=colour) for triangles, colour in ((tyre, (0.09, 0.09, 0.1)), (hub, (0.5, 0.5, 0.52)))]


def _triangles(corners):
    return np.stack(corners, 1)


def moved(parts, matrix, at=(0, 0, 0)):
    """The Parts turned and scaled by a matrix, and moved."""
    turn = matrix / np.cbrt(abs(np.linalg.det(matrix)))
    return [dataclasses.replace(p, points=p.points @ matrix.T + at, normals=p.normals @ turn.T) for p in parts]


def _number(text, section, name):
    """The value of a number in a section of TORCS's XML, in metres; None without it."""
    inside = re.search(rf'<section name="{section}">.*?</section>', text, re.S)
    found = inside and re.search(rf'<attnum name="{name}"([^>]*)', inside[0])
    if not found:
        return None
    values = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
    return float(values["val"]) * {"mm": 0.001, "in": 0.0254, "cm": 0.01}.get(values.get("unit"), 1)


def _torcs_wheels(parts, text):
    bottom = min(p.points[..., 1].min() for p in parts)
    for end in ("Front", "Rear"):
        along = _number(text, f"{end} Axle", "xpos")
        for side in ("Right", "Left"):
            name = f"{end} {side} Wheel"
            across, rim, width, flat = (_number(text, name, what) for what in ("ypos", "rim diameter", "tire width", "tire height-width ratio"))
            if None in (along, across, rim, width, flat):
                continue
            radius = rim / 2 + width * flat
            clear = _number(text, name, "ride height") or 0.1
            yield from wheel((along, bottom - clear + radius, -across), radius, width, rim / 2 / radius)


def torcs(assets):
    for path in sorted((assets / TORCS).rglob("*.acc")):
        if "-lod" in path.name:
            continue
        body, about = ac3d.read(path), path.with_suffix(".xml")
        text = about.read_text(encoding="latin-1") if about.is_file() else ""
        yield path.stem, body, list(_torcs_wheels(body, text))


def rally(assets):
    with zipfile.ZipFile(assets / RALLY) as data:
        for path in sorted(name for name in data.namelist() if name.endswith(".vehicle")):
            stem, text = path.removesuffix(".vehicle"), data.read(path).decode("latin-1")
            texture = np.asarray(Image.open(io.BytesIO(data.read(stem + ".png"))).convert("RGBA")).astype(np.float32)
            around = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], float)       # from x right, y forwards, z up
            body = moved([obj.read(data.read(stem + ".obj").decode("latin-1"), texture)], around * _value(text, "scale"))
            one = obj.read(data.read(stem + "_wheel.obj").decode("latin-1"), texture)
            wheels = []
            for x, y, z, radius in re.findall(r'<wheel[^>]*pos="([-.\d]+), *([-.\d]+), *([-.\d]+)"[^>]*radius="([.\d]+)"', text):
                size = np.abs(one.points[..., 1]).max()
                turned = around @ np.diag([1 if float(x) > 0 else -1, 1 if float(x) > 0 else -1, 1])
                wheels += moved([one], turned * float(radius) / size, around @ np.array([x, y, z], float))
            yield stem.split("/")[-1], body, wheels


def _value(text, name):
    return float(re.search(rf'\b{name}="([.\d]+)"', text)[1])


def flightgear(assets):
    for name in TRAFFIC:
        path = assets / FLIGHTGEAR / f"{name}.ac"
        body = moved(ac3d.read(path), np.diag([-1.0, 1, -1]))
        yield path.stem, [part for part in body if np.abs(part.points).max() < FAR], []


def made():
    """Those that no game has, MADE of each kind."""
    for kind, n in itertools.product(MAKERS, range(MADE)):
        name = f"made-{kind}-{n}"
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        body, axles = make(rng, kind)
        width = rng.uniform(0.19, 0.27)
        wheels = [wheel((x, radius, side * (half - width * 0.45)), radius, width, rng.uniform(0.5, 0.7))
                  for x, radius, half in axles for side in (-1, 1)]
        yield name, body, list(itertools.chain(*wheels))


def everything(assets):
    """(name, the Parts of its body, those of its wheels) of each."""
    for name, body, wheels in itertools.chain(torcs(assets), rally(assets), flightgear(assets), made()):
        small = {}
        yield name, [_coarser(part, small) for part in body], [_coarser(part, small) for part in wheels]


def _coarser(part, known):
    """A Part whose texture has no more texels than can be seen."""
    if part.texture is None or max(part.texture.shape) <= FINEST:
        return part
    if id(part.texture) not in known:
        scale = FINEST / max(part.texture.shape)
        known[id(part.texture)] = cv2.resize(part.texture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return dataclasses.replace(part, texture=known[id(part.texture)])
