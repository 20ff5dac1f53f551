"""Follows people as ``follow`` does, and searches with BlazePose, which finds large people."""

from __future__ import annotations

from edge3dpose.runtime.detectors import Detector, DetectorPlugin, blazepose
from edge3dpose.runtime.detectors.follow import FollowAnew
from edge3dpose.runtime.tracking.search import Searcher


class FollowBlazePosePlugin(DetectorPlugin):
    """Follow people, and search with BlazePose."""

    name = "follow-blazepose"
    summary = "follow, but search with BlazePose: one or two large people"

    def open(self, *, bf16: bool = False) -> Detector:
        """Open BlazePose."""
        return FollowAnew(Searcher(blazepose.PLUGIN.open(bf16=bf16)))


PLUGIN = FollowBlazePosePlugin()
