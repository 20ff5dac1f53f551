"""The JSON reports of a folder -> the Markdown documents that are written from them.

benchmarks/REPORT.md, a model card docs/MODEL.md for each model, and what lies between the markers
of README.md, docs/speed.md, docs/accuracy.md and, where they were measured, docs/crowds.md,
docs/people.md and docs/scale.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge3dpose import storage
from edge3dpose.errors import BadInput
from edge3dpose.reports import (
    accuracy,
    archives,
    builds,
    crowds,
    model_card,
    people,
    recordings,
    speed,
)
from edge3dpose.reports.accuracy_rows import AblationReport, AccuracyReport, AccuracyRow
from edge3dpose.reports.archive_rows import ArchiveReport, ReadingReport, SplitReport
from edge3dpose.reports.build_rows import BuildReport
from edge3dpose.reports.camera_rows import CamerasReport
from edge3dpose.reports.columns import Column, Figure, Table, make_table
from edge3dpose.reports.crowd_rows import ClipsReport, CrowdsReport
from edge3dpose.reports.people_rows import PeopleReport
from edge3dpose.reports.rows import SpeedReport, SpeedRow, load_folder
from edge3dpose.reports.templating import render

REAL = Figure("real_pa_mpjpe_mm", "PA-MPJPE real clips", "mm", better="lower")


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of a folder by file name."""

    speed: dict[str, SpeedReport]
    accuracy: dict[str, AccuracyReport]
    builds: dict[str, BuildReport]
    ablations: dict[str, AblationReport]
    crowds: dict[str, CrowdsReport]
    clips: dict[str, ClipsReport]
    people: dict[str, PeopleReport]
    archives: dict[str, ArchiveReport]
    reading: dict[str, ReadingReport]
    cameras: dict[str, CamerasReport]
    splits: dict[str, SplitReport]


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """A model whose weights come with the package."""

    card: dict[str, Any]
    default_cut: int


def read(folder: Path) -> Reports:
    """The speed, accuracy, build and ablation reports of a folder, of crowds and people too."""
    return Reports(
        load_folder(SpeedReport, folder),
        load_folder(AccuracyReport, folder),
        load_folder(BuildReport, folder),
        load_folder(AblationReport, folder),
        load_folder(CrowdsReport, folder),
        load_folder(ClipsReport, folder),
        load_folder(PeopleReport, folder),
        load_folder(ArchiveReport, folder),
        load_folder(ReadingReport, folder),
        load_folder(CamerasReport, folder),
        load_folder(SplitReport, folder),
    )


def render_all(folder: Path, home: Path, models: Sequence[ShippedModel]) -> list[Path]:
    """Write every document; gives the files written.

    folder  of the reports
    home    the checkout: README.md and docs/
    Raises BadInput where there is no report or the README has no place for the table.
    """
    texts = documents(read(folder), folder, home, models)
    for file, text in texts.items():
        storage.write_text(file, text)
    return list(texts)


def documents(
    reports: Reports, folder: Path, home: Path, models: Sequence[ShippedModel]
) -> dict[Path, str]:
    """Every document by its file."""
    if not (reports.speed or reports.accuracy or reports.builds):
        raise BadInput(f"no report in {folder}; make one: edge3dpose benchmark --report FILE.json")
    pictures = {file.name for file in folder.glob("*.png")}
    best = best_cuts_table(reports.accuracy.values())
    docs = home / "docs"
    pages = {
        folder / "REPORT.md": render(
            "report.md", reports=reports, speed=speed, builds=builds, pictures=pictures
        ),
        docs / "speed.md": _between(
            docs / "speed.md", "tables", render("speed.md", reports=reports, speed=speed)
        ),
        docs / "accuracy.md": _between(
            docs / "accuracy.md",
            "tables",
            render(
                "accuracy.md",
                reports=reports,
                accuracy=accuracy,
                recordings=recordings,
                best=best,
            ),
        ),
        home / "README.md": _between(home / "README.md", "speed", readme_table(reports, models)),
    }
    if reports.crowds or reports.clips:
        text = render("crowds.md", reports=reports, crowds=crowds)
        pages[docs / "crowds.md"] = _between(docs / "crowds.md", "tables", text)
    if reports.people:
        text = render("people.md", reports=reports, people=people)
        pages[docs / "people.md"] = _between(docs / "people.md", "tables", text)
    if reports.archives:
        text = render("scale.md", reports=reports, archives=archives)
        pages[docs / "scale.md"] = _between(docs / "scale.md", "tables", text)
    for model in models:
        file = home / "docs" / f"{model.card['model']}.md"
        pages[file] = model_card.page(
            model.card, reports.accuracy.values(), reports.ablations.values()
        )
    return pages


