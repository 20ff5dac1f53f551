"""Every loader of a file that a stranger may have made: a good file, and what is done with it."""

from __future__ import annotations

import hashlib
import io
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import mutations
import numpy as np
import small_net
import speed_reports
from rich.console import Console

from edge3dpose import intrinsics, manifest, models, onnx_bytes, poses_file, storage
from edge3dpose.camera import check_camera, project
from edge3dpose.compiler import graph, ranges
from edge3dpose.engine_types import ModelSpec
from edge3dpose.evaluation import labels
from edge3dpose.evaluation.labelled_people import LabelledPictures
from edge3dpose.evaluation.recordings._arrays import Arrays
from edge3dpose.manifest import Manifest
from edge3dpose.reports import (
    accuracy,
    builds,
    columns,
    compare,
    crowds,
    documents,
    model_card,
    model_tables,
    people,
    recordings,
    rows,
    speed,
)
from edge3dpose.reports.accuracy_rows import AblationReport, AccuracyReport
from edge3dpose.reports.build_rows import BuildReport
from edge3dpose.reports.crowd_rows import ClipsReport, CrowdsReport
from edge3dpose.reports.governor_rows import GovernorReport
from edge3dpose.reports.people_rows import PeopleReport
from edge3dpose.reports.rows import SpeedReport
from edge3dpose.runtime.backends.replay import Replay
from edge3dpose.selection import defaults, profile
from edge3dpose.types import Camera

ROOT = Path(__file__).parents[2]
SPEC: ModelSpec = models.find("sspnet-lite")
Mutate = Callable[[random.Random, bytes], bytes]


