"""Draws the pictures of docs/connect.md: what receivers that are not ours get of the sample.

    python benchmarks/connect_figures.py docs

One run sends to a VMC receiver (python-osc), a broker (mosquitto) with a subscriber (paho-mqtt), a
UDP socket and Lab Streaming Layer (pylsl); each picture is drawn of what arrived there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pythonosc.osc_bundle import OscBundle

import edge3dpose
from edge3dpose import rotations, storage
from edge3dpose.runtime.sinks.vmc import HUMAN_BONES
from edge3dpose.shape.skeleton import BONES

SHOWN = (0, 4, 8, 11, 15)  # frames of the sample: a squat
BACK, TEXT, DIM = "#16191d", "#d8dee6", "#7f8a96"
SIDES = {"L": "#d1495b", "R": "#2e86ab"}


def free_port() -> int:
    """A TCP port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def datagrams() -> Iterator[tuple[str, list[bytes]]]:
    """HOST:PORT, and what arrives there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.2)
        came: list[bytes] = []
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    came.append(listening.recv(1 << 16))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", came
        finally:
            over.set()
            thread.join()


@contextlib.contextmanager
def broker() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """HOST:PORT of a broker, and (topic, message) of everything that a subscriber gets."""
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    port, came = free_port(), []
    program = subprocess.Popen(
        (shutil.which("mosquitto") or "mosquitto", "-p", str(port)), stderr=subprocess.DEVNULL
    )
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _, __, message: came.append((message.topic, message.payload))
    try:
        for _ in range(50):
            with contextlib.suppress(OSError):
                client.connect("127.0.0.1", port)
                break
            time.sleep(0.1)
        client.subscribe("#")
        client.loop_start()
        yield f"127.0.0.1:{port}", came
        time.sleep(0.5)
        client.loop_stop()
    finally:
        program.terminate()
        program.wait()


@contextlib.contextmanager
def stream(name: str) -> Iterator[dict[str, Any]]:
    """What an inlet of Lab Streaming Layer gets: labels, times_s and samples."""
    import pylsl

    came: dict[str, Any] = {"labels": [], "times_s": [], "samples": []}
    over = threading.Event()

    def listen() -> None:
        found = []
        while not found and not over.is_set():
            found = [one for one in pylsl.resolve_streams(0.5) if one.name().startswith(f"{name}-")]
        if not found:
            return
        inlet = pylsl.StreamInlet(found[0])
        came["labels"] = inlet.info().get_channel_labels()
        while not over.is_set():
            sample, stamp_s = inlet.pull_sample(timeout=0.2)
            if sample is not None:
                came["times_s"].append(stamp_s)
                came["samples"].append(sample)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield came
    finally:
        over.set()
        thread.join()


def rebuilt(bundle: bytes) -> dict[str, NDArray[np.float64]]:
    """Where each bone of a VMC bundle begins, by name, as a receiver works it out; metres."""
    sent = {
        one.params[0]: one.params[1:]
        for one in OscBundle(bundle)
        if one.address == "/VMC/Ext/Bone/Pos"
    }
    places: dict[str, NDArray[np.float64]] = {}
    turns: dict[str, NDArray[np.float64]] = {}
    for bone, name in zip(BONES, HUMAN_BONES, strict=True):
        if name not in sent:
            return {}
        place, (x, y, z, w) = np.array(sent[name][:3]), sent[name][3:]
        turn = np.array([w, x, y, z])
        if bone.parent < 0:
            places[name], turns[name] = place, turn
            continue
        above = HUMAN_BONES[bone.parent]
        places[name] = places[above] + rotations.rotate(turns[above][None], place[None])[0]
        turns[name] = rotations.multiply(turns[above][None], turn[None])[0]
    return places


def draw_avatar(bundles: list[bytes]) -> Figure:
    """The skeleton that a VMC receiver rebuilds, seen from the front and the left."""
    poses = [places for places in map(rebuilt, bundles) if places]
    figure = Figure(figsize=(8, 2.9), dpi=100, facecolor="white")
    for column, number in enumerate(SHOWN, start=1):
        places = poses[min(number, len(poses) - 1)]
        axes = figure.add_subplot(1, len(SHOWN), column, projection="3d")
        for bone, name in zip(BONES, HUMAN_BONES, strict=True):
            if bone.parent < 0:
                continue
            ends = np.stack([places[HUMAN_BONES[bone.parent]], places[name]])
            colour = SIDES.get(name[0] if name.startswith(("Left", "Right")) else "", "#555555")
            axes.plot(*(ends[:, 0], ends[:, 2], ends[:, 1]), color=colour, linewidth=2.5)
        hips = places["Hips"]
        axes.set(
            xlim=(hips[0] - 0.6, hips[0] + 0.6),
            ylim=(hips[2] - 0.6, hips[2] + 0.6),
            zlim=(0, 1.8),
            title=f"{number / 5:.1f} s",
        )
        axes.set_box_aspect((1.2, 1.2, 1.8), zoom=1.45)
        axes.view_init(8, 50)
        axes.set(xticks=[], yticks=[], zticks=[0, 1], zlabel="")
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.88, wspace=0)
    return figure


def draw_terminal(command: str, lines: list[str], width: int = 104) -> Figure:
    """Lines as a terminal shows them, cut to its width."""
    shown = [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
    height = 0.19 * (len(shown) + 2)
    figure = Figure(figsize=(8, height), dpi=100, facecolor=BACK)
    for row, line in enumerate([f"$ {command}", *shown]):
        figure.text(
            *(0.015, 1 - (row + 1) * 0.19 / height),
            line,
            family="monospace",
            fontsize=8.6,
            color=TEXT if row else "#8fbf7f",
            verticalalignment="center",
            parse_math=False,
        )
    return figure


def draw_channels(came: dict[str, Any]) -> Figure:
    """Heights of three joints over the time of a stream's samples."""
    figure = Figure(figsize=(8, 2.4), dpi=100)
    axes = figure.subplots()
    times, samples = np.array(came["times_s"]), np.array(came["samples"])
    for name in ("head_top", "pelvis", "left_knee", "right_knee"):
        channel = came["labels"].index(f"{name}_PositionY")
        axes.plot(times - times[0], -samples[:, channel], label=f"-{name}_PositionY")
    axes.set(xlabel="time of the samples, s", ylabel="m above the camera")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.22), frameon=False)
    figure.subplots_adjust(left=0.08, right=0.99, bottom=0.22, top=0.86)
    return figure


