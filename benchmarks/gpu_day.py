"""A day at an NVIDIA GPU that needs no thinking: all that has never been run, in order.

    python benchmarks/gpu_day.py --out gpu-day                        everything but training
    python benchmarks/gpu_day.py --out gpu-day --train 120 --assets synthetic.npz
    python benchmarks/gpu_day.py --out DIR --rehearse                 on a CPU, tiny sizes
    python benchmarks/gpu_day.py --pack parts --with rtx              for an offline machine

Each step is a command line in a process of its own, with a time limit. Its result is saved at
once, so the same command goes on after a kill: what is done is skipped, what failed is tried again
after all others. gpu-day.json is the report, gpu-day.md the page. Exit code 1 where a step failed.
"""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click
from gpu_day_parts import packing, page, steps
from gpu_day_parts.running import DONE, FAILED, LATE, LEFT_OUT, Place, Result
from gpu_day_parts.steps import Day, Step

from edge3dpose import machine, storage
from edge3dpose.errors import Edge3DPoseError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
LEAST_S = 20  # of the minutes that are left: with fewer no step begins


@click.command()
@click.option("--out", type=FOLDER, help="Folder of all results.")
@click.option("--rehearse", is_flag=True, help="On the CPU, with tiny sizes: no figure counts.")
@click.option("--only", help="Steps with commas between; see --list.")
@click.option("--list", "list_steps", is_flag=True, help="Show the steps, and stop.")
@click.option("--minutes", type=float, help="Stop after so long; the same command goes on.")
@click.option("--train", "train_min", type=float, default=0.0, help="Minutes of training, last.")
@click.option("--assets", type=FILE, help="Baked people for --train (edge3dpose train --prepare).")
@click.option("--set", "settings", multiple=True, help="NAME=VALUE of the recipe, for --train.")
@click.option("--pack", type=FOLDER, help="Write parts of 60 MiB for an offline machine, and stop.")
@click.option("--with", "extras", default="", help="With --pack: rtx, ortgpu, or both.")
@click.option("--for-python", default="3.12", show_default=True, help="With --pack.")
@click.option("--have", default="torch,numpy", show_default=True, help="Packages it has already.")
def main(pack: Path | None, out: Path | None, only: str | None, **options: Any) -> None:
    """Do what is not done yet; write report and page after every step."""
    try:
        if pack:
            target = packing.Target(
                options["for_python"], _words(options["have"]), _words(options["extras"])
            )
            _tell_parts(packing.pack(ROOT, pack, target, options["assets"]), pack)
            return
        day, rehearsal = _day(out or ROOT / "gpu-day", options), options["rehearse"]
        wanted = _chosen(steps.steps(day), only)
        if options["list_steps"]:
            for step in wanted:
                click.echo(f"{step.name}  ({step.limit_s:.0f} s at most)")
            return
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        results = _work(day, wanted, rehearsal, options["minutes"])
    except Edge3DPoseError as error:
        raise click.ClickException(str(error)) from error
    if any(result["state"] in (FAILED, LATE) for result in results):
        sys.exit(1)


def _day(out: Path, options: dict[str, Any]) -> Day:
    day = Day(out.resolve(), ROOT, train_min=options["train_min"])
    train = [word for setting in options["settings"] for word in ("--set", setting)]
    if options["assets"]:
        train += ["--assets", str(options["assets"].resolve())]
    elif day.train_min:
        raise click.UsageError("--train needs --assets, a file of edge3dpose train --prepare")
    if options["rehearse"]:
        train += ["--device", "cpu", "--workers", "0", "--set", "bf16=false"]
        tiny = {"backends": ("onnxruntime",), "precisions": ("fp32", "int8"), "cuts": "1"}
        return dataclasses.replace(day, train_options=tuple(train), few=True, **tiny)
    workers = str(max(1, machine.usable_cores() - 2))
    return dataclasses.replace(
        day, train_options=(*train, "--device", "cuda", "--workers", workers)
    )


