"""Outputs that grow: under their name only when whole, held by one writer, never over others'."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge3dpose.devices import is_stream
from edge3dpose.errors import BadInput
from edge3dpose.outputs import Output, check_free

POSIX = pytest.mark.skipif(os.name != "posix", reason="links, pipes and owners of POSIX")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_part_is_beside_the_file_until_it_is_committed(tmp_path):
    out = Output(tmp_path / "poses.jsonl")
    out.write(b"line\n")
    assert names(tmp_path) == ["poses.part.jsonl"]
    assert (tmp_path / "poses.part.jsonl").read_bytes() == b"line\n"  # at once
    out.commit()
    out.commit()
    assert names(tmp_path) == ["poses.jsonl"]
    other = Output(tmp_path / "clip.avi", ".mp4")
    assert other.part.name == "clip.part.mp4"
    other.discard()
    other.discard()
    assert names(tmp_path) == ["poses.jsonl"]


def test_a_file_that_is_there_is_replaced_only_when_asked_and_only_by_a_whole_one(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"old")
    with pytest.raises(BadInput, match=r"a\.jsonl is there already; .*--overwrite$"):
        Output(file)
    out = Output(file, overwrite=True)
    out.write(b"new")
    assert file.read_bytes() == b"old"
    out.commit()
    assert file.read_bytes() == b"new"
    assert names(tmp_path) == ["a.jsonl"]


def test_an_output_of_an_earlier_run_keeps_its_content_under_another_name(tmp_path, caplog):
    for n in range(3):
        out = Output(tmp_path / "a.jsonl")
        out.write(b'{"schema":"edge3dpose.poses/1"}\n%d' % n)
        out.commit()
    assert names(tmp_path) == ["a-1.jsonl", "a-2.jsonl", "a.jsonl"]
    last = [(tmp_path / name).read_bytes()[-1:] for name in names(tmp_path)]
    assert last == [b"0", b"1", b"2"]
    assert "a.jsonl of an earlier run is now" in caplog.text


def test_an_output_of_an_earlier_run_that_cannot_be_renamed_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_bytes(b'{"schema":"edge3dpose.poses/1"}')
    out = Output(tmp_path / "a.jsonl")
    out.write(b"new")

    def refuse(*names):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(BadInput, match=r"a\.jsonl: Operation not permitted; .*a\.part\.jsonl"):
        out.commit()
    assert (tmp_path / "a.part.jsonl").read_bytes() == b"new"


def test_a_file_that_appeared_meanwhile_is_not_replaced_and_nothing_is_lost(tmp_path):
    out = Output(tmp_path / "a.jsonl")
    out.write(b"mine")
    (tmp_path / "a.jsonl").write_bytes(b"theirs")
    with pytest.raises(BadInput, match=r"is there already; what was written is .*a\.part\.jsonl"):
        out.commit()
    assert (tmp_path / "a.jsonl").read_bytes() == b"theirs"
    assert (tmp_path / "a.part.jsonl").read_bytes() == b"mine"


def test_two_writers_of_one_name_the_second_is_told(tmp_path):
    file = tmp_path / "a.jsonl"
    first = Output(file)
    first.write(b"one")
    for overwrite in (False, True):
        with pytest.raises(BadInput, match=r"another run is writing .*a\.jsonl; name another file"):
            Output(file, overwrite=overwrite)
    code = "import sys; from pathlib import Path; from edge3dpose.outputs import Output\n"
    code += "Output(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, check=False)
    assert b"another run is writing" in done.stderr
    first.commit()
    assert file.read_bytes() == b"one"


def test_what_a_killed_run_left_is_kept_and_told(tmp_path, caplog):
    code = "import os, sys; from pathlib import Path; from edge3dpose.outputs import Output\n"
    code += "out = Output(Path(sys.argv[1])); out.write(sys.argv[2].encode()); os._exit(9)"
    for text in ("first", "second"):
        subprocess.run([sys.executable, "-c", code, tmp_path / "a.jsonl", text], check=False)
    out = Output(tmp_path / "a.jsonl")
    assert "a.part-2.jsonl" in caplog.text
    out.write(b"third")
    out.commit()
    assert names(tmp_path) == ["a.jsonl", "a.part-1.jsonl", "a.part-2.jsonl"]
    assert (tmp_path / "a.part-1.jsonl").read_text() == "first"
    assert (tmp_path / "a.part-2.jsonl").read_text() == "second"


def test_an_empty_part_is_not_kept(tmp_path):
    (tmp_path / "a.part.jsonl").touch()
    Output(tmp_path / "a.jsonl").discard()
    assert names(tmp_path) == []


@POSIX
def test_a_link_in_the_place_of_the_part_is_not_followed(tmp_path):
    (target := tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "a.part.jsonl").symlink_to(target)
    with pytest.raises(BadInput, match=r"a\.part\.jsonl is in the way"):
        Output(tmp_path / "a.jsonl")
    assert target.read_bytes() == b"precious"


@POSIX
def test_a_link_is_written_through_and_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    real = tmp_path / "disk" / "real.jsonl"
    (link := tmp_path / "link.jsonl").symlink_to(real)
    for content in (b"one", b"two"):
        out = Output(link)
        out.write(content)
        out.commit()
        assert link.is_symlink()
        assert real.read_bytes() == content
    assert names(tmp_path / "disk") == ["real.jsonl"]


@POSIX
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="needs another user's link")
def test_a_strangers_link_in_a_folder_of_everybody_is_refused(tmp_path):
    (folder := tmp_path / "all").mkdir()
    folder.chmod(0o1777)
    (link := folder / "a.jsonl").symlink_to(tmp_path / "precious")
    os.lchown(link, 12345, 12345)
    with pytest.raises(BadInput, match="is a link of another user"):
        Output(link)


@POSIX
def test_a_pipe_gets_the_bytes_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    out = Output(pipe)
    assert out.part is None
    assert not out.seekable()
    out.write(b"line\n")
    out.commit()
    reader.join(10)
    assert got == [b"line\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == ["pipe"]


@POSIX
def test_a_reader_that_has_gone_is_told_as_such(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    out = Output(pipe)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        out.write(b"line\n")
    out.discard()


@POSIX
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_to_as_it_is(tmp_path, name):
    if name.startswith("/proc") and not Path("/proc/self/fd").exists():
        pytest.skip("no /proc here")
    code = "import sys; from pathlib import Path; from edge3dpose.outputs import Output\n"
    code += "out = Output(Path(sys.argv[1])); out.write(b'two'); out.commit(); print('three')"
    file = tmp_path / "out.txt"  # a plain file: its name must not be given to another one
    with open(file, "wb") as stream:
        stream.write(b"one ")
        stream.flush()
        before = file.stat().st_ino
        subprocess.run([sys.executable, "-c", code, name], stdout=stream, check=True)
    assert file.read_bytes() == b"one twothree\n"
    assert file.stat().st_ino == before
    assert names(tmp_path) == ["out.txt"]


@POSIX
def test_a_device_is_a_stream_and_a_file_is_not(tmp_path):
    assert is_stream(Path(os.devnull))
    assert is_stream(Path("-"))
    assert not is_stream(tmp_path)
    assert not is_stream(tmp_path / "no")
    check_free(Path(os.devnull))
    (link := tmp_path / "link").symlink_to(os.devnull)
    out = Output(link)
    out.write(b"gone")
    out.commit()
    assert link.is_symlink()


def test_a_name_that_became_a_folder_loses_nothing(tmp_path):
    out = Output(tmp_path / "a.jsonl")
    out.write(b"mine")
    (tmp_path / "a.jsonl").mkdir()  # somebody was quicker
    with pytest.raises(BadInput, match="is there already"):
        out.commit()
    assert (tmp_path / "a.part.jsonl").read_bytes() == b"mine"
