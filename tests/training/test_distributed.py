"""Two processes under torchrun train one network: it is the same one in both."""

import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

MEMBER = textwrap.dedent("""
    import sys
    from dataclasses import replace
    from pathlib import Path

    import torch

    from edge3dpose.training import distributed, loop, nets, state
    from edge3dpose.training.data.batches import Batch, targets_from

    out = Path(sys.argv[1])
    mine = distributed.join()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe = replace(nets.recipe_of("sspnet-lite"), growth=8, samples=16, batch=2, warmup=0.0,
                     short_until=0.0, deep_every=2, tune_entry_from=0.5, bf16=False)
    training = state.start(recipe, nets.build("sspnet-lite", growth=8), torch.device("cpu"), mine)

    def batches():
        random = torch.Generator().manual_seed(mine.rank)  # each sees pictures of its own
        while True:
            uvz = torch.rand(2, 17, 3, generator=random) * 0.6 + 0.2
            pictures = torch.rand(2, 3, 256, 256, generator=random)
            yield Batch(pictures, targets_from(uvz, torch.ones(2, 17, dtype=torch.bool)))

    loop.run(training, batches(), out)
    learned = {k: v for k, v in training.net.named_parameters()}
    torch.save({k: v.detach() for k, v in learned.items()}, out / f"{mine.rank}.pt")
    assert mine.from_main(float(mine.rank)) == [0.0]
    distributed.leave(mine)
""")


def test_two_processes_learn_one_network(tmp_path):
    script = tmp_path / "member.py"
    script.write_text(MEMBER)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node=2", str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (torch.load(tmp_path / f"{k}.pt", weights_only=True) for k in (0, 1))
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], msg=name)
    from edge3dpose.training import checkpoint

    assert checkpoint.load(tmp_path / "checkpoint.safetensors").progress.samples == 16
