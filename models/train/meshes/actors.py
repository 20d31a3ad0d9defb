# SPDX-License-Identifier: LGPL-2.1-or-later
"""People and animals of the game 0 A.D., posed: reads the actors, meshes and animations of its archive (package 0ad-data).

An actor is an XML file of groups, of each of which one variant holds: a mesh, a texture, animations, and props (heads, hats, tools) with the
points where they hang. Meshes (.pmd) hold vertices with four bones each, the bones at rest, and those points; animations (.psa) hold
where each bone is in every frame.
"""

import io
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

NO_BONE = 255
DEEPEST = 3         # a prop has props of its own


@dataclass
class Mesh:
    points: np.ndarray           # float64 [n, 3]
    normals: np.ndarray
    uv: np.ndarray               # [n, 2]
    faces: np.ndarray            # int [m, 3]
    bones: np.ndarray            # [n, 4] numbers, NO_BONE for none
    weights: np.ndarray          # [n, 4]
    rest: np.ndarray             # [k, 4, 4]
    props: dict                  # {point: (matrix, bone)}


@dataclass
class Choice:
    """One of an actor's looks."""
    mesh: str | None = None
    texture: str | None = None
    props: dict = field(default_factory=dict)         # {point: actor}
    animations: dict = field(default_factory=dict)    # {name: [file]}


@dataclass
class Part:
    """A mesh in its place: points and normals [phases, n, 3], uv [n, 2], faces [m, 3], texture float32 [h, w, 4] or None. What is
    transparent in the texture shows the player's colour, or, when cut, is not there."""
    points: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    texture: np.ndarray | None = None
    colour: tuple = (0.6, 0.6, 0.6)     # without a texture
    cut: bool = False
    both: bool = False                  # seen from behind, too


