"""Draws people into a crop through OpenGL without a window (EGL); depth comes back with colour."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import MissingDependency
from edge3dpose.training.synthesis import shaders
from edge3dpose.training.synthesis.assets import Mesh
from edge3dpose.training.synthesis.camera import CropCamera
from edge3dpose.training.synthesis.looks import Light, Look
from edge3dpose.training.synthesis.skinning import PosedBody

NEAR_M, FAR_M = 0.05, 25.0
MOST_KEPT = 300  # vertex buffers; a garment on a body is about 100 kB


@dataclass(frozen=True)
class Part:
    """A piece of a dressed person: static mesh, vertices at rest, triangles to draw."""

    mesh_key: str
    mesh: Mesh
    shape_key: tuple[str, int]  # mesh and body
    fit: Callable[[], NDArray[np.float32]]  # vertices at rest, metres
    hidden_key: str  # "" or the names of what covers it
    hidden: NDArray[np.bool_] | None  # (n,) covered vertices


@dataclass(frozen=True)
class Rendered:
    """A crop with nothing behind the people."""

    bgr: NDArray[np.uint8]  # (S, S, 3)
    cover: NDArray[np.uint8]  # (S, S) 255 where a person is
    depth_m: NDArray[np.float32]  # (S, S) camera Z; FAR_M where nobody is


def open_context() -> Any:
    """A headless OpenGL context; MissingDependency says what to install."""
    # llvmpipe would start a thread a core in every worker; one renders and many workers run.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    try:
        import moderngl
    except ImportError as error:
        raise MissingDependency(
            "moderngl is not installed; pip install 'edge3dpose[train]'"
        ) from error
    try:
        return moderngl.create_context(standalone=True, backend="egl")
    except Exception as error:  # moderngl and glcontext raise bare Exception
        raise MissingDependency(
            f"no OpenGL without a window ({error}); apt-get install libegl1 libgl1-mesa-dri"
        ) from error


def vertex_normals(vertices: NDArray, triangles: NDArray) -> NDArray[np.float32]:
    """(n, 3) unit normals, triangles weighing by their area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    count, corners = len(vertices), triangles.ravel()
    spread = np.repeat(face, 3, axis=0)
    total = np.stack([np.bincount(corners, spread[:, k], count) for k in range(3)], 1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-12)).astype(np.float32)


class Renderer:
    """Owns the context and the buffers. One a process; not thread-safe."""

    def __init__(self, size_px: int, samples: int = 0) -> None:
        self.size = size_px
        self.context = open_context()
        self.context.enable(self.context.DEPTH_TEST)
        self._program = self.context.program(
            vertex_shader=shaders.VERTEX, fragment_shader=shaders.FRAGMENT
        )
        square = (size_px, size_px)
        self._colour = self.context.texture(square, 4)
        self._depth = self.context.depth_texture(square)
        self._target = self.context.framebuffer([self._colour], self._depth)
        self._drawn = self._target
        if samples:
            self._drawn = self.context.framebuffer(
                [self.context.renderbuffer(square, 4, samples=samples)],
                self.context.depth_renderbuffer(square, samples=samples),
            )
        self._cloth = self.context.texture((128, 128), 3, np.full(3 * 128**2, 128, np.uint8))
        self._static: dict[str, Any] = {}
        self._shapes: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._triangles: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def begin(self, camera: CropCamera, light: Light) -> None:
        """Clears the picture and sets camera and lamps for the people that follow."""
        self._drawn.use()
        self.context.clear(0, 0, 0, 0, depth=1.0)
        view = camera.rotation.astype(np.float32)
        side = camera.side_px
        pinhole = (
            2 * camera.focal_px / side,
            2 * camera.centre_px[0] / side - 1,
            2 * camera.centre_px[1] / side - 1,
            0.0,
        )
        self._set("view", np.ascontiguousarray(view.T))
        self._set("pinhole", np.array(pinhole))
        self._set("range", np.array([NEAR_M, FAR_M]))
        self._set("up", view[:, 1])
        for name, value in (
            ("light_from", light.from_),
            ("light_colour", light.colour),
            ("sky", light.sky),
            ("ground", light.ground),
        ):
            self._set(name, value)
        self._shift = camera.translation_m

    def person(
        self,
        parts: list[Part],
        posed: PosedBody,
        look: Look,
        cloth: NDArray[np.uint8],
        offset_m: NDArray | None = None,
    ) -> None:
        """Draws one dressed person; ``offset_m`` (3,) moves it in camera axes, metres.

        cloth (128, 128, 3) is the picture that the "photo" pattern repeats.
        """
        self._set("shift", self._shift if offset_m is None else self._shift + offset_m)
        self._set("bones", posed.bones)
        for name in ("coat", "colour", "second", "pattern", "tints", "tint_strength"):
            self._set(name, np.asarray(getattr(look, name)))
        self._set("puff", np.asarray(look.puff_m))
        self._cloth.write(np.ascontiguousarray(cloth))
        self._cloth.use(0)
        for part in parts:
            self._draw(part)

    def finish(self) -> Rendered:
        """Reads the picture back, top row first."""
        if self._drawn is not self._target:
            self.context.copy_framebuffer(self._target, self._drawn)
        shape = (self.size, self.size)
        pixels = np.frombuffer(self._colour.read(), np.uint8).reshape(*shape, 4)
        depth = np.frombuffer(self._depth.read(), np.float32).reshape(shape)
        # Depth is linear in Z: the shader multiplies by w before the division.
        metres = NEAR_M + depth * (FAR_M - NEAR_M)
        return Rendered(np.ascontiguousarray(pixels[..., :3]), pixels[..., 3].copy(), metres)

    def close(self) -> None:
        """Frees the context and all buffers."""
        self.context.release()

    def _set(self, name: str, value: NDArray) -> None:
        if name in self._program:
            uniform = self._program[name]  # compilers cut arrays after the last row they use
            used = value[: uniform.array_length] if uniform.array_length > 1 else value
            uniform.write(np.ascontiguousarray(used, np.float32).tobytes())

    def _draw(self, part: Part) -> None:
        static = self._static.get(part.mesh_key)
        if static is None:
            static = self._static[part.mesh_key] = self.context.buffer(part.mesh.attributes)
        shape = _kept(self._shapes, part.shape_key, lambda: self._shape_buffer(part))
        triangles = _kept(
            self._triangles, (part.mesh_key, part.hidden_key), lambda: self._index_buffer(part)
        )
        array = self.context.vertex_array(
            self._program,
            [
                (shape, "3f 3f", "rest", "rest_normal"),
                (static, "4u1 4f1 4f1", "bone", "weight", "code"),
            ],
            index_buffer=triangles,
            index_element_size=4,
        )
        array.render()
        array.release()

    def _shape_buffer(self, part: Part) -> Any:
        vertices = part.fit()
        normals = vertex_normals(vertices, part.mesh.triangles)
        packed = np.concatenate([vertices, normals], 1).astype(np.float32)
        return self.context.buffer(np.ascontiguousarray(packed))

    def _index_buffer(self, part: Part) -> Any:
        triangles = part.mesh.triangles
        if part.hidden is not None:
            triangles = triangles[~part.hidden[triangles].all(1)]
        return self.context.buffer(np.ascontiguousarray(triangles, np.uint32))


def _kept(store: OrderedDict, key: Any, make: Any) -> Any:
    """The value under key, made if missing; the one unused longest goes when there are too many."""
    if key in store:
        store.move_to_end(key)
        return store[key]
    value = store[key] = make()
    if len(store) > MOST_KEPT:
        store.popitem(last=False)[1].release()
    return value
