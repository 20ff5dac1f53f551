"""A room is a folder of look-alikes: each file is one choice, its name is what users type."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from edge3dpose.errors import BadInput


def names(room: str) -> tuple[str, ...]:
    """The choices of a room ('runtime.backends' -> 'onnxruntime', ...), not imported."""
    package = importlib.import_module(f"edge3dpose.{room}")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def load(room: str, name: str) -> ModuleType:
    """Import one choice; BadInput names the ones there are."""
    if name not in names(room):
        kind = room.rsplit(".", 1)[-1].removesuffix("s")
        raise BadInput(f"no {kind} called {name!r}; there is: {', '.join(names(room))}")
    return importlib.import_module(f"edge3dpose.{room}.{name.replace('-', '_')}")
