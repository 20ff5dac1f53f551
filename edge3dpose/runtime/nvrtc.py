"""A .cu file of the package -> CUBIN for one architecture: compiled by NVRTC, cached on disk.

No GPU and no nvcc is needed. CUBIN, not PTX: a driver takes any CUBIN of its own CUDA major
version, but refuses PTX that is newer than itself.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

from edge3dpose import folder_trust, input_files, paths, storage
from edge3dpose.errors import BadInput, MissingDependency

# plain FP32 operations in the order of the source, so that a CPU gives the same numbers
OPTIONS = ("--fmad=false", "--std=c++17")

MOST_BYTES = 64 << 20  # of a compiled kernel, which has some thousand

_log = logging.getLogger(__name__)


def cubin(source: Path, capability: str, *, folder: Path | None = None) -> bytes:
    """The machine code of a .cu file, from the cache or compiled now.

    capability  of the device, "8.7"
    folder      of the cache; None for paths.kernels_folder()
    Raises MissingDependency without NVRTC, or where it does not know the device.
    """
    compiler = _package()
    major, minor = _asked(compiler, "nvrtcVersion")
    version = f"{major}.{minor}"
    text = source.read_bytes()
    architecture = f"sm_{capability.replace('.', '')}"
    words = "\0".join((architecture, version, *OPTIONS)).encode()
    key = hashlib.sha256(words + b"\0" + text).hexdigest()[:16]
    file = (folder or paths.kernels_folder()) / f"{source.stem}-{architecture}-{key}.cubin"
    code = _cached(file)
    if code is None:
        code = _compiled(compiler, text, source.name, architecture, version)
        _store(file, code)
    return code


def architectures() -> tuple[str, ...]:
    """What the NVRTC of this machine compiles for: "sm_75", ..."""
    return tuple(f"sm_{number}" for number in _asked(_package(), "nvrtcGetSupportedArchs")[0])


def _package() -> Any:
    fix = "install it: pip install cuda-bindings nvidia-cuda-nvrtc (a Jetson comes with NVRTC)"
    try:
        from cuda.bindings import nvrtc
    except ImportError as error:
        raise MissingDependency(f"cuda-bindings is not here ({error}); {fix}") from error
    try:
        nvrtc.nvrtcVersion()
    except RuntimeError as error:  # the library is loaded at the first call
        first = (str(error).splitlines() or ["no reason given"])[0]
        raise MissingDependency(f"NVRTC is not here ({first}); {fix}") from error
    return nvrtc


def _compiled(nvrtc: Any, text: bytes, name: str, architecture: str, version: str) -> bytes:
    if architecture not in (known := architectures()):
        raise MissingDependency(
            f"NVRTC {version} compiles for {', '.join(known)}, this device is {architecture}; "
            "install another: pip install -U cuda-bindings nvidia-cuda-nvrtc"
        )
    (program,) = _asked(nvrtc, "nvrtcCreateProgram", text, name.encode(), 0, [], [])
    try:
        options = [f"--gpu-architecture={architecture}".encode(), *(o.encode() for o in OPTIONS)]
        (code,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
        if code != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            log = _text(nvrtc, program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog")
            raise RuntimeError(f"{name}: NVRTC {version} for {architecture}: {log.decode()}")
        return _text(nvrtc, program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN")
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _text(nvrtc: Any, program: Any, ask_size: str, ask: str) -> bytes:
    (size,) = _asked(nvrtc, ask_size, program)
    content = bytes(size)  # written in place, as the bindings want it
    _asked(nvrtc, ask, program, content)
    return content


def _asked(nvrtc: Any, name: str, *arguments: Any) -> tuple[Any, ...]:
    code, *values = getattr(nvrtc, name)(*arguments)
    if code != nvrtc.nvrtcResult.NVRTC_SUCCESS:
        raise RuntimeError(f"{name}: {nvrtc.nvrtcGetErrorString(code)[1].decode()}")
    return tuple(values)


def _cached(file: Path) -> bytes | None:
    """The file's content; None where there is none or another user could have written it."""
    try:
        content = input_files.read(file, MOST_BYTES)
        folder_trust.check(file.parent)
        folder_trust.check_file(file)
    except BadInput as error:
        if file.exists():
            _log.warning("the compiled kernel is not used: %s", error)
        return None
    if content[:4] != b"\x7fELF":
        _log.warning("%s is not used: it is no CUBIN", file)
        return None
    return content


def _store(file: Path, content: bytes) -> None:
    """Write whole or not at all; a cache that cannot be written costs 0.2 s at every start."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        storage.write_bytes(file, content)
    except (OSError, BadInput) as error:
        _log.info("%s cannot be written: %s", file, error)
