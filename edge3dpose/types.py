"""The values that flow between the stages: frozen, numpy only, no behaviour beyond shape checks.

Axis letters: N people, J joints, H W heatmap cells, S crop side in pixels.
Pixels: (0, 0) covers 0..1 and its centre is 0.5. Space: OpenCV camera axes (x right, y down,
z forward), millimetres.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge3dpose.picture import Picture, WithPicture
from edge3dpose.skeletons import H36M17, Skeleton, has_h36m17, score_to_h36m17, to_h36m17

Array: TypeAlias = NDArray[np.float32]
Image: TypeAlias = NDArray[np.uint8]
Progress: TypeAlias = Callable[[str, float], None]  # what is being done, share of it done (0..1)


def _check_shape(name: str, array: NDArray, *wanted: int | None) -> None:
    shape = getattr(array, "shape", type(array).__name__)
    fits = len(shape) == len(wanted) and all(
        w is None or w == n for w, n in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name}: shape {shape}, wanted {wanted} (None is any length)")


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera in OpenCV's convention: a pinhole with a lens, or a fisheye.

    Example::

        camera = edge3dpose.Camera(focal_px=(915.0, 915.0), centre_px=(640.0, 360.0))
        pose = edge3dpose.PoseEstimator(camera=camera)
        pose.close()
    """

    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    distortion: tuple[float, ...] = ()  # OpenCV order k1 k2 p1 p2 k3 k4 k5 k6: 0, 4, 5 or 8
    assumed: bool = False  # True where nobody measured it (a default field of view)
    fisheye: bool = False  # distortion is that of OpenCV's fisheye model, k1 k2 k3 k4: 0 or 4
    up: tuple[float, float, float] | None = None  # unit vector, camera axes; None: not measured
    above_floor_mm: float | None = None  # of the camera, where it was measured


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Frame(WithPicture):
    """One picture of a source. ``name`` is set where pictures are unrelated files.

    Two frames are equal only if they are the same object.
    """

    image: Image  # (H, W, 3) BGR
    index: int
    time_s: float  # since the source was opened
    camera: Camera | None = None
    name: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # what a run says of it: age, cut
    picture: Picture | None = field(default=None, init=False)  # what the image is made of

    def __post_init__(self) -> None:
        _check_shape("Frame.image", self.image, None, None, 3)

    def __repr__(self) -> str:
        width, height = self.size_px
        name = "" if self.name is None else f", {self.name}"
        return f"Frame({self.index}, {self.time_s:.3f} s, {width}x{height}{name})"


