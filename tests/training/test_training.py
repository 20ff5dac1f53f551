"""Training on a handful of random pictures: it learns, saves, resumes and exports."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")


from edge3dpose import models
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.training import (
    cards,
    checkpoint,
    export,
    held_out,
    loop,
    losses,
    nets,
    recipes,
    sealed_tensors,
    state,
)
from edge3dpose.training.data.batches import Batch, targets_from, tensor_from_bgr
from edge3dpose.training.lift.loop import LiftRecipe
from edge3dpose.training.load_exported import load_exported
from edge3dpose.training.nets import sspnet
from edge3dpose.training.nets.sspnet import Decode

RECIPE = replace(  # in FP32, for CPUs without AVX-512 emulate BF16
    nets.recipe_of("sspnet-lite"),
    growth=8,
    samples=64,
    batch=2,
    warmup=0.0,
    tune_entry_from=0.45,
    bf16=False,
)


def a_batch(seed: int = 0) -> Batch:
    random = torch.Generator().manual_seed(seed)
    uvz = torch.rand(2, 17, 3, generator=random) * 0.6 + 0.2
    inside = torch.ones(2, 17, dtype=torch.bool)
    return Batch(torch.rand(2, 3, 256, 256, generator=random), targets_from(uvz, inside))


def fresh() -> state.Training:
    torch.manual_seed(0)
    return state.start(RECIPE, nets.build("sspnet-lite", growth=8), torch.device("cpu"))


def test_the_loss_of_a_perfect_prediction_is_that_of_its_score_alone():
    batch = a_batch()
    perfect = torch.cat([batch.targets.uvz, torch.ones(2, 17, 1)], dim=2)
    assert losses.pose_loss(perfect, batch.targets) < 1e-5
    worse = perfect.clone()
    worse[..., 0] += 0.1
    assert losses.pose_loss(worse, batch.targets) == pytest.approx((0.1 + 0.01) / 3, abs=1e-4)


def test_a_coordinate_that_is_not_known_costs_nothing():
    batch = a_batch()
    batch.targets.valid[..., 2] = False
    perfect = torch.cat([batch.targets.uvz, torch.ones(2, 17, 1)], dim=2)
    perfect[..., 2] = 0.99
    assert losses.pose_loss(perfect, batch.targets) < 1e-5


def test_the_heatmaps_own_loss_is_least_where_soft_argmax_is_the_joint():
    targets = losses.Targets(torch.rand(2, 17, 3), torch.ones(2, 17, 3).bool(), torch.ones(2, 17))
    logits = torch.zeros(2, 34, 8, 16, requires_grad=True)
    descent = torch.optim.Adam([logits], lr=0.1)
    for _ in range(600):
        descent.zero_grad()
        losses.heat_loss(logits, targets).backward()
        descent.step()
    off = Decode()(logits)[..., :2] - targets.uvz[..., :2]
    assert off.abs().max() < 2e-3


def test_a_joint_outside_the_crop_asks_nothing_of_its_heatmap():
    targets = losses.Targets(torch.rand(1, 17, 3), torch.ones(1, 17, 3).bool(), torch.zeros(1, 17))
    assert losses.heat_loss(torch.randn(1, 34, 4, 4), targets).item() == 0.0


def test_a_few_steps_lower_the_loss_and_leave_a_frozen_encoder_alone():
    training = fresh()
    before = training.net.entry.encoder.stem[0].weight.clone()
    series = [loop.step(training, a_batch(), 0.1).sum().item() for _ in range(8)]
    assert series[-1] < 0.9 * series[0]
    assert torch.equal(before, training.net.entry.encoder.stem[0].weight)


def test_a_recipe_may_tune_the_deep_layers_of_the_encoder_after_a_while():
    training = fresh()
    encoder = training.net.entry.encoder
    start = training.recipe.tune_entry_from
    shallow, deep = encoder.to_64[0].expand.weight, encoder.to_8[0].expand.weight
    before = shallow.clone(), deep.clone()
    loop.step(training, a_batch(), start - 0.01)
    assert torch.equal(before[1], deep)
    loop.step(training, a_batch(), start + 0.01)
    assert torch.equal(before[0], shallow)
    assert not torch.equal(before[1], deep)


def test_a_resumed_training_goes_on_exactly_where_it_stood(tmp_path):
    unbroken, file = fresh(), tmp_path / "checkpoint.safetensors"
    for seed in range(2):
        loop.step(unbroken, a_batch(seed), 0.1)
    checkpoint.save(file, RECIPE, unbroken.progress, unbroken.net, unbroken.ema, unbroken.optimiser)
    saved = checkpoint.load(file)
    resumed = state.resume(saved, nets.build("sspnet-lite", growth=8), torch.device("cpu"))
    assert resumed.progress.samples == 4
    for training in (unbroken, resumed):
        loop.step(training, a_batch(2), 0.1)
    for name, value in unbroken.net.state_dict().items():
        torch.testing.assert_close(resumed.net.state_dict()[name], value, rtol=1e-3, atol=1e-5)


def test_after_an_encoder_was_put_back_average_and_moments_begin_anew():
    training = fresh()
    loop.step(training, a_batch(), 0.1)
    with torch.no_grad():
        training.net.entry.encoder.to_8[0].expand.weight.add_(1.0)
    state.reset_averages(training)
    assert training.progress.put_back_at == training.progress.samples == 2
    assert not training.optimiser.state
    for name, value in training.net.state_dict().items():
        assert torch.equal(training.ema[name], value), name


def test_a_checkpoint_with_the_former_names_of_recipe_fields_is_read(tmp_path):
    training, file = fresh(), tmp_path / "checkpoint.safetensors"
    recipe = replace(
        RECIPE, augment=False, overhead=0.3, feature_distillation=2.0, weak_polarity=False
    )
    checkpoint.save(file, recipe, training.progress, training.net, training.ema, training.optimiser)
    tensors, metadata = sealed_tensors.load(file)
    for former, name in recipes.FORMER_NAMES.items():
        assert f'"{name}"' in metadata["recipe"]
        metadata["recipe"] = metadata["recipe"].replace(f'"{name}"', f'"{former}"')
    sealed_tensors.save(file, tensors, metadata)
    assert checkpoint.load(file).recipe == recipe
    metadata["recipe"] = metadata["recipe"].replace('"worn"', '"unheard_of"')
    sealed_tensors.save(file, tensors, metadata)
    with pytest.raises(EngineMismatch, match="unheard_of"):
        checkpoint.load(file)


def test_a_broken_checkpoint_is_named_in_one_line(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(BadInput, match="no checkpoint"):
        checkpoint.load(file)
    file.write_bytes(b"not a checkpoint")
    with pytest.raises(EngineMismatch, match="not a whole edge3dpose checkpoint"):
        checkpoint.load(file)


def test_a_recipe_is_changed_by_name_and_what_does_not_fit_is_refused():
    recipe = recipes.changed(RECIPE, ["real=0.3", "widen=false", "peak_lr=1", "draws=2"])
    assert (recipe.real, recipe.widen, recipe.peak_lr, recipe.draws) == (0.3, False, 1.0, 2)
    for said, why in (("reel=1", "a recipe has"), ("draws=2.5", "int"), ("widen=no", "bool"),
                      ("model=x", "a recipe has"), ("real", "float")):  # fmt: skip
        with pytest.raises(BadInput, match=why):
            recipes.changed(RECIPE, [said])
    lift = recipes.changed(LiftRecipe(), ["noise_scale=[0.1, 0.5]"])
    assert lift.noise_scale == (0.1, 0.5)
    with pytest.raises(BadInput, match="wanted list"):
        recipes.changed(LiftRecipe(), ["noise_scale=[0.1]"])


def test_the_learning_rate_warms_up_and_ends_low():
    recipe = nets.recipe_of("sspnet-lite")
    rates = [loop.learning_rate(recipe, share) for share in np.linspace(0, 1, 101)]
    assert rates[0] < recipe.peak_lr / 10
    assert max(rates) == pytest.approx(recipe.peak_lr)
    assert rates[-1] == pytest.approx(recipe.final_lr)


def test_a_run_by_the_clock_writes_a_log_a_checkpoint_and_a_plot(tmp_path, monkeypatch):
    from edge3dpose.training import plots

    monkeypatch.setattr(loop, "LOG_EVERY_S", 0.0)
    training = fresh()
    loop.run(training, iter(a_batch(seed) for seed in range(100)), tmp_path, hours=2 / 3600)
    assert training.progress.seconds >= 2
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert len(rows) == training.progress.step + 1
    plots.loss_plot(tmp_path / "log.csv", tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size > 1000
    assert checkpoint.load(tmp_path / "checkpoint.safetensors").progress.samples > 0


def test_what_a_training_is_worth_on_held_out_people_is_written_as_it_goes(tmp_path, monkeypatch):
    from edge3dpose.training import plots

    class Evaluator:
        def errors_mm(self, net):
            return [300.0 - 10 * cut for cut in range(24)]

    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.5)
    training = fresh()
    source = iter(a_batch(seed) for seed in range(100))
    loop.run(training, source, tmp_path, hours=2 / 3600, evaluator=Evaluator())
    rows = list(csv.DictReader((tmp_path / held_out.FILE).read_text().splitlines()))
    assert len(rows) >= 2
    assert int(rows[-1]["samples"]) == training.progress.samples
    assert float(rows[0]["mpjpe_mm_cut24"]) == 70
    plots.held_out_plot(tmp_path / held_out.FILE, tmp_path / "held-out.png")
    assert (tmp_path / "held-out.png").stat().st_size > 1000


@pytest.mark.parametrize("cuts", [5, pytest.param(24, marks=pytest.mark.slow)])
def test_the_exported_file_says_what_the_network_says(tmp_path, monkeypatch, cuts):
    import onnxruntime

    walk = sspnet.stages()[:cuts]
    monkeypatch.setattr(sspnet, "stages", lambda: walk)
    spec = replace(models.find("sspnet-lite"), cuts=cuts)
    net = nets.build("sspnet-lite", growth=8).eval()
    for part in net.modules():  # equal batch norms would be stored once
        if isinstance(part, torch.nn.BatchNorm2d):
            for value in (part.weight.data, part.bias.data, part.running_mean, part.running_var):
                torch.nn.init.uniform_(value, 0.5, 1.5)
    file = export.export(net, spec, tmp_path, cards.untrained(8))
    images = torch.rand(2, 3, 256, 256)
    with torch.no_grad():
        expected = net(images)
    session = onnxruntime.InferenceSession(str(file))
    found = session.run([spec.head(k) for k in range(1, cuts + 1)], {"images": images.numpy()})
    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_allclose(theirs, ours.numpy(), atol=1e-4)
    again = nets.build("sspnet-lite", growth=8).eval()
    load_exported(again, models.open_weights(spec, file))
    with torch.no_grad():
        for ours, theirs in zip(expected, again(images), strict=True):
            torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-4)
    with pytest.raises(EngineMismatch, match="has no entry"):
        load_exported(nets.build("sspnet-lite", growth=16), models.open_weights(spec, file))
    card = json.loads(file.with_suffix(".json").read_text())
    assert card["state"] == "untrained"
    assert models.open_weights(spec, file).sha256 == card["sha256"]
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(EngineMismatch, match="damaged or was swapped"):
        models.open_weights(spec, file)


def test_pictures_become_rgb_tensors_normalised_for_the_model():
    picture = torch.zeros(1, 256, 256, 3, dtype=torch.uint8)
    picture[..., 0] = 255  # blue
    tensor = tensor_from_bgr(picture, models.find("sspnet"))
    assert tensor[0, :, 0, 0].tolist() == [-1.0, -1.0, 1.0]
    tensor = tensor_from_bgr(picture, models.find("sspnet-lite"))
    assert tensor[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


def test_a_card_names_what_was_learned_from_and_is_bound_by_it(tmp_path):
    training, file = fresh(), tmp_path / "checkpoint.safetensors"

    def card():
        checkpoint.save(
            file, RECIPE, training.progress, training.net, training.ema, training.optimiser
        )
        return cards.trained(checkpoint.load(file))

    assert card()["licence"] == "Apache-2.0"
    training.progress.datasets, training.progress.renders = ["h36m, 5 pictures"], False
    bound = card()
    assert "licences of the data sets" in bound["licence"]
    assert bound["data"]["datasets"] == ["h36m, 5 pictures"]
    assert "people" not in bound["data"]
