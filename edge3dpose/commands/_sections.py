"""The help of a command with many options, in sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
REST = "Other options"
_names: dict[int, str] = {}  # id of a parameter -> its section; parameters live as long as commands


class Sections(click.Command):
    """Lists its options by their sections, in the order in which those first appear."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list a section."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                rows.setdefault(_names.get(id(parameter), REST), []).append(record)
        rest = rows.pop(REST, None)
        for name, records in [*rows.items(), *([(REST, rest)] if rest else [])]:
            with formatter.section(name):
                formatter.write_dl(records)


def section(name: str, *options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Options of one section; those that have a section already keep it."""

    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        for parameter in getattr(function, "__click_params__", ()):
            _names.setdefault(id(parameter), name)
        return function

    return add