def matrices(places):
    """[..., 4, 4] of translations and quaternions [..., 7]."""
    t, (x, y, z, w) = places[..., :3], np.moveaxis(places[..., 3:], -1, 0)
    out = np.zeros((*places.shape[:-1], 4, 4))
    rows = ((1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
            (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
            (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)))
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            out[..., i, j] = value
    out[..., :3, 3] = t
    out[..., 3, 3] = 1
    return out


class Reader:
    """The little-endian values of a file, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self):
        return int(self.array("<u4", 1)[0])

    def array(self, kind, count):
        out = np.frombuffer(self.data, kind, count, self.at)
        self.at += out.nbytes
        return out

    def text(self):
        return bytes(self.array("u1", self.number())).decode()


class Archive:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = set(self.zip.namelist())
        self.kept = {}

    def _once(self, read, *paths):
        """What read makes of the first of these files that is there; None without any."""
        path = next((p for p in paths if p in self.names), None)
        if path not in self.kept:
            self.kept[path] = read(self.zip.read(path)) if path else None
        return self.kept[path]

    def mesh(self, path):
        stem = path.rsplit(".", 1)[0]
        return self._once(_mesh, f"art/meshes/{path}.cached.pmd", f"art/meshes/{stem}.pmd")

    def animation(self, path):
        """Bones [frames, k, 4, 4]."""
        return self._once(_animation, f"art/animation/{path}.cached.psa", f"art/animation/{path}")

    def texture(self, path):
        stem = path.rsplit(".", 1)[0]
        return self._once(_texture, f"art/textures/skins/{path}.cached.dds", f"art/textures/skins/{stem}.dds", f"art/textures/skins/{path}")

    def choose(self, rng, actor):
        """A Choice of an actor, or None."""
        path = f"art/actors/{actor}"
        if path not in self.names:
            return None
        root, out = ElementTree.fromstring(self.zip.read(path)), Choice()
        for group in root.iter("group"):
            variants = group.findall("variant")
            often = np.array([float(v.get("frequency") or 0) for v in variants])
            if variants:
                self._add(out, variants[rng.choice(len(variants), p=often / often.sum()) if often.sum() > 0 else 0])
        return out

    def _add(self, out, variant):
        base = f"art/variants/{variant.get('file')}"
        if variant.get("file") and base in self.names:
            self._add(out, ElementTree.fromstring(self.zip.read(base)))
        mesh = variant.find("mesh")
        if mesh is not None and mesh.text:
            out.mesh = mesh.text.strip()
        for texture in variant.iter("texture"):
            if texture.get("name") == "baseTex":
                out.texture = texture.get("file")
        for prop in variant.iter("prop"):
            if prop.get("attachpoint"):
                out.props[prop.get("attachpoint")] = prop.get("actor")
        for animation in variant.iter("animation"):
            if animation.get("file"):
                out.animations.setdefault((animation.get("name") or "").lower(), []).append(animation.get("file"))

    def pose(self, rng, actor, gait, phases, without=()):
        """The Parts of an actor in so many phases of a gait: a list, empty when it has none. without: words in the names of points where nothing
        hangs."""
        return self._parts(rng, actor, gait, np.arange(phases) / phases, np.eye(4)[None].repeat(phases, 0), without, 0)

    def _parts(self, rng, actor, gait, phases, base, without, depth):
        choice = self.choose(rng, actor)
        mesh = self.mesh(choice.mesh) if choice and choice.mesh else None
        if mesh is None or depth == 0 and gait not in choice.animations:
            return []
        bones = mesh.rest[None].repeat(len(phases), 0)
        files = choice.animations.get(gait)
        moves = self.animation(files[rng.integers(len(files))]) if files and len(mesh.rest) else None
        if moves is not None and moves.shape[1] >= len(mesh.rest):
            bones = moves[(phases * len(moves)).astype(int)][:, :len(mesh.rest)]
        elif depth == 0:
            return []
        points, normals = posed(mesh, bones)
        place = lambda values, at: np.einsum("pij,pnj->pni", base[:, :3, :3], values) + at * base[:, None, :3, 3]
        out = [Part(place(points, 1), place(normals, 0), mesh.uv, mesh.faces, self.texture(choice.texture) if choice.texture else None)]
        for point, prop in choice.props.items() if depth < DEEPEST else ():
            hung = next((mesh.props[name] for name in (point, "prop-" + point, "prop_" + point) if name in mesh.props), None)
            if not prop or any(word in point.lower() for word in without) or hung is None and point != "root":
                continue
            matrix, bone = hung or (np.eye(4), NO_BONE)
            there = bones[:, bone] @ matrix if bone < bones.shape[1] else np.broadcast_to(matrix, base.shape)
            out += self._parts(rng, prop, gait, phases, base @ there, without, depth + 1)
        return out


def facing(triangles):
    """Where triangles [n, 3, 3] look, as vectors of length 1."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def loose(triangles, uv=None, **how):
    """The Part of triangles [n, 3, 3] that share no corner, in one phase, seen from both sides. uv: [n, 3, 2]."""
    corners = 3 * len(triangles)
    uv = np.zeros((corners, 2)) if uv is None else uv.reshape(corners, 2)
    return Part(triangles.reshape(1, corners, 3), facing(triangles).repeat(3, 0)[None], uv, np.arange(corners).reshape(-1, 3), both=True, **how)


def posed(mesh, bones):
    """The points and normals of a mesh whose bones are here [phases, k, 4, 4]."""
    if not len(mesh.rest):
        return (np.broadcast_to(values, (len(bones), *values.shape)) for values in (mesh.points, mesh.normals))
    moved = bones @ np.linalg.inv(mesh.rest)
    there = np.minimum(mesh.bones, len(mesh.rest) - 1)
    blend = np.einsum("nb,pnbij->pnij", np.where(mesh.bones == NO_BONE, 0, mesh.weights), moved[:, there])
    return (np.einsum("pnij,nj->pni", blend[..., :3, :3], mesh.points) + blend[..., :3, 3],
            np.einsum("pnij,nj->pni", blend[..., :3, :3], mesh.normals))


def _mesh(data):
    file = Reader(data)
    file.at = 4
    version = file.number()
    file.number()
    count = file.number()
    pairs = file.number() if version >= 4 else 1
    vertex = np.dtype([("point", "<f4", 3), ("normal", "<f4", 3), ("uv", "<f4", (pairs, 2)), ("bones", "u1", 4), ("weights", "<f4", 4)])
    vertices = file.array(vertex, count)
    faces = file.array("<u2", 3 * file.number()).reshape(-1, 3).astype(int)
    rest = file.array("<f4", 7 * file.number()).reshape(-1, 7).astype(float)
    props = {}
    for _ in range(file.number() if version >= 2 else 0):
        name = file.text()
        props[name] = matrices(file.array("<f4", 7).astype(float)), int(file.array("u1", 1)[0])
    return Mesh(vertices["point"].astype(float), vertices["normal"].astype(float), vertices["uv"][:, 0].astype(float), faces,
                vertices["bones"].astype(int), vertices["weights"].astype(float), matrices(rest) if len(rest) else np.zeros((0, 4, 4)), props)


def _animation(data):
    file = Reader(data)
    file.at = 12
    file.text()
    file.array("<f4", 1)
    bones, frames = file.number(), file.number()
    return matrices(file.array("<f4", 7 * bones * frames).reshape(frames, bones, 7).astype(float))


def _texture(data):
    try:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(np.float32)
    except (OSError, NotImplementedError):
        return None
