"""Bone lengths -> the most probable body, its height and limbs with standard deviations.

Unknown are the components of the body (as adults vary), how much each kind of bone of this person
differs from that, and the size of the poses as a whole. All have a prior; Gauss-Newton on the
logarithms of the lengths gives the most probable values, and their covariance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.shape import bones
from edge3dpose.shape.body import BodyModel, combined, load_model, stretched_joints
from edge3dpose.shape.bones import BoneLengths
from edge3dpose.skeletons import H36M17

OWN_STD = 0.03  # of a person's bone, as a share of what the other bones lead one to expect
FREE_STD = 0.5  # of the size of the poses where the height is known
HEIGHT_MM = (1500.0, 1980.0)  # of the bodies; others are these, made smaller or larger as a whole
EXACT_MM = 1.0  # standard deviation of a height that is given
ADULTS_MM = (1700.0, 95.0)  # mean and standard deviation of adults; the drawn bodies vary more
STEPS = 12
FARTHEST = 8.0  # of the unknowns: components in deviations, the others in logarithms
SMALL_STEP = 1e-4  # of the unknowns, in their standard deviations: it is found

_TOP = H36M17.index("head_top")
_ANKLES = [H36M17.index("left_ankle"), H36M17.index("right_ankle")]


@dataclass(frozen=True, eq=False)
class FittedBody:
    """The most probable body: what makes it, and what it comes to."""

    coefficients: NDArray[np.float64]  # (K,) of the body's components
    factors: NDArray[np.float64]  # (10,) of the bones besides
    size: float  # factor of the whole body
    scale: float  # what the poses are multiplied by to be of its size
    height_mm: float
    height_std_mm: float
    length_mm: NDArray[np.float64]  # (10,) of bones.SEGMENTS
    length_std_mm: NDArray[np.float64]  # (10,)


@dataclass(frozen=True, eq=False)
class _Unknowns:
    """Components, own differences of the bones, size of the poses: one vector."""

    model: BodyModel

    def parts(self, values: NDArray) -> tuple[NDArray, NDArray, float]:
        """Coefficients, factors of the bones, size of the poses."""
        K = self.model.components
        return values[:K], np.exp(values[K : K + len(bones.NAMES)]), float(np.exp(values[-1]))

    def body(self, values: NDArray) -> tuple[NDArray, float]:
        """Lengths (10,) and height of the body, mm."""
        coefficients, factors, _ = self.parts(values)
        joints = combined(self.model.joints_mm, coefficients)
        moved = stretched_joints(joints, factors)
        longer = _up(moved) - _up(joints)
        height = float(combined(self.model.height_mm, coefficients)) + longer
        return _lengths(moved), height

    def figures(self, values: NDArray) -> NDArray:
        """(11,) the lengths and the height of the body."""
        lengths, height = self.body(values)
        return np.append(lengths, height)


def fit(measured: BoneLengths, scale_std: float, height_mm: float | None = None) -> FittedBody:
    """The most probable body of bone lengths.

    scale_std  standard deviation of the size of the poses, as a share of it
    height_mm  body height where it is known: the size of the poses then does not matter

    Raises BadInput where no body has such bones.
    """
    model = load_model()
    unknowns = _Unknowns(model)
    shown = np.median(measured.length_mm / _lengths(model.joints_mm[0])) * model.height_mm[0]
    taken = float(shown) if height_mm is None else height_mm
    size = taken / float(np.clip(taken, *HEIGHT_MM))
    measured = replace(measured, length_mm=measured.length_mm / size, std_mm=measured.std_mm / size)
    count = model.components + len(bones.NAMES) + 1
    prior_std = np.concatenate([np.ones(model.components), np.full(len(bones.NAMES), OWN_STD), [1]])
    prior_std[-1] = max(scale_std, 1e-6) if height_mm is None else FREE_STD
    length_std = measured.std_mm / measured.length_mm
    values = np.zeros(count)
    wanted, wanted_std = _adults(model) if height_mm is None else (height_mm / size, EXACT_MM)
    for _ in range(STEPS):
        figures, slope = unknowns.figures(values), _slope(unknowns.figures, values)
        lengths, in_logarithms = figures[:-1], slope[:-1] / figures[:-1, None]
        in_logarithms[:, -1] = 1.0  # the size of the poses
        rows = [in_logarithms / length_std[:, None], np.diag(1 / prior_std)]
        gap = np.log(measured.length_mm) - np.log(lengths) - values[-1]
        gaps = [gap / length_std, -values / prior_std]
        rows.append(slope[-1:] / wanted_std)
        gaps.append((wanted - figures[-1:]) / wanted_std)
        stacked = np.concatenate(rows)
        precision = stacked.T @ stacked
        step = np.linalg.solve(precision, stacked.T @ np.concatenate(gaps))
        values = values + step
        if np.abs(step / prior_std).max() < SMALL_STEP:
            break
        if not np.abs(values).max() < FARTHEST:
            raise BadInput("the poses are of no body: no person has bones of such lengths")
    std = np.sqrt(np.einsum("ij,ij->i", slope @ np.linalg.inv(precision), slope))
    coefficients, factors, seen = unknowns.parts(values)
    figures = unknowns.figures(values)
    return FittedBody(
        *(coefficients, factors, size, size / seen),
        height_mm=float(figures[-1]) * size if height_mm is None else height_mm,
        height_std_mm=float(std[-1]) * size if height_mm is None else 0.0,
        length_mm=figures[:-1] * size,
        length_std_mm=std[:-1] * size,
    )


def _adults(model: BodyModel) -> tuple[float, float]:
    """Mean and standard deviation that make the heights of the model's bodies those of adults."""
    (mean, std), drawn = ADULTS_MM, model.height_mm[0]
    more = 1 / std**2 - 1 / float((model.height_mm[1:] ** 2).sum())
    return drawn + (mean - drawn) / std**2 / more, more**-0.5


def _lengths(joints: NDArray) -> NDArray[np.float64]:
    pairs = bones.pair_lengths(joints)
    return np.bincount(bones.PAIR_SEGMENT, pairs) / np.bincount(bones.PAIR_SEGMENT)


def _up(joints: NDArray) -> float:
    """From the ankles to the crown."""
    return float(joints[_TOP, 1] - joints[_ANKLES, 1].mean())


def _slope(function: Callable[[NDArray], NDArray], at: NDArray) -> NDArray[np.float64]:
    """The derivatives of a function (n,) -> (m,): (m, n)."""
    step = 1e-4
    moved = at + step * np.eye(len(at))
    here = function(at)
    return np.stack([(function(one) - here) / step for one in moved], 1)
