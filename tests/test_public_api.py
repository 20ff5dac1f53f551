"""What `import edge3dpose` gives, and what it loads: next to nothing until a name is used."""

import subprocess
import sys

import pytest

import edge3dpose

HEAVY = {"cv2", "onnx", "onnxruntime", "openvino", "torch", "matplotlib", "rich", "click", "pandas"}


def test_every_public_name_is_there():
    for name in edge3dpose.__all__:
        assert getattr(edge3dpose, name) is not None
    assert set(edge3dpose.__all__) <= set(dir(edge3dpose))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'PoseEstimatr'"):
        edge3dpose.PoseEstimatr  # noqa: B018


def loaded_after(code):
    words = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_the_import_loads_neither_opencv_nor_a_runtime_nor_numpy():
    assert not loaded_after("import edge3dpose") & {*HEAVY, "numpy"}


def test_reading_poses_loads_neither_opencv_nor_a_runtime():
    assert not loaded_after("import edge3dpose; edge3dpose.read_poses; edge3dpose.H36M17") & HEAVY


def test_the_import_takes_less_than_60_ms():
    code = "import time; s = time.perf_counter(); import edge3dpose; print(time.perf_counter() - s)"
    words = [sys.executable, "-c", code]
    took_s = [
        float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(took_s) < 0.06
