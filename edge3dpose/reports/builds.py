"""Build reports -> the rows of a Markdown table: what each engine weighs and took to build."""

from __future__ import annotations


def build_rows(report: dict) -> list[str]:
    """A row an engine: size, seconds, distance from FP32; then what ran and what did not."""
    engines = [row for row in report["engines"] if "failed" not in row]
    lines = [
        "| cut | MB | build s | mm from FP32 (median) | 99 % | most |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for row in engines:
        mm = (f"{row['parity'][name]:.2f}" for name in ("mm_p50", "mm_p99", "mm_max"))
        cells = (str(row["cut"]), f"{row['size_bytes'] / 1e6:.1f}", f"{row['seconds']:.1f}", *mm)
        lines.append(f"| {' | '.join(cells)} |")
    for row in report["engines"]:
        if "failed" in row:
            lines += ["", f"- cut {row['cut']} was not built: {row['failed']}"]
    said = dict.fromkeys(_what_ran(row["parity"]) for row in engines)
    return [*lines, "", *(f"- {text}" for text in said)]


def headline(report: dict) -> str:
    """Model, precision, builder."""
    version = next((row.get("backend_version", "") for row in report["engines"]), "")
    return (
        f"**{report['model']}** ({report['state']}) {report['precision']} for {report['backend']} "
        f"{version}, weights {report['weights_sha256'][:12]}, {report['time']}:"
    )


def _what_ran(parity: dict) -> str:
    ran = f"compared on {parity['crops']} real people with FP32; ran: {parity['ran']}"
    return f"{ran}; not run: {parity['not_run']}" if "not_run" in parity else ran
