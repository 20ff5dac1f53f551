"""Our engines beside PyTorch's ways to run the same network, in one run, with shares of the limits.

    python benchmarks/gpu_peers.py --report benchmarks/peers-MACHINE.json
    python benchmarks/gpu_peers.py --model sspnet-lite --cut 1,11 --quick --report /tmp/peers.json

Needs edge3dpose[train] and what the backends need. Every executor that runs here takes part, in
turn, on the same real people, from the host's memory to the host's memory. On a GPU that is FP16,
on a CPU FP32. Limits are a large matrix product and a large copy, measured by PyTorch in the run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import click
import limits as lim
import numpy as np
import torch
import torch_peers

from edge3dpose import machine, storage
from edge3dpose.bench.plan import Plan
from edge3dpose.bench.timing import EngineCalls, measure_in_turn
from edge3dpose.compiler import crops, graph
from edge3dpose.compiler.cut import cut as cut_out
from edge3dpose.compiler.parity import distances_mm
from edge3dpose.compiler.tensors import open_tensor_reader
from edge3dpose.engine_types import Engine, EngineConfig, Precision, Weights
from edge3dpose.errors import Edge3DPoseError
from edge3dpose.models import parse_cuts
from edge3dpose.records import to_json
from edge3dpose.runtime import backends
from edge3dpose.selection.engine import open_engine
from edge3dpose.types import Array

WAYS = {"cuda": ("eager", "compile", "graph"), "cpu": ("eager",)}
FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True)
class Setting:
    """What is the same for every network."""

    device: str
    dtype: torch.dtype
    ways: tuple[str, ...]  # of PyTorch
    backends: tuple[str, ...]
    plan: Plan
    engines: Path


@click.command()
@click.option("--model", "models", default="sspnet-lite,hemlets", show_default=True)
@click.option("--cut", default="1,3,8,11,16,23,24", show_default=True, help="of SSP-Net")
@click.option(
    "--backend", default="all", show_default=True, help="B,B,..., all that run here, none"
)
@click.option("--torch", "ways", help="eager,compile,graph.  [default: all on a GPU, else eager]")
@click.option("--people", default=8, show_default=True, help="real crops of the bundled clip")
@click.option("--quick", is_flag=True, help="2 rounds of 5 calls")
@click.option("--report", type=FILE, required=True)
def main(
    models: str, cut: str, backend: str, ways: str | None, people: int, quick: bool, report: Path
) -> None:
    """Measure, print a table, write the report."""
    with tempfile.TemporaryDirectory() as scratch:
        setting = _setting(backend, ways, quick, Path(scratch) / "engines")
        content = _header(setting)
        for model in models.split(","):
            net, weights = torch_peers.network_of(model, Path(scratch))
            images = crops.from_source("sample", weights.spec, people)
            cuts = [1] if weights.spec.cuts == 1 else parse_cuts(cut, weights.spec)
            for number in cuts:
                content["rows"] += _rows(setting, net, weights, number, images)
                _add_shares(content, setting)
                storage.save_json(report, content)  # what was measured so far is kept
                click.echo(f"{model} cut {number} is measured", err=True)
    click.echo(_table(content))
    click.echo(f"wrote {report}")


def _add_shares(content: dict[str, Any], setting: Setting) -> None:
    """Measure the limits again; give every row its share of the best ones."""
    limits = lim.better(
        lim.Limits(**content["limits"]), lim.of_device(setting.device, setting.dtype)
    )
    content["limits"] = asdict(limits)
    for row in content["rows"]:
        if "failed" not in row:
            took_s = row["engine"]["p50_ms"] / 1000
            row["share_of_limits"] = lim.shares(lim.Work(**row["work"]), limits, took_s)


def _setting(backend: str, ways: str | None, quick: bool, engines: Path) -> Setting:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.float16 if device == "cuda" else torch.float32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    here = [name for name in backends.names() if not _problem(name)] if backend == "all" else []
    named = [name for name in backend.split(",") if name not in ("all", "none")]
    return Setting(
        device,
        dtype,
        tuple(ways.split(",")) if ways else WAYS[device],
        (*here, *named),
        Plan(rounds=2, calls=5, warm_up=2) if quick else Plan(rounds=10, calls=100, warm_up=20),
        engines,
    )


def _header(setting: Setting) -> dict[str, Any]:
    name = torch.cuda.get_device_name() if setting.device == "cuda" else "CPU"
    return machine.report_header("peers") | {
        "device": name,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "dtype": str(setting.dtype),
        "limits": asdict(lim.of_device(setting.device, setting.dtype)),
        "plan": asdict(setting.plan),
        "rows": [],
    }


def _problem(backend: str) -> str:
    """Why a backend cannot run here; empty where it can."""
    plugin = backends.find(backend)
    try:
        plugin.version()
    except Edge3DPoseError as error:
        return str(error)
    return plugin.problem()


def _rows(
    setting: Setting, net: Any, weights: Weights, cut: int, images: Array
) -> Iterator[dict[str, Any]]:
    """A row an executor: its times, what it differs by, what it has to do."""
    spec = weights.spec
    model = cut_out(graph.load(weights.onnx), spec, cut)
    read_tensors = open_tensor_reader(model)
    wanted = np.concatenate(
        [read_tensors(images[n : n + 1])[spec.head(cut)] for n in range(len(images))]
    )
    tensors = [images[n : n + 1] for n in range(len(images))]
    with ExitStack() as opened:
        measured = []
        for facts, engine in _entrants(setting, net, weights, cut):
            facts = {"model": spec.name, "state": weights.card.get("state"), "cut": cut, **facts}
            if engine is None:
                yield facts
                continue
            opened.enter_context(closing(engine))
            outputs = np.concatenate([np.array(engine(tensor)) for tensor in tensors])
            mm = distances_mm(outputs, wanted, spec)
            facts["differs_mm"] = {"p50": _rounded(np.median(mm)), "max": _rounded(mm.max())}
            measured.append((facts, EngineCalls(engine, tensors)))
        if measured:
            measure_in_turn([calls for _, calls in measured], setting.plan)
    for facts, calls in measured:
        row = facts | {"engine": to_json(calls.timing())}
        work = lim.work_of(model, spec.head(cut), half=row["precision"] == "fp16")
        yield row | {"work": asdict(work)}


def _entrants(
    setting: Setting, net: Any, weights: Weights, cut: int
) -> Iterator[tuple[dict[str, Any], Engine | None]]:
    """Facts and engine of each; no engine, and why not, where one cannot be had."""
    device, dtype = setting.device, setting.dtype
    precision = "fp16" if dtype == torch.float16 else "fp32"
    forward = torch_peers.forward_of(net, cut, device, dtype)
    for way in setting.ways:
        engine = torch_peers.TorchEngine(forward, weights.spec, device, dtype, way)
        yield {"executor": f"torch {way}", "precision": precision}, engine
    for name in setting.backends:
        precision = "fp16" if backends.find(name).is_gpu else "fp32"
        facts = {"executor": name, "precision": precision}
        try:
            config = EngineConfig(weights, cut, cast(Precision, precision), name)
            yield facts, open_engine(config, setting.engines)
        except Edge3DPoseError as error:
            yield facts | {"failed": str(error)}, None


def _table(content: dict[str, Any]) -> str:
    limits = content["limits"]
    return "\n".join(
        [
            f"\n{content['device']}, {content['dtype']}: {limits['tflops']:.3g} TFLOP/s in a "
            f"matrix product, {limits['gb_s']:.3g} GB/s in a copy",
            "\n| model | cut | executor | precision | p50 ms | p90 | p99 | FPS | mm from FP32 "
            "(p50, max) | of arithmetic | of bandwidth |",
            f"|---|--:|---|---|{'--:|' * 7}",
            *(_line(row) for row in content["rows"]),
        ]
    )


def _line(row: dict[str, Any]) -> str:
    begins = f"| {row['model']} | {row['cut']} | {row['executor']} | {row['precision']} |"
    if "failed" in row:
        return f"{begins} {row['failed']} |"
    took, reached = row["engine"], row["share_of_limits"]
    ms = " | ".join(f"{took[f'p{p}_ms']:.2f}" for p in (50, 90, 99))
    mm = f"{row['differs_mm']['p50']:.2f}, {row['differs_mm']['max']:.2f}"
    shares = f"{reached['arithmetic']:.1%} | {reached['bandwidth_layers']:.1%}"
    return f"{begins} {ms} | {took['fps']:.1f} | {mm} | {shares} |"


def _rounded(value: np.floating | float) -> float:
    return round(float(value), 3)


if __name__ == "__main__":
    main()
