"""The command line: each file in commands/ is a command, loaded only when it is used."""

from __future__ import annotations

import errno
import inspect
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from edge3dpose import __version__, plugins
from edge3dpose.errors import BadInput, Edge3DPoseError, printable, without_secrets

# The function "command" of a file of commands/ and its docstring
_COMMAND = re.compile(r'^def command\(.*?\) -> None:\n    """(.+?)"""', re.DOTALL | re.MULTILINE)


class Commands(click.Group):
    """Lists commands/ by file name; prints an Edge3DPoseError as one line with exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(plugins.names("commands"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in plugins.names("commands"):
            return None
        found: click.Command = plugins.declared("commands", name, "command", click.Command)
        flags = [flag for option in found.params for flag in option.opts + option.secondary_opts]
        if twice := next((flag for flag in flags if flags.count(flag) > 1), None):
            raise BadInput(f"two parts of {name} declare {twice}; rename the option of a plugin")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with what each does, read from their files: none is loaded."""
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            told = [click.Command(name, help=_docstring(name)) for name in names]
            formatter.write_dl([(str(one.name), one.get_short_help_str(limit)) for one in told])

    def make_context(self, *given: Any, **others: Any) -> click.Context:
        with _one_line():  # --help reads the file of every command
            return super().make_context(*given, **others)

    def invoke(self, ctx: click.Context) -> object:
        with _one_line():
            return super().invoke(ctx)


def _docstring(name: str) -> str:
    """What a command does, from its file; it is loaded only where the file does not say it so."""
    if found := _COMMAND.search(plugins.source("commands", name)):
        return inspect.cleandoc(found[1])
    return plugins.declared("commands", name, "command", click.Command).help or ""


class _Told(click.ClickException):
    """An error in one line, and its exit code."""

    def __init__(self, line: str, exit_code: int) -> None:
        super().__init__(line)
        self.exit_code = exit_code  # type: ignore[misc]  # click's own is one for the class


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except Edge3DPoseError as error:
        raise _Told(_shown(str(error)), error.exit_code) from error


def _shown(text: str) -> str:
    """An error in one line: no password, and nothing that would steer the terminal."""
    return printable(without_secrets(" ".join(text.split())))


@click.group(cls=Commands)
@click.version_option(__version__)
def cli() -> None:
    """Real-time 3D human pose from one camera, for edge devices."""


def main() -> None:
    """Entry point of the console script."""
    try:
        cli.main(prog_name="edge3dpose")
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        # of files this is a BadInput long before: it is standard output that is full
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # flushed again at the end
        click.echo(f"Error: cannot write to standard output: {error.strerror}", err=True)
        sys.exit(1)
