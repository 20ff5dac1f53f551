"""edge3dpose build-engine: weights -> engines in the cache, for the cuts asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge3dpose.engine_types import PRECISIONS
from edge3dpose.runtime import backends

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option(
    "--cut", default="all", show_default=True, help="A number, numbers with commas between, or all."
)
@click.option("--precision", type=click.Choice(PRECISIONS), default="fp16", show_default=True)
@click.option(
    "--backend", type=click.Choice([*backends.names(), "auto"]), default="auto", show_default=True
)
@click.option("--engines", type=FILE, help="Folder of built engines.")
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it.")
@click.option("--ranges", type=FILE, help="INT8 ranges from edge3dpose calibrate.")
@click.option("--force", is_flag=True, help="Build also what the cache has.")
@click.option(
    "--explain",
    is_flag=True,
    help="Show what the cache has, and why an engine would be built; build nothing.",
)
@click.option("--report", "report_file", type=FILE, help="Write sizes and seconds as JSON.")
def command(explain: bool, report_file: Path | None, **options: Any) -> None:
    """Build the engines of a model's cuts, or find them in the cache.

    An engine is built when anything that can change it has changed: weights, cut, precision, INT8
    ranges, backend and its version, device, or this package's compiler. Each engine is compared
    with FP32 on crops of real people, and is kept only within the limits of its precision.
    """
    from edge3dpose.commands._progress import whole
    from edge3dpose.engine_types import EngineRequest
    from edge3dpose.errors import BadInput
    from edge3dpose.reports import builds as build_reports
    from edge3dpose.reports import rows
    from edge3dpose.reports.columns import wide_console
    from edge3dpose.selection import builds

    if options["ranges"] is not None and options["precision"] != "int8":
        raise BadInput("--ranges does nothing without --precision int8")
    if explain and (options["force"] or report_file is not None):
        raise BadInput("--explain builds nothing: leave out --force and --report")
    names = ("model", "weights", "cut", "precision", "backend")
    engine = EngineRequest(**{name: options.pop(name) for name in names})
    request = builds.BuildRequest(engine, **options)
    if explain:
        click.echo("\n".join(build_reports.explanation_lines(builds.explain(request))))
        return
    with whole() as progress:
        results = builds.build_engines(request, progress)
    for reason in results[0].config.why:
        click.echo(reason)
    build_reports.results_table(results).print_to(wide_console())
    click.echo("\n".join(build_reports.result_lines(results, request.folder)))
    if report_file:
        rows.save(build_reports.report_of(results), report_file)
    builds.raise_failures(results)
