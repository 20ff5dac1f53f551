"""A window on the screen: OpenCV's where its build has one, else Tk's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin


class WindowPlugin(SinkPlugin):
    """--show."""

    name = "window"
    on_screen = True
    options = (
        PluginOption(
            "--show/--no-show", "Show a window.  [default: on where nothing is written]", kind=bool
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """With --show."""
        return bool(values["show"])

    def default_values(self, stem: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """On, unless --no-show."""
        return {} if values["show"] is False else {"show": True}

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Open the window; MissingDependency says what to install where none is possible."""
        from edge3dpose.runtime.sinks._window import open_window

        return open_window(context.skeleton if context.is_3d else None)


PLUGIN = WindowPlugin()
