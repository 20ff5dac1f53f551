"""Where things lie: engines, profiles, weights and calibration ranges."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

PACKAGE = Path(__file__).parent
_CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "engines" / "README.md").exists() else None


def home() -> Path:
    """$EDGE3DPOSE_HOME, else the source checkout, else the user's cache folder.

    A user without a home folder (a container's, perhaps) gets .edge3dpose in the working folder.
    """
    if named := os.environ.get("EDGE3DPOSE_HOME"):
        return Path(os.path.expanduser(named))
    if _CHECKOUT:
        return _CHECKOUT
    from platformdirs import user_cache_path  # here: the lines above need it not, and --help waits

    try:
        return user_cache_path("edge3dpose", appauthor=False)
    except RuntimeError:  # no home folder
        return Path.cwd() / ".edge3dpose"


def engines_folder() -> Path:
    """Default of --engines: built engines with their manifests."""
    return home() / "engines"


def profiles_folder() -> Path:
    """What this machine takes for every engine, as tune measured it."""
    return home() / "profiles"


def kernels_folder() -> Path:
    """Compiled CUDA kernels."""
    return home() / "kernels"


def weights_file(model: str) -> Path:
    """The shipped ONNX file of a model; it need not exist (a model nobody has trained yet)."""
    return PACKAGE / "weights" / f"{model}.onnx"


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
