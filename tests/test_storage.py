"""A file is written whole or not at all; JSON is read by its schema; every failure is one line."""

from __future__ import annotations

import ast
import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from edge3dpose import outputs, storage
from edge3dpose.errors import BadInput

PACKAGE = Path(storage.__file__).parent


def test_bytes_text_and_json_come_back(tmp_path):
    storage.write_bytes(tmp_path / "new" / "folder" / "a.bin", b"\0\r\n")
    storage.write_text(tmp_path / "b.txt", "säule\r\n")
    storage.save_json(tmp_path / "c.json", {"schema": "edge3dpose.speed/1", "rows": [1.5, "ä"]})
    assert (tmp_path / "new" / "folder" / "a.bin").read_bytes() == b"\0\r\n"
    assert (tmp_path / "b.txt").read_bytes() == "säule\r\n".encode()
    content = storage.load_json(tmp_path / "c.json", "edge3dpose.speed/1")
    assert content == {"schema": "edge3dpose.speed/1", "rows": [1.5, "ä"]}
    assert sorted(os.listdir(tmp_path)) == ["b.txt", "c.json", "new"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(28, "full")])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    file = tmp_path / "net.npz"
    file.write_bytes(b"old")

    def write() -> None:
        with storage.writing(file) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(BadInput if isinstance(error, OSError) else type(error)):
        write()
    assert os.listdir(tmp_path) == ["net.npz"]
    assert file.read_bytes() == b"old"


def test_a_writer_gets_a_name_with_the_same_ending(tmp_path):
    with storage.writing(tmp_path / "a.npz") as temporary:
        np.savez(temporary, x=np.arange(3))  # adds .npz to a name that has it not
        assert not (tmp_path / "a.npz").exists()
    assert os.listdir(tmp_path) == ["a.npz"]
    assert np.load(tmp_path / "a.npz")["x"].tolist() == [0, 1, 2]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    file = tmp_path / "a.txt"
    with storage.writing(file) as one, storage.writing(file) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert file.read_text() == "one"  # the outer block ends last
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_file_has_the_mode_that_any_new_file_has(tmp_path):
    (tmp_path / "plain").touch()
    storage.write_text(tmp_path / "stored", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "stored")}
    assert len(modes) == 1


def test_a_file_that_cannot_be_written_is_one_line_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot write .*file/a\.json: .+; pass --report FILE$"):
        storage.save_json(tmp_path / "file" / "a.json", {}, "pass --report FILE")
    with pytest.raises(BadInput, match="is a folder, wanted a file to write"):
        storage.write_text(tmp_path, "text")


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match=r"cannot write .*a\.txt: No space left on device; make r"):
        storage.write_text(tmp_path / "a.txt", "text")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "holds a JSON list, wanted an object"),
        (b'{"schema": "edge3dpose.build/1"}', "has schema 'edge3dpose.build/1', wanted"),
        (b"{}", "has schema None, wanted 'edge3dpose.speed/1'"),
    ],
)
def test_what_is_not_the_wanted_json_is_one_line(tmp_path, content, said):
    file = tmp_path / "r.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadInput, match=r"r\.json") as caught:
        storage.load_json(file, "edge3dpose.speed/1")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_storage_alone_renames_files_and_writes_json():
    """Another file that did so could leave a half-written file under its final name."""
    renames = {"os.replace", "os.rename", "json.dump"}
    methods = {"write_text", "write_bytes", "savefig", "imwrite", "savez", "savez_compressed"}
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or file.name == "storage.py":
                continue
            called = ast.unparse(node.func)
            through = called.startswith("storage.") or "storage.writing(" in source
            if called in renames or (called.rpartition(".")[2] in methods and not through):
                found.append(f"{file.relative_to(PACKAGE)}:{node.lineno} {called}")
    assert found == []


def test_json_is_stable_text(tmp_path):
    storage.save_json(tmp_path / "a.json", {"b": 1, "a": [2]})
    text = (tmp_path / "a.json").read_text()
    assert text == json.dumps({"b": 1, "a": [2]}, indent=1) + "\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_or_a_device_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (link := tmp_path / "link").symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(BadInput, match="is a device or a pipe, wanted a file to write"):
            storage.write_bytes(path, b"new")
    (done := tmp_path / "done").write_bytes(b"new")
    with pytest.raises(BadInput, match="is a device or a pipe"):
        storage.move(done, pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["done", "link", "pipe"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights on this system")
def test_a_link_is_written_through_and_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "real.jsonl"
    (link := tmp_path / "link.jsonl").symlink_to(target)
    storage.write_bytes(link, b"one")
    assert target.read_bytes() == b"one"
    storage.write_bytes(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"
    assert sorted(os.listdir(tmp_path / "disk")) == ["real.jsonl"]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_is_no_name_of_a_file_is_refused(name):
    for write in (outputs.Output, lambda path: storage.write_bytes(path, b"")):
        with pytest.raises(BadInput, match="is no name of a file to write"):
            write(Path(name))
