"""Models as tables: one line a model, or one line a cut; both fit into 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge3dpose.models._summary import CutSummary, ModelSummary
from edge3dpose.reports.columns import CUT, Column, Figure, Table, make_table

_PARAMS = Figure("params", "params", form=".2f")
_MACS = Figure("macs", "GMACs", form=".3f")
_MB = Figure("mb", "MB")
_ERRORS = (  # of the model card; the headings are short, for 80 columns
    Figure("mpjpe_mm", "MPJPE", better="lower"),
    Figure("pa_mpjpe_mm", "PA", better="lower"),
    Figure("mocap_mpjpe_mm", "mocap MPJPE", better="lower"),
    Figure("mocap_pa_mpjpe_mm", "mocap PA", better="lower"),
    Figure("pck20", "PCK@0.2", form=".3f", better="higher"),
)
LEGEND = (
    "params in millions; GMACs of one person; MB of the FP32 weights\n"
    "MPJPE, PA: MPJPE and PA-MPJPE on held-out synthetic people, mm"
)
CUTS_LEGEND = (
    f"{LEGEND}\n"
    "mocap: the same in captured poses, the others are widened as in training\n"
    "PCK@0.2: 2D, within 0.2 torso lengths, on a clip"
)


def models_table(summaries: Sequence[ModelSummary]) -> Table:
    """A row a model: cost and error of its best cut."""

    def of_best(value: Callable[[CutSummary], float | None]) -> Callable[[ModelSummary], object]:
        return lambda one: None if one.best is None else value(one.best)

    columns: list[Column] = [
        ("model", lambda one: one.spec.name),
        ("best cut", _best_cut),
        (_MB, lambda one: one.size_bytes / 1e6 if one.weights else None),
        (_PARAMS, of_best(lambda cut: cut.params / 1e6)),
        (_MACS, of_best(lambda cut: cut.macs / 1e9)),
        *((figure, of_best(_error(figure.key))) for figure in _ERRORS[:2]),
        ("weights", lambda one: one.state),
    ]
    return make_table("models", summaries, columns, mark_best=False)


def _best_cut(one: ModelSummary) -> str:
    best = "-" if one.best is None else one.best.cut
    return f"{best} of {one.spec.cuts}"


def cuts_table(summary: ModelSummary) -> Table:
    """A row a cut of one model."""
    columns: list[Column] = [
        (CUT, lambda one: one.cut),
        (_PARAMS, lambda one: one.params / 1e6),
        (_MACS, lambda one: one.macs / 1e9),
        (_MB, lambda one: one.weight_bytes / 1e6),
        *((figure, _error(figure.key)) for figure in _ERRORS),
    ]
    return make_table(headline(summary), summary.cuts, columns)


def headline(summary: ModelSummary) -> str:
    """Cuts, input, skeleton, training and licence of a model in a line."""
    spec = summary.spec
    S = spec.input_size
    shape = f"{spec.name}: {spec.cuts} cuts, input {S}x{S}, {spec.skeleton.name}"
    if summary.weights is None:
        return f"{shape}; no weights: edge3dpose train --model {spec.name}"
    card = summary.weights.card
    run = card.get("training") or {}
    trained = [f"{run[name]} {name}" for name in ("hours", "samples") if name in run]
    facts = [summary.state, *trained, card.get("licence", "")]
    return f"{shape}; {', '.join(fact for fact in facts if fact)}"


def _error(name: str) -> Callable[[CutSummary], float | None]:
    def error(one: CutSummary) -> float | None:
        value = one.errors.get(name)
        return value if isinstance(value, int | float) else None

    return error
