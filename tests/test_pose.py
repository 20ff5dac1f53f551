"""PoseEstimator: images, streams and runs; several at once; what is refused, and how."""

import threading
from contextlib import closing

import cv2
import numpy as np
import pytest
from followed import Finder, box_at
from standing import CUTS, SPEC, unit_pose, write_weights

import edge3dpose
from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors.follow import FollowAnew
from edge3dpose.runtime.sources import open_source, sample
from edge3dpose.runtime.tracking.search import Searcher

FRAMES = 4


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """Arguments for weights that see a standing adult everywhere, on the quickest CPU backend."""
    folder = tmp_path_factory.mktemp("pose")
    weights = write_weights(folder, unit_pose(), CUTS)
    fixed = {"backend": "onnxruntime", "precision": "fp32", "threads": 1}
    return {"weights": weights, "engines": folder / "engines", **fixed}


@pytest.fixture(scope="module")
def images():
    """The first frames of the sample clip."""
    opened = open_source("sample")
    frames = [frame.image for frame, _ in zip(opened, range(FRAMES), strict=False)]
    opened.close()
    return frames


@pytest.fixture
def pose(standing):
    with edge3dpose.PoseEstimator(**standing) as made:
        yield made


def test_one_image_gives_people_with_joints_by_name(pose, images):
    (person,) = pose(images[0], time_s=0.0)
    assert person["left_wrist"].shape == (3,)
    assert person["left_wrist"] is not person.joints_mm
    np.testing.assert_array_equal(person["pelvis"], np.zeros(3))
    wrist = person.joint("left_wrist")
    assert wrist.px.shape == (2,)
    assert 0 <= wrist.score <= 1
    with pytest.raises(KeyError, match=r"no joint 'left_paw'; it has pelvis"):
        person["left_paw"]
    assert {(bone.parent, bone.joint) for bone in person.bones()} >= {("left_elbow", "left_wrist")}
    assert all(bone.length_mm > 50 for bone in person.bones())


def test_the_config_says_what_auto_chose_and_why(standing):
    with edge3dpose.PoseEstimator(weights=standing["weights"], engines=standing["engines"]) as pose:
        text = str(pose.config)
        assert (pose.config.cut, pose.config.spec.name) == (7, SPEC.name)
    for word in (SPEC.name, "cut 7", pose.config.precision, pose.config.backend, "99.5 mm"):
        assert word in text
    assert "sha256" not in text  # a reader is told a line, not a record


def test_people_keep_their_track_id_until_reset(pose, images):
    ids = [pose(image, time_s=n / 5)[0].track_id for n, image in enumerate(images)]
    assert len(set(ids)) == 1
    with pytest.raises(BadInput, match="do not go back"):
        pose(images[0], time_s=0.0)
    pose.reset()
    assert len(pose(images[0], time_s=0.0)) == 1


def test_without_a_time_the_clock_is_taken(pose, images):
    assert [len(pose(image)) for image in images[:2]] == [1, 1]


@pytest.mark.parametrize("source", ["sample", sample.FILE, "images"])
def test_a_stream_is_a_name_a_path_or_any_iterable(pose, images, source):
    given = iter(images) if source == "images" else source
    seen = []
    for frame, people in pose.stream(given):
        seen.append((frame.index, len(people), frame.camera.assumed))
        if len(seen) == FRAMES:
            break
    assert seen == [(n, 1, True) for n in range(FRAMES)]


def test_an_iterable_is_asked_for_one_image_at_a_time_in_the_callers_thread(pose, images):
    threads, asked = set(), []

    def camera():
        for n, image in enumerate(images):
            threads.add(threading.get_ident())
            asked.append(n)
            yield image

    for taken, (_, people) in enumerate(pose.stream(camera())):
        assert people
        assert asked == list(range(taken + 1))  # none is fetched before it is wanted
    assert threads == {threading.get_ident()}


def test_one_array_is_one_image_and_not_its_rows(pose, images):
    assert [len(people) for _, people in pose.stream(images[0])] == [1]
    assert [frame.index for frame, _ in pose.stream(np.stack(images[:2]))] == [0, 1]


def test_frames_are_stamped_at_a_rate_that_is_given(pose, images):
    times = [frame.time_s for frame, _ in pose.stream(images, fps=20)]
    assert times == pytest.approx([0.0, 0.05, 0.1, 0.15])


def test_a_stream_and_single_images_give_the_same_people(standing, images):
    with edge3dpose.PoseEstimator(**standing) as pose:
        streamed = [people[0].joints_mm for _, people in pose.stream(images, fps=5)]
        single = [pose(image, time_s=n / 5)[0].joints_mm for n, image in enumerate(images)]
    np.testing.assert_array_equal(streamed, single)


