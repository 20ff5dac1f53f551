"""BVH at the end of a run: a skeleton and its rotations, a file a person (docs/files.md)."""

from __future__ import annotations

from edge3dpose.exporters._clips import CLEANING, FLOOR
from edge3dpose.runtime.sinks._export import ExportSinkPlugin, option


class SaveBvhPlugin(ExportSinkPlugin):
    """--save-bvh FILE."""

    name = "save-bvh"
    format = "bvh"
    options = (option(format, "as BVH, for Blender and game engines"), *CLEANING, *FLOOR)


PLUGIN = SaveBvhPlugin()
