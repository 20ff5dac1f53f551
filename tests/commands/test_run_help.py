"""The help of run lists its many options in sections, and each option once."""

import re

from click.testing import CliRunner

from edge3dpose.cli import cli


def test_the_options_of_run_are_in_sections():
    text = CliRunner().invoke(cli, ["run", "--help"], terminal_width=100).output
    parts = re.split(r"^(\w[\w ]+):$", text, flags=re.M)[1:]
    found = {
        name: re.findall(r"^  (--[a-z0-9-]+)", listed, flags=re.M)
        for name, listed in zip(parts[::2], parts[1::2], strict=True)
    }
    assert "--camera" in found["Source"]
    assert {"--jsonl", "--save", "--overwrite"} <= set(found["Output"])
    assert {"--save-bvh", "--floor"} <= set(found["Files of motion"])
    assert {"--serve", "--vmc"} <= set(found["Other programs"])
    assert {"--lift", "--smooth"} <= set(found["Poses over time"])
    assert found["Other options"] == ["--help"]
    every = [flag for flags in found.values() for flag in flags]
    assert len(every) == len(set(every))
