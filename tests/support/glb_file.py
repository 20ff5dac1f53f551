"""Reads a glTF binary as its specification says: nodes, their animation, the skin."""

from __future__ import annotations

import json
import struct

import numpy as np

from edge3dpose import rotations

TYPES = {5126: np.float32, 5123: np.uint16, 5121: np.uint8}
WIDTHS = {"SCALAR": (), "VEC3": (3,), "VEC4": (4,), "MAT4": (4, 4)}


class Glb:
    """A file with one mesh, one skin and one animation."""

    def __init__(self, path):
        data = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        size, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON"
        self.content = json.loads(data[20 : 20 + size])
        binary, kind = struct.unpack_from("<I4s", data, 20 + size)
        assert kind == b"BIN\0"
        self._buffer = data[28 + size : 28 + size + binary]
        (self.animation,) = self.content["animations"]
        self.time_s = self.array(self.animation["samplers"][0]["input"])
        self.names = [node["name"] for node in self.content["nodes"]]

    def array(self, number):
        accessor = self.content["accessors"][number]
        view = self.content["bufferViews"][accessor["bufferView"]]
        width = WIDTHS[accessor["type"]]
        count = accessor["count"] * int(np.prod(width, dtype=int))
        values = np.frombuffer(
            self._buffer, TYPES[accessor["componentType"]], count, view["byteOffset"]
        )
        return values.reshape(accessor["count"], *width)

    def world(self):
        """(F, nodes, 4, 4) of every node in every key frame."""
        nodes, frames = self.content["nodes"], len(self.time_s)
        moves = [np.tile(n.get("translation", [0, 0, 0]), (frames, 1)) for n in nodes]
        turns = [np.tile(n.get("rotation", [0, 0, 0, 1]), (frames, 1)) for n in nodes]
        for channel in self.animation["channels"]:
            values = self.array(self.animation["samplers"][channel["sampler"]]["output"])
            {"translation": moves, "rotation": turns}[channel["target"]["path"]][
                channel["target"]["node"]
            ] = values
        world = np.tile(np.eye(4), (frames, len(nodes), 1, 1))

        def visit(number, parent):
            local = np.tile(np.eye(4), (frames, 1, 1))
            local[:, :3, :3] = rotations.matrix(np.roll(turns[number].astype(float), 1, axis=-1))
            local[:, :3, 3] = moves[number]
            world[:, number] = parent @ local
            for child in nodes[number].get("children", []):
                visit(child, world[:, number])

        for root in self.content["scenes"][self.content["scene"]]["nodes"]:
            visit(root, np.tile(np.eye(4), (frames, 1, 1)))
        return world

    def heads_m(self):
        """(F, bones, 3) where every bone of the skin begins, by its joints' order."""
        (skin,) = self.content["skins"]
        return self.world()[:, skin["joints"]][..., :3, 3]

    def skin_m(self, frame):
        """(V, 3) the skin in a key frame, and its triangles (m, 3)."""
        (skin,) = self.content["skins"]
        binds = self.array(skin["inverseBindMatrices"]).swapaxes(1, 2)
        moved = self.world()[frame, skin["joints"]] @ binds
        (primitive,) = self.content["meshes"][0]["primitives"]
        of = {name: self.array(n) for name, n in primitive["attributes"].items()}
        weights = of["WEIGHTS_0"].astype(float) / 255
        mixed = np.einsum("vk,vkij->vij", weights, moved[of["JOINTS_0"]])
        points = np.einsum("vij,vj->vi", mixed[:, :3, :3], of["POSITION"]) + mixed[:, :3, 3]
        return points, self.array(primitive["indices"]).reshape(-1, 3)
