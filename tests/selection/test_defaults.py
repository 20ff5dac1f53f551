"""A request becomes configs: every auto is settled with a reason; what cannot be is one line."""

from dataclasses import replace

import pytest

from edge3dpose.engine_types import EngineRequest
from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import best_backend, resolve, resolve_all


@pytest.fixture
def request_of(small_weights):
    """A request for the small network, with other fields changed."""
    whole = EngineRequest("sspnet-lite", small_weights.onnx, 2, "fp32", "onnxruntime")
    return lambda **changes: replace(whole, **changes)


def test_what_is_given_is_taken_and_needs_no_reason(request_of, small_weights):
    config = resolve(request_of(threads=3))
    assert (config.cut, config.precision, config.backend) == (2, "fp32", "onnxruntime")
    assert config.weights.sha256 == small_weights.sha256
    assert config.spec is small_weights.spec
    assert config.why == ()
    assert str(config) == "sspnet-lite cut 2, fp32, onnxruntime, threads 3"


def test_each_auto_is_settled_with_a_reason(request_of):
    config = resolve(request_of(cut="auto", precision="auto", backend="auto"))
    assert [reason.split(":")[0] for reason in config.why] == [
        *(f"backend {config.backend}", f"cut {config.cut}", f"precision {config.precision}")
    ]
    first, *reasons = str(config).splitlines()
    assert (
        first
        == config.text
        == f"sspnet-lite cut {config.cut}, {config.precision}, " + (config.backend)
    )
    assert reasons == [f"  {reason}" for reason in config.why]


def test_several_are_every_combination_and_each_once(request_of):
    configs = resolve_all(
        request_of(cut="3,1,3", precision="fp32,int8", backend="openvino,onnxruntime")
    )
    assert [(c.backend, c.precision, c.cut) for c in configs] == [
        (backend, precision, cut)
        for backend in ("openvino", "onnxruntime")
        for precision in ("fp32", "int8")
        for cut in (3, 1)
    ]
    assert len(resolve_all(request_of(cut="all"))) == 24


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cut": 25}, "sspnet-lite has no cut 25; there are 1 to 24"),
        ({"cut": "3,4"}, "--cut 3,4: wanted one cut or auto"),
        ({"cut": "all"}, "--cut all: wanted one cut or auto"),
        ({"precision": "fp8"}, "--precision 'fp8': wanted auto or some of fp32, bf16, fp16, int8"),
        ({"precision": "fp32,int8"}, "wanted one precision or auto"),
        ({"backend": "replay"}, "--backend 'replay': wanted auto or some of"),
        ({"backend": "tensorrt-rtx", "threads": 2}, "--threads is for the CPU backends"),
        ({"model": "nothing"}, "no model called 'nothing'"),
    ],
)
def test_what_cannot_be_is_one_line(request_of, changes, said):
    with pytest.raises(BadInput) as caught:
        resolve(request_of(**changes))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_auto_takes_the_first_backend_that_can_run(monkeypatch):
    ranked = [one for one in backends.find_all() if one.auto_rank is not None]
    for backend in ranked:
        monkeypatch.setattr(type(backend), "problem", lambda self: "not here")
    monkeypatch.setattr(type(ranked[-2]), "problem", lambda self: "")
    assert best_backend()[0] == ranked[-2].name
    monkeypatch.setattr(type(ranked[-2]), "problem", lambda self: "not here")
    assert best_backend()[0] == ranked[-1].name == "onnxruntime"


def test_a_budget_leaves_no_choice_without_a_limit_or_with_a_cut(request_of):
    auto = request_of(cut="auto")
    assert Budget().leaves_no_choice(auto)
    for budget in (Budget(latency_ms=5.0), Budget(error_mm=90.0), Budget(fps=30.0)):
        assert not budget.leaves_no_choice(auto)
        assert budget.leaves_no_choice(request_of(cut=3))
    Budget(fps=30.0).check(request_of(cut=3))  # a frame rate is no wish of the user's
    with pytest.raises(BadInput, match="--max-error-mm chooses the cut, and --cut 3 has"):
        Budget(error_mm=90.0).check(request_of(cut=3))
