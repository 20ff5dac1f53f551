"""The lift as an ONNX graph: from the network's cube to millimetres, corrected by frames before.

What runtime.lift, runtime.roi and runtime.filters.temporal_lift do, in FP32 throughout.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import ModelProto

from edge3dpose.engine_types import ModelSpec
from edge3dpose.runtime import lift_network
from edge3dpose.runtime.lift_features import JOINTS, LONGEST_GAP_S, NEAR_MM
from edge3dpose.runtime.lift_network import LAYERS, WIDTH
from edge3dpose.serving.place_graph import ROOT, Placed, Shown, next_roi, placed
from edge3dpose.serving.values import Graph, Value

PREFIX = "net/"


def lift_graph(spec: ModelSpec, network: ModelProto) -> ModelProto:
    """Units of one person, and what is remembered of it, -> its pose and what to remember.

    network  the temporal lift's own graph, see runtime.lift_network
    """
    g = Graph("lift")
    columns = spec.output_shape(1)[2]
    unit = g.input("units", [1, JOINTS, columns]).shaped(JOINTS, columns)
    from_crop = g.input("frame_from_crop", [2, 3])
    frame_px = g.input("frame_px", [2]).shaped(1, 2)
    camera = g.input("camera", [4]).shaped(1, 4)
    assumed = g.input("assumed", [1]).shaped(1, 1)
    step_s = g.input("step_s", [1]).shaped(1, 1)
    state = g.input("state", [LAYERS, 1, WIDTH])
    person = placed(unit, from_crop, camera, spec)
    seen = _Turned(person)
    known = (step_s.is_at_least(1e-6)) * (1.0 - step_s.is_at_least(LONGEST_GAP_S + 1e-6))
    facts = _features(person, seen, assumed, step_s * known)
    answer, after = _network(g, network, facts, state * known.shaped(1, 1, 1))
    joints, factor, std = _posed(answer, seen)
    ahead = _in_front(person)
    g.output("joints_mm", ahead.chosen(joints, person.joints_mm), [JOINTS, 3])
    g.output("root_mm", (person.root_mm * ahead.chosen(factor, [[1.0]])).shaped(3), [3])
    g.output("std_mm", ahead.chosen(std, np.zeros((1, 1))), [JOINTS, 3])
    g.output("pixels", person.pixels, [JOINTS, 2])
    g.output("score", person.score.shaped(JOINTS), [JOINTS])
    shown = Shown(from_crop, frame_px, step_s * known)
    g.output("next_roi", next_roi(person, shown, spec), [4])
    g.output("next_state", ahead.shaped(1, 1, 1).chosen(after, state), [LAYERS, 1, WIDTH])
    return g.model()


def verified_network() -> ModelProto:
    """The graph of the shipped temporal lift; EngineMismatch for a damaged one."""
    from edge3dpose import paths

    content = lift_network.verified(paths.weights_file(lift_network.NAME))
    return onnx.load_from_string(content)


class _Turned:
    """The pose in the camera that looks at the root: runtime.lift_features.turned."""

    def __init__(self, person: Placed) -> None:
        g = person.joints_mm.graph
        points = person.joints_mm + person.root_mm
        flat = points.part(0, 2) / points.part(2, 3)
        self.root = flat.at(ROOT)  # (1, 2)
        self.turn = _turn_to_axis(self.root)
        back = self.turn.transposed(1, 0)
        ones = g.constant(np.ones((JOINTS, 1), np.float32))
        rays = g.concat(flat, ones, axis=1)
        root_z = person.root_mm.part(2, 3)
        deep = rays * (root_z + person.joints_mm.part(2, 3)).at_least(50.0)
        self.deep_mm = ((deep - deep.at(ROOT)) @ back).part(2, 3)
        looked = rays @ back
        self.far_mm = root_z * (1.0 + (self.root * self.root).sum(1)).root()  # (1, 1)
        self.flat_mm = looked.part(0, 2) * (self.far_mm / looked.part(2, 3).at_least(0.05))


def _features(person: Placed, seen: _Turned, assumed: Value, step_s: Value) -> Value:
    """(1, FEATURES): runtime.lift_features.features."""
    g = step_s.graph
    first = 1.0 - step_s.is_at_least(1e-9)
    pace = (step_s.clipped(1 / 240, LONGEST_GAP_S) * 30.0).apply("Log") * (1.0 - first)
    return g.concat(
        (seen.flat_mm.shaped(1, -1) * 0.001).clipped(-3.0, 3.0),
        (seen.deep_mm.shaped(1, -1) * 0.001).clipped(-3.0, 3.0),
        person.score.shaped(1, -1),
        seen.root.clipped(-2.0, 2.0),
        (seen.far_mm.clipped(300.0, 60_000.0) / NEAR_MM).apply("Log"),
        [[1.0]],  # the depths are known
        assumed,
        first,
        pace,
        person.score.mean(0),
        axis=1,
    )


def _network(g: Graph, network: ModelProto, facts: Value, state: Value) -> tuple[Value, Value]:
    """The temporal lift's own nodes, put into the graph."""
    made = ModelProto.FromString(network.SerializeToString())
    onnx.compose.add_prefix(made, PREFIX, inplace=True)
    for name, value in (("features", facts), ("state", state)):
        g.nodes.append(onnx.helper.make_node("Identity", [value.name], [PREFIX + name]))
    g.nodes.extend(made.graph.node)
    g.constants.extend(made.graph.initializer)
    return Value(g, f"{PREFIX}answer"), Value(g, f"{PREFIX}next_state")


def _posed(answer: Value, seen: _Turned) -> tuple[Value, Value, Value]:
    """joints_mm, factor (1, 1) and std_mm: runtime.lift_features.posed."""
    g, count = answer.graph, 3 * JOINTS
    joints = answer.part(0, count).shaped(JOINTS, 3) * 1000.0
    factor = (answer.part(count, count + 1).apply("Tanh") * 0.7).apply("Exp")
    std = answer.part(count + 1, 2 * count + 1).apply("Exp").shaped(JOINTS, 3) * 1000.0
    deep = joints.part(2, 3) + seen.deep_mm
    flat = joints.part(0, 2) + seen.flat_mm * (deep / seen.far_mm + 1.0)
    points = g.concat(flat, deep, axis=1)
    points = (points - points.at(ROOT)) @ (seen.turn * factor)
    spread = ((std * std) @ (seen.turn * seen.turn)).root()
    return points, factor, spread


def _turn_to_axis(root: Value) -> Value:
    """(3, 3): runtime.lift_features.turn_to_axis."""
    g = root.graph
    x, y = root.part(0, 1), root.part(1, 2)
    c = 1.0 / (x * x + y * y + 1.0).root()
    a, b, k = x * c, y * c, 1.0 / (c + 1.0)
    entries = (
        *(1.0 - a * a * k, -(a * b * k), -a),
        *(-(a * b * k), 1.0 - b * b * k, -b),
        *(a, b, c),
    )
    return g.concat(*entries, axis=1).shaped(3, 3)


def _in_front(person: Placed) -> Value:
    """(1, 1) whether every joint is in front of the camera, which a ray needs."""
    deep = person.joints_mm.part(2, 3) + person.root_mm.part(2, 3)
    nearest = deep.graph.op("ReduceMin", deep, deep.graph.ints(0), keepdims=1)
    return nearest.is_at_least(1.0)
