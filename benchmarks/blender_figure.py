"""Draws docs/glb-blender.png: a body as Blender imports it, standing on its floor.

    edge3dpose run --source sample --jsonl sample.jsonl
    edge3dpose export sample.jsonl --to glb
    python benchmarks/blender_figure.py sample.glb docs/glb-blender.png

It needs Blender as a module: pip install bpy, for the very Python that its version names.
"""

from __future__ import annotations

import io
import math
import sys
import tempfile
from pathlib import Path

import bpy
from PIL import Image

from edge3dpose import storage

SECONDS = (0.0, 0.8, 1.6, 2.2, 3.0)  # of the sample: a squat
SIZE = (180, 280)
FPS = 30


def scene(file: Path) -> None:
    """The body, a floor with a grid of half metres, a light, a camera."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = FPS
    bpy.ops.import_scene.gltf(filepath=str(file))
    people = [one for one in bpy.data.objects if one.type == "MESH" and one.vertex_groups]
    for one in bpy.data.objects:  # the importer's own shapes of bones
        one.hide_render = one not in people and one.type == "MESH"
    hips = next(one for one in bpy.data.objects if one.type == "ARMATURE")
    at = hips.matrix_world @ hips.pose.bones[0].head
    bpy.ops.mesh.primitive_plane_add(size=4, location=(at.x, at.y, -0.002))
    floor = bpy.data.materials.new("floor")
    floor.use_nodes = True
    nodes, links = floor.node_tree.nodes, floor.node_tree.links
    squares, place = nodes.new("ShaderNodeTexChecker"), nodes.new("ShaderNodeNewGeometry")
    squares.inputs["Scale"].default_value = 2.0
    squares.inputs["Color1"].default_value = (0.55, 0.57, 0.6, 1)
    squares.inputs["Color2"].default_value = (0.4, 0.42, 0.45, 1)
    links.new(place.outputs["Position"], squares.inputs["Vector"])
    links.new(squares.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    bpy.context.object.data.materials.append(floor)
    bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0.4))
    bpy.context.object.data.energy = 3.0
    world = bpy.context.scene.world = bpy.data.worlds.new("world")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.8, 0.85, 0.9, 1)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.35
    bpy.context.scene.view_settings.view_transform = "Standard"
    turn = math.radians(35)
    bpy.ops.object.camera_add(
        location=(at.x + 3.4 * math.sin(turn), at.y - 3.4 * math.cos(turn), 1.25),
        rotation=(math.radians(83), 0, turn),
    )
    bpy.context.object.data.lens = 52
    bpy.context.scene.camera = bpy.context.object


def main() -> None:
    """Import, render, join."""
    scene(Path(sys.argv[1]))
    render = bpy.context.scene.render
    render.engine = "CYCLES"
    bpy.context.scene.cycles.samples = 24
    bpy.context.scene.cycles.use_denoising = False
    render.resolution_x, render.resolution_y = SIZE
    whole = Image.new("RGB", (SIZE[0] * len(SECONDS), SIZE[1]))
    with tempfile.TemporaryDirectory() as folder:
        for n, second in enumerate(SECONDS):
            frame = second * FPS
            bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
            render.filepath = str(Path(folder, f"{n}.png"))
            bpy.ops.render.render(write_still=True)
            whole.paste(Image.open(render.filepath).convert("RGB"), (n * SIZE[0], 0))
    out = io.BytesIO()
    whole.quantize(64).save(out, "PNG", optimize=True)
    storage.write_bytes(Path(sys.argv[2]), out.getvalue())


if __name__ == "__main__":
    main()