def save(figure: Figure, path: Path) -> None:
    """A small PNG of 128 colours, without white edges."""
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor=figure.get_facecolor())
    image = Image.open(content).convert("RGB")
    image = image.crop(ImageOps.invert(image).getbbox()).quantize(128)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    storage.write_bytes(path, out.getvalue())
    print(f"{path}: {len(out.getvalue()) / 1000:.0f} kB")


def main() -> None:
    """Run, receive, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with (
        edge3dpose.PoseEstimator() as pose,
        datagrams() as (vmc, bundles),
        datagrams() as (udp, lines),
        broker() as (mqtt, messages),
        stream("poses") as samples,
    ):
        outputs = {"vmc": vmc, "udp": udp, "mqtt": f"{mqtt}/house/door", "lsl": "poses"}
        last = time.monotonic()

        def slowly(*_: Any) -> None:  # as a camera of 5 pictures a second would
            nonlocal last
            time.sleep(max(0.0, 0.2 - (time.monotonic() - last)))
            last = time.monotonic()

        pose.run("sample", outputs=outputs, on_frame=slowly)
        time.sleep(1.0)
    save(draw_avatar(bundles), folder / "connect-vmc.png")
    texts = [f"{topic} {payload.decode() or '(empty)'}" for topic, payload in messages]
    some = [*texts[:6], "...", *texts[-2:]]
    save(draw_terminal("mosquitto_sub -v -t 'house/#'", some), folder / "connect-mqtt.png")
    people = [
        f"{person['id']} {person['joints_mm'][16]}"
        for line in map(json.loads, lines)
        for person in line.get("people", [])
    ]
    save(draw_terminal("python listen.py", people[:8]), folder / "connect-udp.png")
    save(draw_channels(samples), folder / "connect-lsl.png")


if __name__ == "__main__":
    main()
