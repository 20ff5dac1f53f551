"""An avatar over the Virtual Motion Capture protocol (VMC): OSC bundles over UDP.

Protocol: https://protocol.vmc.info/ . Bones have Unity's HumanBodyBones names; each has its place
and turn against its parent, left-handed, y up, metres, of a skeleton of the person's own
proportions that stands in a T-pose and looks along +z at rest.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.errors import MissingDependency
from edge3dpose.kinematics import LiveRig, PosedSkeleton, Poser, axes
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.runtime.sinks._target import Followed, host_and_port, udp_socket
from edge3dpose.shape.skeleton import BONE_NAMES
from edge3dpose.types import Frame, Pose3D

PORT = 39539
LOWEST_S = 2.0  # the floor is where the feet were lowest lately
_PARTS = {
    "clavicle": "Shoulder",
    "upper_arm": "UpperArm",
    "forearm": "LowerArm",
    "hand": "Hand",
    "thigh": "UpperLeg",
    "shin": "LowerLeg",
    "foot": "Foot",
}
HUMAN_BONES = tuple(  # Unity's names, in the order of shape.skeleton.BONES
    side.capitalize() + _PARTS.get(part, "")
    for side, _, part in (name.partition("_") for name in BONE_NAMES)
)
# A person who looks into the camera looks along -z of Unity's scene; an avatar is to look along +z
_HALF_TURN = np.array([0.0, 0.0, 1.0, 0.0])  # w x y z, about y
_log = logging.getLogger(__name__)


class VmcPlugin(SinkPlugin):
    """--vmc HOST[:PORT]."""

    name = "vmc"
    section = "Other programs"
    order = 53
    needs_h36m17 = True
    options = (
        PluginOption(
            "--vmc", f"Move an avatar: send VMC messages to HOST[:PORT].  [default port: {PORT}]"
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where an address is given."""
        return values["vmc"] is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for an address that cannot be."""
        host_and_port("--vmc", values["vmc"], PORT)

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Look the host up."""
        return VmcAvatar(*host_and_port("--vmc", values["vmc"], PORT))


class VmcAvatar(Sink):
    """Moves one avatar by one person: who came first, until that person is lost."""

    def __init__(self, host: str, port: int) -> None:
        try:
            from pythonosc import osc_bundle_builder, osc_message_builder
        except ImportError:
            raise MissingDependency(
                "--vmc needs python-osc; pip install 'edge3dpose[vmc]'"
            ) from None
        self._bundles, self._messages = osc_bundle_builder, osc_message_builder
        self._socket, self._address = udp_socket("--vmc", host, port)
        self._choose = Followed()
        self._who: int | None = None
        self._rig, self._poser, self._stage = LiveRig(), Poser(), _Stage()
        self._told = False

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Send the bundle of a frame; one that says only that the sender lives, with nobody."""
        pose = self._choose(poses)
        content: list[tuple[str, list]] = [("/VMC/Ext/OK", [1 if pose else 0])]
        content.append(("/VMC/Ext/T", [float(frame.time_s)]))
        if pose is not None:
            if pose.track_id != self._who:
                self._who = pose.track_id
                self._rig, self._poser, self._stage = LiveRig(), Poser(), _Stage()
            rig = self._rig.add(frame.time_s, pose.joints_mm, pose.score)
            root = None if pose.root_mm is None else pose.root_mm[None]
            posed = self._poser.pose(rig, np.array([frame.time_s]), pose.joints_mm[None], root)
            places, turns = bones(posed)
            places[0] = self._stage.hips_m(places[0], posed, frame.time_s)
            content.append(("/VMC/Ext/Root/Pos", ["root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]))
            for name, place, (w, x, y, z) in zip(HUMAN_BONES, places, turns, strict=True):
                values = [float(value) for value in (*place, x, y, z, w)]
                content.append(("/VMC/Ext/Bone/Pos", [name, *values]))
        self._send(content)

    def close(self) -> None:
        """Close the socket. A second call does nothing."""
        self._socket.close()

    discard = close

    def _send(self, content: list[tuple[str, list]]) -> None:
        bundle = self._bundles.OscBundleBuilder(self._bundles.IMMEDIATELY)
        for address, values in content:
            message = self._messages.OscMessageBuilder(address)
            for value in values:
                message.add_arg(value)
            bundle.add_content(message.build())
        try:
            self._socket.sendto(bundle.build().dgram, self._address)
        except ConnectionRefusedError:  # nobody listens yet
            pass
        except OSError as error:
            if not self._told:
                self._told = True
                _log.warning("--vmc: a message was not sent: %s", error.strerror or error)


def bones(posed: PosedSkeleton) -> tuple[NDArray, NDArray]:
    """Places (B, 3) m and turns (B, 4) w x y z against the parent, of the first frame, for Unity.

    The first bone is the hips: its place is in the scene, of somebody who looks along +z where the
    person looks into the camera.
    """
    unity = axes.find("unity")
    places = unity.rest_points(posed.rig.offsets_mm)
    turns = unity.local_turns(posed.local[0])
    places[0] = unity.y_up_points(posed.root_mm[0]) * (-1, 1, -1)
    turns[0] = rotations.multiply(_HALF_TURN, unity.world_turns(posed.world[0, 0]))
    return places, turns


class _Stage:
    """Where the avatar stands: its first place is the origin, its lowest feet are on the floor."""

    def __init__(self) -> None:
        self._start_m: NDArray | None = None
        self._lowest: list[tuple[float, float]] = []  # time, height of the lower ankle, m

    def hips_m(self, hips_m: NDArray, posed: PosedSkeleton, time_s: float) -> NDArray:
        """The place of the hips on the stage."""
        if self._start_m is None:
            self._start_m = hips_m * (1, 0, 1)
        heads = posed.heads_mm()[0]
        feet = [n for n, name in enumerate(BONE_NAMES) if name.endswith("foot")]
        ankle_m = (heads[feet, 1].min() - heads[0, 1] - posed.rig.ankle_mm) / 1000 + hips_m[1]
        self._lowest = [(t, y) for t, y in self._lowest if 0 <= time_s - t <= LOWEST_S]
        self._lowest.append((time_s, ankle_m))
        heights = sorted(height for _, height in self._lowest)
        floor_m = heights[len(heights) // 10]
        return hips_m - self._start_m - np.array([0, floor_m, 0])


PLUGIN = VmcPlugin()
