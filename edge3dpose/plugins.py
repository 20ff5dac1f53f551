"""Plugin folders: each file of a folder is one choice, and its name is what users type.

A folder is its own registry: to add a choice, add a file. A file whose name starts with _ is no
choice. The folders of the runtime (sources, detectors, backends, filters, sinks) describe in their
__init__.py the class of the object that each of their files declares as ``PLUGIN``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from edge3dpose.errors import BadInput


@dataclass(frozen=True, slots=True)
class PluginOption:
    """A command line option that a plugin declares; the command line makes a real option of it.

    flags    "--jsonl", or "--show/--no-show" for a switch
    kind     bool (a switch), str, int, float, or Path (a file to write)
    choices  of a str: the values it may have
    minimum, maximum  of a number
    """

    flags: str
    help: str
    kind: type = str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    show_default: bool = False

    @property
    def name(self) -> str:
        """The key of its value: "--height-cm" -> "height_cm"."""
        return self.flags.split("/")[0].removeprefix("--").replace("-", "_")


def names(folder: str) -> tuple[str, ...]:
    """The choices of a folder ('runtime.backends' -> 'onnxruntime', ...), not imported."""
    package = importlib.import_module(f"edge3dpose.{folder}")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def load(folder: str, name: str) -> ModuleType:
    """Import the file of one choice; BadInput with the ones there are."""
    if name not in names(folder):
        kind = folder.rsplit(".", 1)[-1].removesuffix("s")
        raise BadInput(f"no {kind} called {name!r}; there is: {', '.join(names(folder))}")
    return importlib.import_module(f"edge3dpose.{folder}.{name.replace('-', '_')}")


def find(folder: str, name: str) -> Any:
    """The plugin that the file of a choice declares; BadInput with the choices there are."""
    return load(folder, name).PLUGIN


def find_all(folder: str) -> list[Any]:
    """The plugins of a folder by name."""
    return [find(folder, name) for name in names(folder)]


def options_of(plugins: Iterable[Any]) -> list[PluginOption]:
    """The options that plugins declare, each once."""
    by_name = {option.name: option for plugin in plugins for option in plugin.options}
    return list(by_name.values())


def with_defaults(options: Iterable[PluginOption], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by option name, completed with the options' defaults."""
    return {option.name: option.default for option in options} | dict(values)
