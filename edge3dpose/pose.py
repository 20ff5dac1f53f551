"""PoseEstimator: the one place where source, engine, filters and sinks are wired together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from edge3dpose import checks
from edge3dpose.engine_types import Engine, EngineConfig, EngineRequest
from edge3dpose.errors import BadInput
from edge3dpose.pose_options import MAX_PEOPLE, CameraArgument, EstimatorOptions, check_run, lens_of
from edge3dpose.runtime import detectors, filters
from edge3dpose.runtime import sinks as sinks_folder
from edge3dpose.runtime.bottom_up import open_estimator
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.detectors import Detector, open_detector
from edge3dpose.runtime.flip_test import FlipTestEngine
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.pipeline import Pipeline, Summary, facts_of
from edge3dpose.runtime.sinks import Sink, SinkContext
from edge3dpose.runtime.sources import Source, SourceArgument, open_source
from edge3dpose.runtime.sources._images_in_memory import ImagesInMemory, ImageTimes
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.select import open_within_budget
from edge3dpose.types import Frame, Image, Pose3D


class PoseEstimator:
    """3D poses of the people in images, a video or a camera.

    Calls with one image after another take them as frames of one video: people keep their track_id,
    and poses are filtered over time, until ``reset()``. An instance is not thread-safe; instances
    in several threads do not disturb each other. Use it in a ``with`` statement, or ``close()`` it.

    model           name of a model, see ``edge3dpose.models.specs()``
    weights         ONNX file of your own with its card beside it; None for the shipped weights
    cut             prediction block to stop after, or "auto"
    precision       "fp32", "bf16", "fp16", "int8" or "auto"
    backend         "openvino", "onnxruntime", "tensorrt" ... (see --backend), or "auto"
    threads         of a CPU backend; None for its own choice
    engines         folder of built engines; None for the usual one
    camera          Camera; or the field of view in degrees across the longer side; or the path of a
                    JSON file with measured intrinsics; None assumes 60 degrees
    height_mm       body height of the people: their distance then follows from their bones
    lift            "temporal": a small network corrects each pose by those before it; or "none"
    smooth          One-Euro filter on joints and root (Casiez et al., CHI 2012)
    flip_test       average with the prediction of the flipped crop: less error, two engine calls
    detector        "follow" (search four times a second and follow), "nanodet" (search every
                    frame), "full-frame" (the frame is one person's crop) ... (see --detector)
    max_latency_ms  of one call of the engine: take the most accurate cut within it on this machine
    max_error_mm    MPJPE by the model card: take the fastest engine within it
    min_fps         frames a second to keep up with, such as a camera's; needs the profile of this
                    machine that ``edge3dpose.tune`` measures once, and does nothing without
    govern          with max_latency_ms or min_fps: use shallower cuts while the machine is slower
    max_people      at most so many people in a frame, the largest; None for all
    roi             (x0, y0, x1, y1) px: only people whose box has its centre there
    min_height_px   only people whose box is so tall
    filter_options  option values of filter plugins, such as {"bones": True} for --bones
    progress        called with (what is done, share of it) while an engine is built

    Raises BadInput for what cannot be, MissingDependency, EngineMismatch for a damaged file.

    Example::

        with edge3dpose.PoseEstimator(camera=75.0) as pose:
            for frame, people in pose.stream("sample"):
                for person in people:
                    print(person.track_id, person["left_wrist"], person.root_mm)

    Sources: SSP-Net (arXiv 2009.01998), HEMlets (1910.12032), BlazePose (2006.10204).
    """

    def __init__(
        self,
        model: str = "sspnet-lite",
        *,
        weights: str | Path | None = None,
        cut: int | str = "auto",
        precision: str = "auto",
        backend: str = "auto",
        threads: int | None = None,
        engines: str | Path | None = None,
        camera: CameraArgument = None,
        height_mm: float | None = None,
        lift: str = "temporal",
        smooth: bool = True,
        flip_test: bool = False,
        detector: str = detectors.DEFAULT,
        max_latency_ms: float | None = None,
        max_error_mm: float | None = None,
        min_fps: float | None = None,
        govern: bool = True,
        max_people: int | None = MAX_PEOPLE,
        roi: tuple[float, float, float, float] | None = None,
        min_height_px: float = 0.0,
        filter_options: Mapping[str, Any] | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> None:
        others = ({} if filter_options is None else filter_options, roi, min_height_px)
        options = EstimatorOptions(
            *(camera, height_mm, lift, smooth, flip_test, detector, max_people), *others
        )
        options.check()
        if flip_test and max_latency_ms is not None:
            raise BadInput("flip_test calls the engine twice, max_latency_ms is of one call")
        checks.function("progress", progress)
        file = checks.file_name("weights", weights)
        request = EngineRequest(model, file, cut, precision, backend, threads)
        budget = Budget(max_latency_ms, max_error_mm, None if flip_test else min_fps, govern)
        folder = checks.file_name("engines", engines)
        config, engine = open_within_budget(request, budget, folder, progress)
        self._set_up(config, engine, options)
        self._owns_engine = True

    @classmethod
    def from_engine(
        cls,
        config: EngineConfig,
        engine: Engine,
        options: EstimatorOptions | None = None,
        *,
        detector: Detector | None = None,
    ) -> PoseEstimator:
        """An estimator around an engine that is open already, which ``close`` leaves open.

        detector  an open one, which several estimators may share; None opens ``options.detector``
        """
        (options := options or EstimatorOptions()).check()
        made = cls.__new__(cls)
        made._set_up(config, engine, options)
        made._detector, made._owns_detector = detector, detector is None
        made._owns_engine = False
        return made

    def _set_up(self, config: EngineConfig, engine: Engine, options: EstimatorOptions) -> None:
        options.check_fits(config.spec)
        self._config, self._options, self._lens = config, options, lens_of(options.camera)
        self._engine: Engine | None = engine
        self._detector: Detector | None = None
        self._owns_detector = True
        self._single: tuple[Pipeline, ImageTimes] | None = None  # of calls with one image each

    @property
    def config(self) -> EngineConfig:
        """The engine that runs: model, cut, precision, backend, threads, and why auto chose it."""
        return self._config

    @property
    def options(self) -> EstimatorOptions:
        """How people are found, lifted and filtered."""
        return self._options

    @property
    def calls_by_cut(self) -> dict[int, int]:
        """Calls of each cut so far where a governor chooses among cuts; else empty."""
        engine = self._engine
        return dict(engine.calls_by_cut) if isinstance(engine, GovernedEngine) else {}

    def __call__(self, image: Image, time_s: float | None = None) -> list[Pose3D]:
        """The people in one image, the next frame of a video.

        image   (H, W, 3) uint8 BGR; grey (H, W) and BGRA are converted
        time_s  when it was taken, seconds from any start; None takes the clock
        Returns a list that is empty where nobody is found. Raises BadInput for an image of another
        type, or a time before that of the last image.
        """
        self._check_open()
        if self._single is None:
            self._single = self._pipeline(ImagesInMemory(()), related=True), ImageTimes()
        pipeline, times = self._single
        return pipeline.process(times.frame(image, time_s))[1]

    def stream(
        self, source: SourceArgument, *, fps: float | None = None
    ) -> Iterator[tuple[Frame, list[Pose3D]]]:
        """Every frame of a source with the people in it.

        source  number of a camera; video, image or folder of images; URL; "gst:PIPELINE";
                "sample"; or any iterable of images (H, W, 3) uint8 BGR, or of Frame
        fps     stamps the frames of a file or iterable so many a second; None for the file's own
                time, and for the clock with images

        People are followed within one stream, not from one to the next. A live source gives its
        newest frame and drops what nobody took in time. Raises BadInput where the source cannot be
        read, EndedEarly after the last frame of a truncated video.
        """
        self._check_open()
        with ExitStack() as stack:  # the frames end before their source: a thread may read ahead
            opened = stack.enter_context(closing(open_source(source, fps)))
            frames = self._pipeline(opened, related=opened.related).frames()
            stack.callback(frames.close)
            while (seen := next(frames, None)) is not None:
                yield seen

    def run(
        self,
        source: SourceArgument,
        sinks: Sequence[Sink] = (),
        *,
        outputs: Mapping[str, Any] | None = None,
        max_frames: int | None = None,
        on_frame: Callable[[Frame, list[Pose3D]], None] | None = None,
        clock: StageClock | None = None,
    ) -> Summary:
        """Send every frame of a source, with its people, to sinks; close them at the end.

        source      as of ``stream``
        sinks       open sinks of your own
        outputs     option values of sink plugins, which are opened for this run: {"jsonl":
                    Path("out.jsonl"), "save": Path("out.mp4"), "show": True}
        max_frames  stop after so many
        on_frame    called after every frame, with the frame and its people
        clock       gets the seconds of every stage
        Returns what was done. See ``runtime.pipeline.Pipeline.run`` for what becomes of the files
        after an error. Raises BadInput for outputs that cannot be written.

        Example::

            with edge3dpose.PoseEstimator() as pose:
                print(pose.run("sample", outputs={"jsonl": Path("poses.jsonl")}).text)
        """
        self._check_open()
        sinks = sinks_folder.refuse_others(sinks)
        outputs = {} if outputs is None else outputs
        with ExitStack() as stack:  # where the run cannot begin
            for sink in sinks:
                stack.callback(sink.discard)
            check_run(outputs, max_frames, on_frame)
            opened = stack.enter_context(closing(open_source(source)))
            pipeline = self._pipeline(opened, related=opened.related, clock=clock)
            outlets = [*sinks, *self._open_sinks(opened, outputs)]
            stack.pop_all()
        pipeline.facts = partial(facts_of, opened, self._engine)
        return pipeline.run(outlets, max_frames=max_frames, on_frame=on_frame)

    def reset(self) -> None:
        """Forget the people seen so far: the next image begins another video."""
        self._check_open()
        self._end_single()

    def close(self) -> None:
        """Free the engine. A second call does nothing."""
        self._end_single()
        if self._detector is not None and self._owns_detector:
            self._detector.close()
        if self._engine is not None and self._owns_engine:
            self._engine.close()
        self._engine = self._detector = None

    def _end_single(self) -> None:
        if (single := self._single) is not None and single[0].end:
            single[0].end()
        self._single = None

    def __repr__(self) -> str:
        return f"PoseEstimator({self._config.text}{', closed' if self._engine is None else ''})"

    def __enter__(self) -> PoseEstimator:
        self._check_open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check_open(self) -> Engine:
        if self._engine is None:
            raise BadInput("this PoseEstimator is closed; make a new one")
        return self._engine

    def _pipeline(
        self, source: Source, *, related: bool, clock: StageClock | None = None
    ) -> Pipeline:
        """All stages for one source, which remember nobody yet."""
        engine, spec = self._check_open(), self._config.spec
        options, clock = self._options, clock or StageClock()
        source.lazy = not engine.cuts_crops
        if options.flip_test:
            engine = FlipTestEngine(engine, spec.skeleton)
        about = partial(self._detector_for, related=related, live=source.live), options.limited
        estimate = open_estimator(spec, engine, *about, related=related, clock=clock)
        values, backend = options.filter_values, self._config.backend
        changes = filters.open_all(values, related=related, spec=spec, backend=backend)
        parts = (source, estimate, changes, self._lens, self._check_open)
        return Pipeline(*parts, end=estimate.close, clock=clock, hint=options.nobody_hint)

    def _detector_for(self, **kind: bool) -> Detector:
        if self._detector is None:
            bf16 = self._config.precision == "bf16"
            self._detector = open_detector(self._options.detector, bf16=bf16)
        return self._options.limited(self._detector.for_source(**kind))

    def _open_sinks(self, source: Source, outputs: Mapping[str, Any]) -> list[Sink]:
        about = (source.name, source.live, source.related, source.fps)
        header = self._options.header(self._config, source)
        spec = self._config.spec
        context = SinkContext(*about, spec.skeleton, spec.has_depth, header)
        return sinks_folder.open_all(outputs, context)
