"""Sinks: where poses go. Each file declares ``PLUGIN``, a ``SinkPlugin``.

``options()`` are the command line options of all sinks; their values, by option name, say which
sinks are on. ``with_default_output`` turns some on where none is, ``check`` refuses bad values
early, ``open_all(values, context)`` opens the sinks. Importing a plugin does not load OpenCV.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge3dpose import outputs, plugins
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sources import IMAGE_SUFFIXES, SourceEvent
from edge3dpose.skeletons import H36M17, Skeleton
from edge3dpose.types import Frame, Pose3D

FOLDER = "runtime.sinks"
OVERWRITE = PluginOption(
    "--overwrite",
    "Replace output files that are there; else those of earlier runs are renamed.",
    kind=bool,
    default=False,
    section="Output",
)


class Stop(Exception):
    """Raised by a sink to end the run: its window was closed."""


class Sink:
    """Takes frames and the poses in them: base class.

    A file appears under its final name only in close().
    """

    skips: bool = False  # it may miss frames when they come faster than it takes them
    main_thread: bool = False  # it must be called in the main thread, as windows must
    path: Path | None = None  # the file that it writes
    discarded: bool = False  # what may be there under that name is not of this run
    said: tuple[str, ...] = ()  # lines for the user, once it is closed
    unwritten: tuple[str, ...] = ()  # of files that it was to write and could not: why, a line each

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Take one frame; raises Stop to end the run."""
        raise NotImplementedError

    def event(self, event: SourceEvent) -> None:
        """What happened to a live source between two frames; most sinks have no use for it."""

    def idle(self) -> None:
        """A live source has no frame: called every moment, in the main thread only; as above."""

    def flush(self) -> None:
        """Wait until everything taken is processed; raises what went wrong meanwhile."""

    def close(self) -> None:
        """Finish: everything taken is kept. A second call does nothing."""

    def discard(self) -> None:
        """Give up: nothing is left under the final name."""


@dataclass(frozen=True, slots=True)
class SinkContext:
    """What a sink may know of a run when it is opened.

    header  facts of the run for the header of a file: model, cut, source ...
    """

    source: str = ""  # its name
    live: bool = False
    related: bool = True  # frames follow one another in time
    fps: float | None = None
    skeleton: Skeleton = H36M17
    is_3d: bool = True
    header: Mapping[str, Any] = field(default_factory=dict)


class SinkPlugin:
    """A kind of sink: base class. ``values`` are option values by option name, all of them set."""

    name: str = ""
    section: str = "Output"  # of the help
    order: int = 0  # sinks are opened and called in this order
    on_screen: bool = False
    needs_h36m17: bool = False  # its joints, in space
    output: bool = True  # poses go there; a file of another kind is no output, and may be there
    options: tuple[PluginOption, ...] = ()

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Whether option values ask for this sink."""
        raise NotImplementedError

    def default_values(self, stem: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that turn it on where no output was asked for; empty where it stays off.

        stem  name for a file, from the source's name
        """
        return {}

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for values that cannot be; asked where the sink is on, before it is opened."""

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Open it.

        Raises BadInput where its file cannot be written, MissingDependency without a screen.
        """
        raise NotImplementedError


def find_all() -> list[SinkPlugin]:
    """All plugins in their order."""
    found: list[SinkPlugin] = plugins.find_all(FOLDER, SinkPlugin)
    return sorted(found, key=lambda plugin: (plugin.order, plugin.name))


def options() -> list[PluginOption]:
    """The command line options of all sinks."""
    return [*plugins.options_of(find_all()), OVERWRITE]


def with_default_output(values: Mapping[str, Any], source: str, *, live: bool) -> dict[str, Any]:
    """Option values completed with an output, where they ask for none.

    A live source is shown on the screen, unless that was switched off; of any other source the
    files that sinks write by default are written to the current folder.
    source  its name
    """
    known = plugins.with_defaults(options(), values)
    if any(plugin.output and plugin.is_on(known) for plugin in find_all()):
        return known
    stem = source.replace(" ", "") if live else Path(source).stem
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem) or "poses"
    for on_screen in (True, False) if live else (False,):
        chosen: dict[str, Any] = {}
        for plugin in find_all():
            if plugin.on_screen == on_screen:
                chosen |= plugin.default_values(stem, known)
        if chosen:
            return known | chosen
    return known


