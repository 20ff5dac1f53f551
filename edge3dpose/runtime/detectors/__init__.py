"""Who is where: a frame, and who was in the last one -> boxes.

A choice gives open_detector(*, bf16=False); with bf16 whatever network it has runs in OpenVINO in
BF16, where the engine does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from edge3dpose.types import Box, Frame, Pose3D

# A box is the square of the training crop: centred on the pelvis, 2.25 m at its depth.
Detector: TypeAlias = Callable[[Frame, list[Pose3D]], list[Box]]
