"""Standard output that takes no more."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("given", [("--help",), ("models",)])
def test_a_full_disk_behind_standard_output_is_one_line(given):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edge3dpose", *given],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: cannot write to standard output: No space left on device\n"
