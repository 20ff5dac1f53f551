"""Exporters: poses files to the formats of other programs. Each file declares ``PLUGIN``.

``export(poses, to, out)`` writes a file whole or not at all. ``options()`` are the command line
options of all exporters, ``summary()`` says what each writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge3dpose import checks, plugins, storage
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import PosesFile, read_poses

FOLDER = "exporters"


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    track_id  the person; None for the one who is in most frames, or for everybody in formats that
              hold many
    values    option values by option name, all of them set
    """

    poses: PosesFile
    track_id: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


class ExporterPlugin:
    """A format: base class.

    suffix   how its files end, such as ".glb"
    summary  what is written, in a few words
    """

    name: str = ""
    suffix: str = ""
    summary: str = ""
    options: tuple[PluginOption, ...] = ()

    def write(self, request: ExportRequest, out: Path) -> str:
        """Write the file ``out`` and say in one line what is in it.

        ``out`` is a temporary file, which gets its name once this returns. Raises BadInput for
        poses that cannot be exported, MissingDependency where a package is not installed.
        """
        raise NotImplementedError


def names() -> tuple[str, ...]:
    """The formats."""
    return plugins.names(FOLDER)


def find_all() -> list[ExporterPlugin]:
    """All plugins by name."""
    found: list[ExporterPlugin] = plugins.find_all(FOLDER, ExporterPlugin)
    return found


def options() -> list[PluginOption]:
    """The command line options of all exporters."""
    return plugins.options_of(find_all())


def summary() -> str:
    """What each format is, in one line."""
    return "; ".join(f"{plugin.name}: {plugin.summary}" for plugin in find_all())


def export(
    poses: PosesFile | str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    track_id: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Write poses in the format of another program. Returns one line that says what was written.

    poses     a poses file, or its path
    to        "glb": a glTF binary with the body of one person in motion, y up, metres
    out       the file to write; None for the name of the poses file with the format's suffix
    track_id  the person; None for the one who is in most frames
    options   option values of the format, such as {"height_cm": 178.0}

    Raises BadInput for an unknown format, for poses that are damaged or of nobody, and for a file
    that cannot be written; nothing is left under its name then.

    Example::

        print(edge3dpose.export("out.jsonl", to="glb", out="out.glb"))
    """
    plugin: ExporterPlugin = plugins.find(FOLDER, checks.text("to", to), ExporterPlugin)
    values = plugins.with_defaults(plugin.options, {} if options is None else options)
    known = {option.name: option for option in plugin.options}
    for name, value in values.items():
        if name not in known:
            raise BadInput(f"{to} has no option {name!r}; it has: {', '.join(known) or 'none'}")
        known[name].check(value)
    file = checks.file_name("out", out)
    if not isinstance(poses, PosesFile):
        poses = read_poses(poses)
    file = poses.path.with_suffix(plugin.suffix) if file is None else file
    if file.exists() and file.resolve() == poses.path.resolve():
        raise BadInput(f"{file} is the poses file itself; write to another file")
    with storage.writing(file) as temporary:
        said = plugin.write(ExportRequest(poses, track_id, values), temporary)
    return f"{file}: {said}"