@dataclass
class Target:
    """A file, how it is damaged, and how it is used; use raises what a user would see."""

    name: str
    good: bytes
    use: Callable[[Path], Any]
    mutate: Mutate
    file: str = "file"
    beside: dict[str, bytes] = field(default_factory=dict)
    hashed: bool = False  # whatever is changed has to be refused

    def lay(self, folder: Path, content: bytes) -> Path:
        """The file in a folder, with what has to lie beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, more in self.beside.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(more)
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def json_target(name: str, good: Any, use: Callable[[Path], Any], **more: Any) -> Target:
    """Of a JSON file: mostly its fields are damaged, at times its bytes."""
    whole = json.loads(json.dumps(good))

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if rng.random() < 0.15:
            return mutations.damaged_bytes(rng, content)
        return mutations.hostile_json(rng, whole)

    more = {"file": "file.json", **more}
    return Target(name, json.dumps(good).encode(), use, mutate, **more)


def npz_target(name: str, good: dict[str, Any], use: Callable[[Path], Any], **more: Any) -> Target:
    """Of an npz: its arrays or its bytes are damaged."""

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if rng.random() < 0.4:
            return mutations.damaged_bytes(rng, content)
        return mutations.hostile_npz(rng, good)

    return Target(name, mutations.npz(good), use, mutate, file="file.npz", **more)


def bytes_target(name: str, good: bytes, use: Callable[[Path], Any], **more: Any) -> Target:
    """Of any file: its bytes are damaged."""
    return Target(name, good, use, mutations.damaged_bytes, **more)


def targets(folder: Path) -> list[Target]:
    """All of them; files that are needed for them are made in the folder."""
    return [
        *_models(folder),
        *_reports(),
        *_cameras(),
        *_poses(folder),
        *_labels(),
        *_arrays(),
        *_training(folder),
    ]


# What has been read is used, and must then be finite and shown without a trap


def _finite(value: Any) -> None:
    assert math.isfinite(value), value


def _shown(*tables: columns.Table) -> None:
    console = Console(file=io.StringIO(), width=160, markup=False, emoji=False)
    for table in tables:
        table.print_to(console)
        _harmless(str(table.markdown))
    assert "\x1b]" not in console.file.getvalue()  # type: ignore[attr-defined]


def _harmless(markdown: str) -> None:
    assert "<script" not in markdown
    assert "\x1b" not in markdown
    assert "](javascript" not in markdown.replace("\\](", "")


def _models(folder: Path) -> list[Target]:
    weights = small_net.write(folder / "weights")
    content = weights.onnx.read_bytes()
    card = {
        **{"model": SPEC.name, "sha256": weights.sha256, "state": "trained", "licence": "MIT"},
        "training": {"samples": 1, "steps": 2, "hours": 1.5, "machines": ["x"], "recipe": {"a": 1}},
        "data": {"people": "renders", "real": ["a b"]},
        "cuts": {"3": {"mpjpe_mm": 90.5, "auc": 0.5}, "7": {"mpjpe_mm": 80.5, "pck50": None}},
    }

    def read_card(file: Path) -> None:
        opened = models.open_weights(SPEC, file.with_suffix(".onnx"))
        cut, _ = defaults.best_cut(opened)
        assert 1 <= cut <= SPEC.cuts
        for cut, error in defaults.cuts_by_error(opened):
            assert 0 < error < 1e6, (cut, error)
        assert "\x1b" not in model_tables.headline(models._summary.ModelSummary(SPEC, opened))
        _harmless(model_card.page({"state": "", "licence": "", **opened.card}, [], []))

    engine, text = _engine(content)
    ranged = {
        **{"schema": ranges.SCHEMA, "model": SPEC.name, "weights_sha256": weights.sha256},
        **{"method": "mse", "source": "sample", "crops": 4, "crops_sha256": "c" * 64},
        **{"skip": ["a"], "tensors": {"images": 1.0, "b": 2.5}},
    }

    def read_ranges(file: Path) -> None:
        for value in ranges.read(file).tensors.values():
            _finite(value)

    profiled = {
        **{"schema": profile.SCHEMA, "time": "2026-01-01T00:00:00", "around_ms": 3.0},
        "identity": {"model": SPEC.name},
        "points": [
            {"cut": 3, "backend": "openvino", "precision": "fp32", "backend_version": "1",
             "key": "k", "p50_ms": 3.0, "p90_ms": 4.0, "deviation_mm": 0.1}
        ],
    }  # fmt: skip

    def read_profile(file: Path) -> None:
        found = profile._profile(profile._read(file), {3: 90.0})
        for point in found.points:
            _finite(point.p90_ms)
            _harmless(point.text)

    def weights_as_new(file: Path) -> None:
        """The hash agrees: somebody made the card anew."""
        data = file.read_bytes()
        facts = {"model": SPEC.name, "sha256": hashlib.sha256(data).hexdigest()}
        file.with_suffix(".json").write_text(json.dumps(facts))
        model = graph.of_weights(models.open_weights(SPEC, file))
        for value in graph.constants(model.graph).values():
            assert value.dtype.kind != "f" or not np.isnan(value).any()

    return [
        json_target("card", card, read_card, beside={"file.onnx": content}),
        bytes_target("weights", content, lambda file: models.open_weights(SPEC, file),
                     file="w.onnx", hashed=True, beside={"w.json": json.dumps(card).encode()}),
        bytes_target("weights-new-card", content, weights_as_new, file="w.onnx"),
        json_target("manifest", json.loads(text), lambda file: _manifest_used(file),
                    file="e.json", beside={"e.onnx": engine}),
        bytes_target("engine", engine, manifest.read_verified, file="e.onnx", hashed=True,
                     beside={"e.json": text.encode()}),
        bytes_target("onnx", content, lambda file: onnx_bytes.check(file.read_bytes(), file)),
        json_target("ranges", ranged, read_ranges),
        json_target("profile", profiled, read_profile),
    ]  # fmt: skip


def _engine(content: bytes) -> tuple[bytes, str]:
    fields = {
        **{"model": SPEC.name, "cut": 3, "precision": "fp32", "backend": "onnxruntime"},
        **{"backend_version": "1.2", "weights_sha256": "ab" * 32, "device": {"name": "cpu"}},
        "input": {"name": "images", "dtype": "float32", "shape": [1, 3, 256, 256]},
    }
    facts = {"joints": list(SPEC.skeleton.joints), "mean_rgb": [0, 0, 0], "std_rgb": [1, 1, 1]}
    made = Manifest(
        engine=Path("e.onnx"),
        key=manifest.digest(fields),
        fields=fields,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        model=facts,
        build={"seconds": 1.0, "nodes": 3},
        parity=None,
        calibration=None,
    )
    return content, manifest.to_json(made)


def _manifest_used(file: Path) -> None:
    made = manifest.verify(file.with_suffix(".onnx"))
    assert not set(";$`|&<>\n") & set(made.rebuild)
    manifest.check_fits(made, SPEC, "onnxruntime")


def _reports() -> list[Target]:
    one = speed_reports.report([
        speed_reports.row(3, 1, ms=5, whole_ms=9), speed_reports.row(7, 2, ms=8, whole_ms=12)
    ])  # fmt: skip

    def read_speed(file: Path) -> None:
        found = rows.load(SpeedReport, file)
        _shown(speed.engine_table(found, detail=True), speed.end_to_end_table(found, detail=True))
        _shown(speed.overview_table(found), speed.peers_table(found), speed.footprint_table(found))
        _shown(speed.files_table(found))
        _harmless(columns.markdown_text(speed.headline(found)))
        [str(fact) for fact in speed.conditions(found).items()]
        documents._chosen(found, 3)
        base = rows.from_json(SpeedReport, one, "base")
        if found.rows:
            _shown(compare.compare(base, found).table, compare.compare(found, base).table)

    def read_accuracy(file: Path) -> None:
        found = rows.load(AccuracyReport, file)
        accuracy.print_tables(found, Console(file=io.StringIO(), markup=False))
        if found.recordings:
            _shown(*recordings.tables(found))
        if found.analysis:
            _shown(accuracy.bins_table(found.analysis))
            accuracy.analysis_notes(found.analysis)
        _shown(documents.best_cuts_table([found] if found.cuts else []))

    def read_crowds(file: Path) -> None:
        found = rows.load(CrowdsReport, file)
        _shown(crowds.identities_table(found.rows), crowds.hidden_table([found.overall]))

    def read_people(file: Path) -> None:
        found = rows.load(PeopleReport, file)
        _shown(people.finders_table(found), people.pictures_table(found))

    def read_builds(file: Path) -> None:
        found = rows.load(BuildReport, file)
        _shown(builds.engines_table(found))
        [builds.headline(found), *builds.notes(found)]

    def read_ablation(file: Path) -> None:
        _shown(accuracy.trials_table(rows.load(AblationReport, file)))

    uses: dict[str, Callable[[Path], None]] = {
        "accuracy": read_accuracy,
        "crowds": read_crowds,
        "people": read_people,
        "build": read_builds,
        "ablation": read_ablation,
        "governor": lambda file: rows.load(GovernorReport, file),  # type: ignore[dict-item]
        "clips": lambda file: _shown(crowds.clips_table(rows.load(ClipsReport, file))),
    }
    found = [json_target("speed", one, read_speed)]
    for kind, use in uses.items():
        files = sorted((ROOT / "benchmarks").glob("*.json"), key=lambda file: file.stat().st_size)
        schema = f"edge3dpose.{kind}/1"
        good = [c for f in files if (c := storage.read_json(f)).get("schema") == schema]
        if kind == "governor":
            good = [{**g, "calls": g["calls"][:5], "calls_of_one_cut": []} for g in good]
        found += [json_target(f"{kind}-report", one, use) for one in good[:2]]
    return found


def _cameras() -> list[Target]:
    plain = {"size": [1280, 720], "focal_px": [900.0, 901], "centre_px": [640, 360],
             "distortion": [0.1, 0.01, 0, 0, 0], "fisheye": False, "world_up": "-y",
             "camera_to_world_mm": [[1, 0, 0, 5], [0, 1, 0, -2000.0], [0, 0, 1, 7]]}  # fmt: skip
    yaml = (
        "image_width: 1280\nimage_height: 720\ndistortion_model: plumb_bob\ncamera_matrix:\n"
        "  rows: 3\n  cols: 3\n  data: [900.0, 0, 640, 0, 901.0, 360, 0, 0, 1]\n"
        "distortion_coefficients:\n  rows: 1\n  cols: 5\n  data: [0.1, 0.01, 0, 0, 0]\n"
    )

    def read(file: Path) -> None:
        camera, size = intrinsics.read_intrinsics(file)
        for value in (*camera.focal_px, *camera.centre_px, *camera.distortion, *(camera.up or ())):
            _finite(value)
        check_camera(camera)
        assert 0.05 * max(size) <= min(camera.focal_px) <= max(camera.focal_px) <= 200 * max(size)
        assert np.isfinite(project(np.array([[0.1, 0.2, 4000.0]]), camera)).all()

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if rng.random() < 0.4:
            return mutations.damaged_bytes(rng, content)
        words = content.decode().split(" ")
        words[rng.randrange(len(words))] = rng.choice(
            (".nan", ".inf", "1e30", "-90000", "true", "!!python/object:os.system", "&a", "*a",
             "9" * 400, "[" * 3000, "{a: 1}", "null", "0.9", "\x07", "? ", "!!binary x")
        )  # fmt: skip
        return " ".join(words).encode()

    return [
        json_target("intrinsics", plain, read),
        Target("intrinsics-yaml", yaml.encode(), read, mutate, file="camera.yaml"),
    ]


def _poses(folder: Path) -> list[Target]:
    skeleton = SPEC.skeleton
    camera = {"size": [9, 9], "focal_px": [9.0, 9.0], "centre_px": [4.5, 4.5], "distortion": []}
    header = {**poses_file.header_of(skeleton, model="m", cut=3), "camera": camera}
    one = {
        **{"id": 1, "root_mm": [0.0, 0.0, 3000.0], "joints_mm": np.ones((17, 3)).tolist()},
        **{"joints_px": np.ones((17, 2)).tolist(), "pixels": np.ones((17, 2)).tolist()},
        **{"score": [0.5] * 17, "box_px": [0, 0, 9, 9], "box": [0, 0, 9, 9], "box_angle_rad": 0.0},
    }
    frames = [{"frame": n, "time_s": n / 30, "people": [one]} for n in range(3)]

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if rng.random() < 0.2:
            return mutations.damaged_bytes(rng, content)
        lines = [json.dumps(line).encode() for line in (header, *frames)]
        at = rng.randrange(len(lines))
        lines[at] = mutations.hostile_json(rng, (header, *frames)[at])
        return b"\n".join(lines) + b"\n"

    def read(file: Path) -> None:
        found = poses_file.read_poses(file)
        arrays = found.to_numpy()
        assert not np.isinf(arrays["joints_mm"]).any()
        if b"null" not in file.read_bytes():  # an unknown number
            assert np.isfinite(arrays["joints_mm"]).all()
        assert np.isfinite(arrays["time_s"]).all()

    good = "\n".join(json.dumps(line) for line in (header, *frames)) + "\n"
    return [Target("poses", good.encode(), read, mutate, file="p.jsonl")]


def _labels() -> list[Target]:
    rows2d = [[[1.0, 2.0, 0.9]] * 16 + [None], None]
    clip = {"schema": labels.SCHEMA, "clip_sha256": "a" * 64, "teacher": "t", "frames": rows2d}
    boxes = {"a.jpg": {"size": [10, 10], "boxes": [[0, 0, 5, 5]], "all_marked": True},
             "b.mp4@3": {"size": [10, 10], "boxes": [], "all_marked": False}}  # fmt: skip

    def read_boxes(file: Path) -> None:
        for one in LabelledPictures(file.parents[1]):
            raise AssertionError(one)  # there is no picture

    return [
        json_target("labels", clip, lambda file: labels.read(file, "a" * 64)),
        json_target("boxes", boxes, read_boxes, file="truth/people_boxes.json"),
    ]


def _arrays() -> list[Target]:
    joints = list(SPEC.skeleton.joints)[:8]
    motion = {"names": np.array(joints), "time_s": np.arange(4.0), "joints_mm": np.ones((4, 8, 3))}
    outputs = {"outputs": np.ones((2, 17, 4), np.float32)}

    def read_motion(file: Path) -> None:
        arrays = Arrays(file)
        names = arrays.joint_names()
        found = arrays.motion("", len(names))
        assert found.joints_mm.shape == (len(found.time_s), len(names), 3)

    def replay(file: Path) -> None:
        engine = Replay().open_engine(file, SPEC)
        assert np.isfinite(engine(np.zeros((1, 3, 256, 256), np.float32))).all()

    return [npz_target("motion", motion, read_motion), npz_target("replay", outputs, replay)]


def _training(folder: Path) -> list[Target]:
    try:
        import torch
    except ImportError:
        return []
    from edge3dpose.training import sealed_tensors
    from edge3dpose.training.data import real_crops
    from edge3dpose.training.datasets import bone_polarity, h36m, mpi_inf_3dhp, mpii
    from edge3dpose.training.lift import observed
    from edge3dpose.training.synthesis import crowd_files
    from edge3dpose.training.teacher import convention

    rng = np.random.default_rng(0)
    lens = Camera((1145.0, 1144.0), (512.0, 515.0))
    middle = rng.uniform((-900, -500, 3000), (900, 500, 5500), (6, 1, 3))
    people = middle + rng.uniform(-400, 400, (6, 17, 3))
    seen, space = np.ones((6, 17, 3)), np.ones((6, 17, 4))
    seen[..., :2], space[..., :3] = [project(one, lens) for one in people], people / 1000
    names = [f"S9/S9_Walking.54138969/S9_Walking.54138969_{n:06d}.jpg" for n in range(1, 7)]
    h36 = {"imgname": np.array(names), "part": seen, "S": space}
    hp = {**h36, "imgname": np.array([f"S8_Seq1_Cam0_{n:06d}.jpg" for n in range(1, 7)])}
    bones = {"imgname": np.array(["a.jpg"] * 6), "part": seen, "polarity": np.zeros((6, 14))}
    T, P = 3, 2
    crowd = {
        **{"schema": crowd_files.SCHEMA, "fps": 30.0, "focal_px": 900.0},
        **{"centre_px": np.array([640.0, 360]), "joints_mm": np.ones((T, P, 17, 3), np.float32)},
        **{"pixels": np.ones((T, P, 17, 2), np.float32), "visible": np.ones((T, P, 17), bool)},
        **{"hidden": np.zeros((T, P), np.float32), "boxes": np.ones((T, P, 4), np.float32)},
        "video_sha256": hashlib.sha256(b"video").hexdigest(),
    }
    record = {
        **{"schema": observed.SCHEMA, "columns": np.array(["m/1"]), "side_px": 256.0, "fps": 30.0},
        "outputs": np.full((2, 4, 1, 17, 4), 0.5, np.float32),
        "truth_mm": np.ones((2, 4, 17, 3), np.float32),
        **{"focal_px": np.full((2, 4), 900, np.float32), "centre_px": np.zeros((2, 4, 2), "f4")},
        "to_frame": np.tile(np.eye(3, dtype=np.float32), (2, 4, 1, 1)),
    }
    tensors = folder / "t.safetensors"
    sealed_tensors.save(tensors, {"net.a": torch.ones(40), "b": torch.ones(3)}, {"recipe": "{}"})

    def pictures(reader: Any, split: str) -> Callable[[Path], None]:
        def read(file: Path) -> None:
            root = file if file.suffix == ".npz" else file.parents[1]
            for one in reader.open_dataset(root, split):
                assert root.parent in one.image.parents or root in one.image.parents
                assert ".." not in one.image.parts

        return read  # fmt: skip

    def read_tensors(file: Path) -> None:
        for value in sealed_tensors.load(file)[0].values():
            assert bool(torch.isfinite(value).all())

    def read_map(file: Path) -> None:
        assert np.isfinite(convention.load(file)).all()

    person = {"image": "a.jpg", "joints": [[1.0, 2.0]] * 16, "joints_vis": [1] * 16}
    picture = {"file_name": "s_11/a.jpg", "action_idx": 2, "subaction_idx": 1, "frame_idx": 64}
    stem = "annotations/Human36M_subject11_"
    camera = {"R": np.eye(3).tolist(), "t": [0, 0, 4000], "f": [1145, 1144], "c": [512, 515]}
    parts = {
        "data": {"images": [{**picture, "cam_idx": 3}]},
        "camera": {"3": camera},
        "joint_3d": {"2": {"1": {"64": people[0].tolist()}}},
    }
    beside = {f"{stem}{part}.json": json.dumps(content).encode() for part, content in parts.items()}
    jpeg = cv2.imencode(".jpg", np.full((352, 352, 3), 90, np.uint8))[1].ravel()
    crop = {"joints": np.ones((1, 17, 2), np.float32), "ends": np.array([jpeg.size]),
            "jpeg": jpeg, "sources": np.array(["a"])}  # fmt: skip
    return [
        npz_target("h36m-npz", h36, pictures(h36m, "test")),
        npz_target("3dhp-npz", hp, pictures(mpi_inf_3dhp, "test")),
        npz_target("polarity-npz", bones, pictures(bone_polarity, "all")),
        npz_target("crowd-npz", crowd, lambda file: crowd_files.read_crowds(file.parent),
                   beside={"file.mp4": b"video"}),
        npz_target("sequences", record, lambda file: observed.read_records([file])),
        npz_target("crops", crop, lambda file: (real_crops.read(file), real_crops.sources(file))),
        bytes_target("checkpoint", tensors.read_bytes(), read_tensors, hashed=True),
        json_target("convention", storage.read_json(convention.FILE), read_map),
        json_target("mpii-list", [person], pictures(mpii, "test"), file="annot/valid.json"),
        *(json_target(f"h36m-{part}", content, pictures(h36m, "test"),
                      file=f"{stem}{part}.json", beside=beside) for part, content in parts.items()),
    ]  # fmt: skip
