"""What edge3dpose train does, apart from its options, so that --help stays light."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from edge3dpose import machine, models, paths
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.training.data.label_real import label_sources
from edge3dpose.training.data.loader import stream
from edge3dpose.types import ModelSpec

SPREAD = 2000  # people in the histograms of a preview


def train(
    *,
    model: str,
    assets: Path | None,
    prepare: bool,
    data: Path | None,
    real: Path | None,
    dataset: tuple[str, ...],
    label: tuple[Path, ...],
    teachers: Path | None,
    encoder: Path | None,
    start_from: Path | None,
    out: Path,
    resume: bool,
    setting: tuple[str, ...],
    steps: int | None,
    samples: int | None,
    hours: float | None,
    workers: int,
    preview: int | None,
    fit_convention: Path | None,
    export_only: bool,
    device: str,
) -> None:
    """See the command's help."""
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("edge3dpose").setLevel(logging.INFO)
    spec = models.find(model)
    _need_torch()
    # data sets replace the renders, unless both are asked for
    learned_from = assets if dataset else assets or paths.home() / "data" / "synthetic.npz"
    assets = assets or paths.home() / "data" / "synthetic.npz"
    if prepare:
        _prepare(data, assets)
    out.mkdir(parents=True, exist_ok=True)
    if label:
        label_sources(label, teachers, real or out / "real.npz")
    elif fit_convention:
        _fit_convention(assets, fit_convention, spec)
    elif preview:
        _preview(assets, preview, out, spec)
    elif export_only or steps == 0:
        _export(model, spec, out, encoder, trained=export_only)
    else:
        leads = _train(
            *(spec, learned_from, real, dataset, encoder, start_from, out),
            resume=resume,
            setting=setting,
            samples=samples,
            hours=hours,
            workers=workers,
            device=device,
        )
        if leads:
            _export(model, spec, out, encoder, trained=True)


def _need_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingDependency(
            "training needs PyTorch, which is not installed; pip install 'edge3dpose[train]'"
        ) from None


def _prepare(data: Path | None, assets: Path) -> None:
    from edge3dpose.training.synthesis.bake import bake

    if data is None:
        raise BadInput("--prepare needs --data, the folder with bodies, motion and backgrounds")
    bake(data, assets)


def _fit_convention(assets: Path, teacher: Path, spec: ModelSpec) -> None:
    from edge3dpose.training.teacher import convention
    from edge3dpose.training.teacher.convention_fit import fit_on_renders

    fit_on_renders(assets, teacher, spec, count=1500)
    click.echo(f"wrote {convention.FILE}")


def _preview(assets: Path, count: int, out: Path, spec: ModelSpec) -> None:
    from edge3dpose.training import recipes
    from edge3dpose.training.synthesis import preview, spread

    sheet, histograms = out / "preview.png", out / "spread.png"
    overhead = recipes.find(spec.name).overhead
    rate = preview.contact_sheet(assets, count, sheet, size=spec.input_size, overhead=overhead)
    spread.plot(assets, SPREAD, histograms, overhead=overhead)
    click.echo(f"wrote {sheet} and {histograms}; one process rendered {rate:.0f} pictures a second")


def _train(
    spec: ModelSpec,
    assets: Path | None,
    real: Path | None,
    dataset: tuple[str, ...],
    encoder: Path | None,
    start_from: Path | None,
    out: Path,
    *,
    resume: bool,
    setting: tuple[str, ...],
    samples: int | None,
    hours: float | None,
    workers: int,
    device: str,
) -> bool:
    """Whether this process is the one that writes."""
    import torch

    from edge3dpose.training import checkpoint, first_net, held_out, loop, plots, recipes, state
    from edge3dpose.training import distributed as teams
    from edge3dpose.training.data import batches, replay
    from edge3dpose.training.data import cached_features as begun
    from edge3dpose.training.nets import build

    team = teams.join()
    where = torch.device(_device(device))
    # torch counts physical cores; a step is a third quicker with both threads of each.
    torch.set_num_threads(max(1, machine.usable_cores() // team.here))
    saved_at = out / "checkpoint.safetensors"
    if resume:
        saved = checkpoint.load(saved_at)
        saved = replace(saved, recipe=recipes.changed(saved.recipe, setting))
        net = build(saved.recipe.model, saved.recipe.growth, saved.recipe.bins)
        training = state.resume(saved, net, where, team)
        if encoder is not None and not training.recipe.feature_distillation:
            first_net.put_encoder(net, encoder)
            state.begin_anew(training)
    elif saved_at.exists():
        raise BadInput(f"{saved_at} exists; go on with --resume or name another --out")
    else:
        recipe = recipes.find(spec.name)
        recipe = recipes.changed(recipe, setting)
        recipe = replace(recipe, samples=samples) if samples else recipe
        torch.manual_seed(0)
        net = first_net.first(spec, recipe, encoder, start_from)
        training = state.start(recipe, net, where, team)
    if training.recipe.feature_distillation:
        training.likeness = first_net.likeness(training.net, encoder, spec)
    people = stream(spec, assets, real, dataset, training.recipe, training.progress, team)
    entry: Any = training.net.entry
    begin = training.recipe.freeze_entry and training.recipe.replay and where.type == "cpu"
    made = begun.CachedFeatures(people, entry.encoder, spec) if begin else people
    renders = batches.loader(made, batch=8, workers=workers)
    if training.recipe.replay:
        recipe = training.recipe
        pool = replay.Pool(renders, spec, recipe.replay, draws=recipe.draws, seed=team.rank)
        source = pool.batches(recipe.batch, training.progress, team=team.size)
    else:
        source = batches.batches(renders, spec)
    judge = held_out.HeldOut(assets, spec) if assets and team.leads else None
    loop.run(training, source, out, hours=hours, judge=judge)
    if team.leads:
        plots.loss_plot(out / "log.csv", out / "loss.png")
        plots.held_out_plot(out / held_out.FILE, out / "held-out.png")
    teams.leave(team)
    return team.leads


def _export(model: str, spec: ModelSpec, out: Path, encoder: Path | None, *, trained: bool) -> None:
    import torch

    from edge3dpose.training import cards, checkpoint, export, first_net, recipes
    from edge3dpose.training.nets import build

    if trained:
        saved = checkpoint.load(out / "checkpoint.safetensors")
        net = build(model, saved.recipe.growth, saved.recipe.bins)
        net.load_state_dict(saved.part("ema"))
        card = cards.trained(saved)
    else:
        torch.manual_seed(0)
        recipe = recipes.find(model)
        net = first_net.fresh(recipe, encoder) if encoder else build(model, recipe.growth)
        card = cards.untrained(recipe.growth)
    file = export.export(net, spec, out, card)
    click.echo(f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB) and {file.with_suffix('.json')}")


def _device(asked: str) -> str:
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise BadInput("--device cuda: torch sees no CUDA device; use --device cpu")
    return asked
