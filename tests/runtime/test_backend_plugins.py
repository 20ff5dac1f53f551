"""The contract of backends: what they can do is said by attributes, and defaults hold."""

import plugin_contract
import pytest

from edge3dpose import plugins
from edge3dpose.engine_types import PRECISIONS, Engine
from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends
from edge3dpose.runtime.backends import Backend

NAMES = plugins.names(backends.FOLDER)


@pytest.mark.parametrize("name", NAMES)
def test_every_backend_keeps_the_contract(name):
    backend = plugin_contract.check(backends.FOLDER, name, Backend)
    assert backend.package
    assert "pip" in backend.install
    assert isinstance(backend.problem(), str)
    assert set(backend.precisions) <= set(PRECISIONS)
    assert set(backend.tuned_precisions) <= set(PRECISIONS)
    assert backend.is_gpu or not backend.is_plan
    assert backend.supports_threads in (True, False)
    assert backend.device_name in ("cpu", "cuda")
    for precision in PRECISIONS:
        why = backend.unsupported_reason(precision)
        assert isinstance(why, str)
        if precision not in backend.precisions:
            assert why
    if not backend.problem():
        assert backend.version()
        assert backend.why_auto() or backend.auto_rank is None
        assert set(backend.device()) >= {"name"}
        precision, reason = backend.auto_precision(shipped_weights=True)
        assert not backend.unsupported_reason(precision)
        assert reason


def test_importing_backends_loads_nothing_heavy():
    assert plugin_contract.loaded_with(backends.FOLDER) == []


def test_names_are_in_the_order_in_which_auto_tries_them():
    assert backends.names() == [
        *("tensorrt", "tensorrt-rtx", "onnxruntime-cuda", "openvino", "onnxruntime")
    ]
    ranks = [backend.auto_rank for backend in backends.find_all() if backend.auto_rank is not None]
    assert len(set(ranks)) == len(ranks)
    with pytest.raises(BadInput, match="no backend called 'x'; there is: onnxruntime"):
        backends.find("x")


def test_what_a_backend_has_not_is_said_with_those_that_have_it():
    reason = backends.find("onnxruntime").unsupported_reason("bf16")
    assert reason == "is for openvino; take fp32, fp16 or int8"
    assert "no convolutions" in backends.find("onnxruntime-cuda").unsupported_reason("int8")
    assert str(backends.no_gpu("no driver")).endswith("use --backend openvino or onnxruntime here")
    anywhere = "--backend tensorrt-rtx, openvino or onnxruntime"
    assert backends.buildable_anywhere() == anywhere


def test_of_several_engines_all_are_open_or_none(tmp_path):
    class Kept(Engine):
        closed = False

        def close(self):
            self.closed = True

    class Fails(Backend):
        name, made = "fails", ()

        def open_engine(self, path, spec, *, threads=None):
            if path.name == "3":
                raise BadInput("the third fails")
            self.made = (*self.made, Kept())
            return self.made[-1]

    backend = Fails()
    opened = backend.open_engines({1: tmp_path / "1", 2: tmp_path / "2"}, None)
    assert list(opened) == [1, 2]
    with pytest.raises(BadInput, match="the third fails"):
        backend.open_engines({1: tmp_path / "1", 3: tmp_path / "3"}, None)
    assert [engine.closed for engine in backend.made] == [False, False, True]
