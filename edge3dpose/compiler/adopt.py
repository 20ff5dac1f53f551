"""A stranger's network and a spec file -> a model: verified, its decode in its graph, with a card.

The graph that is written has the input `images` and the output `cut01`, as our own models have. So
all passes of the compiler, every backend and the runtime take it as it is.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, TensorProto, helper

from edge3dpose import input_files, models, onnx_bytes, paths, storage
from edge3dpose.compiler import decodes, graph, trial_run
from edge3dpose.compiler.decodes import Joints, Outputs
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.compiler.decodes._whole_maps import whole_maps
from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.models import _spec_file
from edge3dpose.models._spec_file import SpecFile

OPSET, NEWEST_OPSET = 13, 23
MOST_NODES = 20_000
_FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE}
_INPUTS = {*_FLOATS, TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64}
_CONTROL = ("If", "Loop", "Scan", "SequenceMap")
_RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial")


def add(spec_file: Path, onnx_file: Path | None = None, *, replace: bool = False) -> Weights:
    """Take a network for a model: its graph, its card and its spec go into the models' folder.

    spec_file  TOML, or the name of one that comes with the package
    onnx_file  the network; None for the one that the spec file names
    replace    a model of that name that was added before
    Raises BadInput or EngineMismatch for what cannot be; nothing is left then.
    """
    file = _spec_file.read(_path_of(spec_file))
    source = onnx_file or file.onnx
    if source is None:
        raise BadInput(f"{file.path} names no network; pass --onnx FILE")
    if file.spec.name in models.shipped():
        raise BadInput(f"{file.spec.name} is a model of this package; give yours another name")
    folder = paths.models_folder() / file.spec.name
    if folder.exists() and not replace:
        raise BadInput(f"{file.spec.name} was added before: {folder}; --replace takes its place")
    content = input_files.read(source)
    model = assemble(file, _parsed(content, source), str(source))
    return _publish(file, model, hashlib.sha256(content).hexdigest(), folder)


def _parsed(content: bytes, source: Path) -> ModelProto:
    """The model of a whole ONNX file without other files; the checker sees it once it is joined.

    Some exporters leave shapes of outputs out, which the checker does not forgive.
    """
    onnx_bytes.check(content, source)
    try:
        model: ModelProto = onnx.load_from_string(content)
    except Exception as error:  # protobuf raises many kinds
        raise EngineMismatch(
            f"{source} is no usable ONNX model: {trial_run.short(error)}"
        ) from None
    return model


def _path_of(spec_file: Path) -> Path:
    zoo = _spec_file.in_zoo()
    if not spec_file.exists() and str(spec_file) in zoo:
        return zoo[str(spec_file)]
    if not spec_file.exists() and not spec_file.suffix:
        raise BadInput(f"no spec file {spec_file}; the package has: {', '.join(zoo)}")
    return spec_file


def assemble(file: SpecFile, network: ModelProto, where: str) -> ModelProto:
    """The network with what it is given before it and its decode behind it.

    where  the network's file, for errors
    Raises BadInput where the spec file and the network disagree.
    """
    network = _checked(network, where)
    static = _with_input(network, file, where)
    outputs = _run(static, file, where)
    try:
        joined = _joined(static, file, outputs)
        onnx.checker.check_model(joined, full_check=True)
    except BadInput as error:
        raise BadInput(f"{file.path}: {error}") from None
    except Exception as error:  # the checker's errors share no base class
        raise BadInput(
            f"{where} cannot be joined with its decode: {trial_run.short(error)}"
        ) from None
    found = trial_run.answer(joined, file, where)
    if found.shape != (1, *file.spec.output_shape(1)[1:]) or not np.isfinite(found).all():
        raise BadInput(f"{where} gives {list(found.shape)} with its decode, or no finite numbers")
    return joined


def _checked(network: ModelProto, where: str) -> ModelProto:
    if network.functions:
        from onnx import inliner

        network = inliner.inline_local_functions(network)
    domains = {one.domain for one in network.opset_import} - {"", "ai.onnx"}
    used = {node.domain for node in network.graph.node} - {"", "ai.onnx"}
    if used:
        raise BadInput(f"{where} has operators of {', '.join(sorted(used))}; export it without")
    kept = [one for one in network.opset_import if one.domain not in domains]
    del network.opset_import[:]
    network.opset_import.extend(kept)
    if len(network.graph.node) > MOST_NODES:
        raise BadInput(f"{where} has {len(network.graph.node)} nodes, wanted {MOST_NODES} at most")
    for node in network.graph.node:
        if node.op_type in (*_CONTROL, *_RANDOM):
            raise BadInput(f"{where} has the operator {node.op_type}; export it without")
    for index, node in enumerate(network.graph.node):
        node.name = f"{index}.{node.name or node.op_type}"  # the passes want each name once
    version = kept[0].version if kept else 0
    if version < OPSET:
        try:
            network = onnx.version_converter.convert_version(network, OPSET)
        except Exception as error:  # its errors share no base class
            raise BadInput(f"{where} has opset {version}, wanted {OPSET} or more, and cannot be "
                           f"converted: {trial_run.short(error)}") from None  # fmt: skip
    elif version > NEWEST_OPSET:
        raise BadInput(f"{where} has opset {version}, wanted {NEWEST_OPSET} at most")
    return network


def _with_input(network: ModelProto, file: SpecFile, where: str) -> ModelProto:
    """The network with names of its own, weights that are no inputs, and one static picture."""
    weights = {tensor.name for tensor in network.graph.initializer}
    inputs = [one for one in network.graph.input if one.name not in weights]
    if len(inputs) != 1:
        raise BadInput(f"{where} has {len(inputs)} inputs, wanted one picture")
    kind = inputs[0].type.tensor_type
    if kind.elem_type not in _INPUTS:
        raise BadInput(f"{where}: its input is {TensorProto.DataType.Name(kind.elem_type)}")
    wanted = _input_shape(file)
    dims = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
    if len(dims) != 4 or any(
        n not in (None, 0, want) for n, want in zip(dims, wanted, strict=True)
    ):
        shown = ["?" if n is None else n for n in dims]
        raise BadInput(f"{where} takes {shown}, {file.path.name} says {list(wanted)} "
                       f"({file.input.layout}, batch 1)")  # fmt: skip
    made = ModelProto.FromString(network.SerializeToString())
    made.graph.input[0].CopyFrom(
        next(one for one in made.graph.input if one.name == inputs[0].name)
    )
    del made.graph.input[1:]
    tensor = made.graph.input[0].type.tensor_type
    del tensor.shape.dim[:]
    for length in wanted:
        tensor.shape.dim.add().dim_value = length
    del made.graph.value_info[:]
    onnx.compose.add_prefix(made, "net/", inplace=True)
    made.ir_version = min(made.ir_version, 10)
    return made


def _input_shape(file: SpecFile) -> tuple[int, int, int, int]:
    width, height = file.input.size
    return (1, 3, height, width) if file.input.layout == "nchw" else (1, height, width, 3)


def _run(network: ModelProto, file: SpecFile, where: str) -> Outputs:
    """The outputs with the shapes that they really have."""
    names = [one.name for one in network.graph.output]
    elements = {one.name: one.type.tensor_type.elem_type for one in network.graph.output}
    session = trial_run.session(network, where)
    picture = np.random.default_rng(0).random(_input_shape(file), np.float32)
    dtype = helper.tensor_dtype_to_np_dtype(network.graph.input[0].type.tensor_type.elem_type)
    found = trial_run.infer(session, {network.graph.input[0].name: picture.astype(dtype)}, where)
    arrays = dict(zip([one.name for one in session.get_outputs()], found, strict=True))
    kept = [n for n in names if isinstance(arrays[n], np.ndarray) and elements[n] in _FLOATS]
    return Outputs(
        {name.removeprefix("net/"): name for name in kept},
        {name.removeprefix("net/"): arrays[name].shape for name in kept},
    )


def _joined(network: ModelProto, file: SpecFile, outputs: Outputs) -> ModelProto:
    opset = next(one.version for one in network.opset_import)
    before, after = Nodes(opset, "picture"), Nodes(opset)
    picture = network.graph.input[0]
    _picture(before, file, picture.name, picture.type.tensor_type.elem_type)
    head = file.spec.head(1)
    if file.spec.maps is not None:
        whole_maps(after, file, outputs)
    else:
        joints = decodes.find(file.decode_name)(after, file, outputs)
        after.add("Concat", *_units(after, file, joints), name=head, axis=2)
    made = GraphProto(name=file.spec.name)
    side, shape = file.spec.input_size, file.spec.output_shape(1)
    made.input.append(
        helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])
    )
    made.output.append(helper.make_tensor_value_info(head, TensorProto.FLOAT, list(shape)))
    made.node.extend([*before.nodes, *network.graph.node, *after.nodes])
    made.initializer.extend([*before.constants, *network.graph.initializer, *after.constants])
    made.sparse_initializer.extend(network.graph.sparse_initializer)
    model = helper.make_model(made, producer_name="edge3dpose", opset_imports=network.opset_import)
    model.ir_version = network.ir_version
    graph.prune(model.graph)
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    return model


def _picture(nodes: Nodes, file: SpecFile, name: str, element: int) -> None:
    """images (1, 3, S, S) -> the picture that the network takes, by its name."""
    made = "images"
    (across, down), (width, height) = file.shift_px, file.input.size
    if height < file.spec.input_size:
        made = nodes.slice(made, 2, down, down + height)
    if width < file.spec.input_size:
        made = nodes.slice(made, 3, across, across + width)
    if file.input.colour == "bgr":
        made = nodes.take(made, 1, [2, 1, 0])
    if file.input.layout == "nhwc":
        made = nodes.add("Transpose", made, perm=[0, 2, 3, 1])
    if element in (TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64):
        made = nodes.add("Round", made)  # gains are floats: 254.99998 is no 254
    if element == TensorProto.FLOAT:
        nodes.add("Identity", made, name=name)
    else:
        nodes.add("Cast", made, name=name, to=element)


def _units(nodes: Nodes, file: SpecFile, joints: Joints) -> list[str]:
    """Pixels of the picture -> 0..1 over the square crop."""
    side = file.spec.input_size
    u, v = (
        nodes.scaled(one, 1 / side, shift / side)
        for one, shift in zip((joints.x, joints.y), file.shift_px, strict=True)
    )
    z = joints.z or nodes.scaled(nodes.scaled(joints.score, 0.0), 1.0, 0.5)
    return [u, v, z, joints.score]


def _publish(file: SpecFile, model: ModelProto, source_sha256: str, folder: Path) -> Weights:
    """Write the three files of a model into a folder of its own, all of them or none."""
    content = model.SerializeToString(deterministic=True)
    name = file.spec.name
    part = folder.with_name(f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        onnx_file = part / f"{name}.onnx"
        storage.write_bytes(onnx_file, content)
        storage.write_text(part / f"{name}.toml", file.text)
        card = {
            "model": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "state": "added",
            "licence": file.licence,
            "source": file.source,
            "source_sha256": source_sha256,
            "spec_sha256": file.sha256,
        }
        models.write_card(onnx_file, card)
        models.open_weights(file.spec, onnx_file)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    except OSError as error:
        raise BadInput(f"cannot write {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return models.open_weights(file.spec, folder / f"{name}.onnx")
