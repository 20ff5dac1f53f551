"""Videos as a player shows them: times, geometry, colours, and what damage costs."""

import gc
import itertools
import os
import socketserver
import subprocess
import sys
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av
import numpy as np
import pytest
from clips import corner, grey, moving, write

from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.runtime.sources import SourceOptions, _media_faults, open_source
from edge3dpose.runtime.sources._film import Film
from edge3dpose.runtime.sources._geometry import turn_of

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
H264 = {"options": {"crf": "10", "preset": "ultrafast"}}


def take(arg, **options):
    """The frames of a source, and what it said at the end."""
    frames = []
    with closing(open_source(str(arg), options=SourceOptions(**options))) as source:
        try:
            for frame in source:
                frames.append(frame)
        except EndedEarly as error:
            return frames, str(error)
    return frames, ""


# times


@pytest.mark.parametrize(
    ("ending", "codec"),
    [("mp4", "libx264"), ("mkv", "libx264"), ("webm", "libvpx"), ("ts", "libx264")],
)
def test_uneven_frames_keep_their_times(tmp_path, ending, codec):
    times_s = [0, 0.1, 0.15, 0.2, 0.7, 1.7, 1.75, 3.0]
    settings = H264 if codec == "libx264" else {}
    file = write(tmp_path / f"a.{ending}", moving(8), codec=codec, times_s=times_s, **settings)
    frames, fault = take(file)
    assert fault == ""
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=2e-3)


def test_a_fragmented_mp4_is_whole(tmp_path):
    muxer = {"movflags": "frag_keyframe+empty_moov"}
    file = write(tmp_path / "a.mp4", moving(30), muxer=muxer, gop_size=5, **H264)
    frames, fault = take(file)
    assert (len(frames), fault) == (30, "")


@pytest.mark.parametrize("start_s", [-0.5, 1.4, 100.0])
def test_time_counts_from_the_first_frame_wherever_a_file_begins(tmp_path, start_s):
    times_s = [start_s + n / 10 for n in range(10)]
    file = write(tmp_path / "a.mkv", moving(10), times_s=times_s, **H264)
    frames, _ = take(file)
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(10) / 10, abs=2e-3)


