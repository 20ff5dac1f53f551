"""Real-time 3D human pose from one ordinary camera.

The library behind the command line; docs/python.md has examples. Names are loaded on first use, so
that ``import edge3dpose`` loads neither OpenCV nor a runtime.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Nothing calls home. ONNX Runtime (from 1.29 on) and OpenVINO send usage data unless these are set
# before they are loaded, and any module of this package is loaded after this line.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # OpenVINO goes on

_WHERE = {  # public name -> the module that it is loaded from
    "PoseEstimator": "pose",
    "EstimatorOptions": "pose_options",
    "Camera": "types",
    "Frame": "types",
    "Pose3D": "types",
    "Joint": "types",
    "Bone": "types",
    "Skeleton": "skeletons",
    "H36M17": "skeletons",
    "EngineConfig": "engine_types",
    "open_source": "runtime.sources",
    "SourceOptions": "runtime.sources",
    "read_poses": "poses_file",
    "PosesFile": "poses_file",
    "fit_shape": "shape.body_shape",
    "BodyShape": "shape.body_shape",
    "export": "exporters",
    "angles": "kinematics.analysis",
    "AnalysisOptions": "kinematics.analysis",
    "count_repetitions": "kinematics.analysis",
    "gait": "kinematics.analysis",
    "draw": "drawing",
    "build_engine": "selection.engine",
    "calibrate": "compiler.calibrate",
    "tune": "bench.tune",
    "benchmark": "bench.benchmark",
    "evaluate": "evaluation.evaluate",
}
_MODULES = ("errors", "models")

__all__ = [
    "H36M17",
    "AnalysisOptions",
    "BodyShape",
    "Bone",
    "Camera",
    "EngineConfig",
    "EstimatorOptions",
    "Frame",
    "Joint",
    "Pose3D",
    "PoseEstimator",
    "PosesFile",
    "Skeleton",
    "SourceOptions",
    "__version__",
    "angles",
    "benchmark",
    "build_engine",
    "calibrate",
    "count_repetitions",
    "draw",
    "errors",
    "evaluate",
    "export",
    "fit_shape",
    "gait",
    "models",
    "open_source",
    "read_poses",
    "tune",
]

if TYPE_CHECKING:
    from edge3dpose import errors, models
    from edge3dpose.bench.benchmark import benchmark
    from edge3dpose.bench.tune import tune
    from edge3dpose.compiler.calibrate import calibrate
    from edge3dpose.drawing import draw
    from edge3dpose.engine_types import EngineConfig
    from edge3dpose.evaluation.evaluate import evaluate
    from edge3dpose.exporters import export
    from edge3dpose.kinematics.analysis import AnalysisOptions, angles, count_repetitions, gait
    from edge3dpose.pose import PoseEstimator
    from edge3dpose.pose_options import EstimatorOptions
    from edge3dpose.poses_file import PosesFile, read_poses
    from edge3dpose.runtime.sources import SourceOptions, open_source
    from edge3dpose.selection.engine import build_engine
    from edge3dpose.shape.body_shape import BodyShape, fit_shape
    from edge3dpose.skeletons import H36M17, Skeleton
    from edge3dpose.types import Bone, Camera, Frame, Joint, Pose3D


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"edge3dpose.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'edge3dpose' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"edge3dpose.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
