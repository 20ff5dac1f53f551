"""A model's card and its reports -> one page of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from edge3dpose.reports import accuracy
from edge3dpose.reports.accuracy_rows import AblationReport, AccuracyReport
from edge3dpose.reports.columns import CUT, FIGURES, Column, Figure, Table, make_table
from edge3dpose.reports.templating import render

# Data set -> how its columns begin; figures -> the tables that they stand in
_NAMES = {
    "synthetic-mocap": "captured poses",
    "synthetic-mocap-mirrored": "captured poses, flip test",
    "synthetic": "widened poses",
    "synthetic-overhead": "from above",
    "mocap": "real clips",
    "clip": "sample clip",
    "photos": "gym photos",
}
_TABLES = (
    ("mpjpe_mm", "pa_mpjpe_mm"),
    ("pck150", "auc", "mpjpe_own_depth_mm", "root_depth_error"),
    ("pck50", "pck20"),
)
_MORE_FIGURES_OF = ("synthetic", "clip", "photos")  # in the second and third table


def page(
    card: dict[str, Any], reports: Iterable[AccuracyReport], trials: Iterable[AblationReport]
) -> str:
    """The page of the model whose card this is; reports of other weights are left out."""
    own = [report for report in reports if report.weights_sha256 == card["sha256"]]
    return render(
        "model_card.md",
        card=card,
        facts=_facts(card),
        cuts=_cut_tables(own),
        own=own,
        accuracy=accuracy,
        trials=[report for report in trials if report.model == card["model"]],
    )


def _facts(card: dict[str, Any]) -> list[str]:
    run = card.get("training", {})
    lines = [f"{card['state']}, {card['licence']}, weights `{card['sha256'][:12]}`"]
    for name, found in card.get("data", {}).items():
        text = "; ".join(map(_without_hash, found)) if isinstance(found, list) else found
        lines.append(f"{name.replace('_', ' ')}: {text}")
    if run:
        if (made_of := run.get("recipe", {}).get("model", card["model"])) != card["model"]:
            lines.append(f"made of {made_of} without more training; what follows is that model's")
        machines = "; ".join(run.get("machines", ())) or "an unknown machine"
        samples, steps, hours = (run.get(name) or 0 for name in ("samples", "steps", "hours"))
        lines.append(f"{samples} samples in {steps} steps, {hours} h on {machines}")
        if before := run.get("encoder_put_back_at"):
            lines.append(
                f"the encoder was trained too in the first {before} samples; then the published "
                "weights were put back and the heads were trained further"
            )
        recipe = ", ".join(f"{name} {value}" for name, value in run.get("recipe", {}).items())
        lines.append(f"recipe: {recipe}")
    return lines


def _without_hash(fact: str) -> str:
    return " ".join(word for word in fact.split() if len(word) != 64)


def _cut_tables(reports: Sequence[AccuracyReport]) -> list[Table]:
    """Errors by cut: MPJPE and PA-MPJPE of every data set, then more figures of some."""
    rows = {
        report.dataset.name: {row.cut: row.figures for row in report.cuts}
        for report in reports
        if report.dataset.name in _NAMES
    }
    cuts = sorted({cut for one in rows.values() for cut in one})
    tables = []
    for n, keys in enumerate(_TABLES):
        columns: list[Column] = [(CUT, lambda cut: cut)]
        for name in (name for name in _NAMES if name in rows):
            if n == 0 or name in _MORE_FIGURES_OF:
                columns += [(_titled(name, key), _figure(rows[name], key)) for key in keys]
        table = make_table("", cuts, columns)
        if len(table.headings) > 1:
            tables.append(table)
    return tables


def _titled(dataset: str, key: str) -> Figure:
    known = FIGURES[key]
    return Figure(key, f"{_NAMES[dataset]}, {known.title}", known.unit, known.form, known.better)


def _figure(by_cut: dict[int, dict[str, float | None]], key: str) -> Callable[[int], float | None]:
    return lambda cut: by_cut.get(cut, {}).get(key)
