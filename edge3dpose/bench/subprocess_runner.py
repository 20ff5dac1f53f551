"""Runs a pipeline, ours or a peer's, in a subprocess: speed, memory, first pose, CPU time.

The process gets one argument, JSON. It writes a JSON line once its models are open (opened_at_s on
the monotonic clock, or error), and one for every line {"frames": N or null} that it reads: frame_s,
elapsed_s, with_people, first_pose_at_s. Memory and CPU time are read from outside, the same way for
every pipeline.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from edge3dpose import machine
from edge3dpose.errors import BadInput, Edge3DPoseError, MissingDependency
from edge3dpose.reports.rows import Footprint


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the source."""

    frame_s: NDArray[np.float64]  # of each frame, without reading it
    elapsed_s: float
    with_people: int
    cpu_s: float | None  # of all its threads; None where the system does not count it
    first_pose_at_s: float | None  # on the monotonic clock; None where nobody was found

    @property
    def fps(self) -> float:
        """Frames per second, reading them included."""
        return len(self.frame_s) / self.elapsed_s if self.elapsed_s else 0.0


class SubprocessRunner:
    """The process, waiting with its models open; MissingDependency carries its own error text."""

    def __init__(self, command: Sequence[str], request: dict[str, Any]) -> None:
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (stays open)
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(
            [*command, json.dumps(request)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            bufsize=1,
        )
        self.facts = self._answer(MissingDependency)
        self._opened_s = self.facts.pop("opened_at_s")
        self._first: Pass | None = None

    def run(self, frames: int | None) -> Pass:
        """One pass over the source or its first ``frames``; BadInput where the process fails."""
        before_s = _cpu_s(self._process.pid)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"frames": frames}) + "\n")
        answer = self._answer(BadInput)
        after_s = _cpu_s(self._process.pid)
        cpu_s = None if before_s is None or after_s is None else after_s - before_s
        done = Pass(
            np.array(answer["frame_s"]),
            answer["elapsed_s"],
            answer["with_people"],
            cpu_s,
            answer["first_pose_at_s"],
        )
        self._first = self._first or done
        return done

    def footprint(self, last: Pass) -> Footprint:
        """Peak memory and time to the first pose so far, CPU time of a warm pass."""
        first_s = self._first.first_pose_at_s if self._first else None
        cpu_s, frames = last.cpu_s, len(last.frame_s)
        return Footprint(
            peak_mb=machine.peak_mb(self._process.pid),
            open_s=round(self._opened_s - self._started_s, 3),
            first_pose_s=None if first_s is None else round(first_s - self._opened_s, 3),
            cpu_ms_per_frame=round(1000 * cpu_s / frames, 2) if cpu_s and frames else None,
        )

    def close(self) -> None:
        """End it; a second call does nothing."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()

    def _answer(self, failure: type[Edge3DPoseError]) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": self._last_error()}
        if "error" in answer:
            self.close()
            raise failure(answer["error"])
        return answer

    def _last_error(self) -> str:
        code = self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().strip().splitlines()
        return f"{lines[-1] if lines else 'no error text'} (exit code {code})"


def _cpu_s(process: int) -> float | None:
    """Seconds that all threads of a process computed; None where the system does not count it."""
    try:
        times = psutil.Process(process).cpu_times()
    except psutil.Error:
        return None
    return times.user + times.system
