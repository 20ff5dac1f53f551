"""compose.yaml: it is YAML, and its commands are options that there are. Nothing is started."""

from pathlib import Path

import yaml

from edge3dpose.cli import cli
from edge3dpose.viewer.cameras import camera_of

SERVICES = yaml.safe_load((Path(__file__).parents[2] / "compose.yaml").read_text("utf-8"))[
    "services"
]


def test_every_camera_has_known_options_a_topic_and_a_port_of_its_own():
    cameras = {name: service for name, service in SERVICES.items() if name not in ("broker", "all")}
    known = {flag for o in cli.get_command(None, "run").params for flag in [*o.opts]}
    assert len(cameras) >= 2
    for name, camera in cameras.items():
        command, *words = camera["command"].split()
        assert command == "run"
        flags = {word for word in words if word.startswith("--")}
        assert flags - {"--no-show"} <= known
        assert f"broker/cameras/{name}" in words
        assert words[words.index("--heartbeat") + 1] in " ".join(camera["healthcheck"]["test"])
    assert len({camera["ports"][0] for camera in cameras.values()}) == len(cameras)


def test_the_page_of_all_cameras_names_each_of_them():
    command, *words = SERVICES["all"]["command"].split()
    assert command == "view"
    known = {flag for o in cli.get_command(None, "view").params for flag in o.opts}
    assert {word for word in words if word.startswith("--")} <= known
    named = [camera_of(words[n + 1]) for n, word in enumerate(words) if word == "--of"]
    cameras = [name for name in SERVICES if name not in ("broker", "all")]
    assert [camera.name for camera in named] == cameras
    assert [camera.url.split("?")[0] for camera in named] == [
        f"ws://{name}:8080/poses" for name in cameras
    ]
    assert SERVICES["all"]["depends_on"] == cameras
    ports = [service["ports"][0] for service in SERVICES.values() if "ports" in service]
    assert len(set(ports)) == len(cameras) + 1