def readme_table(reports: Reports, models: Sequence[ShippedModel]) -> str:
    """Speed and error of each model's default, most accurate and fastest engine."""
    default_cuts = {model.card["model"]: model.default_cut for model in models}
    used = _widest_reports(reports.speed)
    real = {
        (report.model, row.cut): row.figures.get("pa_mpjpe_mm")
        for report in reports.accuracy.values()
        if report.dataset.name == "mocap"
        for row in report.cuts
    }
    chosen = [
        (report.model, role, row)
        for report in used.values()
        for role, row in _chosen(report, default_cuts.get(report.model))
    ]

    def of_row(value: Callable[[SpeedRow], Any]) -> Callable[[Any], Any]:
        return lambda entry: value(entry[2])

    columns: list[Column] = [
        ("model", lambda entry: entry[0]),
        ("engine", of_row(lambda row: row.name)),
        ("choice", lambda entry: entry[1]),
        ("mpjpe_mm", of_row(speed.error)),
        ("pa_mpjpe_mm", of_row(lambda row: row.error_mm("pa_mpjpe_mm"))),
        (REAL, lambda entry: real.get((entry[0], entry[2].cut))),
        ("engine_p50_ms", of_row(lambda row: row.engine and row.engine.p50_ms)),
        ("fps", of_row(lambda row: row.end_to_end and row.end_to_end.fps)),
        ("engine_mb", of_row(lambda row: row.engine_bytes / 1e6)),
    ]
    table = make_table("", chosen, columns)
    return render("readme_table.md", table=table, used=used, speed=speed)


def best_cuts_table(reports: Iterable[AccuracyReport]) -> Table:
    """The best cut of each accuracy report, a row a report."""
    rows = [(report, _best_cut(report)) for report in reports]

    def figure(key: str) -> Callable[[tuple[AccuracyReport, AccuracyRow]], float | None]:
        return lambda row: row[1].figures.get(key)

    keys = ("mpjpe_mm", "pa_mpjpe_mm", "pck150", "auc", "root_depth_error", "pck50", "pck20")
    columns: list[Column] = [
        ("data set", lambda row: row[0].dataset.name),
        ("model", lambda row: row[0].model),
        (Figure("cut", "best cut", form="d"), lambda row: row[1].cut),
        *((key, figure(key)) for key in keys),
    ]
    ordered = sorted(rows, key=lambda row: row[0].dataset.name)
    return make_table("the best cut on each data set", ordered, columns, mark_best=False)


def _best_cut(report: AccuracyReport) -> AccuracyRow:
    """The cut with the least MPJPE or PA-MPJPE, or the most 2D joints in place."""
    for key, sign in (("mpjpe_mm", 1), ("pa_mpjpe_mm", 1), ("pck50", -1)):
        known = [(sign * figure, row.cut, row) for row in report.cuts
                 if (figure := row.figures.get(key)) is not None]  # fmt: skip
        if known:
            return min(known)[2]
    return report.cuts[-1]


def _widest_reports(reports: dict[str, SpeedReport]) -> dict[str, SpeedReport]:
    """Each model's report with the most engines, the most accurate model first."""

    def size(report: SpeedReport) -> tuple[int, int]:
        frames = (row.end_to_end.frames_processed for row in report.rows if row.end_to_end)
        return len(report.rows), max(frames, default=0)

    def least_error(entry: tuple[str, SpeedReport]) -> float:
        return min((row.error.get("mpjpe_mm", math.inf) for row in entry[1].rows), default=math.inf)

    widest: dict[str, tuple[str, SpeedReport]] = {}
    for name, report in reports.items():
        if report.model not in widest or size(report) > size(widest[report.model][1]):
            widest[report.model] = (name, report)
    return dict(sorted(widest.values(), key=least_error))


def _chosen(report: SpeedReport, default_cut: int | None) -> list[tuple[str, SpeedRow]]:
    """The default, the most accurate and the fastest engine; one may be all of them.

    The first two are run as run does by itself: in the fastest precision that needs no calibration.
    """
    rows = [row for row in report.rows if row.engine]
    uncalibrated = [row for row in rows if row.precision != "int8"] or rows
    errors = [row.error["mpjpe_mm"] for row in rows if "mpjpe_mm" in row.error]
    candidates = {
        "default": [row for row in uncalibrated if row.cut == default_cut],
        "most accurate": [
            row for row in uncalibrated if errors and row.error.get("mpjpe_mm") == min(errors)
        ],
        "fastest": rows,
    }
    roles: dict[str, list[str]] = {}
    for role, some in candidates.items():
        if some:
            roles.setdefault(min(some, key=_engine_ms).name, []).append(role)
    return [(", ".join(roles[row.name]), row) for row in rows if row.name in roles]


def _engine_ms(row: SpeedRow) -> float:
    return row.engine.p50_ms if row.engine else math.inf


def _between(file: Path, name: str, content: str) -> str:
    """A file's text with what lies between the markers of this name replaced."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    begin_mark, end_mark = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, begin, rest = text.partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    if not begin or not end:
        raise BadInput(f"{file} has no place for the tables: wanted {begin_mark} and {end_mark}")
    return f"{before}{begin}\n{content.strip()}\n{end}{after}"
