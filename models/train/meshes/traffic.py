# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the everyday vehicles that games lack: saloons, hatchbacks, estates, vans, pickups, buses and lorries, as Parts: x forwards, y up, metres."""

import numpy as np

from meshes.actors import loose

GLASS, CHASSIS, FRONT, REAR = (0.1, 0.11, 0.13), (0.13, 0.13, 0.14), (0.9, 0.9, 0.8), (0.6, 0.06, 0.05)
OFF = 0.02          # how far before a wall what is painted on it lies


class _Body:
    """Triangles, by colour."""

    def __init__(self):
        self.triangles = {}

    def add(self, colour, *corners):
        """A polygon whose corners all are seen from its first one."""
        self.triangles.setdefault(tuple(colour), []).extend((corners[0], b, c) for b, c in zip(corners[1:], corners[2:]))

    def prism(self, colour, outline):
        """What stands between two walls: outline [(x, y, half of its width there)] in the order of a walk around it."""
        for side in (-1, 1):
            wall = [(x, y, side * half) for x, y, half in outline]
            middle = tuple(np.mean(wall, 0))
            for a, b in zip(wall, wall[1:] + wall[:1]):
                self.add(colour, middle, a, b)
        for (x, y, half), (x2, y2, half2) in zip(outline, outline[1:] + outline[:1]):
            self.add(colour, (x, y, -half), (x, y, half), (x2, y2, half2), (x2, y2, -half2))

    def box(self, colour, back, front, bottom, top, half):
        self.prism(colour, [(back, bottom, half), (back, top, half), (front, top, half), (front, bottom, half)])

    def pane(self, colour, back, front, bottom, top, half, half_above=None, lean_back=0, lean_front=0):
        """A piece of both walls; its upper corners lie further forwards by how much it leans."""
        half_above = half if half_above is None else half_above
        for side in (-1, 1):
            low, high = side * (half + OFF), side * (half_above + OFF)
            self.add(colour, (back, bottom, low), (front, bottom, low), (front + lean_front, top, high), (back + lean_back, top, high))

    def across(self, colour, low, high, half, half_above=None, way=1):
        """A piece of the front (way 1) or the back (-1) from (x, y) to (x, y), of this width."""
        half_above = half if half_above is None else half_above
        (x, y), (x2, y2) = low, high
        x, x2 = x + way * OFF, x2 + way * OFF
        self.add(colour, (x, y, -half), (x, y, half), (x2, y2, half_above), (x2, y2, -half_above))

    def lamps(self, back, front, y, half):
        for side in (-1, 1):
            for colour, x, high in ((FRONT, front + OFF, 0.14), (REAR, back - OFF, 0.18)):
                inner, outer = side * half * 0.62, side * half * 0.95
                self.add(colour, (x, y, inner), (x, y, outer), (x, y + high, outer), (x, y + high, inner))

    def parts(self):
        return [loose(np.array(triangles, float), colour=colour) for colour, triangles in self.triangles.items()]


def _paint(rng):
    """What people paint cars with: mostly white, gray and black."""
    if rng.random() < 0.65:
        return tuple(np.full(3, rng.choice([0.06, 0.15, 0.35, 0.6, 0.75, 0.9])) + rng.normal(0, 0.015, 3))
    return tuple(np.array([(0.6, 0.05, 0.05), (0.05, 0.12, 0.45), (0.1, 0.3, 0.6), (0.05, 0.25, 0.12), (0.75, 0.65, 0.1), (0.7, 0.3, 0.05),
                           (0.35, 0.2, 0.12), (0.5, 0.6, 0.65)][rng.integers(8)]) * rng.uniform(0.8, 1.2))


def _cabin(body, paint, roof, belt, half, pillars):
    """What is above the belt: roof (back at the belt, back, front, front at the belt, height)."""
    a, b, c, d, top = roof
    above = half * 0.8
    body.prism(paint, [(a, belt, half * 0.96), (b, top, above), (c, top, above), (d, belt, half * 0.96)])
    wide = d - a
    edges = np.linspace(a + 0.06 * wide, d - 0.06 * wide, pillars + 1)
    lean = lambda x: (b - a) * 0.75 + ((c - d) - (b - a)) * 0.75 * (x - a) / wide
    for x, x2 in zip(edges, edges[1:]):
        body.pane(GLASS, x + 0.03 * wide, x2 - 0.02 * wide, belt + 0.03, belt + 0.8 * (top - belt), half * 0.955, half * 0.84,
                  lean(x + 0.03 * wide), lean(x2 - 0.02 * wide))
    at = lambda x, x2, share: (x + (x2 - x) * share, belt + (top - belt) * share)
    body.across(GLASS, at(d, c, 0.05), at(d, c, 0.9), half * 0.86, above * 0.93)
    body.across(GLASS, at(a, b, 0.15), at(a, b, 0.85), half * 0.84, above * 0.9, -1)


