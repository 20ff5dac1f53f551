"""Models: their specs by name, and their weights, verified before they are opened."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from edge3dpose import paths, plugins, storage
from edge3dpose.engine_types import ModelSpec, Weights
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.models import _card

if TYPE_CHECKING:
    from edge3dpose.models._spec_file import SpecFile

MOST_ADDED = 1000

_log = logging.getLogger(__name__)


def shipped() -> dict[str, ModelSpec]:
    """The models of this package by the name users type."""
    declared = (plugins.declared("models", name, "SPECS") for name in plugins.names("models"))
    return {spec.name: spec for specs in declared for spec in specs}


def specs() -> dict[str, ModelSpec]:
    """Every model by the name users type, those that were added with a spec file too."""
    known = shipped()
    for file in _added():
        try:
            known.setdefault(file.stem, _read_spec(file).spec)
        except BadInput as error:
            _log.warning("left out: %s", error)
    return known


def find(name: str) -> ModelSpec:
    """The spec of a model, by its name or its spec file; BadInput with the names there are."""
    if isinstance(name, str) and name.endswith(".toml"):
        return _of_file(Path(name))
    known = specs()
    if not isinstance(name, str) or name not in known:
        raise BadInput(f"no model called {name!r}; there is: {', '.join(sorted(known))}")
    return known[name]


def is_added(file: Path) -> bool:
    """Whether the model of a spec file was added, with the spec as it is now."""
    read = _read_spec(file)
    onnx = paths.models_folder() / read.spec.name / f"{read.spec.name}.onnx"
    return onnx.is_file() and read_card(onnx).get("spec_sha256") == read.sha256


def names_network(file: Path) -> bool:
    """Whether a spec file says where its network lies."""
    return _read_spec(file).onnx is not None


def _of_file(file: Path) -> ModelSpec:
    if not is_added(file):
        raise BadInput(
            f"the model of {file} was not added, or the file has changed since: "
            f"edge3dpose add-model {file} --onnx FILE"
        )
    return _read_spec(file).spec


def _read_spec(file: Path) -> SpecFile:
    from edge3dpose.models import _spec_file  # a start with a shipped model needs none

    return _spec_file.read(file)


def _added() -> list[Path]:
    """The spec files of models that were added."""
    folder = paths.models_folder()
    if not folder.is_dir():
        return []
    files = (one / f"{one.name}.toml" for one in sorted(folder.iterdir())[:MOST_ADDED])
    return [file for file in files if not file.name.startswith(".") and file.is_file()]


def open_weights(spec: ModelSpec, onnx: Path | None = None) -> Weights:
    """Find a model's ONNX file and its card (same name, .json), and verify the hash.

    onnx  the user's own file; None for the shipped one
    Raises BadInput where a file is missing, EngineMismatch where the card and the file disagree.
    """
    onnx = onnx or paths.weights_file(spec.name)
    if not onnx.is_file():
        raise BadInput(
            f"no weights for {spec.name} at {onnx}; "
            f"train them: edge3dpose train --model {spec.name}, then pass --weights FILE.onnx"
        )
    card = read_card(onnx)
    if card["model"] != spec.name:
        raise EngineMismatch(f"{onnx} holds {card['model']!r} by its card, not {spec.name!r}")
    weights = Weights(spec, onnx, card["sha256"], card)
    if beyond := next((cut for cut in card.get("cuts", {}) if int(cut) > spec.cuts), None):
        raise EngineMismatch(f"the card of {onnx} has a cut {beyond}, {spec.name} has {spec.cuts}")
    weights.verify()
    return weights


def read_card(onnx: Path) -> dict:
    """The model card beside an ONNX file, checked: <name>.json."""
    card = onnx.with_suffix(".json")
    if not card.is_file():
        raise BadInput(f"{onnx} has no model card {card.name} beside it; it cannot be verified")
    try:
        content = storage.read_json(card)
        _card.check(content, str(card))
        return content
    except BadInput as error:
        raise EngineMismatch(f"{card} is not a model card: {error}") from None


def write_card(onnx: Path, card: dict) -> None:
    """Write the card beside an ONNX file."""
    storage.save_json(onnx.with_suffix(".json"), card)


def parse_cuts(text: str, spec: ModelSpec) -> list[int]:
    """'all', '11' or '3,8,11' -> cut numbers; BadInput for one that the model does not have."""
    if text == "all":
        return list(range(1, spec.cuts + 1))
    try:
        cuts = [int(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(
            f"cut {text!r}: wanted a number, numbers with commas between, or all"
        ) from None
    for cut in cuts:
        if not 1 <= cut <= spec.cuts:
            raise BadInput(f"{spec.name} has no cut {cut}; there are 1 to {spec.cuts}")
    return cuts
