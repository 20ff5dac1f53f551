"""Filters: poses in, poses out, aware of the time between frames. Each file declares ``PLUGIN``.

``options()`` are the command line options of all filters; their values, by option name, say which
filters are on. ``check(values)`` refuses bad values early, ``open_all(values)`` opens the filters
in the order in which they are applied, ``header(values)`` describes them for a poses file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge3dpose import plugins
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Frame, Pose3D

FOLDER = "runtime.filters"


class Filter:
    """Changes the poses of a frame: base class. One object filters one source."""

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The poses, changed."""
        raise NotImplementedError

    @property
    def said(self) -> tuple[str, ...]:
        """Lines for the user at the end of a run."""
        return ()


class FilterPlugin:
    """A kind of filter: base class. ``values`` are option values by option name, all of them set.

    ``open`` also finds ``backend`` in them: the one that runs the pose network.

    By ``order``, filters are applied: 10 the place of a person, 20 the depths of the joints,
    30 smoothing over time, 90 what is measured of them.
    """

    name: str = ""
    section: str = "Poses over time"  # of the help
    order: int = 0
    over_time: bool = False  # only for frames that follow one another
    needs_all: bool = False  # what it says of a frame depends on all before it, however long ago
    needs: str = "h36m17"  # "h36m17" (its joints in space), "3d" (any joints in space) or ""
    options: tuple[PluginOption, ...] = ()

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Whether option values ask for this filter."""
        raise NotImplementedError

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for values that cannot be."""

    def open(self, values: Mapping[str, Any]) -> Filter:
        """A new filter."""
        raise NotImplementedError

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """What the header of a poses file says of this filter."""
        return {}


def find_all() -> list[FilterPlugin]:
    """All plugins in the order in which filters are applied."""
    found: list[FilterPlugin] = plugins.find_all(FOLDER, FilterPlugin)
    return sorted(found, key=lambda plugin: (plugin.order, plugin.name))


def options() -> list[PluginOption]:
    """The command line options of all filters."""
    return plugins.options_of(find_all())


def check(values: Mapping[str, Any]) -> None:
    """BadInput for option values that cannot be."""
    known = plugins.with_defaults(options(), values)
    for option in options():
        option.check(known[option.name])
    for plugin in find_all():
        plugin.check(known)


def open_all(
    values: Mapping[str, Any],
    *,
    related: bool = True,
    spec: ModelSpec | None = None,
    backend: str = "onnxruntime",
) -> list[Filter]:
    """The filters that option values ask for, in the order in which they are applied.

    related  frames follow one another in time; otherwise filters over time are left out
    spec     the model; filters that have no use for its poses are left out
    backend  of the pose network
    """
    known = {**plugins.with_defaults(options(), values), "backend": backend}
    on = [plugin for plugin in find_all() if _is_on(plugin, known, related)]
    return [plugin.open(known) for plugin in on if not misfit(plugin.needs, spec)]


def header(
    values: Mapping[str, Any], *, related: bool = True, spec: ModelSpec | None = None
) -> dict[str, Any]:
    """What the header of a poses file says of all filters."""
    known = plugins.with_defaults(options(), values)
    content: dict[str, Any] = {}
    for plugin in find_all():
        on = _is_on(plugin, known, related) and not misfit(plugin.needs, spec)
        content |= plugin.header(known, on=on)
    return content


def that_need_all(values: Mapping[str, Any]) -> list[str]:
    """The names of the filters that are on and need a source from its first frame on."""
    known = plugins.with_defaults(options(), values)
    return [plugin.name for plugin in find_all() if plugin.needs_all and plugin.is_on(known)]


def check_fits(values: Mapping[str, Any], spec: ModelSpec) -> None:
    """BadInput for a filter that was asked for and has no use for the poses of a model."""
    usual = plugins.with_defaults(options(), {})
    known = plugins.with_defaults(options(), values)
    for plugin in find_all():
        reason = misfit(plugin.needs, spec)
        if reason and plugin.is_on(known) and not plugin.is_on(usual):
            raise BadInput(f"the filter {plugin.name} {reason}; leave its option out")


def misfit(needs: str, spec: ModelSpec | None) -> str:
    """Why what needs h36m17 or 3D has no use for the poses of a model; else empty."""
    if spec is None or not needs:
        return ""
    if not spec.has_depth:
        return f"needs positions in space, and {spec.name} is 2D"
    if needs == "h36m17" and spec.skeleton != H36M17:
        return f"needs the joints of {H36M17.name}, and {spec.name} has {spec.skeleton.name}"
    return ""


def _is_on(plugin: FilterPlugin, known: Mapping[str, Any], related: bool) -> bool:
    return plugin.is_on(known) and (related or not plugin.over_time)
