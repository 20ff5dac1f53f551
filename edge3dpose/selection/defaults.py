"""Options that name an engine, and the engine they come to: for run, benchmark and evaluate."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from edge3dpose import models, nvidia, paths, plugins
from edge3dpose.errors import BadInput
from edge3dpose.types import PRECISIONS, Engine, ModelSpec, Precision, Weights

Function = TypeVar("Function", bound=Callable[..., Any])

BACKENDS = ("onnxruntime", "openvino", "tensorrt", "tensorrt-rtx", "onnxruntime-cuda")
NEAR = 1.02  # times the smallest error: what a deeper cut wins by less is not seen
GPU_PACKAGES = {  # in the order in which auto takes them
    "tensorrt": "tensorrt",
    "tensorrt-rtx": "tensorrt_rtx",
    "onnxruntime-cuda": "onnxruntime",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be run, and why each `auto` came to what it is."""

    weights: Weights
    cut: int
    precision: Precision
    backend: str
    threads: int | None
    why: tuple[str, ...]

    @property
    def spec(self) -> ModelSpec:
        """The model's spec."""
        return self.weights.spec

    @property
    def text(self) -> str:
        """One line of it."""
        return f"{self.spec.name} cut {self.cut}, {self.precision}, {self.backend}"


def engine_options(command: Function) -> Function:
    """Add --model --weights --cut --precision --backend --engines --threads to a command."""
    for option in reversed(
        (
            click.option("--model", default="sspnet-lite", show_default=True, help="see: models"),
            click.option(
                "--weights",
                type=click.Path(path_type=Path, dir_okay=False),
                help="ONNX file of your own, with its card beside it.  [default: the one shipped]",
            ),
            click.option("--cut", default="auto", show_default=True, help="a number, or auto"),
            click.option(
                "--precision",
                type=click.Choice([*PRECISIONS, "auto"]),
                default="auto",
                show_default=True,
            ),
            click.option(
                "--backend",
                type=click.Choice([*BACKENDS, "auto"]),
                default="auto",
                show_default=True,
            ),
            click.option(
                "--engines",
                type=click.Path(path_type=Path, file_okay=False),
                help=f"folder of built engines.  [default: {paths.engines_folder()}]",
            ),
            click.option(
                "--threads",
                type=click.IntRange(min=1),
                help="of a CPU backend.  [default: its own]",
            ),
        )
    ):
        command = option(command)
    return command


def choose(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    precision: str,
    backend: str,
    threads: int | None = None,
) -> Choice:
    """Settle every `auto`. Raises BadInput and EngineMismatch for what cannot be."""
    opened = models.open_weights(models.find(model), weights)
    why = []
    if backend == "auto":
        backend, reason = best_backend()
        why.append(f"backend {backend}: {reason}")
    if cut == "auto":
        number, reason = best_cut(opened)
        why.append(f"cut {number}: {reason}")
    else:
        number = _one_cut(cut, opened.spec)
    if precision == "auto":
        precision, reason = best_precision(backend, shipped=weights is None)
        why.append(f"precision {precision}: {reason}")
    if threads is not None and backend in GPU_PACKAGES:
        raise BadInput(f"--threads is for the CPU backends, not for {backend}")
    return Choice(opened, number, cast(Precision, precision), backend, threads, tuple(why))


def open_chosen(
    choice: Choice,
    engines: Path | None = None,
    *,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[Engine, Path]:
    """The engine, built first where the cache has none, and its file."""
    path = ensure_built(choice, engines, progress=progress)
    backend = plugins.load("runtime.backends", choice.backend)
    more = {} if choice.threads is None else {"threads": choice.threads}
    return backend.open_engine(path, choice.spec, **more), path


def ensure_built(
    choice: Choice,
    engines: Path | None = None,
    *,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """The file of the engine, built where the cache has none."""
    from edge3dpose.compiler import cache
    from edge3dpose.compiler.order import key_fields, place_order

    folder = engines or paths.engines_folder()
    wanted = choice.weights, choice.cut, choice.precision, choice.backend
    found = cache.look_up(folder, key_fields(place_order(*wanted)))
    if found.hit:
        return found.engine
    # only now: the compiler and onnx take 30 MB
    from edge3dpose.compiler.build import ensure_engine

    return ensure_engine(*wanted, engines=folder, progress=progress)


def best_backend() -> tuple[str, str]:
    """The fastest backend that this machine can run, and why it is that one."""
    driver = nvidia.probe()
    for backend, package in GPU_PACKAGES.items() if not driver.problem else ():
        if not plugins.load("runtime.backends", backend).problem():
            return backend, f"{driver.devices[0].name} and {package} for it are here"
    if importlib.util.find_spec("openvino"):
        return "openvino", "no NVIDIA device that can be used; faster than onnxruntime on CPUs"
    return "onnxruntime", "neither an NVIDIA device that can be used nor openvino is here"


def best_precision(backend: str, *, shipped: bool) -> tuple[Precision, str]:
    """What needs no calibration and is the quickest of that, and why.

    shipped  whether the weights are the package's: those are known to bear BF16
    """
    if backend in GPU_PACKAGES:
        return "fp16", "a GPU's own speed, the head stays in FP32"
    if plugins.load("runtime.backends", backend).unsupported_reason("bf16"):
        return "fp32", "exact, and the CPU needs no calibration for it"
    if not shipped:
        return "fp32", "exact; this CPU is quicker with --precision bf16, if these weights bear it"
    return "bf16", "this CPU computes in it, much quicker than in fp32, which is exact"


def best_cut(weights: Weights) -> tuple[int, str]:
    """The first cut whose error by the model's card is nearly the smallest, and why.

    The last one where the card holds no error.
    """
    ranked = cuts_by_error(weights)
    if not ranked:
        return weights.spec.cuts, "the last one, for the model card holds no error of any cut"
    best, best_mm = ranked[0]
    cut, error_mm = min(entry for entry in ranked if entry[1] <= NEAR * best_mm)
    if cut == best:
        return cut, f"the smallest error by the model card, {error_mm:.1f} mm"
    return cut, (
        f"{error_mm:.1f} mm by the model card, within {NEAR - 1:.0%} of the best "
        f"(cut {best}, {best_mm:.1f} mm) and quicker"
    )


def cuts_by_error(weights: Weights) -> list[tuple[int, float]]:
    """(cut, MPJPE in mm on held-out people) by the card, best first; empty where none is known."""
    known = weights.card.get("cuts") or {}
    errors = [
        (int(cut), float(figures["mpjpe_mm"]))
        for cut, figures in known.items()
        if isinstance(figures, dict) and isinstance(figures.get("mpjpe_mm"), int | float)
    ]
    return sorted(errors, key=lambda entry: (entry[1], entry[0]))


def listed(option: str, text: str, known: Sequence[str]) -> list[str]:
    """'fp32,int8' -> names, each once; BadInput for one that is not known."""
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in (*known, "auto"):
            raise BadInput(f"{option} {name!r}: wanted auto or some of {', '.join(known)}")
    return names


def with_cut(choice: Choice, cut: int, why: str) -> Choice:
    """The same choice with another cut, and the reason for it."""
    kept = tuple(reason for reason in choice.why if not reason.startswith("cut "))
    return replace(choice, cut=cut, why=(*kept, f"cut {cut}: {why}"))


def _one_cut(text: str, spec: ModelSpec) -> int:
    cuts = models.parse_cuts(text, spec)
    if len(cuts) != 1:
        raise BadInput(f"--cut {text}: wanted one cut or auto")
    return cuts[0]
