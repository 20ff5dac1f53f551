"""A model's card and its accuracy reports -> one page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge3dpose.reports.tables import both_errors, heading, line

_TITLE = "Written by `edge3dpose benchmark --render` from `benchmarks/*.json`; edit none of it."

# What a report's rows give to the table of the cuts: (data set, figure, heading, form)
_COLUMNS = (
    ("synthetic-mocap", "mpjpe_mm", "captured motion, MPJPE mm", "{:.1f}"),
    ("synthetic-mocap", "pa_mpjpe_mm", "PA mm", "{:.1f}"),
    ("synthetic-mocap-mirrored", "mpjpe_mm", "with --mirror, MPJPE mm", "{:.1f}"),
    ("synthetic-mocap-mirrored", "pa_mpjpe_mm", "PA mm", "{:.1f}"),
    ("synthetic", "mpjpe_mm", "widened motion, MPJPE mm", "{:.1f}"),
    ("synthetic", "pa_mpjpe_mm", "PA mm", "{:.1f}"),
    ("synthetic", "pck150", "PCK@150", "{:.3f}"),
    ("synthetic", "auc", "AUC", "{:.3f}"),
    ("synthetic", "mpjpe_own_depth_mm", "MPJPE with its own root depth", "{:.1f}"),
    ("synthetic", "root_depth_error", "root depth off by", "{:.1%}"),
    ("synthetic-overhead", "mpjpe_mm", "seen from above, MPJPE mm", "{:.1f}"),
    ("synthetic-overhead", "pa_mpjpe_mm", "PA mm", "{:.1f}"),
    ("clip", "pck50", "sample clip, 2D PCK@0.5", "{:.3f}"),
    ("clip", "pck20", "PCK@0.2", "{:.3f}"),
    ("photos", "pck50", "gym photos, 2D PCK@0.5", "{:.3f}"),
    ("photos", "pck20", "PCK@0.2", "{:.3f}"),
)
_WHERE = {
    "height_px": "extent in the crop, px",
    "elevation_deg": "camera above, degrees",
    "hidden_share": "share of joints hidden",
    "torso_tilt_deg": "torso from upright, degrees",
}


def page(card: dict[str, Any], reports: dict[str, dict]) -> str:
    """The page of the model whose card this is.

    reports  by file name; those of other weights are left out
    """
    own = [
        report
        for report in reports.values()
        if report["schema"].startswith("edge3dpose.accuracy/")
        and report["weights_sha256"] == card["sha256"]
    ]
    trials = [
        report
        for report in reports.values()
        if report["schema"].startswith("edge3dpose.ablation/") and report["model"] == card["model"]
    ]
    parts = [
        f"# {card['model']}: model card",
        _TITLE,
        "\n".join(_facts(card)),
        "## How wrong it is",
        "\n".join(_cuts(own)),
        "\n".join(f"- {report['dataset']['name']}: {_protocol(report)}" for report in own),
        *(part for report in own for part in _beside(report)),
        *(part for report in own for part in _one_by_one(report)),
        *(part for report in own for part in _where(report)),
        *(part for report in trials for part in _tried(report)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(card: dict[str, Any]) -> list[str]:
    run = card.get("training", {})
    lines = [f"- {card['state']}, {card['licence']}, weights `{card['sha256'][:12]}`"]
    for name, said in card.get("data", {}).items():
        told = "; ".join(_without_hash(one) for one in said) if isinstance(said, list) else said
        lines.append(f"- {name.replace('_', ' ')}: {told}")
    if run:
        machines = "; ".join(run["machines"])
        lines.append(
            f"- {run['samples']} samples in {run['steps']} steps, {run['hours']} h on {machines}"
        )
        if before := run.get("encoder_put_back_at"):
            lines.append(
                f"- in the first {before} samples its encoder learned too; then the published one "
                "was put back and the heads went on"
            )
        recipe = ", ".join(f"{name} {value}" for name, value in run["recipe"].items())
        lines.append(f"- recipe: {recipe}")
    return lines


def _without_hash(fact: str) -> str:
    return " ".join(word for word in fact.split() if len(word) != 64)


def _cuts(reports: list[dict]) -> list[str]:
    by_name = {report["dataset"]["name"]: report for report in reports}
    columns = [column for column in _COLUMNS if column[0] in by_name]
    columns = [c for c in columns if c[1] in by_name[c[0]]["cuts"][0]]
    if not columns:
        return []
    rows = {name: {row["cut"]: row for row in one["cuts"]} for name, one in by_name.items()}
    cuts = sorted({cut for name, *_ in columns for cut in rows[name]})
    lines = heading(["cut", *(title for _, _, title, _ in columns)])
    for cut in cuts:
        found = [rows[name].get(cut, {}).get(figure) for name, figure, _, _ in columns]
        cells = (
            "" if value is None else form.format(value)
            for value, (*_, form) in zip(found, columns, strict=True)
        )
        lines.append(line([cut, *cells]))
    return lines


def _protocol(report: dict) -> str:
    dataset = report["dataset"]
    told = dataset["protocol"]
    if "seeds" in dataset:
        first, last = dataset["seeds"]
        told += f"; {last - first} people"
    if dataset.get("looks") == 2:
        told += "; who leans is looked at again, turned upright"
    return told


def _beside(report: dict) -> Iterable[str]:
    if "peers" not in report:
        return
    yield f"## Beside MediaPipe on {report['dataset']['name']}"
    yield f"{report['peers_protocol']}; ours is cut {report['best_cut']}."
    lines = heading(["", "sees", "MPJPE mm", "PA mm", "PCK@150"])
    for peer in report["peers"]:
        sees = f"{peer['seen']} of {peer['people']}"
        for name, row in ((peer["name"], peer), ("ours, the same", peer.get("ours_on_the_same"))):
            if row and "mpjpe_mm" in row:
                figures = (f"{row[key]:.1f}" for key in ("mpjpe_mm", "pa_mpjpe_mm"))
                lines.append(line([name, sees, *figures, f"{row['pck150']:.3f}"]))
    yield "\n".join(lines)


def _one_by_one(report: dict) -> Iterable[str]:
    if "one_by_one" not in report:
        return
    yield f"## {report['dataset']['name']}, picture by picture, cut {report['best_cut']}"
    peers = [peer for peer in report.get("peers", []) if "one_by_one" in peer]
    names = [f"{peer['name']}, MPJPE / PA mm" for peer in peers]
    lines = heading(["picture", "ours, MPJPE / PA mm", *names, "root depth mm", "off by mm"])
    for n, row in enumerate(report["one_by_one"]):
        others = (both_errors(peer["one_by_one"][n]) for peer in peers)
        depth = (f"{row['root_depth_mm']:.0f}", f"{row['root_depth_error_mm']:+.0f}")
        lines.append(line([row["name"], both_errors(row), *others, *depth]))
    yield "\n".join(lines)


def _where(report: dict) -> Iterable[str]:
    facts = report.get("by_fact")
    if not facts or report["dataset"]["name"].endswith("-mirrored"):
        return
    yield f"## Where the error lives: {report['dataset']['name']}, cut {report['best_cut']}"
    lines = heading(["fifths of the people by", *(f"{n}." for n in range(1, 6))])
    for fact, parts in facts.items():
        told = (f"{part['mpjpe_mm']:.0f} mm (to {part['to']:.3g})" for part in parts)
        lines.append(line([_WHERE.get(fact, fact), *told]))
    lines.append(_by_joints("joints by score", report["by_score"]))
    if report.get("by_depth_std"):
        name = "joints by depth spread (of the cube): error in depth"
        lines.append(_by_joints(name, report["by_depth_std"]))
    yield "\n".join(lines)
    joints = sorted(report["by_joint_mm"].items(), key=lambda item: -item[1])
    if "root_depth_error" in report:
        told = (f"{name} {share:.1%}" for name, share in report["root_depth_error"].items())
        yield f"Distance of the root, median error: {', '.join(told)}."
    if "with_bone_lengths" in report:
        with_it = report["with_bone_lengths"]
        yield (
            f"With `run --bones` (depths moved until bones have their lengths): "
            f"{with_it['mpjpe_mm']:.1f} mm MPJPE, {with_it['pa_mpjpe_mm']:.1f} mm PA."
        )
    yield "By joint, mm: " + ", ".join(f"{name} {mm:.0f}" for name, mm in joints) + "."


def _by_joints(name: str, parts: list[dict]) -> str:
    told = (
        f"{part['error_mm']:.0f} mm (to {part['to']:.2f})" if part["error_mm"] is not None else ""
        for part in parts
    )
    return line([name, *told])


def _tried(report: dict) -> Iterable[str]:
    yield "## What was tried"
    yield report["protocol"]
    names = list(report["trials"][0]["figures"])
    lines = heading(["trial", "samples", *names])
    for trial in report["trials"]:
        figures = (f"{trial['figures'][name]:.3g}" for name in names)
        lines.append(line([trial["name"], trial["samples"], *figures]))
    yield "\n".join(lines)
