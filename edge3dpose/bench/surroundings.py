"""What is around an engine when it is measured end to end: source, detector, filters, lens."""

from __future__ import annotations

import functools
from collections.abc import Callable

from edge3dpose.bench.timing import Surroundings
from edge3dpose.camera import open_lens
from edge3dpose.errors import BadInput
from edge3dpose.runtime import filters
from edge3dpose.runtime.detectors import Detector, open_detector
from edge3dpose.runtime.sources import Source, open_source
from edge3dpose.runtime.sources._restamped import AtRate
from edge3dpose.types import ModelSpec


def opener(
    source: str | None, camera: int | None = None, fps: float | None = None
) -> Callable[[], Source]:
    """Opens the source anew each time; ``fps`` stamps the frames of one that is not live."""

    def again() -> Source:
        arg = camera if source is None else source
        assert arg is not None, "a source or a camera"
        opened = open_source(arg)
        if fps is None:
            return opened
        if opened.live:
            opened.close()
            raise BadInput(f"--fps stamps the frames of a file; {opened.name} has a clock")
        return AtRate(opened, fps)

    return again


def around(spec: ModelSpec, opened: Callable[[], Source]) -> Surroundings:
    """As `run` has it where nothing else is asked for."""

    @functools.cache
    def opened_detector(bf16: bool) -> Detector:
        return open_detector(bf16=bf16)

    def detector(related: bool, bf16: bool) -> Detector:
        return opened_detector(bf16).for_source(related=related)

    return Surroundings(
        spec,
        source=opened,
        detector=detector,
        filters=lambda: filters.open_all({}),
        lens=open_lens(),
    )
