"""Who could have changed an engine, what runs from the working folder, what texts may do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import small_net

from edge3dpose import folder_trust, input_files, models, onnx_bytes, plain_arrays
from edge3dpose.errors import BadInput, EngineMismatch, printable
from edge3dpose.reports.columns import markdown_text
from edge3dpose.reports.templating import render

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="root alone gives files away"
)


@posix
def test_a_folder_of_this_user_alone_is_trusted(tmp_path):
    folder_trust.check(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "there").mkdir()
    folder_trust.check(tmp_path / "link")  # an engines folder on another disk


@posix
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_everybody_can_write_is_not_trusted(tmp_path, mode):
    tmp_path.chmod(mode)
    with pytest.raises(BadInput, match=r"can be written by everybody.*chmod go-w .*--engines DIR"):
        folder_trust.check(tmp_path)


@posix
def test_a_parent_that_everybody_can_write_is_not_trusted_unless_it_is_sticky(tmp_path):
    folder = tmp_path / "open" / "mine"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o777)
    with pytest.raises(BadInput, match=r"lies in .*open, which everybody may write"):
        folder_trust.check(folder)
    folder.parent.chmod(0o1777)  # as /tmp
    folder_trust.check(folder)


@as_root
def test_another_users_folder_and_a_groups_are_not_trusted(tmp_path):
    os.chown(tmp_path, 12345, -1)
    with pytest.raises(BadInput, match=r"belongs to the user 12345.*chown it"):
        folder_trust.check(tmp_path)
    os.chown(tmp_path, 0, 12345)
    tmp_path.chmod(0o775)
    with pytest.raises(BadInput, match="can be written by the group 12345"):
        folder_trust.check(tmp_path)
    tmp_path.chmod(0o755)
    folder_trust.check(tmp_path)


@posix
def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "engines").mkdir()
    outside, link = tmp_path / "elsewhere" / "a.onnx", tmp_path / "engines" / "a.onnx"
    outside.write_bytes(b"")
    link.symlink_to(outside)
    with pytest.raises(BadInput, match=r"is a link to .*, out of its folder"):
        folder_trust.check_file(link)


@posix
def test_a_pipe_or_a_device_is_no_file_and_does_not_hold_anybody_up(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(BadInput, match="is a device or a pipe, wanted a file"):
            input_files.read(path)
    with pytest.raises(BadInput, match="is a folder"):
        input_files.read(tmp_path)


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "C:\\a", "a/../../b", "", "\\\\host\\a", "a\0"]
)
def test_a_name_in_labels_stays_in_its_folder(tmp_path, name):
    with pytest.raises(BadInput, match="leads out of"):
        input_files.below(tmp_path, name)
    assert input_files.below(tmp_path, "a/b.jpg") == tmp_path / "a" / "b.jpg"


def test_weights_in_another_file_are_refused_before_anything_opens_them(tmp_path):
    model = small_net.SmallNet(models.find("sspnet-lite"), 0).model()
    file, whole = tmp_path / "a.onnx", model.SerializeToString()
    onnx.save(model, file, save_as_external_data=True, location="a.data", size_threshold=0)
    with pytest.raises(EngineMismatch, match="has weights in another file"):
        onnx_bytes.check(file.read_bytes(), file)
    assert onnx_bytes.check(whole, file) == whole


def test_weights_that_are_not_finite_are_refused(tmp_path):
    from edge3dpose.compiler import graph

    weights = small_net.write(tmp_path)
    model = onnx.load(weights.onnx)
    values = onnx.numpy_helper.to_array(model.graph.initializer[0]).copy()
    values.reshape(-1)[0] = np.nan
    name = model.graph.initializer[0].name
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(values, name))
    onnx.save(model, weights.onnx)
    card = {"model": "sspnet-lite", "sha256": input_files.hashlib.sha256(
        weights.onnx.read_bytes()).hexdigest()}  # fmt: skip
    models.write_card(weights.onnx, card)
    with pytest.raises(EngineMismatch, match="numbers that are not finite"):
        graph.of_weights(models.open_weights(models.find("sspnet-lite"), weights.onnx))


def test_a_small_npz_of_gigabytes_is_refused_by_its_headers(tmp_path):
    import mutations

    file = tmp_path / "bomb.npz"
    file.write_bytes(mutations.bomb("part", 100))
    assert file.stat().st_size < 1 << 20
    with pytest.raises(BadInput, match="would unpack to 100 MB, wanted 64 MB at most"):
        plain_arrays.read_npz(file)


def test_the_module_run_by_python_m_imports_nothing_from_the_working_folder(tmp_path):
    for name in ("click", "numpy", "rich", "av", "yaml", "edge3dpose_x"):
        (tmp_path / f"{name}.py").write_text("open('run', 'w').close()\nraise SystemExit(9)\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "edge3dpose", "models"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "run").exists()


def test_texts_of_reports_are_no_markup():
    hostile = "<script>alert(1)</script> [a](javascript:b) ![x](http://x)"
    escaped = markdown_text(hostile)
    assert "<" not in escaped
    assert "\\[a\\](" in escaped
    assert printable("\x1b]0;x\x07\u202e") == "\\x1b]0;x\\x07\\x202e"
    page = render(
        "page.html", title=hostile, headline=hostile, errors_note="", sections=[], open_rows=1
    )
    assert "<script>" not in page


def test_a_chart_shows_dollar_signs_as_they_are():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from edge3dpose.reports import plots

    figure = Figure()
    figure.subplots().set_title("<script> $x_{$")
    svg = plots.inline_svg(figure, "a")
    assert "$x_{$" in svg
    assert "<script>" not in svg
