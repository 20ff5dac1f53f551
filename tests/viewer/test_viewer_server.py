"""The server of the page: who may connect, who may not, and that nobody holds up the run."""

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from edge3dpose.errors import BadInput
from edge3dpose.viewer.channel import QUEUE, Channel
from edge3dpose.viewer.server import Content, Server, address_of

LOOPBACK = address_of("127.0.0.1:0")


@pytest.fixture
def channel():
    return Channel(1 << 20)


@pytest.fixture
def server(channel):
    server = Server(LOOPBACK, Content(channel))
    yield server
    server.close()


def get(server, path, **headers):
    request = urllib.request.Request(server.address.url.split("?")[0].rstrip("/") + path)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def follow(server, query="", **options):
    url = server.address.url.replace("http", "ws").split("?")[0] + "poses" + query
    return connect(url, max_size=None, **options)


def test_a_thousand_messages_a_second_arrive_in_order(server, channel):
    channel.publish("header")
    with follow(server) as client:
        assert client.recv(timeout=10) == "header"
        start = time.monotonic()

        def publish():
            for number in range(2000):
                channel.publish(str(number))
                time.sleep(max(0.0, start + number / 1000 - time.monotonic()))

        writer = threading.Thread(target=publish)
        writer.start()
        got = [client.recv(timeout=20) for _ in range(2000)]
        writer.join()
    assert got == [str(number) for number in range(2000)]


def test_who_comes_late_gets_what_was_kept_and_the_header_first():
    channel = Channel(keep_bytes=1000)
    channel.publish("header")
    for number in range(100):
        channel.publish(f"{number:0100d}")
    channel.publish("not kept", keep=False)
    channel.end()
    got = list(channel.subscribe())
    assert got[0] == "header"
    assert [int(one) for one in got[1:]] == list(range(90, 100))


def test_a_client_that_does_not_read_drops_messages_and_holds_nobody_up(server, channel):
    channel.publish("header")
    slow, message = follow(server), "x" * 100_000
    try:
        time.sleep(0.3)
        start = time.monotonic()
        for _ in range(3 * QUEUE):
            channel.publish(message, keep=False)
        assert time.monotonic() - start < 2.0
        with follow(server) as quick:
            assert quick.recv(timeout=10) == "header"
            channel.publish("for all")
            assert quick.recv(timeout=10) == "for all"
    finally:
        slow.socket.shutdown(socket.SHUT_RDWR)


def test_a_client_that_has_gone_is_forgotten(server, channel):
    with follow(server):
        wait_for(lambda: channel.readers == 1)
    wait_for(lambda: channel.readers == 0)


def wait_for(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_closing_ends_every_client_and_frees_the_port(channel):
    server = Server(LOOPBACK, Content(channel))
    with follow(server) as client:
        server.close()
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
    again = Server(server.address, Content(channel))
    again.close()


def test_closing_does_not_wait_for_a_client_that_reads_nothing(channel):
    server = Server(LOOPBACK, Content(channel))
    slow = follow(server)
    wait_for(lambda: channel.readers == 1)
    for _ in range(60):  # more than sockets and client take in
        channel.publish("x" * 1_000_000, keep=False)
        time.sleep(0.005)
    closing = threading.Thread(target=server.close, daemon=True)
    closing.start()
    closing.join(6)
    hangs = closing.is_alive()
    slow.socket.shutdown(socket.SHUT_RDWR)
    assert not hangs


def test_a_port_in_use_is_one_line(server):
    with pytest.raises(BadInput, match="give another port"):
        Server(server.address, Content())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_pages_of_another_origin_are_refused(server, origin):
    with pytest.raises(InvalidStatus, match="403"):
        follow(server, additional_headers={"Origin": origin})
    status, body, _ = get(server, "/settings.json", Origin=origin)
    assert (status, b"another origin" in body) == (403, True)


def test_its_own_page_may_connect(server, channel):
    channel.publish("header")
    origin = server.address.url.rstrip("/")
    with follow(server, additional_headers={"Origin": origin}) as client:
        assert client.recv(timeout=10) == "header"


def test_a_name_that_only_points_here_is_refused(server):
    status, body, _ = get(server, "/", Host="attacker.example:8080")
    assert (status, b"own machine" in body) == (403, True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.0.0.0:8080", "--token"),
        ("192.168.1.5:80", "--token"),
        ("example.org:80", "--token"),
        ("127.0.0.1:99999", "no address"),
        ("", "no address"),
    ],
)
def test_addresses_that_cannot_be(text, why):
    with pytest.raises(BadInput, match=why):
        address_of(text)


