"""Plugin folders: each file of a folder is one choice, and its name is what users type.

A folder is its own registry: to add a choice, add a file. A file whose name starts with _ is no
choice. The folders of the runtime (sources, detectors, backends, filters, sinks) describe in their
__init__.py the class of the object that each of their files declares as ``PLUGIN``.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from edge3dpose import checks
from edge3dpose.errors import BadInput, Edge3DPoseError


@dataclass(frozen=True, slots=True)
class PluginOption:
    """A command line option that a plugin declares; the command line makes a real option of it.

    flags    "--jsonl", or "--show/--no-show" for a switch
    kind     bool (a switch), str, int, float, or Path (a file to write)
    choices  of a str: the values it may have
    minimum, maximum  of a number
    bare     of a str: its value where the option stands without one
    section  of the help; "" takes that of its plugin
    needs    name of another option, without which it does nothing; "" for none
    """

    flags: str
    help: str
    kind: type = str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    show_default: bool = False
    bare: str | None = None
    section: str = ""
    needs: str = ""

    @property
    def name(self) -> str:
        """The key of its value: "--height-cm" -> "height_cm"."""
        return self.flags.split("/")[0].removeprefix("--").replace("-", "_")

    def check(self, value: Any) -> None:
        """BadInput for a value of another kind, or outside its choices or limits.

        None is the value of an option that is not given, where it has no default.
        """
        name = self.flags.split("/")[0]
        if value is None and self.default is None:
            return
        if self.choices:
            if value not in self.choices:
                raise BadInput(f"{name} is {value!r}; wanted {' or '.join(self.choices)}")
        elif self.kind is bool:
            checks.switch(name, value)
        elif self.kind is Path:
            checks.file_name(name, value)
        elif self.kind in (int, float):
            checks.number(name, value, self.minimum, self.maximum)
        else:
            checks.text(name, value)


def names(folder: str) -> tuple[str, ...]:
    """The choices of a folder ('runtime.backends' -> 'onnxruntime', ...), not imported."""
    places = importlib.import_module(f"edge3dpose.{folder}").__path__
    return _names_in(*((place, _changed_ns(place)) for place in places))


@functools.cache
def _names_in(*places: tuple[str, int]) -> tuple[str, ...]:
    """Listed once for each state of the folders: a start of run asks 400 times."""
    found = (module.name for module in pkgutil.iter_modules([place for place, _ in places]))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def _changed_ns(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns
    except OSError:  # in a zip file
        return 0


def source(folder: str, name: str) -> str:
    """The text of the file of one choice, which is not imported."""
    package = importlib.import_module(f"edge3dpose.{folder}")
    for place in package.__path__:
        file = Path(place, f"{name.replace('-', '_')}.py")
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return ""


def load(folder: str, name: str) -> ModuleType:
    """Import the file of one choice; BadInput with the ones there are."""
    if name not in names(folder):
        kind = folder.rsplit(".", 1)[-1].removesuffix("s")
        raise BadInput(f"no {kind} called {name!r}; there is: {', '.join(names(folder))}")
    module = f"edge3dpose.{folder}.{name.replace('-', '_')}"
    try:
        return importlib.import_module(module)
    except Edge3DPoseError:
        raise
    except Exception as error:  # a file of somebody else may raise anything
        what = f"{type(error).__name__}: {error}"
        raise BadInput(f"{module} cannot be loaded: {what}; mend or remove the file") from error


def declared(folder: str, name: str, attribute: str, kind: type = object) -> Any:
    """What the file of a choice declares; BadInput where that is missing or of another type."""
    module = load(folder, name)
    value = getattr(module, attribute, None)
    if value is None or not isinstance(value, kind):
        wanted = "" if kind is object else f" of type {kind.__name__}"
        found = "has none" if value is None else f"has a {type(value).__name__}"
        raise BadInput(f"{module.__name__} {found}; wanted a {attribute}{wanted} in that file")
    return value


def find(folder: str, name: str, kind: type = object) -> Any:
    """The plugin that the file of a choice declares; BadInput with the choices there are.

    kind  base class of the folder's plugins
    """
    return declared(folder, name, "PLUGIN", kind)


def find_all(folder: str, kind: type = object) -> list[Any]:
    """The plugins of a folder by name."""
    return [find(folder, name, kind) for name in names(folder)]


def options_of(plugins: Iterable[Any]) -> list[PluginOption]:
    """The options that plugins declare; BadInput where two declare one of the same name."""
    by_name: dict[str, PluginOption] = {}
    for plugin in plugins:
        for declared_option in plugin.options:
            section = declared_option.section or getattr(plugin, "section", "")
            option = replace(declared_option, section=section)
            if by_name.setdefault(option.name, option) != option:
                flag = option.flags.split("/")[0]
                raise BadInput(f"two plugins declare {flag}; rename one of them")
    return list(by_name.values())


def check_needs(options: Iterable[PluginOption], values: Mapping[str, Any]) -> None:
    """BadInput where an option was given that does nothing without another one."""
    for option in options:
        if (
            option.needs
            and values[option.name] != option.default
            and not values.get(option.needs, True)
        ):
            other = option.needs.replace("_", "-")
            raise BadInput(f"{option.flags.split('/')[0]} does nothing without --{other}")


def with_defaults(options: Iterable[PluginOption], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by option name, completed with the options' defaults."""
    return {option.name: option.default for option in options} | dict(values)
