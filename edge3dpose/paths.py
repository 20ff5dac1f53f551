"""Where things lie: engines, profiles, weights and calibration ranges."""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import os
import shutil
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent
_CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "engines" / "README.md").exists() else None

RANGES = _CHECKOUT / "calibration" if _CHECKOUT else PACKAGE / "weights"  # shipped, of INT8

_log = logging.getLogger(__name__)


def home() -> Path:
    """$EDGE3DPOSE_HOME, else the source checkout, else the user's cache folder.

    A user without a home folder (a container's, perhaps) gets a temporary one, which is removed
    when the process ends.
    """
    return _lasting_home() or temporary_home()


def _lasting_home() -> Path | None:
    if named := os.environ.get("EDGE3DPOSE_HOME"):
        return Path(os.path.expanduser(named))
    if _CHECKOUT:
        return _CHECKOUT
    from platformdirs import user_cache_path  # here: the lines above need it not, and --help waits

    try:
        found = user_cache_path("edge3dpose", appauthor=False)
    except (RuntimeError, KeyError):  # no home folder
        return None
    return found if found.is_absolute() else None  # ~ of a user who has none


@functools.cache
def temporary_home() -> Path:
    """A folder of this process alone, removed when it ends; a warning tells so."""
    folder = tempfile.mkdtemp(prefix="edge3dpose-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _log.warning(
        "engines are built in a temporary folder, anew at every start; set EDGE3DPOSE_HOME to a "
        "folder that can be written"
    )
    return Path(folder)


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made where it is missing."""
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):  # modes alone do not tell of a read-only disk
            return True
    except OSError:
        return False


def usual_engines() -> str:
    """The default of --engines in words; makes no folder."""
    found = _lasting_home()
    return "a temporary folder" if found is None else str(found / "engines")


def engines_folder() -> Path:
    """Default of --engines: built engines with their manifests."""
    return home() / "engines"


def profiles_folder() -> Path:
    """What this machine takes for every engine, as tune measured it."""
    return home() / "profiles"


def kernels_folder() -> Path:
    """Compiled CUDA kernels."""
    return home() / "kernels"


def models_folder() -> Path:
    """Models of the user's own, a folder each: add-model writes them."""
    return home() / "models"


def weights_file(model: str) -> Path:
    """The ONNX file of a model, shipped or added; it need not exist (nobody has trained it yet)."""
    shipped = PACKAGE / "weights" / f"{model}.onnx"
    added = models_folder() / model / f"{model}.onnx"
    return added if not shipped.is_file() and added.is_file() else shipped


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