def _car(rng, shape):
    low, long_, tall = {"saloon": (0.16, rng.uniform(4.2, 4.9), rng.uniform(1.38, 1.5)),
                        "hatchback": (0.16, rng.uniform(3.5, 4.3), rng.uniform(1.42, 1.56)),
                        "estate": (0.18, rng.uniform(4.2, 4.9), rng.uniform(1.45, 1.85)),
                        "pickup": (0.25, rng.uniform(4.9, 5.5), rng.uniform(1.7, 1.9))}[shape]
    half, back, front = rng.uniform(0.83, 0.95), -long_ / 2, long_ / 2
    belt = low + (tall - low) * rng.uniform(0.56, 0.64)
    hood, body, paint = belt - rng.uniform(0.05, 0.16), _Body(), _paint(rng)
    windscreen = front - long_ * rng.uniform(0.22, 0.28)
    roof = {"saloon": (back + 0.16 * long_, back + 0.28 * long_), "hatchback": (back + 0.02 * long_, back + 0.12 * long_),
            "estate": (back + 0.015 * long_, back + 0.06 * long_), "pickup": (back + 0.4 * long_, back + 0.43 * long_)}[shape]
    body.prism(paint, [(back, low, half * 0.94), (back, belt - 0.05, half), (roof[0], belt, half), (windscreen, belt, half),
                       (front - 0.12, hood, half * 0.96), (front, hood - 0.2, half * 0.92), (front, low, half * 0.88)])
    _cabin(body, paint, (*roof, windscreen - rng.uniform(0.5, 0.85), windscreen, tall), belt, half,
           2 if shape == "pickup" else int(rng.integers(2, 4)))
    body.lamps(back, front, hood - 0.32, half)
    body.pane(CHASSIS, back, front, low, low + 0.1, half * 0.94)
    if shape == "pickup":
        body.pane(CHASSIS, back + 0.1, roof[0] - 0.05, belt - 0.02, belt + 0.01, half * 0.8)
    radius = low * 0.6 + 0.22
    return body, [(x, radius, half) for x in (back + 0.19 * long_, front - 0.18 * long_)]


def _van(rng):
    long_, tall, half = rng.uniform(4.3, 6.2), rng.uniform(1.9, 2.7), rng.uniform(0.88, 1.02)
    back, front, low, body, paint = -long_ / 2, long_ / 2, 0.22, _Body(), _paint(rng) if rng.random() < 0.5 else (0.85, 0.85, 0.84)
    belt, nose = low + (tall - low) * 0.5, rng.uniform(0.5, 1.0)
    body.prism(paint, [(back, low, half), (back + 0.05, tall, half * 0.9), (front - nose - 0.6, tall, half * 0.9),
                       (front - nose * 0.8, belt, half * 0.97), (front, belt - 0.25, half * 0.93), (front, low, half * 0.92)])
    body.across(GLASS, (front - nose * 0.82, belt + 0.04), (front - nose - 0.55, tall - 0.15), half * 0.86, half * 0.8)
    windows = (1, 4)[rng.random() < 0.4]
    door = front - nose - 0.25
    for i in range(windows):
        wide = 0.85 if i == 0 else (door - 0.9 - back - 0.2) / 3
        end = door if i == 0 else door - 0.95 - (i - 1) * wide
        body.pane(GLASS, end - wide + 0.08, end, belt + 0.05, tall - 0.3, half * 0.965, half * 0.915, 0, -0.3 if i == 0 else 0)
    body.lamps(back, front, belt - 0.4, half * 0.95)
    return body, [(x, 0.33, half) for x in (back + 0.22 * long_, front - 0.17 * long_)]


