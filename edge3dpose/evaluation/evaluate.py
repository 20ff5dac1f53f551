"""What edge3dpose evaluate does, apart from its options, so that --help stays light."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from edge3dpose import models, plugins
from edge3dpose.commands._progress import builds
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import outcome
from edge3dpose.evaluation.agreement_2d import agreement, progress
from edge3dpose.evaluation.all_heads import open_heads
from edge3dpose.evaluation.datasets import people_of
from edge3dpose.evaluation.errors_3d import measured
from edge3dpose.evaluation.predictions import AllCuts
from edge3dpose.evaluation.synthetic import rendered
from edge3dpose.reports import accuracy, plots
from edge3dpose.reports import rows as report_rows
from edge3dpose.reports.columns import wide_console
from edge3dpose.runtime.flip_test import flip_tested
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.types import EngineRequest, Weights


def evaluate(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    dataset: str,
    root: str | None,
    backend: str | None,
    precision: str,
    engines: Path | None,
    people: int,
    first_seed: int,
    motion: str,
    overhead: bool,
    split: str,
    looks: int,
    mirror: bool,
    labels: Path | None,
    teacher: Path | None,
    against: tuple[Path, ...],
    report: Path | None,
    plot: Path | None,
    write_card: bool,
    require_mpjpe_mm: float | None,
    require_pck: float | None,
) -> None:
    """See the command's help."""
    spec = models.find(model)
    opened = models.open_weights(spec, weights)
    cuts = sorted(set(models.parse_cuts(cut, spec)))
    if write_card and backend:
        raise BadInput("--write-card keeps the errors of the model's own file: leave out --backend")
    if write_card and mirror:
        raise BadInput("--write-card keeps the errors of one look: leave out --mirror")
    if write_card and overhead:
        raise BadInput("--write-card keeps the errors of the fixed ruler: leave out --overhead")
    if plot and dataset in ("clip", "photos"):
        raise BadInput("--plot shows where 3D errors live: --dataset synthetic, or one with truth")
    if plot:
        plots.require_matplotlib("--plot")
    with _network(opened, cuts, backend, precision, engines) as network:
        if mirror:
            network = flip_tested(network, spec.skeleton)
        details: dict[str, Any] = {}
        if dataset == "synthetic" or dataset in plugins.names("training.datasets"):
            if dataset == "synthetic":
                facts, shown = rendered(spec, root, people, first_seed, motion, overhead=overhead)
            else:
                facts, shown = people_of(dataset, root, split, spec)
            people_shown = progress(shown, "looking")
            rows, details = measured(network, people_shown, spec, cuts, against, looks)
            facts["looks"] = looks
        else:
            facts, rows = agreement(
                opened.spec, network, cuts, _looked_at(dataset, root), labels, teacher
            )
    if mirror:
        facts["name"] += "-mirrored"
    facts |= {"backend": backend or "openvino, every head at once", "precision": precision}
    content = outcome.report_of(opened, facts, rows, details)
    accuracy.print_tables(content, wide_console())
    if report is not None:
        report_rows.save(content, report)
        click.echo(f"wrote {report}")
    if plot is not None:
        plots.save(plots.error_chart(content), plot)
        click.echo(f"wrote {plot}")
    if write_card:
        click.echo(f"wrote {outcome.write_card(opened, content)}")
    outcome.check_thresholds(rows, require_mpjpe_mm, require_pck)


def _looked_at(dataset: str, root: str | None) -> str:
    """The clip or the folder of photos that is scored."""
    if dataset == "clip":
        return root or "sample"
    if root is None or not Path(root).is_dir():
        raise BadInput(f"--dataset photos takes a folder of pictures with --root, not {root}")
    return root


@contextlib.contextmanager
def _network(
    weights: Weights, cuts: list[int], backend: str | None, precision: str, engines: Path | None
) -> Iterator[AllCuts]:
    """What answers for the cuts: the model's own file, or an engine for each cut."""
    if backend is None:
        if precision != "fp32":
            raise BadInput(f"--precision {precision} is of an engine: say which --backend")
        heads, rows = open_heads(weights), [cut - 1 for cut in cuts]
        yield lambda images: heads(images)[rows]
        return
    with contextlib.ExitStack() as stack:
        opened = []
        for cut in cuts:
            request = EngineRequest(weights.spec.name, weights.onnx, cut, precision, backend)
            config = resolve(request)
            with builds() as progress:
                engine = open_engine(config, engines, progress)
            stack.callback(engine.close)
            opened.append(engine)
        yield lambda images: np.stack([np.array(engine(images)) for engine in opened])
