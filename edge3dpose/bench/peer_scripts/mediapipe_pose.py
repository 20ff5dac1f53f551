"""MediaPipe Pose over a video, as its own users run it: following, its landmarks smoothed.

argument  {"video": FILE, "complexity": 0 lite, 1 full, 2 heavy}
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

MODELS = ("lite", "full", "heavy")


def main() -> None:
    """Open, say so, then answer until the input ends."""
    # its C++ and its downloads print: only our lines may reach the one who listens
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    wanted = json.loads(sys.argv[1])
    try:
        pose, facts = open_pose(wanted["complexity"])
    except Exception as error:  # of whatever kind: told to the one who listens
        print(json.dumps({"error": str(error)}), file=answers)
        return
    print(json.dumps(facts | {"opened_at_s": time.monotonic()}), file=answers)
    for line in sys.stdin:
        print(json.dumps(run(pose, wanted["video"], json.loads(line)["frames"])), file=answers)


def open_pose(complexity: int) -> tuple[Any, dict[str, Any]]:
    """The pipeline, and the version and model that it is."""
    import mediapipe

    if not hasattr(mediapipe, "solutions"):
        raise RuntimeError(f"mediapipe {mediapipe.__version__} has no solutions.pose")
    folder = Path(mediapipe.__file__).parent / "modules" / "pose_landmark"
    model = folder / f"pose_landmark_{MODELS[complexity]}.tflite"
    try:  # where the package lacks the model it asks the network
        pose = mediapipe.solutions.pose.Pose(model_complexity=complexity)
    except OSError as error:
        raise RuntimeError(f"no {model.name} ({error}); put one into {folder}") from error
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    return pose, {"version": mediapipe.__version__, "model": model.name, "model_sha256": sha256}


def run(pose: Any, video: str, frames: int | None) -> dict[str, Any]:
    """Once over the source: seconds of every frame but reading it, and of the whole."""
    import cv2

    images = islice(pictures_of(video), frames)
    image = next(images, None)  # ours has its first frame before its clock starts, too
    seconds: list[float] = []
    people, first_at_s = 0, None
    start = time.perf_counter()
    while image is not None:
        begin = time.perf_counter()
        found = pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_world_landmarks
        seconds.append(time.perf_counter() - begin)
        people += found is not None
        if found and first_at_s is None:
            first_at_s = time.monotonic()
        image = next(images, None)
    elapsed_s = time.perf_counter() - start
    return {
        "frame_s": seconds,
        "elapsed_s": elapsed_s,
        "with_people": people,
        "first_pose_at_s": first_at_s,
    }


def pictures_of(video: str) -> Iterator[Any]:
    """BGR pictures, one after the other."""
    import cv2

    capture = cv2.VideoCapture(video)
    try:
        while (image := capture.read()[1]) is not None:
            yield image
    finally:
        capture.release()


if __name__ == "__main__":
    main()
