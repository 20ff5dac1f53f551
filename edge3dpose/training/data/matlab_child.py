"""A program of its own: a MATLAB file -> an npz of plain arrays. See matlab.py, which runs it.

SciPy and HDF5 can crash on a damaged file; here that ends no more than this process. It imports
nothing of the package, and nothing from the folder it lies in or is started in.

    python matlab_child.py KIND FILE OUT.npz [NAME ...]

Exit code 0: OUT was written. 3: a line on standard error says what is wrong with the file. 4: a
package is missing.
"""

import sys

del sys.path[0]  # this folder

import contextlib  # noqa: E402
import os  # noqa: E402
import zipfile  # noqa: E402
from typing import Any  # noqa: E402

MPII_JOINTS = 16
MEMORY = 8 << 30  # bytes


def cells(file: str, names: list) -> dict:
    """Cells of numbers, one array each: NAME_0, NAME_1 ..."""
    from scipy.io import loadmat

    content = loadmat(file, struct_as_record=False, squeeze_me=False, variable_names=names)
    missing = [name for name in names if name not in content]
    if missing:
        raise LookupError(f"no {' and '.join(names)}, a cell a camera")
    return {
        f"{name}_{n}": plain(one) for name in names for n, one in enumerate(content[name].ravel())
    }


def mpii(file: str, names: list) -> dict:
    """People of the training pictures: names (P,) of the pictures, seen (P, 16, 2) or NaN."""
    import numpy as np
    from scipy.io import loadmat

    content = loadmat(file, struct_as_record=False, squeeze_me=False, variable_names=["RELEASE"])
    try:
        release = content["RELEASE"][0, 0]
        lists, training = release.annolist.ravel(), release.img_train.ravel()
    except (KeyError, AttributeError, IndexError):
        raise LookupError("no RELEASE with annolist and img_train") from None
    pictures, people = [""], [np.full((MPII_JOINTS, 2), np.nan)]  # an empty one: there is a shape
    for listed, trained in zip(lists, training, strict=True):
        if not trained:
            continue
        picture = str(listed.image[0, 0].name[0])
        for person in getattr(listed, "annorect", np.empty(0)).ravel():
            points = getattr(person, "annopoints", np.empty(0))
            if not points.size:
                continue
            seen = np.full((MPII_JOINTS, 2), np.nan)
            for point in points[0, 0].point.ravel():
                joint = int(point.id.item())
                if not 0 <= joint < MPII_JOINTS:
                    raise ValueError(f"a joint {joint}")
                seen[joint] = float(point.x.item()), float(point.y.item())
            pictures.append(picture)
            people.append(seen)
    return {"names": np.array(pictures[1:], "U"), "seen": np.array(people)[1:]}


def arrays_73(file: str, names: list) -> dict:
    """Arrays of a file of version 7.3, by name."""
    import h5py

    with h5py.File(file, "r") as content:
        missing = [name for name in names if name not in content]
        if missing:
            raise LookupError(f"no {', '.join(missing)}")
        return {name: plain(content[name][()]) for name in names}


def plain(value: object) -> Any:
    """Numbers as float64; ValueError for anything else."""
    import numpy as np

    found = np.asarray(value)
    if found.dtype.kind not in "biuf":
        raise ValueError(f"{found.dtype} where numbers are wanted")
    return found.astype(np.float64)


KINDS = {"cells": cells, "mpii": mpii, "arrays-7.3": arrays_73}


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):  # not on this system
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(kind: str, file: str, out: str, *names: str) -> int:
    """Write the arrays; returns the exit code."""
    _limit_memory()
    try:
        found = KINDS[kind](file, list(names))
    except ImportError as error:
        print(error.name or error, file=sys.stderr)
        return 4
    except LookupError as error:
        print(str(error.args[0] if error.args else error), file=sys.stderr)
        return 3
    except BaseException as error:  # many kinds, all of damaged files
        print(" ".join(f"{type(error).__name__}: {error}".split())[:200], file=sys.stderr)
        return 3
    import numpy as np

    with zipfile.ZipFile(out, "x") as archive:
        for name, value in found.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, value, allow_pickle=False)
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # what a damaged file has left behind is not torn down
