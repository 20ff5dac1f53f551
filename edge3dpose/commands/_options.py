"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from edge3dpose import paths
from edge3dpose.commands._sections import section
from edge3dpose.engine_types import PRECISIONS
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime import backends

Function = TypeVar("Function", bound=Callable[..., Any])


def typed(names: Iterable[str]) -> list[str]:
    """Those of the running command's options that were typed, by name: "cutoff_hz"."""
    source = click.get_current_context().get_parameter_source
    return [name for name in names if source(name) is click.core.ParameterSource.COMMANDLINE]


def engine_options(command: Function) -> Function:
    """Add --model --weights --cut --precision --backend --engines --threads to a command."""
    options = (
        click.option(
            "--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models."
        ),
        click.option(
            "--weights",
            type=click.Path(path_type=Path, dir_okay=False),
            help="ONNX file of your own, with its card beside it.  [default: the shipped one]",
        ),
        click.option("--cut", default="auto", show_default=True, help="A number, or auto."),
        click.option(
            "--precision",
            type=click.Choice([*PRECISIONS, "auto"]),
            default="auto",
            show_default=True,
        ),
        click.option(
            "--backend",
            type=click.Choice([*backends.names(), "auto"]),
            default="auto",
            show_default=True,
        ),
        click.option(
            "--engines",
            type=click.Path(path_type=Path, file_okay=False),
            help=f"Folder of built engines.  [default: {paths.usual_engines()}]",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help="Threads of a CPU backend.  [default: its own choice]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def plugin_options(options: Iterable[PluginOption]) -> Callable[[Function], Function]:
    """Add the options that plugins declare to a command."""

    def add(command: Function) -> Function:
        for option in reversed(list(options)):
            add_one = _click_option(option)
            command = (
                section(option.section, add_one)(command) if option.section else add_one(command)
            )
        return command

    return add


def _click_option(option: PluginOption) -> Callable[[Function], Function]:
    kind: Any = option.kind
    if option.choices:
        kind = click.Choice(option.choices)
    elif option.kind is Path:
        kind = click.Path(path_type=Path, dir_okay=False)
    elif option.minimum is not None or option.maximum is not None:
        limited: Any = click.FloatRange if option.kind is float else click.IntRange
        kind = limited(min=option.minimum, max=option.maximum)
    bare = {} if option.bare is None else {"is_flag": False, "flag_value": option.bare}
    return click.option(
        option.flags,
        option.name,
        type=None if option.kind is bool else kind,
        **({"is_flag": True} if option.kind is bool else bare),
        default=option.default,
        show_default=option.show_default,
        help=option.help,
    )
