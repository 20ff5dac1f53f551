"""Joints -> a posed skeleton, in the axes of any program. See docs/kinematics.md.

- ``rig``: a person's skeleton at rest; ``rig_of_joints`` of a recording, ``LiveRig`` live.
- ``posed``: ``Poser().pose(rig, time_s, joints_mm, root_mm)`` gives a ``PosedSkeleton`` with the
  local and world turns of every bone of ``shape.skeleton.BONES``; its ``joints_mm()`` is forward
  kinematics.
- ``axes``: ``find("unity")`` brings points, rest offsets and turns to a program's axes and unit.

- ``clip``, ``floor``, ``cleaning``: recordings at even times, upright on a floor, filtered.
- ``angles``, ``repetitions``, ``gait``, ``analysis``: what a coach or a clinician asks for.

Example, of one live person::

    live, poser, unity = LiveRig(), Poser(), axes.find("unity")
    rig = live.add(frame.time_s, pose.joints_mm, pose.score)
    posed = poser.pose(rig, [frame.time_s], pose.joints_mm[None], pose.root_mm[None])
    hips_m = unity.y_up_points(posed.root_mm[0])
    turns = unity.local_turns(posed.local[0])  # (B, 4) w x y z, of an avatar that looks along +z
    turns[0] = unity.world_turns(posed.world[0, 0])  # the hips: from that rest to the scene
"""

from edge3dpose.kinematics import axes
from edge3dpose.kinematics.axes import Axes
from edge3dpose.kinematics.cleaning import Cleaning
from edge3dpose.kinematics.posed import PosedSkeleton, Poser
from edge3dpose.kinematics.rig import LiveRig, Rig, rig_of_joints

__all__ = ["Axes", "Cleaning", "LiveRig", "PosedSkeleton", "Poser", "Rig", "axes", "rig_of_joints"]
