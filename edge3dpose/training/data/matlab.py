"""MATLAB files -> numpy, for the original files of several data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput, MissingDependency


def read_mat(file: Path) -> dict[str, Any]:
    """Variables of a file of version 4 to 7: structs have attributes, cells are object arrays."""
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError:
        raise _missing(file, "SciPy") from None
    try:
        return loadmat(file, struct_as_record=False, squeeze_me=False)
    except FileNotFoundError:
        raise BadInput(f"no file {file}") from None
    # NotImplementedError is of version 7.3, the others are of damaged files
    except (OSError, ValueError, TypeError, NotImplementedError, MatReadError) as error:
        raise BadInput(f"{file} is no MATLAB file that can be read: {error}") from None


def read_mat_73(file: Path, names: tuple[str, ...]) -> list[NDArray]:
    """Arrays of a file of version 7.3, axes in MATLAB's order reversed (MATLAB counts them so)."""
    try:
        import h5py
    except ImportError:
        raise _missing(file, "h5py") from None
    try:
        with h5py.File(file, "r") as content:
            return [np.asarray(content[name]) for name in names]
    except (OSError, KeyError, TypeError) as error:
        raise BadInput(f"{file} is no MATLAB 7.3 file with {', '.join(names)}: {error}") from None


def _missing(file: Path, package: str) -> MissingDependency:
    return MissingDependency(
        f"{file.name} is a MATLAB file, and {package} is not installed; "
        "pip install 'edge3dpose[matlab]'"
    )
