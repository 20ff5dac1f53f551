"""Pictures by their content: every kind read whole, told and left out where it cannot be."""

import os
from contextlib import closing

import cv2
import numpy as np
import pytest
from clips import corner
from PIL import Image as Pillow
from PIL import features

from edge3dpose.errors import BadInput, EndedEarly, MissingDependency
from edge3dpose.runtime.sources import SourceOptions, open_source
from edge3dpose.runtime.sources._deep_picture import read_deep, to_eight_bits
from edge3dpose.runtime.sources._kinds import kind_of_bytes


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


def rgb(image):
    return Pillow.fromarray(np.ascontiguousarray(image[..., ::-1]))


FORMATS = ["jpg", "png", "webp", "tif", "bmp", "ppm", "gif", "jp2", "avif"]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_picture_is_known_by_its_content(tmp_path, ending):
    if ending == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    file = tmp_path / f"a.{ending}"
    rgb(corner()).save(file)
    for name in (file.name, "b", "b.mp4", "b.txt", "b.jpg"):
        other = file.rename(tmp_path / name)
        ((frame,), fault) = take(other)
        assert fault == ""
        assert frame.image.shape == (64, 96, 3)
        assert np.abs(frame.image.astype(int) - corner()).mean() < 4
        file = other


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_exif_turns_a_picture_of_every_format(tmp_path, ending, orientation):
    methods = {
        **{2: Pillow.Transpose.FLIP_LEFT_RIGHT, 3: Pillow.Transpose.ROTATE_180},
        **{4: Pillow.Transpose.FLIP_TOP_BOTTOM, 5: Pillow.Transpose.TRANSPOSE},
        **{6: Pillow.Transpose.ROTATE_90, 7: Pillow.Transpose.TRANSVERSE},
        8: Pillow.Transpose.ROTATE_270,
    }  # what undoes the turn: 5 and 7 undo themselves
    picture = rgb(corner())
    stored = picture.transpose(methods[orientation]) if orientation > 1 else picture
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{ending}", exif=exif)
    ((frame,), _) = take(tmp_path / f"a.{ending}")
    assert frame.image.shape == (64, 96, 3)
    assert np.abs(frame.image.astype(int) - corner()).mean() < 4


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_exif_turns_a_picture_of_16_bits(tmp_path, ending, orientation):
    grey = corner()[..., 0].astype(np.uint16) * 257
    turns = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    stored = Pillow.fromarray(np.ascontiguousarray(np.rot90(grey, turns)))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{ending}", exif=exif)
    ((frame,), _) = take(tmp_path / f"a.{ending}")
    assert np.array_equal(frame.image, corner())


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_ten_to_sixteen_bits_are_seen_as_bright_as_they_are(tmp_path, ending, bits):
    image = np.zeros((20, 30, 3), np.uint16)
    image[:, :15] = (1 << bits) - 1  # white
    image[:, 15:] = np.array([50, 100, 200]) << (bits - 8)
    cv2.imwrite(str(tmp_path / f"a.{ending}"), image)
    ((frame,), _) = take(tmp_path / f"a.{ending}")
    assert frame.image[5, 5].tolist() == [255, 255, 255]
    assert frame.image[5, 20].tolist() == pytest.approx([50, 100, 200], abs=1)


def test_samples_of_other_types():
    assert to_eight_bits(np.array([[0.0, 0.5, 1.0]], np.float32)).tolist() == [[0, 127, 255]]
    assert to_eight_bits(np.array([[0, 4095]], np.int32)).tolist() == [[0, 255]]
    assert to_eight_bits(np.array([[np.nan, 2.0]], np.float32)).tolist() == [[0, 255]]
    assert to_eight_bits(np.zeros((2, 2), np.uint16)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_has_its_colours(tmp_path, ending):
    rgb(corner()).convert("CMYK").save(tmp_path / f"a.{ending}")
    ((frame,), _) = take(tmp_path / f"a.{ending}")
    assert np.abs(frame.image.astype(int) - corner()).mean() < 4


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_grey(tmp_path, mode):
    picture = Pillow.new("RGBA", (30, 20), (255, 0, 255, 0))
    picture.paste((200, 200, 200, 255), (0, 0, 15, 20))
    picture.convert(mode).save(tmp_path / "a.png")
    ((frame,), _) = take(tmp_path / "a.png")
    assert frame.image[5, 5].tolist() == [200, 200, 200]
    assert frame.image[5, 25].tolist() == [128, 128, 128]


def test_heic_is_read_whole_or_says_what_to_install(tmp_path, monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    file = tmp_path / "a.heic"
    big = corner((1200, 900))  # more than one tile of a phone
    heif.from_pillow(rgb(big)).save(file, quality=90)
    ((frame,), _) = take(file)
    assert frame.image.shape == (900, 1200, 3)
    assert np.abs(frame.image.astype(int) - big).mean() < 4
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadInput, match="cannot be read whole"):
        take(file)
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(MissingDependency, match="pip install pillow-heif"):
        take(file)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "bmp"])
