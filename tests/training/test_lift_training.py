"""The temporal lift: what it learns from, that it learns, and that its file says the same."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from click.testing import CliRunner
from standing import JOINTS_MM

from edge3dpose.cli import cli
from edge3dpose.errors import BadInput
from edge3dpose.runtime import lift_features, lift_network
from edge3dpose.runtime.lift_features import ANSWERS, FEATURES, turned
from edge3dpose.training.lift import loop, losses, observed, record, session
from edge3dpose.training.lift.net import LiftNet
from edge3dpose.training.lift.observed import ErrorBank, Sequences

RNG = np.random.default_rng(0)
FRAMES = 12


def swinging(count=24, frames=FRAMES):
    """(count, frames, 17, 3) stick people who swing a leg, seen from a camera."""
    bodies = JOINTS_MM + RNG.normal(0, 30, (count, 1, 17, 3))
    joints = bodies * np.ones((1, frames, 1, 1))
    joints -= joints[:, :, :1]
    phase = RNG.uniform(0, 6, (count, 1)) + np.arange(frames) * 0.2
    joints[:, :, 3, 2] += 200 * np.sin(phase)
    root = np.stack(
        [RNG.normal(0, 500, count), RNG.normal(0, 200, count), RNG.uniform(2e3, 5e3, count)], 1
    )
    return (joints + root[:, None, None]).astype(np.float32)


def written(folder, name="train-00000.npz", wrong_mm=80.0, count=24):
    """A record file of people whom a network sees with depths that are wrong all the time."""
    truth = swinging(count)
    focal = np.full(truth.shape[:2], 400.0, np.float32)
    centre = 128 - focal[..., None] * truth[:, :, 0, :2] / truth[:, :, 0, 2:]
    uv = (truth[..., :2] / truth[..., 2:] * focal[..., None, None] + centre[..., None, :]) / 256
    scale = truth[:, :, 0, 2] * 256 / (focal * 2250)
    wrong = RNG.normal(0, wrong_mm, (count, 1, 17))
    z = 0.5 + (truth[..., 2] - truth[:, :, :1, 2] + wrong) / 2000 / scale[..., None]
    z[..., 0] = 0.5 + np.log(scale)
    outputs = np.concatenate([uv, z[..., None], np.ones_like(z)[..., None]], -1)
    np.savez(
        folder / name,
        schema=record.SCHEMA,
        columns=["sspnet-lite/7"],
        outputs=outputs[:, :, None].astype(np.float32),
        truth_mm=truth,
        focal_px=focal,
        centre_px=centre.astype(np.float32),
        to_frame=np.tile(np.eye(3, dtype=np.float32), (*truth.shape[:2], 1, 1)),
        side_px=256.0,
        fps=30.0,
    )
    return truth


def without_lift(sequences):
    at = turned(sequences.seen)
    joints, factor, _ = lift_features.posed(np.zeros((*at.far_mm.shape, ANSWERS)), at)
    return joints, at.far_mm * factor


def test_a_record_is_read_as_the_runtime_would_place_it(tmp_path):
    truth = written(tmp_path, wrong_mm=0.0)
    read = observed.read_records([tmp_path / "train-00000.npz"])
    joints, far = without_lift(read)
    np.testing.assert_allclose(joints, truth - truth[:, :, :1], atol=1.0)
    np.testing.assert_allclose(far, np.linalg.norm(truth[:, :, 0], axis=-1), rtol=1e-3)


def test_augmented_sequences_still_fit_their_truth(tmp_path):
    written(tmp_path, wrong_mm=0.0)
    read = observed.read_records([tmp_path / "train-00000.npz"])
    for seed in range(6):
        some = observed.augmented(read, np.random.default_rng(seed))
        joints, _ = without_lift(some)
        right = (some.seen.assumed[:, 0] == 0) & (some.seen.has_depth[:, 0] == 1)
        truth = some.truth_mm - some.truth_mm[:, :, :1]
        assert right.any()
        np.testing.assert_allclose(joints[right], truth[right], atol=2.0)
        assert (some.seen.step_s[:, 0] == 0).all()
        assert (some.seen.step_s[:, 1:] > 0).all()


def test_noise_is_that_of_the_bank_and_depths_are_not_known(tmp_path):
    written(tmp_path)
    read = observed.read_records([tmp_path / "train-00000.npz"])
    bank = ErrorBank.of(read)
    assert np.abs(bank.flat_mm).max() < 2  # this network is right in the image
    motion = swinging(8)
    seen = observed.with_errors(motion, bank, np.random.default_rng(0))
    assert not seen.has_depth.any()
    assert not seen.depth_mm.any()
    rays = motion[..., :2] / motion[..., 2:]
    assert np.median(np.abs(seen.rays - rays)) * 3000 < 2


def test_shuffled_noise_has_the_same_errors_in_another_order(tmp_path):
    written(tmp_path)
    bank = ErrorBank.of(observed.read_records([tmp_path / "train-00000.npz"]))
    shuffled, none = bank.as_noise("shuffled"), bank.as_noise("none")
    assert bank.as_noise("recorded") is bank
    np.testing.assert_allclose(np.sort(shuffled.root_log, 1), np.sort(bank.root_log, 1))
    assert not np.array_equal(shuffled.flat_mm, bank.flat_mm)
    assert not none.flat_mm.any()
    with pytest.raises(BadInput, match="recorded, shuffled, none"):
        bank.as_noise("loud")


def test_one_step_after_the_other_is_the_whole_sequence():
    net = LiftNet(32)
    torch.nn.init.normal_(net.answer.weight, std=0.2)
    inputs = torch.randn(3, 5, FEATURES)
    whole, state = net(inputs), torch.zeros(2, 3, 32)
    for frame in range(5):
        answer, state = net.step(inputs[:, frame], state)
        torch.testing.assert_close(answer, whole[:, frame], rtol=0, atol=1e-5)


def test_training_and_runtime_read_an_answer_alike(tmp_path):
    written(tmp_path)
    inputs, target = loop.prepared(observed.read_records(tmp_path.glob("*.npz")))
    answer = torch.randn(*inputs.shape[:2], ANSWERS) * 0.1
    read = observed.read_records(tmp_path.glob("*.npz"))
    at = turned(read.seen)
    joints, factor, _ = lift_features.posed(answer.numpy(), at)
    ours, log_scale = losses.posed(answer, target)
    np.testing.assert_allclose((ours.numpy() * 1000) @ at.turn, joints, atol=0.5)
    np.testing.assert_allclose(np.exp(log_scale.numpy()), factor, rtol=1e-5)


def test_it_learns_and_is_as_sure_as_it_is_right(tmp_path):
    for name in ("train-00000.npz", "held-out-00000.npz"):
        written(tmp_path, name, count=64)
    np.save(tmp_path / f"motion-{session.POOL}.npy", swinging(64, 96))
    request = session.LiftRequest(
        tmp_path / "no-assets.npz",
        tmp_path,
        tmp_path,
        minutes=0.15,
        recipe=loop.LiftRecipe(recorded=16, motion=8, warm_up=5),
    )
    told = []
    file = session.train(request, told.append)
    card = lift_network.models.read_card(file)
    held = card["held_out"]
    assert held["mpjpe_mm_with"] < 0.97 * held["mpjpe_mm_without"]
    assert held["within_1_std"] == pytest.approx(session.WITHIN, abs=0.02)
    assert any("mpjpe_mm_with" in line for line in told)
    # the exported step says what the network says
    net = loop.load(tmp_path / "lift.safetensors")
    step = lift_network.open_lift(file)
    features, state = (
        RNG.normal(0, 1, (2, FEATURES)).astype(np.float32),
        lift_network.first_state(2),
    )
    answer, after = step(features, state)
    wanted, wanted_state = net.step(torch.from_numpy(features), torch.from_numpy(state))
    np.testing.assert_allclose(answer, wanted.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(after, wanted_state.detach().numpy(), atol=1e-4)
    # training can go on from the exported file
    again = loop.load(file)
    _, state_again = again.step(torch.from_numpy(features), torch.from_numpy(state))
    torch.testing.assert_close(state_again, wanted_state)


def test_what_cannot_be_trained_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="no recorded sequences"):
        observed.read_records(tmp_path.glob("*.npz"))
    np.savez(tmp_path / "x.npz", schema="other")
    with pytest.raises(BadInput, match="is no record of sequences"):
        observed.read_records([tmp_path / "x.npz"])
    done = CliRunner().invoke(
        cli, ["train-lift", "--assets", "a.npz", "--records", str(tmp_path), "--set", "speed=3"]
    )
    assert done.exit_code == 1
    assert "a recipe has recorded" in done.output


def test_the_unfinished_file_of_a_stopped_render_is_not_taken(tmp_path):
    written(tmp_path)
    (tmp_path / "train-00001.npz.part").write_bytes(b"half")
    assert len(observed.read_records(tmp_path.glob("train-*.npz"))) == 24


def test_there_and_back_is_twice_as_long_and_as_smooth(tmp_path):
    written(tmp_path)
    read = observed.read_records(tmp_path.glob("*.npz"))
    both = observed.there_and_back(read)
    assert both.truth_mm.shape[1] == 2 * FRAMES - 1
    np.testing.assert_array_equal(both.truth_mm[:, FRAMES], read.truth_mm[:, FRAMES - 2])


def test_of_takes_rows_of_everything(tmp_path):
    written(tmp_path)
    read = observed.read_records(tmp_path.glob("*.npz"))
    some = read.of(np.array([3, 1]))
    assert isinstance(some, Sequences)
    np.testing.assert_array_equal(some.seen.rays[1], read.seen.rays[1])
    assert len(some) == 2