def _bus(rng):
    floors = 1 + (rng.random() < 0.2)
    long_, tall, half = rng.uniform(8, 12.5), rng.uniform(2.8, 3.3) + 1.2 * (floors - 1), rng.uniform(1.2, 1.27)
    back, front, low, body, paint = -long_ / 2, long_ / 2, 0.3, _Body(), _paint(rng)
    body.prism(paint, [(back, low, half), (back, tall, half * 0.97), (front - 0.15, tall, half * 0.97), (front, tall * 0.4, half),
                       (front, low, half)])
    if rng.random() < 0.5:
        body.pane(_paint(rng), back, front - 0.02, low, low + rng.uniform(0.3, 0.8), half)
    for floor in range(floors):
        bottom = 1.15 + floor * (tall - 1.2) * 0.55
        top = bottom + (tall - bottom - 0.35) / (floors - floor) * (0.75 if floors > 1 and not floor else 1)
        count = int(rng.integers(5, 9))
        edges = np.linspace(back + 0.25, front - 0.3, count + 1)
        for x, x2 in zip(edges, edges[1:]):
            body.pane(GLASS, x + 0.04, x2 - 0.04, bottom, top, half)
        body.across(GLASS, (front - 0.03, bottom - 0.1), (front - 0.13, top + 0.1), half * 0.92)
        body.across(GLASS, (back, bottom + 0.1), (back, top), half * 0.8, None, -1)
    body.lamps(back, front, 0.6, half)
    return body, [(x, 0.48, half) for x in (back + 0.27 * long_, front - 0.22 * long_)]


def _lorry(rng, trailer):
    load = rng.uniform(11, 13.6) if trailer else rng.uniform(3.5, 7.5)
    tall, cab, half, low, body = rng.uniform(3.0, 3.9), rng.uniform(1.7, 2.3), rng.uniform(1.15, 1.27), 0.45, _Body()
    front, back = (load + cab) / 2, -(load + cab) / 2
    start, head, paint = front - cab, rng.uniform(2.5, min(3.6, tall)), _paint(rng)
    body.box(CHASSIS, back, front - 0.2, low + 0.1, low + 0.55, half * 0.55)
    body.prism(paint, [(start + 0.15, low, half * 0.97), (start + 0.15, head, half * 0.93), (front - 0.35, head, half * 0.93),
                       (front, low + 1.2, half * 0.97), (front, low, half * 0.97)])
    body.across(GLASS, (front - 0.02, low + 1.25), (front - 0.3, min(head - 0.25, low + 2.1)), half * 0.88)
    body.pane(GLASS, start + 0.55, front - 0.12, low + 1.2, min(head - 0.3, low + 1.95), half * 0.97, half * 0.94, 0, -0.2)
    kind, cargo = rng.random(), _paint(rng) if rng.random() < 0.5 else (0.82, 0.82, 0.8)
    if kind < 0.7:
        body.box(cargo, back, start - 0.1, low + 0.55, tall, half)
        if rng.random() < 0.5:
            body.pane(_paint(rng), back + 0.2 * load, start - 0.2 * load, tall * 0.5, tall * 0.75, half)
    elif kind < 0.85:       # a tank
        angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = np.stack((np.cos(angle) * half * 0.9, np.sin(angle) * 0.8 + low + 1.4), 1)
        for x in (back, start - 0.1):
            body.add(cargo, *[(x, y, z) for z, y in ring])
        for (z, y), (z2, y2) in zip(ring, np.roll(ring, -1, 0)):
            body.add(cargo, (back, y, z), (start - 0.1, y, z), (start - 0.1, y2, z2), (back, y2, z2))
    else:                   # open, with a low wall
        body.box(cargo, back, start - 0.1, low + 0.55, low + rng.uniform(0.8, 1.5), half)
    body.lamps(back, front, low + 0.3, half)
    behind = [back + 1.2, back + 2.3, back + 3.4, start - 0.9] if trailer else [back + 0.25 * load]
    return body, [(x, 0.48, half) for x in (*behind, front - 0.9)]


MAKERS = {"saloon": lambda rng: _car(rng, "saloon"), "hatchback": lambda rng: _car(rng, "hatchback"), "estate": lambda rng: _car(rng, "estate"),
          "pickup": lambda rng: _car(rng, "pickup"), "van": _van, "bus": _bus, "lorry": lambda rng: _lorry(rng, False),
          "trailer": lambda rng: _lorry(rng, True)}


def make(rng, shape):
    """The Parts of the body of a vehicle, one of MAKERS, and its wheels: [(x, radius, half of the distance of their outsides)]."""
    body, wheels = MAKERS[shape](rng)
    return body.parts(), wheels