def _chosen(found: list[Step], only: str | None) -> list[Step]:
    names = _words(only or "")
    if unknown := set(names) - {step.name for step in found}:
        known = ", ".join(step.name for step in found)
        raise click.UsageError(f"no step called {min(unknown)}; there is: {known}")
    return [step for step in found if not only or step.name in names]


def _work(day: Day, wanted: list[Step], rehearsal: bool, minutes: float | None) -> list[Result]:
    """Run what has to be run; gives the results in the order of the steps."""
    mark = day.out / "kind.json"
    kind = {"schema": "edge3dpose.gpu-day-kind/1", "rehearsal": rehearsal}
    if mark.exists() and storage.read_json(mark) != kind:
        raise click.UsageError(f"{day.out} holds a day of the other kind; take another --out")
    day.out.mkdir(parents=True, exist_ok=True)
    storage.save_json(mark, kind)
    facts = machine.describe()
    if not rehearsal and not facts["gpus"]:
        raise click.UsageError("no NVIDIA GPU answers here; --rehearse tries all on the CPU")
    place = Place(day, ", ".join(facts["gpus"]) or "none")
    earlier = {step.name: place.earlier(step) for step in wanted}
    results = {name: result for name, result in earlier.items() if result}
    end_s = time.monotonic() + 60 * minutes if minutes else float("inf")
    for step in _in_turn(wanted, results):
        found = results.get(step.name)
        if found and found["state"] == DONE and step.name != "doctor":
            click.echo(f"{step.name}: done before")
            continue
        if (left_s := end_s - time.monotonic()) < LEAST_S:
            click.echo("the minutes are over; the same command goes on")
            break
        if why := _missing(step, results):
            results[step.name] = place.save(step, LEFT_OUT, why)
        else:
            click.echo(f"{step.name} ...")
            results[step.name] = place.run(step, left_s)
        result = results[step.name]
        told = f": {result['why']}" if result["why"] else ""
        click.echo(f"{step.name}: {result['state']}{told}")
        page.write(day.out, _ordered(wanted, results), rehearsal)
    report, written = page.write(day.out, _ordered(wanted, results), rehearsal)
    click.echo(f"wrote {report} and {written}")
    return _ordered(wanted, results)


def _in_turn(wanted: list[Step], earlier: dict[str, Result]) -> list[Step]:
    """What failed before comes after the others, unless others wait for it; training last."""
    awaited = {"doctor", *(name for step in wanted for name in step.after)}

    def turn(step: Step) -> tuple[bool, bool]:
        state = earlier[step.name]["state"] if step.name in earlier else ""
        failed = state in (FAILED, LATE) and step.name not in awaited
        return step.name.startswith("train-"), failed

    return sorted(wanted, key=turn)


def _missing(step: Step, results: dict[str, Result]) -> str:
    """Why a step cannot be tried; empty where it can."""
    doctor = results.get("doctor", {}).get("report", [])
    found = {finding["subject"]: finding for finding in doctor}
    for subject in step.needs:
        if subject in found and found[subject]["state"] == "missing":
            return f"{subject}: {found[subject]['detail']}"
    for name in step.after:
        if name in results and results[name]["state"] != DONE:
            return f"{name}: {results[name]['state']}"
    return ""


def _ordered(wanted: list[Step], results: dict[str, Result]) -> list[Result]:
    return [results[step.name] for step in wanted if step.name in results]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _tell_parts(parts: list[Path], folder: Path) -> None:
    size = sum(part.stat().st_size for part in parts) / 1e6
    click.echo(f"wrote {len(parts)} parts, {size:.0f} MB, in {folder}")
    click.echo(
        "carry all of them, then there: python p0/unpack.py FOLDER-OF-PARTS --to gpu-day-src"
    )


if __name__ == "__main__":
    main()
