"""Speed reports with a truth of their own, as edge3dpose benchmark writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge3dpose.records import from_json
from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.reports.rows import SpeedReport

PARITY = {
    "mm_p50": 0.01, "mm_p99": 0.02, "mm_max": 0.03, "tolerance_mm": {"p50": 1.0, "p99": 5.0},
    "crops": 16, "crops_sha256": "c" * 64, "reference": "FP32", "ran": "openvino",
}  # fmt: skip


def stats(ms, n=60):
    """Times of something that takes ms, more at the high percentiles."""
    percentiles = {f"p{p}_ms": ms * by for p, by in ((50, 1), (90, 1.1), (95, 1.2), (99, 1.5))}
    return {"n": n, "fps": 1000 / ms, "mean_ms": ms, "min_ms": 0.9 * ms, **percentiles}


def times_ms(seed, middle_ms, rounds=6, noise=0.02):
    return [
        float(ms) for ms in middle_ms * np.exp(np.random.default_rng(seed).normal(0, noise, rounds))
    ]


def row(cut, seed, *, ms, whole_ms, mpjpe_mm=60.0, backend="openvino", precision="fp32"):
    alone = times_ms(seed, ms)
    frame = stats(ms) | {"p50_ms": whole_ms, "p90_ms": whole_ms + 0.1 * ms}
    frame |= {"p95_ms": whole_ms + 0.2 * ms, "p99_ms": whole_ms + 0.5 * ms}
    return {
        "cut": cut, "backend": backend, "precision": precision, "threads": None,
        "backend_version": "1.0", "engine_sha256": "e" * 64, "engine_bytes": 5_000_000,
        "parity": PARITY, "deviation_mm": 0.0,
        "error": {} if mpjpe_mm is None else {"mpjpe_mm": mpjpe_mm, "mocap_mpjpe_mm": mpjpe_mm - 9},
        "engine": {
            **stats(ms, 300),
            "rounds_p50_ms": alone, "mj_per_call": None,
        },
        "end_to_end": {
            "frames_offered": 60, "frames_processed": 60, "frames_dropped": 0,
            "frames_with_people": 60, "oldest_result_ms": 0.0, "fps": 1000 / whole_ms,
            "rounds_fps": [1000 / one for one in times_ms(seed + 1, whole_ms)],
            "frame": frame, "mj_per_frame": None,
            "stages": {
                "read": stats(3.0), "engine": stats(ms), "detect": stats(max(0.1, whole_ms - ms)),
            },
        },
    }  # fmt: skip


def peer(name, *, whole_ms, error):
    return {
        "name": name, "version": "0.1", "model": "m.tflite", "model_sha256": "f" * 64,
        "error": error,
        "end_to_end": {
            "frames_processed": 60, "frames_with_people": 59, "fps": 1000 / whole_ms,
            "rounds_fps": [1000 / one for one in times_ms(9, whole_ms)],
            "frame": stats(whole_ms - 1), "mj_per_frame": None,
        },
        "footprint": {
            "peak_mb": 247.0, "open_s": 1.5, "first_pose_s": 0.4, "cpu_ms_per_frame": 15.0,
        },
    }  # fmt: skip


def machine() -> dict[str, Any]:
    return {
        "processor": "A Processor <with brackets>", "instructions": ["avx2"], "cores": 4,
        "memory_gb": 8.0, "gpus": [], "cuda_driver": None, "system": "Linux", "python": "3.11",
        "versions": {"numpy": "2.0"}, "load_average": [0.1, 0.1, 0.1], "scheduling": "other",
        "clocks": {"governor": ["performance"]},
    }  # fmt: skip


def typed(content: dict[str, Any]) -> SpeedReport:
    return from_json(SpeedReport, content, "the test")


def accuracy(cuts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An accuracy report; more holds what an ErrorAnalysis is made of."""
    return {
        "schema": "edge3dpose.accuracy/1", "time": "2026-01-02T03:04:05+00:00",
        "machine": machine(), "model": "a-model", "weights_sha256": "a" * 64, "state": "trained",
        "dataset": {"name": "synthetic", "protocol": "people"}, "cuts": cuts, **more,
    }  # fmt: skip


def typed_accuracy(content: dict[str, Any]) -> AccuracyReport:
    return from_json(AccuracyReport, content, "the test")


def report(rows, **more):
    return {
        "schema": "edge3dpose.speed/1", "time": "2026-01-02T03:04:05+00:00", "commit": "abc",
        "machine": machine(), "load_average_after": [0.2, 0.1, 0.1], "model": "a-model",
        "weights_sha256": "a" * 64, "state": "trained", "source": "sample",
        "frame_size": "720x1280", "protocol": "as it was", "rows": rows,
        "footprint_protocol": "SubprocessRunner.", "fps": None, "refused": [],
        "energy": {"counters": {}, "lacking": {"rapl": "not here"}}, **more,
    }  # fmt: skip
