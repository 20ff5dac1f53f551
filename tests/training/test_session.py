"""The library under edge3dpose train, and the errors of the command."""

import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from edge3dpose.cli import cli
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.training import checkpoint, nets, session
from edge3dpose.training.session import TrainRequest

SETTINGS = ("growth=8", "replay=0", "overhead=0.2", "bf16=false")


def run_command(*arguments):
    return CliRunner().invoke(cli, ["train", *map(str, arguments)])


def test_a_training_writes_a_checkpoint_and_goes_on_from_it(stick_file, tmp_path):
    pytest.importorskip("moderngl", reason="the train extra is not installed")
    request = TrainRequest(
        model="sspnet", out=tmp_path, assets=stick_file, settings=SETTINGS, samples=8, workers=0
    )
    assert session.train(request)
    saved = checkpoint.load(tmp_path / session.CHECKPOINT)
    assert saved.progress.samples == 8
    assert (saved.recipe.growth, saved.recipe.overhead) == (8, 0.2)
    assert (tmp_path / "held-out.csv").is_file()
    with pytest.raises(BadInput, match="go on with --resume"):
        session.train(request)
    assert session.train(replace(request, resume=True, settings=("samples=16",)))
    assert checkpoint.load(tmp_path / session.CHECKPOINT).progress.samples == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "nothing"), "nothing"),
        (("--prepare",), "--prepare needs --data"),
        (("--label", "clip.mp4"), "--label needs --teachers"),
        (("--model", "sspnet-lite"), "pass --encoder"),
        (("--model", "sspnet", "--set", "growth=8", "--dataset", "h36m"), "wanted NAME=PATH"),
        (("--model", "sspnet", "--set", "growth=8", "--assets", "gone.npz"), "no baked assets"),
        (("--export",), "no checkpoint"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path, options, message):
    done = run_command("--out", tmp_path / "run", *options)
    assert done.exit_code == 1
    (line,) = done.output.strip().splitlines()
    assert message in line


def test_without_torch_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match=r"edge3dpose\[train\]"):
        session.check(TrainRequest(model="sspnet", out=tmp_path))


@pytest.mark.parametrize(
    ("instructions", "emulated"),
    [(["avx2"], True), (["avx2", "avx512f"], False), (["asimd", "bf16"], False), ([], False)],
)
def test_a_cpu_that_emulates_bf16_is_known(instructions, emulated):
    assert session._emulates_bf16(instructions) == emulated


def test_a_file_in_nets_is_a_model(tmp_path, monkeypatch):
    (tmp_path / "tiny_net.py").write_text(
        "from edge3dpose.training.nets import Network\n"
        "from edge3dpose.training.nets.sspnet import PLUGIN as sspnet\n"
        "from edge3dpose.training.recipes import Recipe\n"
        "PLUGIN = Network(Recipe(model='tiny-net', growth=8, samples=10), sspnet.make)\n"
    )
    with pytest.raises(BadInput, match=r"no network for model 'tiny-net'.*sspnet-lite"):
        nets.build("tiny-net")
    monkeypatch.setattr(nets, "__path__", [*nets.__path__, str(tmp_path)])
    assert nets.recipe_of("tiny-net").samples == 10
    assert nets.build("tiny-net").cuts == 24
