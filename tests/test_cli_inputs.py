"""What a user types that cannot be meant is told in words, and nothing is silently ignored."""

from __future__ import annotations

import moving
import numpy as np
import pytest
from click.testing import CliRunner

from edge3dpose.cli import cli
from edge3dpose.counting import counted


def said(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    return done.exit_code, done.output


@pytest.fixture
def poses(tmp_path):
    joints = moving.joints_mm(np.random.default_rng(0), moving.stick_rig(), 60)
    return moving.write_poses(tmp_path / "p.jsonl", [[one] for one in moving.poses_of(joints)])


@pytest.mark.parametrize("option", [("--cutoff-hz", 3), ("--fill-gaps", 7)])
@pytest.mark.parametrize("form", ["bvh", "csv", "trc"])
def test_a_setting_of_the_cleaning_without_it_is_refused(poses, tmp_path, form, option):
    out = tmp_path / f"out.{form}"
    code, text = said("export", poses, "--to", form, "--out", out, *option)
    assert code == 1
    assert f"{option[0]} does nothing without --clean" in text
    assert not out.exists()
    assert said("export", poses, "--to", form, "--out", out, *option, "--clean")[0] == 0


@pytest.mark.parametrize("option", [("--cutoff-hz", 3), ("--fill-gaps", 7)])
def test_angles_refuse_it_too(poses, option):
    code, text = said("angles", poses, *option)
    assert (code, f"{option[0]} does nothing without --clean" in text) == (1, True)
    assert said("angles", poses, *option, "--clean")[0] == 0


def test_a_run_refuses_it_before_it_begins(tmp_path):
    words = ("run", "--source", "sample", "--no-show", "--save-trc", tmp_path / "x.trc")
    code, text = said(*words, "--cutoff-hz", 3)
    assert (code, "--cutoff-hz does nothing without --clean" in text) == (1, True)
    code, text = said("run", "--source", "sample", "--no-show", "--token", "0123456789abcdef")
    assert (code, "--token does nothing without --serve" in text) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("content", "why"), [("", "it is empty"), ("\n{}", "first line is empty")])
@pytest.mark.parametrize("command", ["angles", "view", "export --to csv"])
def test_an_empty_poses_file_is_called_empty(tmp_path, command, content, why):
    file = tmp_path / "poses.jsonl"
    file.write_text(content)
    name, *more = command.split()
    code, text = said(name, file, *more)
    assert (code, why in text) == (1, True), text


def test_an_archive_of_one_video_says_what_it_wants(tmp_path):
    video = tmp_path / "video.mp4"
    video.write_bytes(b"\0\0\0\x18ftypmp42\xff\xfe")
    code, text = said("archive", video, "--out", tmp_path / "out")
    assert code == 1
    assert "wanted a folder of videos" in text


def test_angles_of_a_name_without_a_suffix(poses):
    code, text = said("angles", poses, "--out", "/dev/full")
    assert (code, "wanted a name that ends in .csv or .mot" in text) == (1, True)


def test_one_is_singular():
    assert counted(1, "frame") == "1 frame"
    assert counted(0, "frame") == "0 frames"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("--audio", "--audio does nothing without --save"),
        ("--no-stay", "--stay does nothing without --serve"),
        ("--axes unity", "--axes does nothing without --save-c3d or --save-csv"),
        ("--no-floor", "--floor does nothing without --save-bvh or --save-c3d"),
        ("--clean", "--clean does nothing without --save-bvh"),
        ("--save-bvh x.bvh --axes unity", "--axes does nothing without --save-c3d"),
        ("--save-trc x.trc --no-floor --camera-pitch 9", "--camera-pitch does nothing without"),
    ],
)
def test_options_of_outputs_that_are_off_are_refused(tmp_path, words, wanted):
    given = words.replace("x.", f"{tmp_path}/x.").split()
    code, text = said(
        "run", "--source", "sample", "--no-show", "--jsonl", tmp_path / "p.jsonl", *given
    )
    assert (code, wanted in text) == (1, True), text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("evaluate --dataset clip --overhead", "--overhead does nothing with --dataset clip"),
        ("evaluate --dataset photos --people 5", "--people does nothing with --dataset photos"),
        ("evaluate --labels x.json", "--labels does nothing with --dataset synthetic"),
        ("evaluate --split train", "--split does nothing with --dataset synthetic"),
        ("build-engine --precision fp32 --ranges x", "--ranges does nothing without"),
        ("build-engine --explain --force", "--explain builds nothing"),
    ],
)
def test_options_that_the_rest_leaves_idle_are_refused(words, wanted):
    code, text = said(*words.split())
    assert (code, wanted in text) == (1, True), text


@pytest.mark.parametrize("option", ["--angles", "--count=squat"])
def test_an_archive_as_a_table_refuses_what_it_has_no_columns_for(tmp_path, option):
    out = tmp_path / "out"
    code, text = said("archive", tmp_path, "--out", out, "--format", "parquet", option)
    assert (code, "no --format parquet" in text) == (2, True), text
    assert not out.exists()
