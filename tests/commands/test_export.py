"""edge3dpose export."""

import moving
import numpy as np
from click.testing import CliRunner

from edge3dpose.cli import cli


def test_a_glb_is_written_and_said(tmp_path):
    joints = moving.joints_mm(np.random.default_rng(0), moving.stick_rig(), 30)
    file = moving.write_poses(tmp_path / "a.jsonl", [[p] for p in moving.poses_of(joints)])
    given = ["--to", "glb", "--out", str(tmp_path / "b.glb"), "--height-cm", "180"]
    done = CliRunner().invoke(cli, ["export", str(file), *given])
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'b.glb'}: person 3, 180 cm tall, 30 frames" in done.stderr
    assert (tmp_path / "b.glb").read_bytes()[:4] == b"glTF"


def test_what_cannot_be_is_one_line(tmp_path):
    file = moving.write_poses(tmp_path / "a.jsonl", [[], []])
    for given, words in (
        ([str(file), "--to", "glb"], "nobody is in"),
        ([str(tmp_path / "none.jsonl"), "--to", "glb"], "no poses file"),
    ):
        done = CliRunner().invoke(cli, ["export", *given])
        assert done.exit_code == 1
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert CliRunner().invoke(cli, ["export", str(file), "--to", "fbx"]).exit_code == 2
