"""Runs a step in a process of its own, within its time, and saves at once what came of it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge3dpose import bounded_json, input_files, storage
from edge3dpose.errors import Edge3DPoseError
from gpu_day_parts.steps import PYTHON, Day, Step

SCHEMA = "edge3dpose.gpu-day-step/1"
TAIL_LINES = 60  # of the output, in the result
GRACE_S = 10  # between the request to end and the end
DONE, FAILED, LATE, LEFT_OUT = "done", "failed", "out of time", "left out"
PR_SET_PDEATHSIG = 1
_PASSED = re.compile(r"\b\d+ passed")

Result = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where results of one day lie, and on which machine they were had."""

    day: Day
    gpu: str

    def result(self, step: Step) -> Path:
        """File of a step's result."""
        return self.day.out / "steps" / f"{step.name}.json"

    def log(self, step: Step) -> Path:
        """File of a step's output."""
        return self.day.out / "logs" / f"{step.name}.txt"

    def earlier(self, step: Step) -> Result | None:
        """The result that is there, of the same command on the same GPU."""
        try:
            found = storage.load_json(self.result(step), SCHEMA)
        except Edge3DPoseError:
            return None
        same = found.get("command") == self._told(step) and found.get("gpu") == self.gpu
        return found if same else None

    def run(self, step: Step, most_s: float) -> Result:
        """Run it, at most ``most_s`` seconds; the result is saved before this returns."""
        limit_s = min(step.limit_s, most_s)
        log = self.log(step)
        for folder in (log.parent, self.day.report("x").parent):
            folder.mkdir(parents=True, exist_ok=True)
        begun_s = time.monotonic()
        exit_code = _call(step, log, self.day.root, limit_s)
        took_s = time.monotonic() - begun_s
        state = {None: LATE, 0: DONE}.get(exit_code, FAILED)
        lines = self._plain(log.read_text("utf-8", errors="replace")).splitlines()
        if step.prints and step.report and state == DONE:
            storage.write_text(step.report, "\n".join(lines) + "\n")
            lines = []
        why = ""
        if state == DONE and "pytest" in step.command and not _PASSED.search("\n".join(lines)):
            state, why = LEFT_OUT, "every test was skipped; the reasons are in the log"
        elif state == LATE:
            why = f"ended after {limit_s:.0f} s"
        elif state == FAILED:
            why = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
        more = {"took_s": round(took_s, 1), "exit_code": exit_code, "tail": lines[-TAIL_LINES:]}
        return self.save(step, state, why, more)

    def save(self, step: Step, state: str, why: str, more: Result | None = None) -> Result:
        """Write a result; a report that is there goes into it, also that of a step cut short."""
        result = {
            "schema": SCHEMA,
            "name": step.name,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "gpu": self.gpu,
            "command": self._told(step),
            "state": state,
            "why": why,
            **(more or {}),
        }
        if step.report and step.report.exists() and more and state != FAILED:
            with contextlib.suppress(Edge3DPoseError):
                result["report"] = bounded_json.parse(
                    input_files.read(step.report, bounded_json.MOST_BYTES), str(step.report)
                )
        storage.save_json(self.result(step), result)
        return result

    def _told(self, step: Step) -> list[str]:
        """The command without what differs between two runs of the same step."""
        return [self._plain(word) for word in step.command if word != "--resume"]

    def _plain(self, text: str) -> str:
        """Without the folders of this machine."""
        return text.replace(str(self.day.out), "OUT").replace(f"{self.day.root}{os.sep}", "")


def _call(step: Step, log: Path, root: Path, limit_s: float) -> int | None:
    """The exit code; None where it was ended since its time was up."""
    command = [sys.executable if word == PYTHON else word for word in step.command]
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    plain = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
    posix = os.name == "posix"
    with log.open("w", encoding="utf-8") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL if step.prints else subprocess.STDOUT,
                cwd=root,
                env=os.environ | plain | {"PYTHONPATH": path},
                start_new_session=posix,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            output.write(f"{command[0]}: {error.strerror}\n")
            return 127
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            _end(process)
            return None
        except BaseException:  # Ctrl-C, or the end of this process: nothing is left behind
            _end(process)
            raise


def _end(process: subprocess.Popen) -> None:
    """Ask the process and all that it started to end, then make them."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(process.pid, number)
            else:
                process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)


def _end_with_parent() -> None:
    """Linux: a killed day leaves no step behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
