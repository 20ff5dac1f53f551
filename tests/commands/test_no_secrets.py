"""A password or token in an address is in no line that a command prints."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from edge3dpose.cli import cli

ADDRESSES = (
    "http://user:s3cret@127.0.0.1:9/x",
    "http://user:s3c:ret@127.0.0.1:9/x?token=s3cret",
    "rtsp://:s3cret@127.0.0.1:9/x",
    "http://127.0.0.1:9/x?user=me&password=s3cret&w=3",
    "gst:souphttpsrc user-pw=s3cret location=http://a:s3cret@127.0.0.1:9/ ! decodebin",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("more", [[], ["--pixel-format", "mjpg"]])
def test_an_error_does_not_tell_it(tmp_path, monkeypatch, address, more):
    monkeypatch.chdir(tmp_path)
    words = ["run", "--no-show", "--source", address, "--jsonl", str(tmp_path / "o.jsonl"), *more]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    for secret in ("s3c", "ret@"):
        assert secret not in done.output
    assert list(tmp_path.iterdir()) == []
