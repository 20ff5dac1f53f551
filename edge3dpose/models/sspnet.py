"""SSP-Net (Luvizon et al., arXiv 2009.01998): 24 prediction blocks, cut after any of them."""

from __future__ import annotations

from dataclasses import replace

from edge3dpose.engine_types import ModelSpec
from edge3dpose.skeletons import H36M17

SSPNET = ModelSpec(
    name="sspnet",
    input_size=256,
    cuts=24,
    skeleton=H36M17,
    mean_rgb=(0.5, 0.5, 0.5),
    std_rgb=(0.5, 0.5, 0.5),
)

SSPNET_LITE = ModelSpec(  # BlazePose's encoder wants pixels in 0..1
    name="sspnet-lite",
    input_size=256,
    cuts=24,
    skeleton=H36M17,
    mean_rgb=(0.0, 0.0, 0.0),
    std_rgb=(1.0, 1.0, 1.0),
)

# sspnet-lite's depths, MoveNet Thunder's places in the image
SSPNET_MID = replace(SSPNET_LITE, name="sspnet-mid")

SPECS = (SSPNET, SSPNET_LITE, SSPNET_MID)