def test_the_camera_is_a_camera_or_a_field_of_view(standing, images):
    height, width = images[0].shape[:2]
    focal_px = max(width, height) / 2 / np.tan(np.radians(75) / 2)
    camera = edge3dpose.Camera((focal_px, focal_px), (width / 2, height / 2))
    roots = []
    for given in (75.0, camera):
        with edge3dpose.PoseEstimator(camera=given, **standing) as pose:
            roots.append(pose(images[0], time_s=0.0)[0].root_mm)
    np.testing.assert_allclose(*roots, rtol=1e-5)
    with pytest.raises(BadInput, match="field of view in degrees"):
        edge3dpose.PoseEstimator(camera=[75], **standing)


def test_a_known_height_moves_the_person(standing, images):
    depths = {}
    for height_mm in (1000, 2000):
        with edge3dpose.PoseEstimator(height_mm=height_mm, **standing) as pose:
            depths[height_mm] = pose(images[0], time_s=0.0)[0].root_mm[2]
    assert depths[2000] == pytest.approx(2 * depths[1000], rel=1e-3)


def test_no_more_people_than_wanted(standing, images):
    twice = np.concatenate([images[0], images[0]], axis=1)
    counts = {}
    options = {"detector": "follow-blazepose", **standing}
    for most in (None, 1):
        with edge3dpose.PoseEstimator(max_people=most, **options) as pose:
            counts[most] = len(pose(twice, time_s=0.0))
    assert counts == {None: 2, 1: 1}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"roi": (0, 0, 720, 1280)}, [True, False]),
        ({"roi": (720, 0, 1440, 1280)}, [False, True]),
        ({"min_height_px": 700}, [True, True]),
        ({"min_height_px": 1000}, [False, False]),
    ],
)
def test_the_people_of_a_part_of_the_frame_and_those_who_are_tall_enough(
    standing, images, options, wanted
):
    twice = np.concatenate([images[0], images[0]], axis=1)
    with edge3dpose.PoseEstimator(detector="nanodet", **options, **standing) as pose:
        people = pose(twice, time_s=0.0)
    middles = [(one.box.x0 + one.box.x1) / 2 for one in people]
    assert [any(x < 720 for x in middles), any(x > 720 for x in middles)] == wanted


def test_run_sends_every_frame_to_sinks_and_counts(pose, images):
    from edge3dpose.runtime.sinks import Sink

    class Kept(Sink):
        def __init__(self):
            self.counts = []

        def __call__(self, frame, poses):
            self.counts.append(len(poses))

    kept = Kept()
    summary = pose.run("sample", [kept], max_frames=3)
    assert (summary.processed, summary.with_people, kept.counts) == (3, 3, [1, 1, 1])


def test_outputs_may_be_named_by_text_and_a_function_is_no_sink(pose, tmp_path):
    file = tmp_path / "out.jsonl"
    pose.run("sample", outputs={"jsonl": str(file)}, max_frames=2)
    assert len(list(edge3dpose.read_poses(file))) == 2
    with pytest.raises(BadInput, match="a sink of type function"):
        pose.run("sample", [lambda frame, people: None])


def test_people_and_frames_can_be_compared_and_printed(pose, images):
    frame = edge3dpose.Frame(images[0], 3, 0.1)
    (person,) = pose(images[0], time_s=0.0)
    (other,) = pose(images[1], time_s=0.1)
    assert person in [other, person]
    assert person != other
    assert len({frame, person}) == 2
    assert all(len(repr(one)) < 120 for one in (frame, person, pose))


@pytest.mark.parametrize("second_s", [0.5, float("nan")])
def test_frames_whose_time_goes_back_are_refused(pose, images, second_s):
    frames = [edge3dpose.Frame(images[0], n, time_s) for n, time_s in enumerate((1.0, second_s))]
    stream = pose.stream(frames)
    next(stream)
    with pytest.raises(BadInput, match="time_s is"):
        next(stream)


def test_a_person_is_drawn_on_a_grey_image(pose, images):
    (person,) = pose(images[0], time_s=0.0)
    grey = images[0][..., 1]
    assert edge3dpose.draw(grey, person).shape == images[0].shape


