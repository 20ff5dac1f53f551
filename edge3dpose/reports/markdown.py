"""Reports -> Markdown: REPORT.md beside them, and the README's table between its markers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from edge3dpose import storage
from edge3dpose.errors import BadInput
from edge3dpose.reports import builds, machine_facts, tables
from edge3dpose.reports import model_card as card_page

BEGIN, END = "<!-- speed:begin -->", "<!-- speed:end -->"
README_CUTS = (1, 3, 6, 7, 11, 17, 24)

_KINDS = tuple(f"edge3dpose.{kind}/" for kind in ("speed", "accuracy", "build", "ablation"))
_ALONE = "Engine alone, ms; MPJPE has an engine's distance from FP32 in it where that was measured:"
_TITLE = """# What was measured

Written by `edge3dpose benchmark --render` from the JSON reports in this folder; edit none of it.
"""


def render(folder: Path, readme: Path, cards: Sequence[dict] = ()) -> list[Path]:
    """Write REPORT.md, the README's table and a page a model card; gives the files written.

    Raises BadInput where there is no report or the README has no place for the table.
    """
    reports = read(folder)
    if not reports:
        raise BadInput(f"no report in {folder}; make one: edge3dpose benchmark --report FILE.json")
    _write(folder / "REPORT.md", report_page(reports, folder))
    _write(readme, with_table(_text(readme), readme_table(reports)))
    pages = {readme.parent / "docs" / f"{card['model']}.md": card for card in cards}
    for file, card in pages.items():
        _write(file, card_page.page(card, reports))
    return [folder / "REPORT.md", readme, *pages]


def read(folder: Path) -> dict[str, dict]:
    """The speed, accuracy and build reports of a folder by file name."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(f"{file} is not a report: {error}") from None
        if str(content.get("schema")).startswith(_KINDS):
            found[file.name] = content
    return found


def with_table(text: str, table: str) -> str:
    """A README's text with what lies between the markers replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadInput(f"the README has no place for the table: wanted {BEGIN} and {END} in it")
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{after}"


def readme_table(reports: dict[str, dict]) -> str:
    """A short table of each speed report."""
    parts = []
    for name, report in _of_kind(reports, "speed"):
        parts += [_headline(report, f"[benchmarks/{name}](benchmarks/{name})"), ""]
        parts += [*tables.pivot(report, README_CUTS), "", _legend(report), ""]
    return "\n".join(parts)


def report_page(reports: dict[str, dict], folder: Path) -> str:
    """The whole of REPORT.md."""
    parts = [_TITLE]
    for name, report in _of_kind(reports, "speed"):
        parts += [f"## {name}", "", _headline(report, report["time"]), "", *_machine(report), ""]
        picture = Path(name).with_suffix(".png")
        if (folder / picture).is_file():
            parts += [f"![Milliseconds against error, cut by cut]({picture})", ""]
        parts += [*tables.pivot(report), "", _legend(report), "", _ALONE, ""]
        parts += [
            *tables.engine_rows(report),
            "",
            "End to end:",
            "",
            *tables.whole_rows(report),
            "",
            *_besides(report),
        ]
    for name, report in _of_kind(reports, "accuracy"):
        parts += [f"## {name}", "", *tables.accuracy_rows(report), ""]
    for name, report in _of_kind(reports, "build"):
        parts += [f"## {name}", "", builds.headline(report), "", *builds.build_rows(report), ""]
    return "\n".join(parts)


def _besides(report: dict) -> list[str]:
    """Peers, memory and energy, as far as the report tells of them."""
    parts = []
    if report.get("peers"):
        parts += [report["peers_protocol"], "", *tables.peer_rows(report), ""]
    if footprints := tables.footprint_rows(report):
        parts += [report["footprint_protocol"], "", *footprints, ""]
    if energy := tables.energy_rows(report):
        parts += ["Energy, by counters of the whole machine:", "", *energy, ""]
    return parts


def _of_kind(reports: dict[str, dict], kind: str) -> list[tuple[str, dict]]:
    schema = f"edge3dpose.{kind}/"
    return [
        (name, report) for name, report in reports.items() if report["schema"].startswith(schema)
    ]


def _headline(report: dict, where: str) -> str:
    machine = report["machine"]
    parts = ", ".join([*machine["gpus"], machine["processor"]])
    return (
        f"**{report['model']}** ({report['state']}, weights {report['weights_sha256'][:12]}) on "
        f"{parts}, {machine['cores']} cores ({where}):"
    )


def _machine(report: dict) -> list[str]:
    machine = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return [
        f"- {machine['system']}, Python {machine['python']}, {machine['memory_gb']} GB; "
        f"instructions {' '.join(machine['instructions'])}",
        f"- {versions}",
        f"- load average {machine['load_average']} before, {report['load_average_after']} after; "
        f"scheduled as {machine['scheduling']}",
        f"- source `{report['source']}`, {report['protocol']}",
        f"- weights {report['weights_sha256'][:12]}",
        *_conditions(report),
    ]


def _conditions(report: dict) -> list[str]:
    """What older reports do not tell."""
    told = {
        "commit": report.get("commit"),
        "clocks before": machine_facts.clocks(report["machine"].get("clocks")),
        "after": machine_facts.clocks(report.get("clocks_after")),
        "energy": machine_facts.energy(report.get("energy")),
    }
    known = [f"{name} {value}" for name, value in told.items() if value]
    return [f"- {'; '.join(known)}"] if known else []


def _legend(report: dict) -> str:
    return (
        "ms: median of the engine alone on one person; FPS end to end: reading, finding and "
        f"following, crop, engine, lift, filter on `{report['source']}`. Errors are FP32's: MPJPE, "
        "PA and PCK@150 on held-out synthetic people with the true root depth given, 2D PCK@0.5 "
        "against BlazePose heavy on the sample clip. None of it is a Human3.6M figure."
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None


def _write(file: Path, text: str) -> None:
    storage.write_text(file, text if text.endswith("\n") else text + "\n")