def check(values: Mapping[str, Any], source: str) -> None:
    """BadInput for values that cannot be, and where a sink would write over what is there.

    source  its name
    """
    known = plugins.with_defaults(options(), values)
    for option in options():
        option.check(known[option.name])
    plugins.check_needs(options(), known)
    _refuse_idle(known)
    files: dict[Path, str] = {}  # what is written, and by which option
    for plugin in find_all():
        if plugin.is_on(known):
            plugin.check(known)
            for option in plugin.options:
                value = known[option.name]
                refuse_source(value, source)
                _refuse_twice(option, value, files)
                if isinstance(value, Path) and plugin.output:
                    outputs.check_free(value, overwrite=known[OVERWRITE.name])


def _refuse_idle(values: Mapping[str, Any]) -> None:
    """BadInput for an option of sinks that are all off; a plugin's first is what turns it on."""
    on: list[str] = []
    off: dict[PluginOption, list[str]] = {}
    for plugin in find_all():
        names = [option.name for option in plugin.options]
        if plugin.is_on(values):
            on += names
        for option in plugin.options[1:]:
            if values[option.name] != option.default:
                off.setdefault(option, []).append(plugin.options[0].flags.split("/")[0])
    for option, wanted in off.items():
        if option.name not in on:
            flag = option.flags.split("/")[0]
            raise BadInput(f"{flag} does nothing without {' or '.join(wanted)}")


def open_all(values: Mapping[str, Any], context: SinkContext) -> list[Sink]:
    """The sinks that option values ask for: every one, or none where one cannot be opened.

    values  the name of a file may be a str or a Path
    """
    files = {option.name for option in options() if option.kind is Path}
    values = {
        name: Path(value) if name in files and isinstance(value, str) else value
        for name, value in values.items()
    }
    check(values, context.source)
    known = plugins.with_defaults(options(), values)
    opened: list[Sink] = []
    try:
        for plugin in find_all():
            if plugin.is_on(known):
                _check_joints(plugin, context)
                opened.append(plugin.open(known, context))
    except BaseException:
        for sink in opened:
            sink.discard()
        raise
    return opened


def _check_joints(plugin: SinkPlugin, context: SinkContext) -> None:
    if plugin.needs_h36m17 and (not context.is_3d or context.skeleton != H36M17):
        kind = context.skeleton.name + ("" if context.is_3d else ", 2D")
        option = plugin.options[0].flags.split("/")[0]
        raise BadInput(
            f"{option} needs 3D poses with the joints of {H36M17.name}, these have {kind}"
        )


def refuse_others(sinks: Any) -> tuple[Sink, ...]:
    """The sinks that were given; BadInput for what is no sink, such as a function."""
    found = tuple(sinks) if isinstance(sinks, Iterable) else (sinks,)
    for sink in found:
        if not isinstance(sink, Sink):
            raise BadInput(
                f"a sink of type {type(sink).__name__}; wanted a runtime.sinks.Sink; "
                "give a function as on_frame"
            )
    return found


def _refuse_twice(option: PluginOption, value: Any, files: dict[Path, str]) -> None:
    """Two writers of one file would each take the other's away."""
    if isinstance(value, Path):
        flag = option.flags.split("/")[0]
        other = files.setdefault(_real(value), flag)
        if other != flag:
            raise BadInput(f"{other} and {flag} both name {value}; give two files")


def _real(path: Path) -> Path:
    """The file that a path means; the path itself where it cannot be one."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return path


def refuse_source(value: Any, source: str, what: str = "the source") -> None:
    """BadInput where a file to write is one that is read, or a picture of the folder that is read.

    what  the file that is read, in words
    """
    if not isinstance(value, Path) or not value.exists():
        return
    read, written = _real(Path(source)), _real(value)
    if written == read:
        raise BadInput(f"{value} is {what} itself; write to another file")
    if written.parent == read and written.suffix.lower() in IMAGE_SUFFIXES:
        raise BadInput(f"{value} is a picture of {what}; write to another file")
