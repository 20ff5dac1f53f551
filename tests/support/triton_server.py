"""A stand-in for a Triton server: runs a repository with ONNX Runtime, over Triton's protocol.

It reads config.pbtxt, with the real schema, and does no more than it says.
"""

from __future__ import annotations

import importlib.util
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

TYPES = {"UINT8": np.uint8, "FP32": np.float32}
HEADER = "Inference-Header-Content-Length"


def schema():
    """model_config_pb2 of the client's package; its gRPC part is not needed for that."""
    package = importlib.util.find_spec("tritonclient")
    if package is None:
        pytest.skip("tritonclient is not here")
    file = Path(package.origin).parent / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", file)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def config_of(folder: Path):
    """The config of a model, parsed with the schema; it fails for a field that there is not."""
    from google.protobuf import text_format

    made = schema().ModelConfig()
    return text_format.Parse((folder / "config.pbtxt").read_text(encoding="utf-8"), made)


class Repository:
    """The models of a repository, run as their configs say."""

    def __init__(self, folder: Path) -> None:
        found = [one for one in folder.iterdir() if one.is_dir()]
        self.configs = {one.name: config_of(one) for one in found}
        self.sessions = {
            name: _opened(folder / name / "1" / config.default_model_filename, config.backend)
            for name, config in self.configs.items()
            if config.platform != "ensemble"
        }

    def run(self, name, tensors):
        """Answers of a model by name; every tensor has the type and shape of the config."""
        config = self.configs[name]
        _check(config.input, tensors)
        if config.platform == "ensemble":
            known = dict(tensors)
            for step in config.ensemble_scheduling.step:
                given = {inner: known[outer] for inner, outer in step.input_map.items()}
                found = self.run(step.model_name, given)
                known |= {outer: found[inner] for inner, outer in step.output_map.items()}
            answers = {one.name: known[one.name] for one in config.output}
        else:
            answers = self.sessions[name](tensors)
        _check(config.output, answers)
        return answers


def _opened(file, backend):
    if backend == "openvino":
        import openvino

        core = openvino.Core()
        settings = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(core.read_model(file), "CPU", settings)
        return lambda tensors: {
            out.get_any_name(): value for out, value in compiled(tensors).items()
        }
    assert backend == "onnxruntime"
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    assert {one.name for one in session.get_inputs()}
    return lambda tensors: dict(zip(names, session.run(names, tensors), strict=True))


def _check(declared, tensors):
    assert {one.name for one in declared} == set(tensors)
    for one in declared:
        value = tensors[one.name]
        kind = schema().DataType.Name(one.data_type).removeprefix("TYPE_")
        assert value.dtype == TYPES[kind], one.name
        assert len(value.shape) == len(one.dims), one.name
        assert all(want in (-1, n) for n, want in zip(value.shape, one.dims, strict=True)), one.name


@contextmanager
def serving(repository: Repository):
    """A server of KServe's protocol, version 2, with binary tensors; yields HOST:PORT."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            length = int(self.headers[HEADER])
            asked, rest = json.loads(content[:length]), content[length:]
            tensors = {}
            for one in asked["inputs"]:
                size, kind = one["parameters"]["binary_data_size"], TYPES[one["datatype"]]
                values = np.frombuffer(rest[:size], kind)
                tensors[one["name"]] = values.reshape(one["shape"])
                rest = rest[size:]
            model = self.path.split("/")[3]
            answers = repository.run(model, tensors)
            wanted = [(one["name"], answers[one["name"]]) for one in asked["outputs"]]
            told = {
                "model_name": model,
                "outputs": [
                    {
                        "name": name,
                        "datatype": "FP32",
                        "shape": list(value.shape),
                        "parameters": {"binary_data_size": value.nbytes},
                    }
                    for name, value in wanted
                ],
            }
            head = json.dumps(told).encode()
            body = head + b"".join(np.ascontiguousarray(value).tobytes() for _, value in wanted)
            self.send_response(200)
            self.send_header(HEADER, str(len(head)))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
