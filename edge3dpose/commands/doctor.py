"""edge3dpose doctor: what this machine has and lacks, and what to type for each lack."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

_MARKS = {
    "ok": ("ok", "green"),
    "missing": ("missing", "yellow"),
    "warning": ("look", "red"),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Print what this machine has and lacks, with the command that installs each lack.

    Nothing here is an error: the exit code is 0, whatever is missing.
    """
    from edge3dpose.diagnostics import findings

    found = findings()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=1))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for finding in found:
        mark, colour = _MARKS[finding.state]
        line = Text(f"{mark:8}", style=colour)
        console.print(line.append(f"{finding.subject:18} {finding.detail}", style="default"))
        if finding.fix:
            console.print(Text(f"{'':8}{'':18} -> {finding.fix}", style="dim"))
