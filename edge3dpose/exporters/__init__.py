"""Exporters: people over time in the formats of other programs. Each file declares ``PLUGIN``.

``export(poses, to, out)`` writes files whole or not at all. ``options()`` are the command line
options of all exporters, ``summary()`` says what each writes. Sinks write the same formats at the
end of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge3dpose import checks, outputs, plugins, storage
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import PosesFile, read_poses
from edge3dpose.tracks import Track, read_track, read_tracks

FOLDER = "exporters"
OVERWRITE = PluginOption(
    "--overwrite",
    "Replace a file that is there; else one of an earlier run is renamed, another one refused.",
    kind=bool,
    default=False,
)


@dataclass(frozen=True)
class ExportRequest:
    """What goes into one file.

    tracks    the people: one, or several where the format holds many
    header    facts of the poses: model, cut, source ...
    values    option values by option name, all of them set
    everybody  all people of the recording, of whom the floor is estimated; empty for ``tracks``
    """

    tracks: Sequence[Track]
    header: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    everybody: Sequence[Track] = ()


class ExporterPlugin:
    """A format: base class.

    suffix   how its files end, such as ".glb"
    summary  what is written, in a few words
    many     whether one file holds several people
    """

    name: str = ""
    suffix: str = ""
    summary: str = ""
    many: bool = False
    options: tuple[PluginOption, ...] = ()

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for values that cannot be, MissingDependency where a package is missing."""

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The file, and what is in it in one line.

        Raises BadInput for poses that cannot be exported, MissingDependency where a package is not
        installed.
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
    return [*plugins.options_of(find_all()), OVERWRITE]


def summary() -> str:
    """What each format is, in one line."""
    return "; ".join(f"{plugin.name}: {plugin.summary}" for plugin in find_all())


def options_for(to: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of all formats' option values that differ from their defaults.

    A value that the format does not have is refused where the user gave it, and only there.
    """
    defaults = {option.name: option.default for option in options()}
    return {name: value for name, value in given.items() if value != defaults[name]}


def export(
    poses: PosesFile | str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    track_id: int | None = None,
    everybody: bool = False,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Write poses in the format of another program. Returns one line a file: what was written.

    poses      a poses file, or its path
    to         "bvh", "trc", "c3d", "csv", "parquet", "mot" or "glb" (docs/files.md)
    out        the file to write; None for the name of the poses file with the format's suffix
    track_id   the person; None for the one who is in most frames, or for everybody in csv and
               parquet
    everybody  write a file a person; its name ends in the person's number
    options    option values of the format, such as {"height_cm": 178.0}; and {"overwrite": True}

    A file of an earlier run is given another name. Raises BadInput for an unknown format, for poses
    that are damaged, of nobody or of single pictures, for a file of another maker that is there,
    and for one that cannot be written; nothing is left under its name then.

    Example::

        print(edge3dpose.export("out.jsonl", to="glb", out="out.glb"))
    """
    plugin: ExporterPlugin = plugins.find(FOLDER, checks.text("to", to), ExporterPlugin)
    given = {} if options is None else dict(options)
    overwrite = checks.switch("overwrite", given.pop(OVERWRITE.name, False))
    values = checked_values(plugin, given)
    file = checks.file_name("out", out)
    if not isinstance(poses, PosesFile):
        poses = read_poses(poses)
    file = poses.path.with_suffix(plugin.suffix) if file is None else file
    if everybody and track_id is not None:
        raise BadInput("one person or everybody: give one of track_id and everybody")
    _refuse_pictures(poses)
    people, header = read_tracks(poses)
    if track_id is not None:
        chosen = [read_track(poses, track_id)[0]]
    else:
        chosen = people if everybody or plugin.many else people[:1]
    files = files_of(plugin, file, chosen, apart=everybody)
    for path, _ in files:  # all of them, before the first is written
        if path.exists() and path.resolve() == poses.path.resolve():
            raise BadInput(f"{path} is the poses file itself; write to another file")
        outputs.check_free(storage.file_to_write(path), overwrite=overwrite)
    said = []
    for path, tracks in files:
        content, line = plugin.content(ExportRequest(tracks, header, values, people))
        outputs.write(path, content, overwrite=overwrite)
        said.append(f"{path}: {line}")
    return "\n".join(said)


def _refuse_pictures(poses: PosesFile) -> None:
    """Single pictures are no motion: who is in one of them is nobody in particular in the next."""
    for frame in poses:
        if "image" in frame.facts:
            raise BadInput(
                f"{poses.path} has poses of single pictures, not of one film: no motion to "
                "write; run --sequence FPS takes them as one, pandas reads them as they are"
            )
        return


def checked_values(plugin: ExporterPlugin, given: Mapping[str, Any]) -> dict[str, Any]:
    """Option values completed with the format's defaults; BadInput for what it has not."""
    values = plugins.with_defaults(plugin.options, given)
    known = {option.name: option for option in plugin.options}
    for name, value in values.items():
        if name not in known:
            has = ", ".join(known) or "none"
            raise BadInput(f"{plugin.name} has no option {name!r}; it has: {has}")
        known[name].check(value)
    plugins.check_needs(plugin.options, values)
    plugin.check(values)
    return values


def files_of(
    plugin: ExporterPlugin, file: Path, tracks: Sequence[Track], *, apart: bool
) -> list[tuple[Path, Sequence[Track]]]:
    """Which people go into which file: all into one, or each into NAME-NUMBER.SUFFIX.

    apart  a file a person, also in a format that holds many
    """
    if (plugin.many and not apart) or len(tracks) == 1:
        return [(file, tracks)]
    return [
        (file.with_name(f"{file.stem}-{_number(track)}{file.suffix}"), [track]) for track in tracks
    ]


def _number(track: Track) -> str:
    return "unknown" if track.track_id is None else str(track.track_id)
