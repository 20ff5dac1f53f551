"""A tiny network learns from some renders, and is measured on people it never saw."""

import csv
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("moderngl", reason="the train extra is not installed")

from edge3dpose import metrics, models
from edge3dpose.training import checkpoint, held_out, loop, nets, state
from edge3dpose.training.data import batches, renders
from edge3dpose.training.data.replay_pool import ReplayPool

SPEC = replace(models.find("sspnet"), input_size=128)
SAMPLES = 3000  # about 50 seconds on a quiet CPU


@pytest.mark.slow
def test_the_held_out_error_of_a_tiny_network_falls(stick_file, tmp_path):
    torch.manual_seed(0)
    recipe = replace(
        nets.recipe_of("sspnet"), growth=8, samples=SAMPLES, batch=16, peak_lr=4e-3, ema=0.99,
        short_until=1.0, short_cuts=3, heat=0.1, bf16=False,
    )  # fmt: skip
    training = state.start(recipe, nets.build("sspnet", growth=8), torch.device("cpu"))
    evaluator = held_out.HeldOutEvaluator(stick_file, SPEC, people=48)
    before_mm = evaluator.errors_mm(training.net)[:3]
    people = renders.Renders(stick_file, "train", SPEC.input_size, 0)
    pool = ReplayPool(batches.data_loader(people, batch=16, workers=1), SPEC, 1000, draws=30)
    source = pool.batches(recipe.batch, training.progress)
    loop.run(training, source, tmp_path, evaluator=evaluator)
    saved = checkpoint.load(tmp_path / "checkpoint.safetensors")
    learned = nets.build("sspnet", growth=8)
    learned.load_state_dict(saved.part("ema"))
    after_mm = evaluator.errors_mm(learned)[:3]
    rooted = evaluator.true_mm - evaluator.true_mm[:, :1]
    heap_mm = metrics.mpjpe(np.zeros_like(rooted), rooted, counted=evaluator.inside)
    assert min(after_mm) < 0.8 * min(before_mm)
    assert min(after_mm) < 0.8 * heap_mm  # all joints on the pelvis is no pose
    assert min(after_mm) == pytest.approx(last_row(tmp_path), abs=0.01)


def last_row(folder):
    """The least error of the last row that the training wrote itself."""
    with open(folder / held_out.FILE, encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    return min(float(last[f"mpjpe_mm_cut{cut:02d}"]) for cut in (1, 2, 3))
