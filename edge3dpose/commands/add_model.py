"""edge3dpose add-model: a network of the user's own, told of by a spec file."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("spec", type=FILE)
@click.option("--onnx", type=FILE, help="The network.  [default: the one that SPEC names]")
@click.option("--replace", is_flag=True, help="Take the place of a model of that name.")
def command(spec: Path, onnx: Path | None, replace: bool) -> None:
    """Add a pose network of your own as a model, told of by SPEC.

    SPEC is a TOML file (docs/own-models.md), or the name of one that comes with the package. The
    network is verified, its decode is put into its graph, and both go into a folder of models with
    the hash in a card. From then on every command takes the model by its name.
    """
    from edge3dpose.compiler import adopt

    weights = adopt.add(spec, onnx, replace=replace)
    about = weights.spec
    kind = "3D" if about.has_depth else "2D"
    click.echo(f"added {about.name}: {kind}, {len(about.skeleton.joints)} joints of "
               f"{about.skeleton.name}; {weights.onnx.parent}")  # fmt: skip
    click.echo(f"run it: edge3dpose run --model {about.name} --source VIDEO")
