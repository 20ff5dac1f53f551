"""A manifest vouches for its engine: whatever is damaged, swapped or of elsewhere is one line."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from edge3dpose import manifest, models
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.manifest import Manifest

SPEC = models.find("sspnet-lite")


def write(folder: Path, cut: int = 3, backend: str = "onnxruntime", content: bytes = b"engine"):
    """An engine and its manifest, as the compiler writes them."""
    suffix = manifest.PLAN_SUFFIX if backend.startswith("tensorrt") else ".onnx"
    engine = folder / f"m{cut}{suffix}"
    content += bytes([cut]) * 100
    graph = b"\x52" + bytes([len(content)]) + content  # its doc_string
    content = b"\x3a" + bytes([len(graph)]) + graph  # all that an ONNX file needs
    fields = {
        "model": SPEC.name,
        "cut": cut,
        "precision": "fp16",
        "backend": backend,
        "backend_version": "1.2.3",
        "weights_sha256": "ab" * 32,
        "input": {"name": "images", "dtype": "float32", "shape": [1, 3, 256, 256]},
    }
    facts = {
        "joints": list(SPEC.skeleton.joints),
        "mean_rgb": list(SPEC.mean_rgb),
        "std_rgb": list(SPEC.std_rgb),
    }
    made = Manifest(
        engine=engine,
        key=manifest.digest(fields),
        fields=fields,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        model=facts,
        build={"seconds": 1.0},
        parity=None,
        calibration=None,
    )
    engine.write_bytes(content)
    manifest.path_of(engine).write_text(manifest.to_json(made))
    return made


def edit(made: Manifest, **changes: object) -> None:
    file = manifest.path_of(made.engine)
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_whole_pair_is_read_back(tmp_path):
    made = write(tmp_path)
    assert manifest.verify(made.engine) == made
    assert (made.name, made.cut, made.precision) == ("sspnet-lite", 3, "fp16")
    manifest.check_fits(made, SPEC, "onnxruntime")  # any version opens it


def test_a_missing_engine_and_a_missing_manifest_are_named(tmp_path):
    made = write(tmp_path)
    manifest.path_of(made.engine).unlink()
    with pytest.raises(BadInput, match=r"has no manifest m3.json.*edge3dpose build-engine"):
        manifest.verify(made.engine)
    with pytest.raises(BadInput, match=r"no engine at .*gone.onnx"):
        manifest.verify(tmp_path / "gone.onnx")


def test_a_truncated_engine_is_named_with_the_command_that_mends_it(tmp_path):
    made = write(tmp_path)
    made.engine.write_bytes(made.engine.read_bytes()[:-7])
    command = r"edge3dpose build-engine --model sspnet-lite --cut 3 --precision fp16 .* --force"
    with pytest.raises(EngineMismatch, match=rf"103 bytes, its manifest says 110.*{command}"):
        manifest.verify(made.engine)


def test_one_flipped_bit_is_noticed(tmp_path):
    made = write(tmp_path)
    content = bytearray(made.engine.read_bytes())
    content[50] ^= 1
    made.engine.write_bytes(content)
    with pytest.raises(EngineMismatch, match="damaged or was swapped"):
        manifest.verify(made.engine)


def test_swapped_engines_and_swapped_manifests_are_noticed(tmp_path):
    a, b = write(tmp_path, 3), write(tmp_path, 4)
    contents = a.engine.read_bytes(), b.engine.read_bytes()
    a.engine.write_bytes(contents[1])
    with pytest.raises(EngineMismatch, match="swapped"):
        manifest.verify(a.engine)
    a.engine.write_bytes(contents[0])
    os.replace(manifest.path_of(b.engine), manifest.path_of(a.engine))
    with pytest.raises(EngineMismatch, match=r"is the manifest of m4\.onnx, not of m3\.onnx"):
        manifest.verify(a.engine)


def test_a_manifest_of_another_version_or_with_edited_fields_is_refused(tmp_path):
    made = write(tmp_path)
    edit(made, schema="edge3dpose.engine/0")
    with pytest.raises(EngineMismatch, match=r"schema 'edge3dpose.engine/0', wanted"):
        manifest.verify(made.engine)
    edit(made, schema=manifest.SCHEMA, fields={**made.fields, "cut": 9})
    with pytest.raises(EngineMismatch, match="was changed: its key and fields differ"):
        manifest.verify(made.engine)
    edit(made, fields={name: v for name, v in made.fields.items() if name != "precision"})
    with pytest.raises(EngineMismatch, match=r"fields\.precision is missing"):
        manifest.verify(made.engine)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"engine"', "\x00\x01"])
def test_a_manifest_that_is_no_json_is_one_line(tmp_path, text):
    made = write(tmp_path)
    manifest.path_of(made.engine).write_text(text)
    with pytest.raises(EngineMismatch) as caught:
        manifest.verify(made.engine)
    assert "\n" not in str(caught.value)
    assert "delete m3.onnx and m3.json" in str(caught.value)


def test_bytes_that_are_no_text_are_no_manifest(tmp_path):
    made = write(tmp_path)
    manifest.path_of(made.engine).write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(EngineMismatch, match="is not a manifest"):
        manifest.verify(made.engine)


def test_an_engine_of_another_model_backend_or_version_does_not_fit(tmp_path):
    made = write(tmp_path, backend="tensorrt")
    with pytest.raises(EngineMismatch, match="built for model sspnet-lite, this is sspnet"):
        manifest.check_fits(made, models.find("sspnet"), "tensorrt", "1.2.3")
    with pytest.raises(EngineMismatch, match="built for backend tensorrt, this is openvino"):
        manifest.check_fits(made, SPEC, "openvino", "1.2.3")
    with pytest.raises(EngineMismatch, match=r"tensorrt version 1.2.3, this is 10.3; rebuild"):
        manifest.check_fits(made, SPEC, "tensorrt", "10.3")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("backend", ["tensorrt-rtx", "onnxruntime"])
def test_an_engine_in_a_folder_that_everybody_can_write_is_not_opened(tmp_path, backend):
    made = write(tmp_path, 1, backend)
    assert manifest.verify(made.engine) == made
    tmp_path.chmod(0o777)
    with pytest.raises(BadInput, match=r"can be written by everybody.*chmod go-w"):
        manifest.verify(made.engine)


def test_what_was_verified_is_what_is_given(tmp_path):
    made = write(tmp_path)
    content = made.engine.read_bytes()
    assert manifest.read_verified(made.engine) == (made, content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size_bytes": 1.5}, "size_bytes is 1.5, wanted a whole number"),
        ({"size_bytes": -1}, "size_bytes is -1, wanted a number from 0"),
        ({"sha256": "AB"}, "sha256 is 'AB', wanted 64 hex digits"),
        ({"build": []}, r"build is \[\], wanted an object"),
        ({"parity": {"not_run": 3}}, "parity.not_run is 3, wanted a text"),
        ({"calibration": {"digest": [1]}}, "calibration.digest is"),
    ],
)
def test_a_field_that_cannot_be_is_named(tmp_path, change, words):
    made = write(tmp_path)
    edit(made, **change)
    with pytest.raises(EngineMismatch, match=words):
        manifest.verify(made.engine)


def test_words_that_a_shell_would_obey_are_in_no_command(tmp_path):
    made = write(tmp_path)
    fields = {**made.fields, "model": "x; rm -rf ~"}
    edit(made, fields=fields, key=manifest.digest(fields))
    with pytest.raises(EngineMismatch, match=r"fields\.model is 'x; rm -rf ~', wanted a name"):
        manifest.verify(made.engine)