def test_instances_side_by_side_and_in_threads_do_not_disturb_each_other(standing, images):
    def poses_of(camera, found):
        with edge3dpose.PoseEstimator(camera=camera, **standing) as pose:
            found[camera] = [pose(image, time_s=n / 5)[0].root_mm for n, image in enumerate(images)]

    alone, together = {}, {}
    for camera in (50.0, 80.0):
        poses_of(camera, alone)
    workers = [threading.Thread(target=poses_of, args=(c, together)) for c in (50.0, 80.0)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for camera in (50.0, 80.0):
        np.testing.assert_array_equal(alone[camera], together[camera])


def test_a_closed_estimator_says_so_and_a_second_close_is_harmless(standing, images):
    pose = edge3dpose.PoseEstimator(**standing)
    pose(images[0])
    pose.close()
    pose.close()
    for use in (
        lambda: pose(images[0]),
        lambda: next(pose.stream(images)),
        lambda: pose.run(images),
        pose.reset,
        pose.__enter__,
    ):
        with pytest.raises(BadInput, match="this PoseEstimator is closed; make a new one"):
            use()


def test_a_stream_that_cannot_begin_closes_its_source(standing, tmp_path, monkeypatch):
    from edge3dpose.errors import MissingDependency
    from edge3dpose.runtime.sources import Source

    class Kept(Source):
        closed = False

        def close(self):
            self.closed = True

    def refuse(name, *, bf16):
        raise MissingDependency("no runtime for the detector")

    source = Kept()
    monkeypatch.setattr("edge3dpose.pose.open_detector", refuse)
    with edge3dpose.PoseEstimator(**standing) as pose, pytest.raises(MissingDependency):
        next(pose.stream(source))
    assert source.closed


def test_the_end_of_photos_does_not_end_the_search_of_a_video(pose, images, tmp_path):
    class Noting(Finder):
        def __call__(self, frame):
            threads.append(threading.current_thread())
            return super().__call__(frame)

    threads = []
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), images[0])
    finder = Noting(box_at(320, 555, 1000))
    opened = FollowAnew(Searcher(finder))
    about = (pose.config, pose._engine)
    with closing(opened), edge3dpose.PoseEstimator.from_engine(*about, detector=opened) as both:
        video = both.stream(images * 3, fps=10)
        seen = [next(video)]
        assert len(list(both.stream(tmp_path))) == 2
        seen += video
    assert [len(people) for _, people in seen] == [1] * 12
    assert finder.asked > 3
    assert len(set(threads)) == 1


def test_a_stream_ends_when_its_estimator_is_closed(standing, images):
    pose = edge3dpose.PoseEstimator(**standing)
    stream = pose.stream(images)
    next(stream)
    pose.close()
    with pytest.raises(BadInput, match="is closed"):
        next(stream)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": "nothing"}, "no model called 'nothing'"),
        ({"cut": 25}, "has no cut 25"),
        ({"precision": "fp8"}, "fp8"),
        ({"backend": "coreml"}, "coreml"),
        ({"detector": "eyes"}, "no detector called 'eyes'"),
        ({"max_people": 0}, "max_people is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"filter_options": {"bone": True}}, "filter_options has 'bone'"),
        ({"camera": edge3dpose.Camera((0.0, 900.0), (1.0, 1.0))}, "focal_px"),
        ({"camera": edge3dpose.Camera((900.0,), (1.0, 1.0))}, "focal_px"),
        ({"camera": edge3dpose.Camera((9.0, 9.0), (1.0, 1.0), (1.0, 2.0))}, "distortion"),
        ({"height_mm": 17}, "height_mm is 17"),
        ({"cut": 3, "max_latency_ms": 5}, "has chosen it already"),
        ({"flip_test": True, "max_latency_ms": 5}, "calls the engine twice"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(standing, wrong, words):
    with pytest.raises(BadInput, match=words) as refused:
        edge3dpose.PoseEstimator(**{**standing, **wrong})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.zeros((8, 8, 3), np.float64), "wanted 8 or 16 bit"),
        (np.zeros((8,), np.uint8), "wanted 8 or 16 bit"),
        ("a.jpg", "wanted 8 or 16 bit"),
        (None, "the image is None"),
        (np.zeros((8, 8, 5), np.uint8), r"wanted \(height, width"),
        (np.zeros((3, 8, 8), np.uint8), "channels first"),
    ],
)
def test_what_is_no_image_is_refused(pose, wrong, words):
    with pytest.raises(BadInput, match=words):
        pose(wrong)
    with pytest.raises(BadInput, match="image 0: .*" + words):
        next(pose.stream([wrong]))


def test_what_is_no_source_is_refused(pose):
    with pytest.raises(BadInput, match="wanted the number of a camera"):
        next(pose.stream(3.5))
    with pytest.raises(BadInput, match="no file or folder"):
        next(pose.stream("gone.mp4"))
    for number in (97, -1):
        with pytest.raises(BadInput, match=f"cannot open camera {number}"):
            next(pose.stream(number))
    with pytest.raises(BadInput, match="fps is 0"):
        next(pose.stream([], fps=0))
    with pytest.raises(BadInput, match="outputs has 'json', which is no option"):
        pose.run("sample", outputs={"json": "out.jsonl"})
