"""Labelled pictures of a licensed data set as a data set for torch's DataLoader."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.training.data.jitter import Annotation, Sample, jittered_crop
from edge3dpose.training.data.label_roi import roi_of
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.distributed import DistributedContext


class PictureDataset(IterableDataset):
    """Endless samples in random order: image (S, S, 3), labels (J, 4), inside (J,)."""

    def __init__(
        self,
        labels: list[LabelledPicture],
        spec: ModelSpec,
        first: int,
        distributed: DistributedContext,
        *,
        upright: float,
    ) -> None:
        self.upright = upright
        self.labels = [one for one in labels if one.image.is_file()]
        if not self.labels:
            where = labels[0].image if labels else "an empty list"
            raise BadInput(f"none of {len(labels)} labelled pictures is there; first: {where}")
        self.spec, self.first, self.distributed = spec, first, distributed

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        seed = [self.first, self.distributed.rank, worker.id if worker else 0]
        rng = np.random.default_rng(seed)
        while True:
            person = self._annotation(self.labels[rng.integers(len(self.labels))])
            if person is not None:
                yield jittered_crop(rng, person, self.spec.input_size, upright=self.upright)

    def _annotation(self, label: LabelledPicture) -> Annotation | None:
        """None for a picture that cannot be read or whose person is hardly labelled."""
        image = cv2.imread(str(label.image))
        roi = roi_of(label, self.spec)
        if image is None or roi is None:
            return None
        pixels = np.where(label.known[:, None], label.pixels, np.nan)
        depth = np.full(len(pixels), np.nan)
        if label.joints_mm is not None:
            root_mm = label.joints_mm[self.spec.skeleton.root, 2]
            depth = 0.5 + (label.joints_mm[:, 2] - root_mm) / self.spec.z_range_mm
            depth[~label.known] = np.nan
        return Annotation(np.asarray(image, np.uint8), pixels, depth, roi, label.bones)
