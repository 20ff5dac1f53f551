"""Lengths of an adult's bones: the same on both sides, summed along the tree."""

import pytest

from edge3dpose.skeletons import H36M17, length_mm


def test_a_length_is_the_sum_of_its_bones():
    assert length_mm(0, 8) == length_mm(0, 7) + length_mm(7, 8)
    assert length_mm(8, 16) == length_mm(8, 14) + length_mm(14, 15) + length_mm(15, 16)
    assert length_mm(5, 5) == 0


@pytest.mark.parametrize("end", range(1, 17))
def test_left_is_as_long_as_right(end):
    mirror = H36M17.mirror
    start = H36M17.parents[end]
    assert 100 < length_mm(start, end) == length_mm(mirror[start], mirror[end])


def test_a_joint_is_not_above_its_own_parent():
    with pytest.raises(AssertionError, match="above"):
        length_mm(2, 1)
