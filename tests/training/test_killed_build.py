"""A build of the C++ part that was killed holds up no training."""

import os
import time

import pytest

pytest.importorskip("torch")
from edge3dpose.training.layers import depthwise


def test_the_lock_of_a_killed_build_is_removed_and_that_of_a_running_one_stays(tmp_path):
    lock = tmp_path / "lock"
    depthwise._forget_killed_build(tmp_path)  # there is none
    lock.touch()
    depthwise._forget_killed_build(tmp_path)
    assert lock.exists()
    past = time.time() - depthwise.BUILD_S - 1
    os.utime(lock, (past, past))
    depthwise._forget_killed_build(tmp_path)
    assert not lock.exists()
