"""What a report or a comparison stands on, in words: for REPORT.md, the page and the terminal."""

from __future__ import annotations

from typing import Any

from edge3dpose.reports.compare import Comparison

_FEW = 4  # engines that are named where there are many


def headline(report: dict[str, Any]) -> str:
    """Model, weights, machine, time and commit in a line."""
    machine = report["machine"]
    where = ", ".join([*machine["gpus"], machine["processor"]])
    commit = f", commit {report['commit']}" if report.get("commit") else ""
    weights = report["weights_sha256"][:12]
    return (
        f"{report['model']} ({report['state']}, weights {weights}) on {where}, "
        f"{machine['cores']} cores, {report['time']}{commit}"
    )


def lines(report: dict[str, Any]) -> dict[str, object]:
    """Name -> what was found, for a table."""
    machine = report["machine"]
    told = {
        "processor": f"{machine['processor']}, {machine['cores']} cores usable",
        "instructions": " ".join(machine["instructions"]),
        "GPU": ", ".join(machine["gpus"]) or "none",
        "CUDA driver": machine["cuda_driver"],
        "memory": f"{machine['memory_gb']} GB",
        "system": f"{machine['system']}, Python {machine['python']}",
        "versions": ", ".join(f"{name} {one}" for name, one in machine["versions"].items()),
        "commit": report.get("commit"),
        "load average before, after": f"{machine['load_average']}, {report['load_average_after']}",
        "scheduled as": machine["scheduling"],
        "clocks before": clocks(machine.get("clocks")),
        "clocks after": clocks(report.get("clocks_after")),
        "energy": energy(report.get("energy")),
        "source": f"{report['source']}, {report['frame_size']} px",
        "protocol": report["protocol"],
        "weights": report["weights_sha256"],
    }
    return {name: value for name, value in told.items() if value}


def clocks(told: dict[str, Any] | None) -> str:
    """Frequencies, governor, power mode and heat, as far as the system told."""
    parts = (f"{name.replace('_', ' ')} {_plain(value)}" for name, value in (told or {}).items())
    return "; ".join(parts)


def energy(told: dict[str, Any] | None) -> str:
    """The counters that were read and what each covers; of the others why they were not."""
    if not told:
        return ""
    read = [f"{name}: {covers}, whoever used it" for name, covers in told["counters"].items()]
    return "; ".join(read + [f"no {name}: {reason}" for name, reason in told["lacking"].items()])


def about(comparison: Comparison) -> list[str]:
    """What is to be said before the engines of a comparison."""
    said = [f"Now {comparison.new_time}. Below 1x is faster; in brackets what 99 % are sure of."]
    if comparison.refusal:
        said.append(f"No verdict, these are different machines: {comparison.refusal}.")
    if comparison.busy:
        said.append(f"Busy: {comparison.busy}. A verdict is of that load too; measure again idle.")
    for measured, words in (("alone", "Engines alone"), ("whole", "End to end")):
        shift = comparison.shift(measured)
        if shift is not None:
            said.append(f"{words}: {shift:.2f}x in the median; what all share may be the machine.")
    if comparison.differences:
        said.append(f"Differs: {'; '.join(comparison.differences)}.")
    for which, names in (("old", comparison.old_alone), ("new", comparison.new_alone)):
        if names:
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            said.append(f"In the {which} one alone: {'; '.join(names[:_FEW])}{more}.")
    return said


def _plain(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in dict.fromkeys(value))
    if isinstance(value, dict):
        return " ".join(f"{name} {one}" for name, one in value.items())
    return str(value)
