"""A person in a video, by way of a Triton Inference Server: JSON lines on standard output.

    pip install "tritonclient[http]" opencv-python-headless
    python client.py clip.mp4 --url localhost:8000

It carries two things from each answer into the next request: where to look (roi) and what the lift
remembers (state). So the server keeps nothing, and any of several servers may answer.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import tritonclient.http as triton

MODEL = "sspnet-lite"
STATE = (2, 1, 256)
LEAST_SCORE = 0.5  # mean over the joints; below it nobody is there
ROI = "where to look first, px: middle of the pelvis and 2.25 m; without it the whole frame"
ANSWERS = ("joints_mm", "root_mm", "std_mm", "pixels", "score", "next_roi", "next_state")


class Person:
    """One person, followed: call it with each frame."""

    def __init__(self, client: Any, camera: tuple[float, ...], *, assumed: bool = False) -> None:
        """camera: focal length x, y and centre x, y in pixels; assumed: nobody measured it."""
        self._client, self._camera, self._assumed = client, camera, assumed
        self._roi: Any = None
        self._state, self._time_s = np.zeros(STATE, np.float32), 0.0

    def __call__(self, frame: Any, time_s: float, roi: Any = None) -> dict[str, Any] | None:
        """frame (H, W, 3) uint8 BGR -> the answer by name, or None where nobody is there.

        roi  centre x, y, side and angle of a square to look at first: 2.25 m about the pelvis, from
             a detector. None is the whole frame
        """
        step_s = time_s - self._time_s
        if self._roi is None:
            height, width = frame.shape[:2]
            first = (width / 2, height / 2, max(width, height), 0.0) if roi is None else roi
            self._roi = np.asarray(first, np.float32)
            self._state, step_s = np.zeros(STATE, np.float32), 0.0
            self._roi = self._ask(frame, step_s)["next_roi"]  # the first look is rough
        answer = self._ask(frame, step_s)
        if answer["score"].mean() < LEAST_SCORE:
            self._roi = None
            return None
        self._roi, self._state = answer["next_roi"], answer["next_state"]
        self._time_s = time_s
        return answer

    def _ask(self, frame: Any, step_s: float) -> dict[str, Any]:
        values = {
            "frame": frame,
            "roi": self._roi,
            "camera": np.array(self._camera, np.float32),
            "assumed": np.array([self._assumed], np.float32),
            "step_s": np.array([step_s], np.float32),
            "state": self._state,
        }
        inputs = []
        for name, value in values.items():
            kind = "UINT8" if value.dtype == np.uint8 else "FP32"
            one = triton.InferInput(name, list(value.shape), kind)
            one.set_data_from_numpy(np.ascontiguousarray(value))
            inputs.append(one)
        outputs = [triton.InferRequestedOutput(name) for name in ANSWERS]
        found = self._client.infer(MODEL, inputs, outputs=outputs)
        return {name: found.as_numpy(name) for name in ANSWERS}


def frames_of(video: str) -> Iterator[tuple[float, Any]]:
    """Seconds and picture of each frame."""
    capture = cv2.VideoCapture(video)
    if not capture.isOpened():
        sys.exit(f"Error: {video} is no video that can be opened")
    fps = capture.get(cv2.CAP_PROP_FPS) or 30.0
    number = 0
    while True:
        good, frame = capture.read()
        if not good:
            return
        yield number / fps, frame
        number += 1


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A person in a video, by a Triton server.")
    parser.add_argument("video", help="a file, or what else OpenCV opens")
    parser.add_argument("--url", default="localhost:8000", help="HOST:PORT, without http://")
    parser.add_argument("--fov", type=float, help="field of view of the longer side, degrees")
    parser.add_argument("--roi", type=float, nargs=3, metavar=("X", "Y", "SIDE"), help=ROI)
    given = parser.parse_args()
    client = triton.InferenceServerClient(given.url)
    try:
        client.is_server_live()
    except OSError as error:
        sys.exit(f"Error: no Triton server answers at {given.url}: {error}")
    person = None
    for time_s, frame in frames_of(given.video):
        if person is None:
            height, width = frame.shape[:2]
            focal = max(width, height) / 2 / math.tan(math.radians(given.fov or 60.0) / 2)
            camera = (focal, focal, width / 2, height / 2)
            person = Person(client, camera, assumed=given.fov is None)
        answer = person(frame, time_s, None if given.roi is None else (*given.roi, 0.0))
        line = {} if answer is None else {name: answer[name].tolist() for name in ANSWERS[:5]}
        print(json.dumps({"time_s": round(time_s, 4), **line}), flush=True)


if __name__ == "__main__":
    main()
