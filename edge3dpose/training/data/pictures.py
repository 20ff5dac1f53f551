"""Pictures of a data set that somebody has the licence for, as a stream of training crops."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.errors import BadInput
from edge3dpose.training.data.jitter import Sample, drawn
from edge3dpose.training.data.label_roi import square_of
from edge3dpose.training.data.labelled import Labelled
from edge3dpose.training.distributed import DistributedContext
from edge3dpose.types import ModelSpec


class Pictures(IterableDataset):
    """(image (S, S, 3), uvz (J, 3), inside (J,)) without end, in random order; unknown is NaN."""

    def __init__(
        self,
        labels: list[Labelled],
        spec: ModelSpec,
        first: int,
        team: DistributedContext,
        *,
        upright: float,
    ) -> None:
        self.upright = upright
        self.labels = [one for one in labels if one.image.is_file()]
        if not self.labels:
            where = labels[0].image if labels else "an empty list"
            raise BadInput(f"none of {len(labels)} labelled pictures is there; first: {where}")
        self.spec, self.first, self.team = spec, first, team

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.first, self.team.rank, worker.id if worker else 0])
        while True:
            sample = self._sample(self.labels[rng.integers(len(self.labels))], rng)
            if sample is not None:
                yield sample

    def _sample(self, label: Labelled, rng: np.random.Generator) -> Sample | None:
        image = cv2.imread(str(label.image))
        square = square_of(label, self.spec)
        if image is None or square is None:
            return None
        pixels = np.where(label.known[:, None], label.pixels, np.nan)
        depth = np.full(len(pixels), np.nan)
        if label.joints_mm is not None:
            root_mm = label.joints_mm[self.spec.skeleton.root, 2]
            depth = 0.5 + (label.joints_mm[:, 2] - root_mm) / self.spec.z_range_mm
            depth[~label.known] = np.nan
        picture = np.asarray(image, np.uint8)
        told, size = (pixels, depth, square), self.spec.input_size
        return drawn(rng, picture, *told, size, upright=self.upright, bones=label.bones)
