"""Renders people into a crop by OpenGL without a window (EGL): colour and depth."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import MissingDependency
from edge3dpose.training.synthesis import shaders
from edge3dpose.training.synthesis.appearance import Appearance, Light
from edge3dpose.training.synthesis.assets import Mesh
from edge3dpose.training.synthesis.camera import CropCamera
from edge3dpose.training.synthesis.skinning import PosedBody

MOST_BONES = 104  # of the shader's array
NEAR_M, FAR_M = 0.05, 25.0
MOST_KEPT = 300  # vertex buffers; a garment on a body is about 100 kB


@dataclass(frozen=True)
class Part:
    """A piece of a dressed person. The keys name what may be kept on the graphics side."""

    mesh_key: str
    mesh: Mesh
    body: int  # number of the body it was fitted to
    closed: bool  # its inside is never visible
    shape: Callable[[], NDArray[np.float32]]  # (n, 6) position at rest in metres, and normal


@dataclass(frozen=True)
class Rendered:
    """A crop with nothing behind the people."""

    bgr: NDArray[np.uint8]  # (S, S, 3)
    cover: NDArray[np.uint8]  # (S, S) 255 where a person is
    depth_m: NDArray[np.float32]  # (S, S) camera Z; FAR_M where nobody is


def open_context() -> Any:
    """A headless OpenGL context; MissingDependency says what to install."""
    # llvmpipe would start as many threads as cores in every render worker
    os.environ.setdefault("LP_NUM_THREADS", "1")
    try:
        import moderngl
    except ImportError as error:
        raise MissingDependency(
            "moderngl is not installed; pip install 'edge3dpose[train]'"
        ) from error
    try:
        return moderngl.create_context(standalone=True, backend="egl")  # type: ignore[arg-type]
    except Exception as error:  # moderngl and glcontext raise bare Exception
        raise MissingDependency(
            f"no OpenGL without a window ({error}); apt-get install libegl1 libgl1-mesa-dri"
        ) from error


@lru_cache
def _shared_context(process: int) -> Any:
    """One context a process: with a second one, each would have to be made current again."""
    return open_context()


class Renderer:
    """Owns buffers in the process's one context. Not thread-safe."""

    def __init__(self, size_px: int, samples: int = 0) -> None:
        self.size = size_px
        self.context = _shared_context(os.getpid())
        self.context.enable(self.context.DEPTH_TEST)
        self.context.front_face = "cw"  # the shader puts the top row first, which turns triangles
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
        self._cloths: OrderedDict[int, Any] = OrderedDict()
        self._meshes: OrderedDict[str, Any] = OrderedDict()
        self._shapes: OrderedDict[tuple[str, int], Any] = OrderedDict()

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
            ("light_from", light.towards),
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
        appearance: Appearance,
        cloth: Callable[[int], NDArray[np.uint8]],
        offset_m: NDArray | None = None,
    ) -> None:
        """Draws one dressed person; ``offset_m`` (3,) moves it in camera axes, metres.

        cloth(appearance.cloth) gives the picture (H, W, 3) that the "photo" pattern repeats.
        """
        self._set("shift", self._shift if offset_m is None else self._shift + offset_m)
        bones = np.zeros((MOST_BONES, 3, 4), np.float32)
        bones[: len(posed.bones)] = posed.bones
        self._set("bones", bones)
        for name in ("coat", "colour", "second", "pattern", "tints"):
            self._set(name, np.asarray(getattr(appearance, name)))
        self._set("puff", np.asarray(appearance.puff_m))
        if appearance.cloth is not None:
            number = appearance.cloth
            _kept(self._cloths, number, lambda: self._texture(cloth(number)))[0].use(0)
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
        """Frees its buffers; the context stays for the renderers to come."""
        for store in (self._meshes, self._shapes, self._cloths):
            for buffers in store.values():
                for buffer in buffers:
                    buffer.release()
            store.clear()
        for owned in (self._drawn, self._target, self._colour, self._depth, self._program):
            owned.release()

    def _set(self, name: str, value: NDArray) -> None:
        if name in self._program:
            uniform = self._program[name]  # compilers cut arrays behind the last used row
            used = value[: uniform.array_length] if uniform.array_length > 1 else value
            uniform.write(np.ascontiguousarray(used, np.float32).tobytes())

    def _draw(self, part: Part) -> None:
        attributes, triangles = _kept(self._meshes, part.mesh_key, lambda: self._buffers(part.mesh))
        shape = _kept(
            self._shapes,
            (part.mesh_key, part.body),
            lambda: (self.context.buffer(np.ascontiguousarray(part.shape(), np.float32)),),
        )[0]
        array = self.context.vertex_array(
            self._program,
            [
                (shape, "3f 3f", "rest", "rest_normal"),
                (attributes, "4u1 4f1 4f1", "bone", "weight", "code"),
            ],
            index_buffer=triangles,
            index_element_size=2,
        )
        if part.closed:
            self.context.enable(self.context.CULL_FACE)
        else:
            self.context.disable(self.context.CULL_FACE)
        array.render()
        array.release()

    def _buffers(self, mesh: Mesh) -> tuple[Any, ...]:
        return (
            self.context.buffer(np.ascontiguousarray(mesh.attributes)),
            self.context.buffer(np.ascontiguousarray(mesh.triangles, np.uint16)),
        )

    def _texture(self, picture: NDArray[np.uint8]) -> tuple[Any, ...]:
        height, width = picture.shape[:2]
        return (self.context.texture((width, height), 3, np.ascontiguousarray(picture)),)


def _kept(store: OrderedDict, key: Any, make: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The buffers under key, made if missing; the least recently used ones are freed."""
    if key in store:
        store.move_to_end(key)
        return store[key]
    value = store[key] = make()
    if len(store) > MOST_KEPT:
        for buffer in store.popitem(last=False)[1]:
            buffer.release()
    return value
