"""The OpenCV of this machine: what its build can do, and whether a second one hides behind it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from edge3dpose import machine
from edge3dpose.finding import Finding

_VIDEO_INPUTS = {  # in the build's own words: what cannot be done without it, what to type
    "FFMPEG": (
        "video files and URLs cannot be opened",
        "pip install opencv-python-headless",
    ),
    "GStreamer": (
        "GStreamer pipelines (a Jetson's CSI camera) cannot be opened; USB cameras can",
        "apt install python3-opencv, and use it from a virtual environment made with "
        "--system-site-packages that holds no opencv wheel",
    ),
}


def findings() -> Iterator[Finding]:
    try:
        import cv2
    except ImportError as error:  # a GUI wheel without libGL, a wheel for another numpy
        fix = "pip uninstall -y opencv-python; pip install opencv-python-headless"
        yield Finding("OpenCV", "missing", f"import cv2 fails: {error}", fix)
        return
    build = cv2.getBuildInformation()
    yield Finding("OpenCV", "ok", f"{cv2.__version__} at {Path(cv2.__file__).parent}")
    yield _windows(build)
    yield from _video_inputs(build)
    yield from _other_opencvs(Path(cv2.__file__).parent)


def _windows(build: str) -> Finding:
    """What --show opens: OpenCV's own window, or Tk's where the build has none."""
    if gui := _gui(build):
        return Finding("windows", "ok", f"OpenCV's, {gui}")
    if importlib.util.find_spec("_tkinter"):
        return Finding("windows", "ok", "Tk's, for this OpenCV has none of its own")
    detail = "neither OpenCV's nor Tk's: --show cannot work, all else does"
    fix = (
        "apt install python3-tk, or "
        "pip uninstall -y opencv-python-headless; pip install opencv-python"
    )
    return Finding("windows", "missing", detail, fix)


def _gui(build: str) -> str:
    for line in build.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "GUI" and value.strip():
            return "" if value.strip() == "NONE" else value.strip()
        if name in ("QT", "GTK+", "Win32 UI", "Cocoa", "Wayland") and "YES" in value:
            return f"{name}: {value.strip()}"
    return ""


def _video_inputs(build: str) -> Iterator[Finding]:
    for name, (without, fix) in _VIDEO_INPUTS.items():
        lines = (line.strip() for line in build.splitlines())
        value = next((line for line in lines if line.startswith(name + ":")), "")
        if "YES" in value:
            yield Finding(f"OpenCV {name}", "ok", " ".join(value.split()[1:]))
        else:
            yield Finding(f"OpenCV {name}", "missing", without, fix)


def folders_with_opencv(folders: list[str]) -> list[Path]:
    """Every OpenCV that lies in these folders, in the order in which Python would meet them."""
    found = []
    for folder in dict.fromkeys(Path(name or ".").resolve() for name in folders):
        if (folder / "cv2").is_dir() or any(folder.glob("cv2*.so")):
            found.append(folder)
    return found


def _other_opencvs(used: Path) -> Iterator[Finding]:
    minor = f"python3.{sys.version_info.minor}"
    homes = ("/usr/lib/python3", f"/usr/lib/{minor}", f"/usr/local/lib/{minor}")
    system = [f"{home}/dist-packages" for home in homes]
    there = folders_with_opencv([*sys.path, *system])
    others = [folder for folder in there if folder not in (used, used.parent)]
    if others:
        where = ", ".join(str(folder) for folder in others)
        detail = f"this one hides another in {where} (a Jetson's own, with GStreamer, perhaps)"
        fix = "keep one: pip uninstall -y opencv-python opencv-python-headless, to use the system's"
        yield Finding("OpenCV, a second one", "warning", detail, fix)
    wheels = machine.distributions_of("cv2")
    if len(wheels) > 1:
        detail = f"{', '.join(wheels)} are installed over each other"
        fix = f"pip uninstall -y {' '.join(wheels)}; pip install opencv-python-headless"
        yield Finding("OpenCV, two wheels", "warning", detail, fix)
