"""Real plans by TensorRT for RTX, which builds without a GPU."""

import subprocess
import sys

import pytest

from edge3dpose import nvidia
from edge3dpose.compiler import fp16, graph, plan
from edge3dpose.compiler.cut import cut
from edge3dpose.errors import BuildFailed, MissingDependency

RTX = "tensorrt-rtx"


@pytest.fixture(scope="module")
def half(small_weights) -> bytes:
    """The small network's first cut in FP16."""
    model = cut(graph.load(small_weights.onnx), small_weights.spec, 1)
    return fp16.to_fp16(model).SerializeToString()


@pytest.fixture(autouse=True)
def _needs_rtx(request):
    if "rtx" in request.keywords or "half" in request.fixturenames:
        pytest.importorskip("tensorrt_rtx", reason="the rtx extra is not installed")


def test_a_plan_is_built_with_progress_and_the_same_bytes_again(half):
    shares: list[float] = []
    first = plan.build(half, RTX, progress=shares.append)
    assert len(first) > 10_000
    assert first == plan.build(half, RTX)
    assert shares == sorted(shares)
    assert 0.5 < shares[-1] <= 1.0


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from edge3dpose.compiler import plan

steps = []

def interrupt(share):
    if not steps:
        os.kill(os.getpid(), signal.SIGINT)
    steps.append(share)

before = signal.getsignal(signal.SIGINT)
try:
    plan.build(Path(sys.argv[1]).read_bytes(), "tensorrt-rtx", progress=interrupt)
except KeyboardInterrupt:
    assert steps[-1] < 1.0
    assert signal.getsignal(signal.SIGINT) is before
    print("interrupted")
"""


def test_ctrl_c_ends_a_build(half, tmp_path):
    # In a process of its own: with Mesa's LLVM loaded (rendering tests) an RTX build that is
    # cancelled ends in a segmentation fault inside the builder.
    graph_file = tmp_path / "half.onnx"
    graph_file.write_bytes(half)
    command = [sys.executable, "-c", INTERRUPTED, str(graph_file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip() == "interrupted", ended.stderr


def test_a_graph_that_is_none_fails_with_the_builders_words(half):
    with pytest.raises(BuildFailed, match=r"tensorrt-rtx .* does not take this graph: .*ONNX"):
        plan.build(half[: len(half) // 2], RTX)


@pytest.mark.skipif(not nvidia.probe().problem, reason="this machine has an NVIDIA device")
def test_full_tensorrt_is_not_touched_without_a_device():
    with pytest.raises(MissingDependency, match=r"on the GPU that runs them, and .*tensorrt-rtx"):
        plan.build(b"", "tensorrt")
