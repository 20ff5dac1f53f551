"""The window of --show: OpenCV's where its build has one, else Tk's."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol

import cv2

from edge3dpose.drawing import SidePanel, beside, draw, resized
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime.overlap import BackgroundSink
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.skeletons import H36M17, Skeleton
from edge3dpose.types import Frame, Image, Pose3D

TITLE = "edge3dpose (q to stop)"
HEIGHT = 600
MAX_WIDTH = 1100

INSTALL = (
    "install an OpenCV with a window (pip uninstall opencv-python-headless; pip install "
    "opencv-python) or Tk (apt install python3-tk), or use --no-show with --save FILE.mp4"
)


class Screen(Protocol):
    """Shows a picture, or goes on showing it; False once the window was closed or q pressed."""

    def show(self, picture: Image | None) -> bool: ...

    def close(self) -> None: ...


def open_window(skeleton: Skeleton | None = H36M17) -> Window:
    """Open a window; MissingDependency says what to install where none is possible."""
    wants_display = sys.platform.startswith("linux")
    if wants_display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise MissingDependency(
            "no screen here (DISPLAY is not set); use --no-show with --save FILE.mp4"
        )
    return Window(_OpenCvScreen() if opencv_has_windows() else _TkScreen(), skeleton)


def opencv_has_windows() -> bool:
    """Whether this OpenCV was built with any GUI; the headless package is not."""
    for line in cv2.getBuildInformation().splitlines():
        words = line.split()
        if words[:1] == ["GUI:"]:
            return words[1:] != ["NONE"]
    return True


class Window(Sink):
    """Frame with skeletons on the left, the side view on the right.

    Only the main thread may use the screen. So the main loop shows the latest picture that is
    ready, and a thread of its own draws, which takes longer.
    """

    main_thread = True

    def __init__(self, screen: Screen, skeleton: Skeleton | None = H36M17) -> None:
        self._screen = screen
        self._drawing = _Drawing(skeleton)
        self._draw = BackgroundSink(self._drawing)

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Show the latest picture; raises Stop when the window is closed."""
        self._draw(frame, poses)
        self._show()

    def idle(self) -> None:
        """Answer the window's keys; raises Stop when it is closed."""
        if not self._screen.show(self._latest()):
            raise Stop

    def flush(self) -> None:
        """Show the last frame."""
        self._draw.flush()
        self._show()

    def close(self) -> None:
        """Close the window; a second call does nothing."""
        self._draw.close()
        self._screen.close()

    def discard(self) -> None:
        """Close the window."""
        self.close()

    def _show(self) -> None:
        picture = self._latest()
        if picture is not None and not self._screen.show(picture):
            raise Stop

    def _latest(self) -> Image | None:
        picture, self._drawing.picture = self._drawing.picture, None
        return picture


class _Drawing(Sink):
    """Draws the latest frame."""

    skips = True

    def __init__(self, skeleton: Skeleton | None) -> None:
        self.picture: Image | None = None  # the latest that was not shown
        self._skeleton = skeleton
        self._panel: SidePanel | None = None

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        columns, rows = frame.size_px
        width = min(MAX_WIDTH, max(120, round(columns * HEIGHT / rows)))
        over = resized(draw(frame.image, poses), width, HEIGHT)
        if self._skeleton is not None:  # 2D poses have no side view
            self._panel = self._panel or SidePanel(HEIGHT * 4 // 5, HEIGHT, self._skeleton)
            over = beside(over, self._panel(poses, glide=frame.name is None))
        self.picture = over


class _OpenCvScreen:
    def __init__(self) -> None:
        try:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        except cv2.error as error:
            raise MissingDependency(f"OpenCV cannot open a window here; {INSTALL}") from error

    def show(self, picture: Image | None) -> bool:
        if picture is not None:
            cv2.imshow(TITLE, picture)
        pressed = cv2.waitKey(1) & 0xFF
        closed = cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
        return not closed and pressed not in (ord("q"), 27)

    def close(self) -> None:
        cv2.destroyAllWindows()


class _TkScreen:
    def __init__(self) -> None:
        try:
            import tkinter
        except ImportError as error:
            raise MissingDependency(
                f"this OpenCV has no window and Tk is missing; {INSTALL}"
            ) from error
        try:
            self._root: Any = tkinter.Tk()
        except tkinter.TclError as error:
            raise MissingDependency(f"no window can be opened here ({error}); {INSTALL}") from error
        self._photo_of = tkinter.PhotoImage
        self._photo: Any = None
        self._open = True
        self._root.title(TITLE)
        self._label = tkinter.Label(self._root)
        self._label.pack()
        self._root.protocol("WM_DELETE_WINDOW", self._stop)
        self._root.bind("q", self._stop)
        self._root.bind("<Escape>", self._stop)

    def show(self, picture: Image | None) -> bool:
        if self._open:
            if picture is not None:
                ppm = cv2.imencode(".ppm", picture)[1].tobytes()  # the one form Tk reads quickly
                self._photo = self._photo_of(data=ppm, format="PPM")
                self._label.configure(image=self._photo)
            self._root.update()
        return self._open

    def close(self) -> None:
        if self._root is not None:
            self._root.destroy()
            self._root = None

    def _stop(self, event: Any = None) -> None:
        self._open = False