@dataclass(frozen=True, slots=True)
class Box:
    """A person's ROI in frame pixels, corners; may reach outside the frame.

    It is turned clockwise by its angle, so that in its crop a person who leans or lies stands.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    score: float = 1.0
    track_id: int | None = None
    angle_rad: float = 0.0
    # tight box x0 y0 x1 y1 around what is visible of the person; None where the detector gives none
    extent: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """The square of a frame that the network sees."""

    image: Image  # (S, S, 3) BGR
    frame_from_crop: Array  # (2, 3): frame_px = frame_from_crop @ (crop_x, crop_y, 1)


@dataclass(frozen=True, slots=True, eq=False)
class UnitPose:
    """What a network says in its cube: u, v over the crop, ends included; z 0.5 as far as the root.

    The root's own z says how far it is itself: runtime.lift.roi_scale.
    """

    xyz: Array  # (J, 3) in 0..1
    score: Array  # (J,) in 0..1
    std: Array | None = None  # (J, 3) standard deviation of what the network read it from

    def __post_init__(self) -> None:
        _check_shape("UnitPose.xyz", self.xyz, None, 3)
        _check_shape("UnitPose.score", self.score, len(self.xyz))
        if self.std is not None:
            _check_shape("UnitPose.std", self.std, len(self.xyz), 3)


class Joint(NamedTuple):
    """One joint of a person: position, pixel, score and standard deviation."""

    name: str
    mm: Array  # (3,) relative to the root joint, camera axes
    px: Array  # (2,) frame pixels
    score: float  # 0..1, how sure the network is of the joint in the image
    std_mm: Array | None = None  # (3,) standard deviation; None of a model that gives none
    outside: bool = False  # True: the frame does not show it, its position is a guess


class Bone(NamedTuple):
    """A bone of a person: the names of its two joints, and its length."""

    parent: str
    joint: str
    length_mm: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pose3D:
    """The 3D pose of one person.

    Camera axes are OpenCV's: x right, y down, z forward; millimetres. ``person["left_wrist"]``
    gives a joint's (3,) position relative to the root joint; ``root_mm + person["left_wrist"]`` is
    its position from the camera. Two poses are equal only if they are the same object.

    A model that is no 3D one (of a spec file, docs/own-models.md) gives 2D poses: their joints_mm
    and root_mm are None, and what asks for millimetres raises BadInput. Type hints are those of 3D.

    Example::

        for person in people:
            print(person.track_id, person["left_wrist"], person.joint("left_wrist").score)
            print(max(person.bones(), key=lambda bone: bone.length_mm))
            picture = person.draw(image)
    """

    joints_mm: Array  # (J, 3) relative to the root, whose row is 0; None of a 2D model
    pixels: Array  # (J, 2) frame pixels
    score: Array  # (J,) in 0..1
    root_mm: Array | None = None  # (3,) root joint from the camera; None without a camera
    track_id: int | None = None  # the same person keeps its number from frame to frame
    box: Box | None = None  # the ROI that the network saw
    std_mm: Array | None = None  # (J, 3) see runtime.lift.lift; None of a model that gives none
    skeleton: Skeleton = H36M17
    outside: NDArray[np.bool_] | None = None  # (J,) True: not in the frame, a guess
    angles_deg: Mapping[str, float] | None = (
        None  # by name of docs/angles.md; None without --angles
    )
    counts: Mapping[str, int] | None = None  # repetitions by exercise; None without --count

    def __post_init__(self) -> None:
        _check_shape("Pose3D.pixels", self.pixels, None, 2)
        if self.joints_mm is not None:
            _check_shape("Pose3D.joints_mm", self.joints_mm, len(self.pixels), 3)
        _check_shape("Pose3D.score", self.score, len(self.pixels))
        if self.root_mm is not None:
            _check_shape("Pose3D.root_mm", self.root_mm, 3)
        if self.std_mm is not None:
            _check_shape("Pose3D.std_mm", self.std_mm, len(self.pixels), 3)
        if self.outside is not None:
            _check_shape("Pose3D.outside", self.outside, len(self.pixels))

    @property
    def is_3d(self) -> bool:
        """Whether the pose has positions in space; else it is in the image alone."""
        return self.joints_mm is not None

    @property
    def mean_score(self) -> float:
        """Mean score of the joints inside the frame; of all where none is, or nobody knows."""
        if self.outside is None or self.outside.all():
            return float(self.score.mean())
        return float(self.score[~self.outside].mean())

    def __repr__(self) -> str:
        place = ""
        if self.root_mm is not None:
            place = ", root_mm ({:.0f}, {:.0f}, {:.0f})".format(*self.root_mm)
        joints, score = len(self.pixels), float(np.mean(self.score))
        kind = "" if self.is_3d else ", 2D"
        return f"Pose3D(track_id {self.track_id}, {joints} joints{kind}, score {score:.2f}{place})"

    def __getitem__(self, joint: str) -> Array:
        """Position of a joint by name: (3,) mm from the root joint. KeyError lists the names."""
        return self._points_mm()[self.skeleton.index(joint)]

    def _points_mm(self) -> Array:
        if self.joints_mm is None:
            from edge3dpose.errors import BadInput

            raise BadInput("this pose is 2D: it has pixels, and no positions in millimetres")
        return self.joints_mm

    def in_h36m17(self) -> Pose3D:
        """The same person with the 17 joints of h36m17; BadInput where they cannot be had."""
        if self.skeleton == H36M17:
            return self
        if not has_h36m17(self.skeleton):
            from edge3dpose.errors import BadInput

            raise BadInput(f"{self.skeleton.name} has no map to {H36M17.name}")
        by = self.skeleton
        joints = None
        if self.joints_mm is not None:
            joints = to_h36m17(self.joints_mm, by)
            joints = joints - joints[H36M17.root]
        outside = self.outside
        if outside is not None:
            outside = score_to_h36m17(1.0 - outside, by) < 0.5
        return replace(
            self,
            joints_mm=joints,
            pixels=to_h36m17(self.pixels, by),
            score=score_to_h36m17(self.score, by),
            std_mm=None,
            outside=outside,
            skeleton=H36M17,
        )

    def joint(self, name: str) -> Joint:
        """Position, pixel, score and standard deviation by name; KeyError lists the names."""
        n = self.skeleton.index(name)
        std = None if self.std_mm is None else self.std_mm[n]
        outside = self.outside is not None and bool(self.outside[n])
        mm = self._points_mm()[n]
        return Joint(name, mm, self.pixels[n], float(self.score[n]), std, outside)

    def bones(self) -> list[Bone]:
        """Every bone with its length in this pose, mm."""
        names = self.skeleton.joints
        return [
            Bone(names[parent], name, float(np.linalg.norm(self[name] - self[names[parent]])))
            for name, parent in zip(names, self.skeleton.parents, strict=True)
            if parent >= 0
        ]

    def draw(self, image: Image) -> Image:
        """A copy of an image (H, W, 3) BGR with this person's 2D skeleton over it."""
        from edge3dpose.drawing import draw  # OpenCV is loaded where something is drawn

        return draw(image, self)

    def to_dict(self) -> dict[str, Any]:
        """The person as plain numbers and lists, as in a poses file (docs/formats.md).

        Rounded to 0.1 mm, 0.01 px and 0.001 of a score.
        """
        from edge3dpose.pose_json import dict_from_pose

        return dict_from_pose(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], skeleton: Skeleton = H36M17) -> Pose3D:
        """A person as ``to_dict`` gives it; ValueError, KeyError or TypeError for anything else."""
        from edge3dpose.pose_json import pose_from_dict

        return pose_from_dict(content, skeleton)
