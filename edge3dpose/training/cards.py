"""Checkpoint -> the facts of the model card: data, length of the training, licence."""

from __future__ import annotations

from dataclasses import asdict

from edge3dpose.training.checkpoint import Checkpoint
from edge3dpose.training.recipes import Recipe

LICENCE = "Apache-2.0"
BOUND = "bound by the licences of the data sets that were learned from"
DATA = {
    "people": "renders only: Anny bodies and MakeHuman clothes and hair (CC0)",
    "motion": "CMU motion capture (free use, mocap.cs.cmu.edu) and clips derived from it; UI-PRMD "
    "exercises (PDDL 1.0), ReActIdle (MIT), Mesh2Motion and MakeHuman poses (CC0)",
    "backgrounds": "Poly Haven panoramas (CC0), clothing-dataset photos (CC0)",
}
ENCODER = "BlazePose full (MediaPipe, Apache-2.0)"
AS_PUBLISHED, TUNED = ", weights as published", ", its layers from 16x16 down trained further here"


def trained(saved: Checkpoint) -> dict:
    """Card of a trained network; measured errors are added by edge3dpose evaluate."""
    progress, recipe = saved.progress, saved.recipe
    put_back = {"encoder_put_back_at": progress.put_back_at} if progress.put_back_at else {}
    return {
        "state": "trained",
        "growth": recipe.growth,
        "licence": BOUND if progress.datasets else LICENCE,
        "data": _data(saved),
        "training": {
            "samples": progress.samples,
            "steps": progress.step,
            "hours": round(progress.seconds / 3600, 2),
            "machines": progress.machines,
            **put_back,
            "recipe": asdict(recipe) | ({} if progress.real else {"real": 0.0}),
        },
        "cuts": {},
    }


def _data(saved: Checkpoint) -> dict:
    progress = saved.progress
    used: dict = dict(DATA) if progress.renders else {}
    if progress.real or progress.datasets:
        used = {name: text.replace("renders only", "renders") for name, text in used.items()}
    if progress.real:
        used |= {"real": progress.real}
        used["real_labels"] = "2D alone, where " + (
            "two agree of " + ", ".join(progress.teachers)
            if progress.teachers
            else "BlazePose heavy and full agree"
        )
    if progress.datasets:
        used |= {"datasets": progress.datasets}
    if saved.recipe.feature_distillation:
        used |= {"teacher": f"{ENCODER}, similarities of its features"}
    return used | ({"encoder": _encoder(saved.recipe)} if saved.recipe.freeze_entry else {})


def _encoder(recipe: Recipe) -> str:
    return ENCODER + (TUNED if recipe.tune_entry_from < 1 else AS_PUBLISHED)


def untrained(growth: int) -> dict:
    """Card of an untrained network: for builds and timing; its poses have no meaning."""
    return {"state": "untrained", "growth": growth, "licence": LICENCE, "cuts": {}}
