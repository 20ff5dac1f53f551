"""A request with ``auto`` in it -> the engines that are used, and why they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from edge3dpose import checks, models
from edge3dpose.engine_types import (
    PRECISIONS,
    EngineConfig,
    EngineRequest,
    ModelSpec,
    Precision,
    Weights,
)
from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends

ERROR_TOLERANCE = 1.02  # times the smallest error: a cut within it is as good, and faster


def resolve(request: EngineRequest) -> EngineConfig:
    """Settle every ``auto`` of a request for one engine.

    Raises BadInput for what there is not, EngineMismatch for a damaged or swapped weights file.
    """
    asked = {"cut": request.cut, "precision": request.precision, "backend": request.backend}
    for name, text in asked.items():
        text = str(text)
        if text == "all" or "," in text:
            raise BadInput(f"--{name} {text}: wanted one {name} or auto")
    return resolve_all(request)[0]


def resolve_all(request: EngineRequest) -> list[EngineConfig]:
    """Settle a request for several engines: every cut with every precision and backend.

    cut, precision and backend may be lists with commas; cut may be "all".
    """
    if request.threads is not None:
        request = replace(request, threads=checks.count("threads", request.threads))
    model = request.model
    if isinstance(model, str) and model.endswith(".toml") and request.weights is None:
        _add(Path(model))
    weights = models.open_weights(models.find(request.model), request.weights)
    return [
        _settled(request, weights, (cut, precision, backend))
        for backend in _names("backend", request.backend, backends.names())
        for precision in _names("precision", request.precision, PRECISIONS)
        for cut in _cuts(str(request.cut), weights.spec)
    ]


def _add(spec_file: Path) -> None:
    """Add the model of a spec file that names its network, where that was not done yet."""
    if not models.is_added(spec_file) and models.names_network(spec_file):
        from edge3dpose.compiler import adopt  # with onnx, which takes 30 MB

        adopt.add(spec_file, replace=True)


def _settled(
    request: EngineRequest, weights: Weights, wanted: tuple[int | None, str, str]
) -> EngineConfig:
    """One engine. Of ``wanted`` the cut may be None, precision and backend "auto"."""
    cut, precision, backend = wanted
    why = []
    if backend == "auto":
        backend, reason = best_backend()
        why.append(f"backend {backend}: {reason}")
    if cut is None:
        cut, reason = best_cut(weights)
        why.append(f"cut {cut}: {reason}")
    if precision == "auto":
        shipped = request.weights is None
        precision, reason = backends.find(backend).auto_precision(shipped_weights=shipped)
        why.append(f"precision {precision}: {reason}")
    if request.threads is not None and not backends.find(backend).supports_threads:
        raise BadInput(f"--threads is for the CPU backends, not for {backend}")
    return EngineConfig(
        weights, cut, cast(Precision, precision), backend, request.threads, tuple(why)
    )


def best_backend() -> tuple[str, str]:
    """The fastest backend that this machine can run, and why it is that one."""
    ranked = [backend for backend in backends.find_all() if backend.auto_rank is not None]
    # where none can run, the last one's own error says what to install
    best = next((backend for backend in ranked if not backend.problem()), ranked[-1])
    return best.name, best.why_auto()


def best_cut(weights: Weights) -> tuple[int, str]:
    """The shallowest cut whose error by the model card is nearly the smallest, and why.

    The last cut where the card holds no error.
    """
    ranked = cuts_by_error(weights)
    if not ranked:
        return weights.spec.cuts, "the last one, for the model card holds no error of any cut"
    best, best_mm = ranked[0]
    cut, error_mm = min(entry for entry in ranked if entry[1] <= ERROR_TOLERANCE * best_mm)
    if cut == best:
        return cut, f"the smallest error by the model card, {error_mm:.1f} mm"
    return cut, (
        f"{error_mm:.1f} mm by the model card, within {ERROR_TOLERANCE - 1:.0%} of the best "
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


def with_cut(config: EngineConfig, cut: int, why: str) -> EngineConfig:
    """The same engine with another cut, and the reason for it."""
    kept = tuple(reason for reason in config.why if not reason.startswith("cut "))
    return replace(config, cut=cut, why=(*kept, f"cut {cut}: {why}"))


def listed(option: str, text: str, known: Sequence[str]) -> list[str]:
    """'fp32,int8' -> names, each once; BadInput for one that is neither known nor auto."""
    names = list(dict.fromkeys(checks.text(option, text).split(",")))
    for name in names:
        if name not in (*known, "auto"):
            raise BadInput(f"{option} {name!r}: wanted auto or some of {', '.join(known)}")
    return names


def _names(name: str, text: str, known: Sequence[str]) -> list[str]:
    return listed(f"--{name}", text, known)


def _cuts(text: str, spec: ModelSpec) -> list[int | None]:
    """The cuts that are asked for, each once; None for auto."""
    return [None] if text == "auto" else list(dict.fromkeys(models.parse_cuts(text, spec)))
