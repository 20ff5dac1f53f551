"""edge3dpose doctor: what this machine has and lacks, and the command that installs each lack."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

_COLOURS = {"ok": "green", "missing": "yellow", "warning": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Show what this machine has and lacks, with the command that installs what is missing.

    The exit code is 0, whatever is missing.
    """
    from edge3dpose import diagnostics

    findings = diagnostics.findings()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
        return
    from rich.console import Console
    from rich.text import Text

    width = max(len(finding.subject) for finding in findings)
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        line = Text(f"{finding.state:8}", style=_COLOURS[finding.state])
        console.print(line.append(f"{finding.subject:{width}} {finding.detail}", style="default"))
        if finding.fix:
            console.print(Text(f"{'':{8 + width}} -> {finding.fix}", style="dim"))
