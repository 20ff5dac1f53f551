"""MATLAB files -> numpy, for the original files of several data sets.

They are read in a process of their own, since the readers crash on some damaged files.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from edge3dpose import plain_arrays
from edge3dpose.errors import BadInput, MissingDependency

PATIENCE_S = 900.0  # MPII's file takes a minute
_CHILD = Path(__file__).with_name("matlab_child.py")
_WRONG, _MISSING = 3, 4  # exit codes of the child


def read_mat(
    file: Path, kind: Literal["cells", "mpii", "arrays-7.3"], *names: str
) -> dict[str, NDArray[Any]]:
    """Plain arrays out of a MATLAB file, see matlab_child.

    names  variables that are wanted; a cell NAME gives NAME_0, NAME_1 ...
    Raises BadInput where the file holds something else, MissingDependency without its reader.
    """
    if not file.is_file():
        raise BadInput(f"no file {file}")
    with tempfile.TemporaryDirectory(prefix="edge3dpose-") as folder:
        out = Path(folder) / "arrays.npz"
        command = [sys.executable, str(_CHILD), kind, str(file.resolve()), str(out), *names]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise BadInput(f"{file} was not read within {PATIENCE_S:.0f} s") from None
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = lines[-1] if lines else "no reason given"
        if done.returncode == _MISSING:
            raise MissingDependency(
                f"{file.name} is a MATLAB file, and {said} is not installed; "
                "pip install 'edge3dpose[matlab]'"
            )
        if done.returncode == _WRONG:
            what = "MATLAB 7.3 file" if kind == "arrays-7.3" else "MATLAB file"
            raise BadInput(f"{file} is no {what} that can be read: {said}")
        if done.returncode:
            raise BadInput(f"{file} is damaged: its reader crashed (exit code {done.returncode})")
        return plain_arrays.read_npz(out)