def test_frames_before_the_edit_list_are_not_shown(tmp_path):
    """A clip cut without encoding it again: it holds the frames before the cut, too."""
    images = [grey(8 * n) for n in range(30)]
    whole = write(tmp_path / "whole.mp4", images, gop_size=30, **H264)
    cut = tmp_path / "cut.mp4"
    with av.open(str(whole)) as source, av.open(str(cut), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                shift = round(1 / packet.time_base)  # the first second is before zero
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = stream
                target.mux(packet)
    frames, fault = take(cut)
    assert fault == ""
    assert len(frames) == 20
    assert frames[0].time_s == 0
    assert frames[0].image.mean() == pytest.approx(80, abs=4)


@pytest.mark.skipif(not (SHARED / "data/truth/opencap").is_dir(), reason="no clips beside")
@pytest.mark.parametrize("name", ["walk", "squat"])
def test_a_phones_clips_are_whole(name):
    frames, fault = take(SHARED / f"data/truth/opencap/{name}.mp4")
    assert fault == ""
    assert len(frames) == {"walk": 75, "squat": 807}[name]


# geometry


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_clip_is_turned_as_its_matrix_says(tmp_path, degrees, mirrored):
    def turn(stream):
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write a display matrix")
        stream.set_display_rotation(degrees, hflip=mirrored)

    file = write(tmp_path / "a.mp4", [corner()] * 3, edit=turn, **H264)
    frames, _ = take(file)
    wanted = np.rot90(corner(), degrees // 90)  # both count counterclockwise
    wanted = wanted[:, ::-1] if mirrored else wanted
    assert frames[0].image.shape == wanted.shape
    assert np.abs(frames[0].image.astype(int) - wanted).mean() < 6


def test_a_matrix_between_quarters_is_the_nearest():
    thirty = np.array([56756, 32768, 0, -32768, 56756, 0, 0, 0, 1 << 30], "=i4").tobytes()
    assert turn_of(thirty) == (0, False)
    assert turn_of(b"") == (0, False)


@pytest.mark.parametrize(("aspect", "size"), [("2/1", (192, 64)), ("1/2", (96, 128))])
def test_pixels_become_square(tmp_path, aspect, size):
    from fractions import Fraction

    def edit(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)

    file = write(tmp_path / "a.mkv", [corner()] * 3, edit=edit, **H264)
    frames, _ = take(file)
    assert frames[0].image.shape[1::-1] == size


def test_what_the_container_crops_is_not_seen(tmp_path):
    file = write(tmp_path / "a.mkv", [corner()] * 3, **H264)
    file.write_bytes(cropped_matroska(file.read_bytes(), left=16, top=8))
    frames, fault = take(file)
    assert fault == ""
    assert frames[0].image.shape == (56, 80, 3)
    assert frames[0].image[:12, :14].min() > 200
    assert frames[0].image[14:, 18:].max() < 60


def cropped_matroska(content, left, top):
    """The file with PixelCropLeft and PixelCropTop in place of a part of the track's codec name."""
    element = b"\x54\xcc\x81" + bytes([left]) + b"\x54\xbb\x81" + bytes([top])
    width = content.index(b"\xb0\x81\x60")  # PixelWidth 96
    video = content.rindex(b"\xe0", 0, width)  # the element Video, which holds it
    head = content[video : video + 1]
    size, length = ebml_size(content[video + 1 : video + 9])
    grown = head + bytes([0x01]) + (size + len(element)).to_bytes(7, "big")
    added = len(grown) - 1 - length + len(element)
    body = content[video + 1 + length : video + 1 + length + size]
    assert width < video + 1 + length + size
    changed = grown + element + body
    # the parents grow as well
    out = content[:video] + changed + content[video + 1 + length + size :]
    for parent in (b"\xae", b"\x16\x54\xae\x6b", b"\x18\x53\x80\x67"):
        at = out.rindex(parent, 0, video) + len(parent)
        held, wide = ebml_size(out[at : at + 8])
        number = (held + added) | (1 << 7 * wide)
        out = out[:at] + number.to_bytes(wide, "big") + out[at + wide :]
    return out


def ebml_size(data):
    length = 9 - data[0].bit_length()
    return int.from_bytes(data[:length], "big") & ((1 << 7 * length) - 1), length


# colours


def coloured(pix_fmt, matrix, full, colour=(40, 120, 220)):
    """A frame of one BGR colour by a matrix and range, tagged so."""
    if matrix == "bt2020" and int(av.__version__.split(".")[0]) < 18:
        pytest.skip("PyAV before 18 cannot make frames of BT.2020")
    frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), colour, np.uint8), "bgr24")
    number = {"bt601": 5, "bt709": 1, "bt2020": 9}[matrix]
    made = frame.reformat(format=pix_fmt, dst_colorspace=number, dst_color_range=2 if full else 1)
    made.colorspace = {"bt601": 6, "bt709": 1, "bt2020": 9}[matrix]
    made.color_range = 2 if full else 1
    return made


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize(
    ("codec", "pix_fmt"),
    [("libx264", "yuv420p"), ("libx264", "yuv444p"), ("libx265", "yuv420p10le")],
)
def test_colours_are_those_of_the_matrix_and_range(tmp_path, codec, pix_fmt, matrix, full):
    def edit(stream):
        stream.codec_context.colorspace = {"bt601": 6, "bt709": 1, "bt2020": 9}[matrix]
        stream.codec_context.color_range = 2 if full else 1

    options = {"crf": "4", "x265-params": "log-level=none"}
    frames = [coloured(pix_fmt, matrix, full) for _ in range(3)]
    file = write(
        *(tmp_path / "a.mp4", frames), codec=codec, pix_fmt=pix_fmt, edit=edit, options=options
    )
    seen, _ = take(file)
    assert seen[0].image[30, 50].astype(int) == pytest.approx(np.array([40, 120, 220]), abs=5)


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_hdr_is_tone_mapped(tmp_path, curve):
    """Reference white is bright and not clipped, a mid grey stays one, order is kept."""
    signals = {"pq": (0.58, 0.37), "hlg": (0.75, 0.36)}[curve]  # 203 and about 26 nits
    levels = np.zeros((64, 96), np.uint16)
    levels[:, :48] = round(64 + 876 * signals[0])
    levels[:, 48:] = round(64 + 876 * signals[1])
    planes = np.concatenate([levels.ravel(), np.full(2 * 32 * 48, 512, np.uint16)])

    def edit(stream):
        context = stream.codec_context
        context.colorspace, context.color_range, context.color_primaries = 9, 1, 9
        context.color_trc = 16 if curve == "pq" else 18

    frames = []
    for _ in range(3):
        frame = av.VideoFrame(96, 64, "yuv420p10le")
        at = 0
        for plane, size in zip(frame.planes, (64 * 96, 32 * 48, 32 * 48), strict=True):
            wide = 96 if size == 64 * 96 else 48
            rows = planes[at : at + size].reshape(-1, wide)
            padded = np.zeros((rows.shape[0], plane.line_size // 2), np.uint16)
            padded[:, :wide] = rows
            plane.update(padded.tobytes())
            at += size
        frames.append(frame)
    options = {"crf": "4", "x265-params": "log-level=none"}
    file = write(
        *(tmp_path / "a.mp4", frames),
        codec="libx265",
        pix_fmt="yuv420p10le",
        edit=edit,
        options=options,
    )
    seen, _ = take(file)
    white, mid = (seen[0].image[32, x].astype(int) for x in (20, 75))
    assert np.ptp(white) <= 4
    assert np.ptp(mid) <= 4
    assert 215 < white.mean() < 250
    assert 80 < mid.mean() < 130


def test_what_is_transparent_is_grey(tmp_path):
    image = np.zeros((64, 96, 4), np.uint8)
    image[:, :48] = (10, 200, 30, 255)
    frame = av.VideoFrame.from_ndarray(image, "bgra")
    file = write(tmp_path / "a.mov", [frame] * 3, codec="qtrle", pix_fmt="argb")
    seen, _ = take(file)
    assert seen[0].image[5, 5].tolist() == pytest.approx([10, 200, 30], abs=1)
    assert seen[0].image[5, 80].tolist() == [128, 128, 128]


def test_interlaced_video_has_no_combs(tmp_path):
    """A bar that moves: its edges in the two fields of a frame are apart, until they are woven."""
    frames = []
    for number in range(10):
        image = grey(20)
        for row in range(64):
            at = 8 * number + (4 if row % 2 else 0)
            image[row, at : at + 12] = 230
        frames.append(image)
    options = {"x264-params": "interlaced=1:tff=1", "crf": "5"}
    file = write(tmp_path / "a.mkv", frames, options=options)
    seen, fault = take(file)
    assert fault == ""
    assert len(seen) == 10
    assert [frame.time_s for frame in seen] == pytest.approx(np.arange(10) / 10, abs=2e-3)
    image = seen[5].image[..., 1].astype(int)
    comb = np.abs(image[2:] - 2 * image[1:-1] + image[:-2]).mean()
    raw = frames[5][..., 1].astype(int)
    assert comb < 0.3 * np.abs(raw[2:] - 2 * raw[1:-1] + raw[:-2]).mean()


# streams


@pytest.fixture
def two_streams(tmp_path):
    """A small stream and a larger one."""
    file = tmp_path / "two.mkv"
    with av.open(str(file), "w") as container:
        streams = []
        for size in ((64, 48), (128, 96)):
            stream = container.add_stream("mpeg4", rate=10)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            streams.append(stream)
        for number in range(5):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(
                    grey(100, (stream.width, stream.height)), "bgr24"
                ).reformat(format="yuv420p")
                frame.pts = number
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return file


def test_the_largest_stream_is_taken_or_the_one_that_is_named(two_streams):
    assert take(two_streams)[0][0].image.shape == (96, 128, 3)
    assert take(two_streams, stream=0)[0][0].image.shape == (48, 64, 3)
    with pytest.raises(BadInput, match=r"--stream 7: .* has the video streams 0 .* 1 "):
        take(two_streams, stream=7)


def test_an_option_of_another_kind_of_source_is_refused(tmp_path, two_streams):
    with pytest.raises(BadInput, match="--resolution has no meaning"):
        take(two_streams, resolution=(640, 480))
    with pytest.raises(BadInput, match="--fps has no meaning"):
        take(two_streams, camera_fps=30.0)
    with pytest.raises(BadInput, match="--stream has no meaning"):
        take(tmp_path, stream=1)


def test_sound_without_film_is_refused(tmp_path):
    file = tmp_path / "a.wav"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        samples.rate = 8000
        container.mux(stream.encode(samples))
    with pytest.raises(BadInput, match="has no video in it"):
        take(file)


def test_a_codec_that_is_not_known_is_named_with_the_fix(tmp_path):
    file = write(tmp_path / "a.mp4", moving(5), **H264)
    file.write_bytes(file.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(BadInput, match=r"zzzz.*cannot decode; pip install --upgrade av, or conv"):
        take(file)


def test_av1_is_read_or_named(tmp_path):
    file = write(tmp_path / "a.mp4", moving(5), codec="libsvtav1", options={"preset": "12"})
    assert len(take(file)[0]) == 5
    description = "Stream #0:0: Video: av1 (av01 / 0x31307661), yuv420p, 96x64"
    assert "video of av1 (av01 / 0x31307661), which" in _media_faults.no_codec("a", description)


def test_a_text_is_no_video(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("person\n" * 500)
    with pytest.raises(BadInput, match="no video"):
        take(file)


# damage


def packets_of(file):
    with av.open(str(file)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def with_hole(file, first, last):
    """The file with zeros in place of the packets first to last."""
    content, packets = bytearray(file.read_bytes()), packets_of(file)
    for data in packets[first : last + 1]:
        at = content.index(data)
        content[at : at + len(data)] = bytes(len(data))
    broken = file.with_name(f"broken{file.suffix}")
    broken.write_bytes(content)
    return broken


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_damage_in_the_middle_costs_what_is_damaged(tmp_path, ending, caplog):
    options = {"crf": "20", "preset": "ultrafast", "tune": "zerolatency"}
    file = write(tmp_path / f"a.{ending}", moving(60), gop_size=5, options=options)
    frames, fault = take(with_hole(file, 22, 27))
    assert 50 <= len(frames) < 60
    assert frames[-1].time_s == pytest.approx(5.9, abs=0.01)
    gaps = np.diff([frame.time_s for frame in frames])
    assert gaps.max() == pytest.approx(0.7, abs=0.11)
    assert "is damaged at 2." in fault
    assert "is damaged at 2." in caplog.text


def test_a_damaged_start_costs_the_start(tmp_path):
    options = {"crf": "20", "preset": "ultrafast", "tune": "zerolatency"}
    file = write(tmp_path / "a.mp4", moving(60), gop_size=5, options=options)
    frames, fault = take(with_hole(file, 0, 7))
    assert len(frames) == 50
    assert frames[0].time_s == pytest.approx(1.0, abs=0.01)
    assert "is damaged at 0." in fault


def test_a_file_without_one_good_frame_is_refused(tmp_path):
    file = write(tmp_path / "a.mp4", moving(10), **H264)
    with pytest.raises(BadInput, match=r"not one frame of .* can be decoded"):
        take(with_hole(file, 0, 9))


@pytest.mark.parametrize(
    ("ending", "muxer"),
    [
        ("mp4", {"movflags": "faststart"}),
        ("mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("mkv", {}),
        ("avi", {}),
    ],
)
def test_a_truncated_file_gives_what_it_has_and_says_so(tmp_path, ending, muxer):
    settings = {"gop_size": 5, "muxer": muxer, "options": {"tune": "zerolatency"}}
    file = write(tmp_path / f"a.{ending}", moving(60), **settings)
    content, packet = file.read_bytes(), packets_of(file)[40]
    cut = tmp_path / f"cut.{ending}"
    cut.write_bytes(content[: content.index(packet) + len(packet) // 2])
    frames, fault = take(cut)
    assert 36 <= len(frames) <= 42
    assert "cut." in fault


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "ts", "mov"])
def test_a_whole_file_is_not_called_damaged(tmp_path, ending):
    frames, fault = take(write(tmp_path / f"a.{ending}", moving(20), **H264))
    assert (len(frames), fault) == (20, "")


def test_a_recording_that_joins_a_broadcast_is_no_damage(tmp_path):
    options = {"crf": "20", "preset": "ultrafast", "tune": "zerolatency"}
    file = write(tmp_path / "a.ts", moving(40), gop_size=10, options=options)
    content = file.read_bytes()
    late = tmp_path / "late.ts"
    late.write_bytes(content[len(content) // 3 // 188 * 188 :])
    frames, fault = take(late)
    assert 10 <= len(frames) < 40
    assert fault == ""


# names and pipes


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not have")
@pytest.mark.parametrize(
    "name",
    ["2024-05-01T12:30:05.mp4", "http:x.mp4", "人 é %d.mp4", "-a.mp4", "a" * 236 + ".mp4", "b.jpg"],
)
def test_names_of_every_kind(tmp_path, monkeypatch, name):
    write(tmp_path / "plain.mp4", moving(5), **H264).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for arg in (name, f"./{name}", str(tmp_path / name)):
        assert len(take(arg)[0]) == 5


COUNT = """
import sys
from edge3dpose.runtime.sources import open_source
source = open_source(sys.argv[1])
print(source.live, len(list(source)))
"""


def counted(arg, **streams):
    done = subprocess.run(
        [sys.executable, "-c", COUNT, arg], capture_output=True, text=True, check=False, **streams
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_standard_input_is_read(tmp_path):
    webm = write(tmp_path / "a.webm", moving(12), codec="libvpx")
    mp4 = write(tmp_path / "a.mp4", moving(12), **H264)  # its index stands at the end
    with open(webm, "rb") as file:
        assert counted("-", stdin=file) == "False 12"
    with open(mp4, "rb") as file:
        assert counted("-", stdin=file) == "False 12"
    with subprocess.Popen(["cat", str(webm)], stdout=subprocess.PIPE) as cat:
        assert counted("-", stdin=cat.stdout) == "False 12"
    assert "no video that FFmpeg can read" in counted("-", stdin=subprocess.DEVNULL)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_read(tmp_path):
    webm = write(tmp_path / "a.webm", moving(12), codec="libvpx")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(webm.read_bytes()))
    writer.start()
    frames, fault = take(fifo)
    writer.join()
    assert (len(frames), fault) == (12, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_of_an_mp4_in_a_pipe_whose_index_comes_last_the_reason_is_told(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (9, 480, 640, 3)).astype(np.uint8)
    mp4 = write(tmp_path / "a.mp4", list(noise))  # too large for FFmpeg's buffer
    assert mp4.read_bytes().rindex(b"moov") > mp4.read_bytes().index(b"mdat")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(mp4.read_bytes()))
    writer.start()
    with pytest.raises(BadInput, match="whose index is at its end, which a pipe gives too late"):
        take(fifo)
    writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_that_gives_no_more_can_be_left(tmp_path):
    webm = write(tmp_path / "a.webm", moving(12), codec="libvpx").read_bytes()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    done = threading.Event()

    def feed():
        with open(fifo, "wb") as file:
            file.write(webm[: len(webm) * 3 // 4])
            file.flush()
            done.wait(20)

    writer = threading.Thread(target=feed)
    writer.start()
    source = open_source(str(fifo))
    frames = []
    reader = threading.Thread(target=lambda: take_all(source, frames))
    reader.start()
    reader.join(1.0)
    assert reader.is_alive()  # it waits for the rest
    source.cancel()
    reader.join(5.0)
    assert not reader.is_alive()
    done.set()
    writer.join()
    source.close()
    assert len(frames) >= 4


def take_all(source, frames):
    with suppress(EndedEarly):
        for frame in source:
            frames.append(frame)


# streams with an end and without


class Files(BaseHTTPRequestHandler):
    """A folder by HTTP, with ranges."""

    folder = Path()

    def do_GET(self):
        file = self.folder / self.path.strip("/")
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        first = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content[first:])

    def log_message(self, *args):
        pass


@pytest.fixture
def served(tmp_path):
    handler = type("Handler", (Files,), {"folder": tmp_path})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://user:secret@127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("ending", ["mp4", "webm", "mkv", "ts"])
def test_a_file_behind_a_url_is_finite(tmp_path, served, ending):
    codec = "libvpx" if ending == "webm" else "libx264"
    write(tmp_path / f"a.{ending}", moving(15), codec=codec)
    with closing(open_source(f"{served}/a.{ending}")) as source:
        assert isinstance(source, Film)
        assert (source.live, len(list(source))) == (False, 15)
        assert "secret" not in source.name


def test_what_a_server_refuses_is_one_line_without_the_password(served):
    with pytest.raises(BadInput, match="404") as caught:
        open_source(f"{served}/none.mp4")
    assert "secret" not in str(caught.value)


def test_a_picture_goes_as_soon_as_nobody_holds_it():
    """Also while Python's collector of cycles is away."""
    gc.disable()
    try:
        before = sum(type(one) is av.VideoFrame for one in gc.get_objects())
        for _ in itertools.islice(open_source("sample"), 20):
            pass
        after = sum(type(one) is av.VideoFrame for one in gc.get_objects())
    finally:
        gc.enable()
    assert after - before < 5