def test_addresses_in_short():
    assert address_of("9000") == address_of("127.0.0.1:9000") == address_of(":9000")
    assert address_of("localhost").port == 8080
    assert address_of("[::1]:80").host == "::1"
    with pytest.raises(BadInput, match="short"):
        address_of("0.0.0.0:80", "abc")


def test_a_token_guards_the_poses_and_the_files(tmp_path, channel):
    (tmp_path / "a.jsonl").write_text("{}\n")
    address = address_of("127.0.0.1:0", "long enough")
    server = Server(address, Content(channel, {"/poses.jsonl": tmp_path / "a.jsonl"}))
    channel.publish("header")
    try:
        for query in ("", "?token=", "?token=wrong%20one"):
            with pytest.raises(InvalidStatus, match="403"):
                follow(server, query)
            assert get(server, f"/poses.jsonl{query}")[0] == 403
            assert get(server, f"/settings.json{query}")[0] == 403
        with follow(server, "?token=long%20enough") as client:
            assert client.recv(timeout=10) == "header"
        assert get(server, "/poses.jsonl?token=long%20enough")[1] == b"{}\n"
        assert get(server, "/")[0] == 200  # the page itself has no secret
    finally:
        server.close()


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/%2e%2e/server.py",
        "/page.js/../../server.py",
        "//etc/passwd",
        "/no",
        "/..",
    ],
)
def test_nothing_beside_the_page_is_served(server, path):
    with socket.create_connection((server.address.host, server.address.port), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answer = raw.recv(1000)
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 403"))


def test_the_page_forbids_foreign_scripts_and_frames(server):
    status, body, headers = get(server, "/")
    assert status == 200
    assert b"<canvas" in body
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    status, body, headers = get(server, "/page.js")
    assert headers["Content-Type"] == "text/javascript"


def test_a_video_is_sent_in_parts(tmp_path):
    data = bytes(range(256)) * 10
    (tmp_path / "v.mp4").write_bytes(data)
    server = Server(LOOPBACK, Content(files={"/video": tmp_path / "v.mp4"}))
    try:
        assert get(server, "/video")[:2] == (200, data)
        status, body, headers = get(server, "/video", Range="bytes=100-199")
        assert (status, body) == (206, data[100:200])
        assert headers["Content-Range"] == f"bytes 100-199/{len(data)}"
        assert get(server, "/video", Range="bytes=-50")[1] == data[-50:]
        assert get(server, "/video", Range="bytes=2500-")[1] == data[2500:]
        for bad in ("bytes=9999-", "bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=-"):
            assert get(server, "/video", Range=bad)[0] == 416
    finally:
        server.close()


def test_a_request_that_is_no_http_ends_and_harms_nobody(server):
    with socket.create_connection((server.address.host, server.address.port), 10) as raw:
        raw.sendall(b"\x00\xff" * 5000 + b"\r\n\r\n")
        raw.settimeout(10)
        with contextlib.suppress(ConnectionError):
            assert raw.recv(1000)[:4] in (b"", b"HTTP")
    assert get(server, "/settings.json")[0] == 200
    assert json.loads(get(server, "/settings.json")[1]) == {}
