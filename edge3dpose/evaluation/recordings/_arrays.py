"""Arrays of a truth file, checked: never a pickle, one clear line for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.recordings import Motion
from edge3dpose.skeletons import H36M17

JOINTS = "_joints_mm"
HIPS = ("left_hip", "right_hip")


class Arrays:
    """The arrays of an npz by name; BadInput where it is none."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._by_name = plain_arrays.read_npz(file)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def numbers(self, name: str, *shape: int | None) -> NDArray[np.float64]:
        """An array of numbers of this shape, None for any length."""
        found = self._named(name)
        fits = found.ndim == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, found.shape, strict=True)
        )
        if not fits or found.dtype.kind not in "fiu":
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            self._refuse(f"{name} is {found.dtype} {found.shape}, wanted numbers ({wanted})")
        return found.astype(np.float64)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of words."""
        found = self._named(name)
        if found.ndim != 1 or found.dtype.kind != "U":
            self._refuse(f"{name} is {found.dtype} {found.shape}, wanted texts (any)")
        return tuple(str(one) for one in found)

    def joint_names(self) -> tuple[str, ...]:
        """``names``: joints of h36m17, the hips among them."""
        names = self.texts("names")
        unknown = [name for name in names if name not in H36M17.joints]
        if unknown or len(set(names)) < len(names):
            self._refuse(f"names has {', '.join(unknown) or 'a joint twice'}; wanted joints of "
                         f"{H36M17.name}, each once: {', '.join(H36M17.joints)}")  # fmt: skip
        if not set(HIPS) <= set(names) or len(names) < 4:
            self._refuse("names lacks joints; wanted both hips, and four joints at least")
        return names

    def motion(self, prefix: str, joints: int) -> Motion:
        """PREFIXtime_s (or the truth's own) and PREFIXjoints_mm."""
        times = f"{prefix}time_s" if f"{prefix}time_s" in self else "time_s"
        time_s = self.numbers(times, None)
        if len(time_s) < 2 or not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
            self._refuse(f"{times} does not ascend; wanted two moments or more, in seconds")
        return Motion(time_s, self.numbers(f"{prefix}joints_mm", len(time_s), joints, 3))

    def answers(self, joints: int) -> dict[str, Motion]:
        """Each KEY_joints_mm there is, by KEY."""
        keys = [name.removesuffix(JOINTS) for name in self._by_name if name.endswith(JOINTS)]
        return {key: self.motion(f"{key}_", joints) for key in sorted(keys)}

    def _named(self, name: str) -> NDArray[Any]:
        if name not in self:
            self._refuse(f"has no {name}; wanted the arrays of docs/formats.md")
        return self._by_name[name]

    def _refuse(self, why: str) -> None:
        raise BadInput(f"{self.file}: {why}")
