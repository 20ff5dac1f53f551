"""edge3dpose train as functions: prepare, preview, fit_convention, label, train and export.

PyTorch is imported when it is needed, so that a missing one is a clear error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge3dpose import machine, models, paths
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput, MissingDependency

if TYPE_CHECKING:
    import torch

    from edge3dpose.training.data.loader import DataSources
    from edge3dpose.training.distributed import DistributedContext
    from edge3dpose.training.state import Training

HISTOGRAM_PEOPLE = 2000  # in the histograms of a preview
CONVENTION_RENDERS = 1500  # on which the convention map is fitted
LOG = logging.getLogger(__name__)
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class TrainRequest:
    """What is trained, on what, and for how long.

    model       name of the model
    out         folder of the run: checkpoint, log, plots, exported model
    assets      file of baked people for renders; None: data/synthetic.npz, but no renders where
                data sets are named
    real        file of crops of real people with 2D labels
    datasets    NAME=PATH of licensed data sets
    encoder     pose_landmark_full.onnx, whose weights the encoder starts from or is taught by;
                with ``resume``, they replace those of an encoder that has learned
    start_from  an exported model whose weights are trained further
    resume      go on from the checkpoint in ``out``
    settings    NAME=VALUE of recipe fields
    samples     in all, instead of the recipe's
    hours       of training in all, resumed runs included; it ends the training instead of samples
    workers     render processes
    device      auto, cpu or cuda
    """

    model: str
    out: Path
    assets: Path | None = None
    real: Path | None = None
    datasets: tuple[str, ...] = ()
    encoder: Path | None = None
    start_from: Path | None = None
    resume: bool = False
    settings: tuple[str, ...] = ()
    samples: int | None = None
    hours: float | None = None
    workers: int = 1
    device: str = "auto"

    @property
    def spec(self) -> ModelSpec:
        """The model; BadInput where there is none of that name."""
        return models.find(self.model)

    @property
    def baked(self) -> Path:
        """The file of baked people, whether it is there or not."""
        return self.assets or paths.home() / "data" / "synthetic.npz"


def check(request: TrainRequest) -> None:
    """BadInput for a model that is not known, MissingDependency where PyTorch is missing."""
    models.find(request.model)
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingDependency(
            "training needs PyTorch, which is not installed; pip install 'edge3dpose[train]'"
        ) from None


def prepare(request: TrainRequest, data: Path | None) -> Path:
    """Bake the people of ``data`` (bodies, motion, backgrounds) into the asset file; gives it."""
    from edge3dpose.training.synthesis.bake import bake

    if data is None:
        raise BadInput("--prepare needs --data, the folder with bodies, motion and backgrounds")
    return bake(data, request.baked)


def preview(request: TrainRequest, count: int) -> tuple[Path, Path, float]:
    """A contact sheet of ``count`` renders, histograms of their poses, and renders a second."""
    from edge3dpose.training import nets
    from edge3dpose.training.synthesis import distribution
    from edge3dpose.training.synthesis.preview import contact_sheet
    from edge3dpose.training.synthesis.synthesizer import RenderSettings

    sheet, histograms = request.out / "preview.png", request.out / "spread.png"
    settings = RenderSettings(overhead=nets.recipe_of(request.model).overhead)
    size = request.spec.input_size
    rate = contact_sheet(request.baked, count, sheet, size=size, settings=settings)
    distribution.plot(request.baked, HISTOGRAM_PEOPLE, histograms, settings)
    return sheet, histograms, rate


def fit_convention(request: TrainRequest, teacher: Path) -> Path:
    """Fit the map from a teacher's landmarks to our joints; gives the package's file of it."""
    from edge3dpose.training.teacher.convention_fit import fit_on_renders

    return fit_on_renders(request.baked, teacher, request.spec, count=CONVENTION_RENDERS)


def label(
    request: TrainRequest,
    sources: tuple[Path, ...],
    teachers: Path | None,
    message: Callable[[str], None],
) -> tuple[Path, int]:
    """Write the people of clips and photos on whom the teachers agree; gives file and number.

    teachers  folder with pose_landmark_heavy.tflite and pose_landmark_full.tflite, and
              movenet-thunder.onnx where there is one
    message   is called with a line on each source
    """
    from edge3dpose.training.data.real_labels import label_sources

    if teachers is None:
        raise BadInput("--label needs --teachers, the folder with BlazePose heavy and full")
    out = request.real or request.out / "real.npz"
    return out, label_sources(sources, teachers, out, message)


def train(request: TrainRequest) -> bool:
    """Train, or go on with a training; gives whether this process is the one that exports.

    Several processes train one network where torchrun starts them.
    """
    import torch

    from edge3dpose.training import held_out, loop, plots
    from edge3dpose.training.data.loader import open_batches
    from edge3dpose.training.distributed import join, leave

    distributed = join()
    device = torch.device(_device(request.device))
    # torch counts physical cores; a step is a third shorter with both threads of each
    torch.set_num_threads(max(1, machine.usable_cores() // distributed.local_size))
    training = _training(request, device, distributed)
    if training.recipe.bf16 and device.type == "cpu" and _emulates_bf16(machine.instruction_sets()):
        LOG.warning("this CPU emulates BF16, which is slower than FP32: try --set bf16=false")
    sources = _sources(request)
    source = open_batches(sources, training, request.spec, request.workers)
    evaluator = None
    if sources.assets is not None and distributed.is_main:
        evaluator = held_out.HeldOutEvaluator(sources.assets, request.spec)
    loop.run(training, source, request.out, hours=request.hours, evaluator=evaluator)
    if distributed.is_main:
        plots.loss_plot(request.out / "log.csv", request.out / "loss.png")
        plots.held_out_plot(request.out / held_out.FILE, request.out / "held-out.png")
    leave(distributed)
    return distributed.is_main


def export(request: TrainRequest, *, trained: bool) -> Path:
    """Write MODEL.onnx and its card MODEL.json into the run's folder; gives the model file.

    trained  the averaged weights of the checkpoint; otherwise a network that nobody has trained
    """
    import torch

    from edge3dpose.training import cards, checkpoint, initial_network, nets
    from edge3dpose.training.export import export as export_onnx

    model = request.model
    if trained:
        saved = checkpoint.load(request.out / CHECKPOINT)
        net = nets.build(model, saved.recipe.growth, saved.recipe.bins)
        net.load_state_dict(saved.part("ema"))
        card = cards.trained(saved)
    else:
        torch.manual_seed(0)
        recipe, encoder = nets.recipe_of(model), request.encoder
        net = (
            initial_network.create_random(recipe, encoder)
            if encoder
            else nets.build(model, recipe.growth)
        )
        card = cards.untrained(recipe.growth)
    return export_onnx(net, request.spec, request.out, card)


def _training(
    request: TrainRequest, device: torch.device, distributed: DistributedContext
) -> Training:
    from edge3dpose.training import initial_network

    start = _resumed if request.resume else _started
    training = start(request, device, distributed)
    if training.recipe.feature_distillation:
        training.distillation = initial_network.distillation(
            training.net, request.encoder, request.spec
        )
    return training


def _started(
    request: TrainRequest, device: torch.device, distributed: DistributedContext
) -> Training:
    import torch

    from edge3dpose.training import initial_network, nets, recipes, state

    file = request.out / CHECKPOINT
    if file.exists():
        raise BadInput(f"{file} exists; go on with --resume or name another --out")
    recipe = recipes.changed(nets.recipe_of(request.model), request.settings)
    if request.samples:
        recipe = replace(recipe, samples=request.samples)
    torch.manual_seed(0)
    net = initial_network.create(request.spec, recipe, request.encoder, request.start_from)
    return state.start(recipe, net, device, distributed)


def _resumed(
    request: TrainRequest, device: torch.device, distributed: DistributedContext
) -> Training:

    from edge3dpose.training import checkpoint, initial_network, nets, recipes, state

    saved = checkpoint.load(request.out / CHECKPOINT)
    saved = replace(saved, recipe=recipes.changed(saved.recipe, request.settings))
    net = nets.build(saved.recipe.model, saved.recipe.growth, saved.recipe.bins)
    training = state.resume(saved, net, device, distributed)
    if request.encoder is not None and not training.recipe.feature_distillation:
        initial_network.load_encoder(net, request.encoder)
        state.reset_averages(training)
    return training


def _sources(request: TrainRequest) -> DataSources:
    from edge3dpose.training.data.loader import DataSources

    # data sets replace the renders, unless both are asked for
    assets = request.assets if request.datasets else request.baked
    return DataSources(assets, request.real, request.datasets)


def _emulates_bf16(instructions: list[str]) -> bool:
    """Whether a CPU has none of the instructions with which torch computes BF16 quickly."""
    fast = {"avx512f", "avx512_bf16", "amx_bf16", "bf16"}
    return bool(instructions) and fast.isdisjoint(instructions)


def _device(asked: str) -> str:
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise BadInput("--device cuda: torch sees no CUDA device; use --device cpu")
    return asked
