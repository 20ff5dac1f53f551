"""HEMlets Pose (Zhou et al., arXiv 1910.12032): one prediction, a volumetric heatmap a joint."""

from __future__ import annotations

from edge3dpose.engine_types import ModelSpec
from edge3dpose.skeletons import H36M17

HEMLETS = ModelSpec(
    name="hemlets",
    input_size=256,
    cuts=1,
    skeleton=H36M17,
    has_std=True,
    mean_rgb=(0.485, 0.456, 0.406),  # ImageNet's, as ResNet-50 expects
    std_rgb=(0.229, 0.224, 0.225),
)

HEMLETS_EDGE = ModelSpec(  # BlazePose's encoder wants pixels in 0..1
    name="hemlets-edge",
    input_size=256,
    cuts=1,
    skeleton=H36M17,
    has_std=True,
    mean_rgb=(0.0, 0.0, 0.0),
    std_rgb=(1.0, 1.0, 1.0),
)

SPECS = (HEMLETS, HEMLETS_EDGE)