def test_half_a_picture_is_refused(tmp_path, ending):
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    file = tmp_path / f"a.{ending}"
    rgb(noise).save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadInput, match=f"a.{ending}") as caught:
        take(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "avif"])
def test_an_animation_is_a_film_with_its_own_times(tmp_path, ending):
    if ending == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    pictures = [rgb(np.full((48, 64, 3), 40 * n, np.uint8)) for n in range(5)]
    first, *rest = pictures
    shown_ms = [100, 200, 100, 300, 100]
    first.save(tmp_path / f"a.{ending}", save_all=True, append_images=rest, duration=shown_ms)
    with closing(open_source(str(tmp_path / f"a.{ending}"))) as source:
        assert (source.related, source.frames, source.live) == (True, 5, False)
        frames = list(source)
    assert [frame.image.mean() for frame in frames] == pytest.approx([0, 40, 80, 120, 160], abs=6)
    wanted = [0, 0.1, 0.3, 0.4, 0.7]
    assert [frame.time_s for frame in frames] == pytest.approx(wanted, abs=0.011)


def test_a_truncated_animation_gives_what_it_has(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (5, 48, 64, 3), np.uint8)
    first, *rest = [rgb(image) for image in noise]
    file = tmp_path / "a.png"
    first.save(file, save_all=True, append_images=rest, duration=100)
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 7 // 10])
    frames, fault = take(file)
    assert 2 <= len(frames) <= 4
    assert "truncated or damaged" in fault


# folders


def test_a_folder_is_in_the_order_of_its_numbers(tmp_path):
    for name in ("10.png", "9.png", "1.png", "a2b10.png", "a2b9.png", "._1.png", ".hidden.png"):
        rgb(corner()).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "more").mkdir()
    frames, fault = take(tmp_path)
    names = ["1.png", "9.png", "10.png", "a2b9.png", "a2b10.png"]
    assert ([frame.name for frame in frames], fault) == (names, "")


def test_what_cannot_be_read_is_told_and_left_out(tmp_path, caplog):
    for name in ("1.jpg", "2.jpg", "5.jpg"):
        rgb(corner()).save(tmp_path / name)
    (tmp_path / "3.jpg").write_text("no picture")
    (tmp_path / "4.jpg").mkdir()
    if hasattr(os, "symlink") and os.name != "nt":
        (tmp_path / "6.jpg").symlink_to(tmp_path / "gone.jpg")
    frames, fault = take(tmp_path)
    assert [frame.name for frame in frames] == ["1.jpg", "2.jpg", "5.jpg"]
    assert "pictures of" in fault
    assert "3.jpg (10 bytes) is no picture" in fault
    assert caplog.text.count("left out") >= 2


def test_the_pictures_of_a_folder_can_be_one_film(tmp_path):
    for number in (1, 2, 10):
        rgb(corner()).save(tmp_path / f"f{number}.png")
    with closing(open_source(str(tmp_path), options=SourceOptions(sequence_fps=4.0))) as source:
        assert (source.related, source.fps) == (True, 4)
        frames = list(source)
    assert [frame.time_s for frame in frames] == [0, 0.25, 0.5]
    with pytest.raises(BadInput, match="is a file"):
        take(tmp_path / "f1.png", sequence_fps=4.0)


def test_a_pattern_is_one_film(tmp_path):
    for number in (3, 4, 10, 11):
        rgb(np.full((8, 8, 3), 20 * number, np.uint8)).save(tmp_path / f"{number:04d}.png")
    rgb(corner()).save(tmp_path / "5.png")  # not four digits
    with closing(open_source(str(tmp_path / "%04d.png"))) as source:
        assert "25 pictures a second" in source.said[0]
        frames = list(source)
    assert [frame.image[0, 0, 0] for frame in frames] == [60, 80, 200, 220]
    assert frames[1].time_s == pytest.approx(0.04)
    frames, _ = take(tmp_path / "%04d.png", sequence_fps=2.0)
    assert frames[1].time_s == 0.5
    with pytest.raises(BadInput, match="no file has a name of the pattern"):
        take(tmp_path / "x%d.png")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9\xff\xd8\xff", "video"),  # motion JPEG
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video"),
        (b"BMW is a car", None),
        (b"P6 is a name", "pnm"),
        (b"", None),
    ],
)
def test_kinds(head, kind):
    assert kind_of_bytes(head) == kind


def test_what_opencv_cannot_read_has_its_colours_the_right_way_round(tmp_path, monkeypatch):
    file = tmp_path / "red.png"
    Pillow.new("RGB", (8, 8), (200, 10, 20)).save(file)
    monkeypatch.setattr(cv2, "imdecode", lambda *given: None)
    with Pillow.open(file) as picture:
        assert read_deep(picture, file)[0, 0].tolist() == [20, 10, 200]
