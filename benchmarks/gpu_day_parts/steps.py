"""What a day at a GPU does, in order: each step is a command line of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PYTHON = "python"  # first word of a command: the Python that runs this
CLI = (PYTHON, "-m", "edge3dpose")
GPU_BACKENDS = ("tensorrt", "tensorrt-rtx", "onnxruntime-cuda")
PACKAGES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}  # as doctor calls them
DRIVER = "NVIDIA driver"  # as doctor calls it


@dataclass(frozen=True)
class Step:
    """One command line.

    limit_s  it is ended after so many seconds
    needs    what doctor must have found, by its subject
    after    steps that must have worked
    report   file that the command writes; its content goes into the day's report
    prints   the report is the command's standard output
    """

    name: str
    command: tuple[str, ...]
    limit_s: float
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    report: Path | None = None
    prints: bool = False


@dataclass(frozen=True)
class Day:
    """What is the same for all steps.

    out           folder of everything that is written
    root          folder of the sources: benchmarks/ and tests/ lie in it
    backends      in the order in which they are tried
    precisions    that are built, the first is that of run and of switching cuts
    cuts          of sspnet-lite, as --cut takes them
    few           tiny sizes
    train_min     minutes of training; sspnet gets two thirds of them
    train_options of every training
    """

    out: Path
    root: Path
    backends: tuple[str, ...] = GPU_BACKENDS
    precisions: tuple[str, ...] = ("fp16", "int8")
    cuts: str = "all"
    few: bool = False
    train_min: float = 0.0
    train_options: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """What every step at the device needs."""
        return () if self.few else (DRIVER,)

    @property
    def engines(self) -> tuple[str, str]:
        """The option that names the folder of engines."""
        return "--engines", str(self.out / "engines")

    def report(self, name: str, ending: str = "json") -> Path:
        """File of a step's report."""
        return self.out / "reports" / f"{name}.{ending}"

    def script(self, name: str) -> tuple[str, str]:
        """Command line of a script of benchmarks/."""
        return PYTHON, str(self.root / "benchmarks" / name)


def steps(day: Day) -> list[Step]:
    """All of them, in order; doctor first, training last."""
    found = [
        *_machine(day),
        *_tests(day),
        *(step for backend in day.backends for step in _engines(day, backend)),
        *(step for backend in day.backends for step in _speeds(day, backend)),
        _peers(day),
        *_trainings(day),
    ]
    assert len({step.name for step in found}) == len(found)
    return found


def _machine(day: Day) -> Iterator[Step]:
    doctor = day.report("doctor")
    yield Step("doctor", (*CLI, "doctor", "--json"), 120, report=doctor, prints=True)
    yield Step("driver", ("nvidia-smi", "-q"), 60, needs=(DRIVER,))


def _tests(day: Day) -> Iterator[Step]:
    tests = day.root / "tests" / "runtime"
    pytest = (PYTHON, "-m", "pytest", "-o", "addopts=-ra", "-p", "no:cacheprovider", "-m", "gpu")
    needs = () if day.few else (DRIVER, "cuda-bindings", "NVRTC")  # without them all are skipped
    crop = (str(tests / "test_cuda_gpu.py"), "-k", "crops_kernel")
    yield Step("crop-kernel", (*pytest, *crop), 240, needs)
    every = sorted(str(file) for file in tests.glob("test_*_gpu.py"))
    yield Step("gpu-tests", (*pytest, *every), 600, needs)


def _engines(day: Day, backend: str) -> Iterator[Step]:
    """First one cut, which says whether the card is accepted; then all, with parity in mm."""
    first = f"accepts-{backend}"
    for name, model, cuts, precision, limit_s in (
        (first, "sspnet-lite", "1", day.precisions[0], 300),
        *(
            (f"build-{backend}-{model}-{precision}", model, cuts, precision, limit_s)
            for precision in _precisions(day, backend)
            for model, cuts, limit_s in (
                ("sspnet-lite", day.cuts, 1800),
                ("hemlets-edge", "all", 300),
            )
        ),
    ):
        wanted = ("--model", model, "--cut", cuts, "--precision", precision, "--backend", backend)
        report = day.report(name)
        command = (*CLI, "build-engine", *wanted, *day.engines, "--report", str(report))
        after = () if name == first else (first,)
        yield Step(name, command, limit_s, _needs(day, backend), after, report)


def _speeds(day: Day, backend: str) -> Iterator[Step]:
    """Alone, end to end and energy; run itself; cuts switched while running."""
    needs, first = _needs(day, backend), (f"accepts-{backend}",)
    few = ("--rounds", "1", "--calls", "2", "--max-frames", "4") if day.few else ()
    for model, cuts in (("sspnet-lite", day.cuts), ("hemlets-edge", "all")):
        name = f"speed-{backend}-{model}"
        wanted = ("--model", model, "--cut", cuts, "--backend", backend)
        precisions = ("--precision", ",".join(_precisions(day, backend)))
        report = day.report(name)
        files = ("--report", str(report), "--html", str(day.report(name, "html")))
        command = (*CLI, "benchmark", *wanted, *precisions, *few, *day.engines, *files)
        yield Step(name, command, 1200, needs, first, report)
    chosen = ("--backend", backend, "--precision", day.precisions[0], *day.engines)
    poses = ("--no-show", "--overwrite", "--jsonl", str(day.report(f"run-{backend}", "jsonl")))
    short = ("--max-frames", "4") if day.few else ()
    run = (*CLI, "run", "--source", "sample", *chosen, *poses, *short)
    yield Step(f"run-{backend}", run, 180, needs, first)
    report = day.report(f"switching-{backend}")
    phase = ("--phase-s", "0.5", "--load", "1") if day.few else ()
    switching = (*day.script("governor.py"), *chosen, *phase, "--report", str(report))
    yield Step(f"switching-{backend}", switching, 600, needs, first, report)


def _peers(day: Day) -> Step:
    report = day.report("peers")
    few = ("--model", "sspnet-lite", "--cut", "1", "--quick", "--people", "2")
    chosen = (*few, "--backend", ",".join(day.backends)) if day.few else ()
    command = (*day.script("gpu_peers.py"), *chosen, "--report", str(report))
    return Step("peers", command, 1500, day.needs, (), report)


def _trainings(day: Day) -> Iterator[Step]:
    """The paper's network first; --resume goes on with what an earlier day has learned."""
    if not day.train_min:
        return
    for model, share in (("sspnet", 2 / 3), ("sspnet-lite", 1 / 3)):
        folder = day.out / "train" / model
        hours = f"{day.train_min * share / 60:.4f}"
        command = (*CLI, "train", "--model", model, "--out", str(folder), "--hours", hours)
        besides_s = (
            600 if day.few else 300
        )  # opening, the last held-out error, export; a CPU is slow
        limit_s = 60 * day.train_min * share + besides_s
        resume = ("--resume",) if (folder / "checkpoint.safetensors").exists() else ()
        shipped = str(day.root / "edge3dpose" / "weights" / "sspnet-lite.onnx")
        start = ("--start-from", shipped) if model == "sspnet-lite" else ()
        options = (*start, *day.train_options, *resume)
        yield Step(f"train-{model}", (*command, *options), limit_s, day.needs)


def _precisions(day: Day, backend: str) -> tuple[str, ...]:
    """ONNX Runtime's CUDA has no kernel for our INT8 convolutions."""
    return tuple(p for p in day.precisions if (backend, p) != ("onnxruntime-cuda", "int8"))


def _needs(day: Day, backend: str) -> tuple[str, ...]:
    package = PACKAGES.get(backend)
    return (*day.needs, package) if package else day.needs
