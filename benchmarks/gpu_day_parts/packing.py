"""Packs sources, weights, wheels and baked people in parts for a machine without a network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge3dpose.errors import BadInput, MissingDependency
from gpu_day_parts import unpack

PART_BYTES = 60 * 1024 * 1024
EXTRAS = {  # of --with: what it adds to the wheels
    "rtx": ("tensorrt-rtx-cu13-libs", "tensorrt-rtx-cu13-bindings"),
    "ortgpu": ("onnxruntime-gpu",),
}
ALWAYS = ("pytest", "nvidia-ml-py", "cuda-bindings", "nvidia-cuda-nvrtc", "safetensors")
TRAINING = ("onnxscript", "moderngl", "matplotlib")
GLIBC = ("2_39", "2_35", "2_34", "2_31", "2_28", "2_27", "2_24", "2_17")
LEFT = {".git", ".venv", "__pycache__", "runs", "data", "gpu-day", "build", "dist"}


@dataclass(frozen=True)
class Target:
    """The machine that the pack is for: x86-64 Linux.

    python  its version, such as 3.12
    have    packages that it has already: they and what only they need are left out
    extras  names of EXTRAS
    """

    python: str
    have: tuple[str, ...]
    extras: tuple[str, ...]


def pack(root: Path, folder: Path, target: Target, assets: Path | None) -> list[Path]:
    """Write FOLDER/p0/part.000 and so on, each with the list of all and unpack.py; gives the parts.

    root  sources, with benchmarks/ and tests/
    """
    if unknown := set(target.extras) - set(EXTRAS):
        raise BadInput(f"--with {min(unknown)} is not known; there is: {', '.join(EXTRAS)}")
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty; take a new folder")
    with tempfile.TemporaryDirectory() as scratch:
        wheels = Path(scratch) / "wheels"
        _download(root, wheels, target)
        content = [(root / file, f"src/{file}") for file in source_files(root)]
        content += [(wheel, f"wheels/{wheel.name}") for wheel in sorted(wheels.glob("*.whl"))]
        if assets:
            content.append((assets, "data/synthetic.npz"))
        whole = Path(scratch) / "whole.tar"
        with tarfile.open(whole, "w") as archive:
            for file, name in content:
                archive.add(file, name)
        return split(whole, folder)


def source_files(root: Path) -> list[str]:
    """Files of the checkout that git does not ignore; of an unpacked distribution, all."""
    if (root / ".git").exists():
        git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others"]
        listed = subprocess.run(
            [*git, "--exclude-standard"], capture_output=True, text=True, check=True
        ).stdout.split("\0")
        return [name for name in listed if name and (root / name).is_file()]
    files = (file.relative_to(root) for file in sorted(root.rglob("*")) if file.is_file())
    return [file.as_posix() for file in files if not LEFT & set(file.parts)]


def split(whole: Path, folder: Path, part_bytes: int = PART_BYTES) -> list[Path]:
    """Cut a file into parts, a folder each, with the SHA-256 of all of them."""
    parts: list[Path] = []
    room = part_bytes - 256 * 1024  # for the list and unpack.py, which go with each part
    with whole.open("rb") as opened:
        while left := min(room, whole.stat().st_size - opened.tell()):
            part = folder / f"p{len(parts)}" / f"part.{len(parts):03d}"
            part.parent.mkdir(parents=True)
            with part.open("wb") as written:
                while left and (block := opened.read(min(left, unpack.BLOCK))):
                    written.write(block)
                    left -= len(block)
            parts.append(part)
    sums = json.dumps({part.name: unpack.sha256_of(part) for part in parts}, indent=1)
    for part in parts:
        (part.parent / unpack.LISTING).write_text(sums, encoding="utf-8")
        shutil.copy2(unpack.__file__, part.parent / "unpack.py")
    return parts


def _download(root: Path, wheels: Path, target: Target) -> None:
    """Wheels of the base install and of what the steps need, those that are had left out."""
    have = {plain(name) for name in target.have}
    extra = tuple(name for one in target.extras for name in EXTRAS[one])
    wanted = [*_base(root), *ALWAYS, *TRAINING, *extra]
    if "onnxruntime-gpu" in extra:  # both are the module onnxruntime
        wanted = [one for one in wanted if plain(one) != "onnxruntime"]
    wanted = [one for one in wanted if plain(one) not in have]
    platforms = [f"manylinux_{glibc}_x86_64" for glibc in GLIBC] + ["manylinux2014_x86_64", "any"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    command += ["--dest", str(wheels), "--python-version", target.python, "--implementation", "cp"]
    command += [word for one in platforms for word in ("--platform", one)]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no output").splitlines()[-1]
        raise MissingDependency(f"pip download failed: {last}")
    for wheel in wheels.glob("*.whl"):
        name = plain(wheel.name.split("-")[0])
        if name in have or (name == "onnxruntime" and "onnxruntime-gpu" in extra):
            wheel.unlink()


def _base(root: Path) -> list[str]:
    """The requirements of the base install, as setup.py lists them."""
    text = (root / "setup.py").read_text(encoding="utf-8")
    block = text.partition("install_requires=[")[2].partition("]")[0]
    found = re.findall(r'"([^"]+)"', block)
    return [one for one in found if "python_version <" not in one]


def plain(requirement: str) -> str:
    """The name of a package without its limits, as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", requirement)[0]).lower()
