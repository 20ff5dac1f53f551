"""Identities by the rules: crossing, hidden, lost, back again, never given twice."""

from dataclasses import replace

import numpy as np
import pytest
from followed import box_at, frame_at, pose_at

from edge3dpose.runtime.roi import SteadyRoi
from edge3dpose.runtime.tracking.found import snapshot
from edge3dpose.runtime.tracking.tracker import LOST_S, UNSEEN, Tracker
from edge3dpose.skeletons import H36M17

STEP_S = 1 / 30


def seen(x, y=240, side=300, *, of=None, score=0.95):
    """A pose out of the ROI of person ``of``."""
    return pose_at(x, y, side, track_id=of, score=score)


def ids(people):
    return [person.pose.track_id for person in people]


def test_who_is_seen_first_gets_the_next_id_and_keeps_it():
    tracker = Tracker()
    assert ids(tracker.identify([seen(200), seen(500)], 0.0)) == [0, 1]
    assert ids(tracker.identify([seen(505, of=1), seen(202, of=0)], STEP_S)) == [1, 0]


def test_poses_whose_rois_slid_onto_each_others_person_are_exchanged_back():
    tracker = Tracker()
    tracker.identify([seen(200), seen(500)], 0.0)
    assert ids(tracker.identify([seen(500, of=0), seen(200, of=1)], STEP_S)) == [1, 0]


def test_where_two_cross_each_keeps_its_identity():
    """One passes in front: for a third of a second both ROIs show the same pose."""
    tracker = Tracker()
    step_px = 12
    for n in range(60):
        a, b = 100 + step_px * n, 800 - step_px * n
        hidden = abs(a - b) < 60
        people = [seen(a, of=0 if n else None), seen(a if hidden else b, of=1 if n else None)]
        if 1 not in [track.track_id for track in tracker.followed] and n:
            people[1] = seen(a if hidden else b)  # found anew by the search
        named = {p.pose.track_id: p.pose.pixels[0, 0] for p in tracker.identify(people, n * STEP_S)}
        assert named[0] == pytest.approx(a)
        if hidden:
            assert set(named) == {0}
        else:
            assert named == pytest.approx({0: a, 1: b})


def test_an_identity_waits_for_two_seconds_and_is_not_given_to_another():
    for away_s, expected in ((LOST_S - 0.2, 0), (LOST_S + 0.2, 1)):
        tracker = Tracker()
        tracker.identify([seen(200)], 0.0)
        tracker.identify([], STEP_S)
        tracker.rois(frame_at(away_s))
        assert ids(tracker.identify([seen(210)], away_s)) == [expected]


def test_somebody_of_another_size_is_not_the_one_who_was_lost():
    tracker = Tracker()
    tracker.identify([seen(200)], 0.0)
    tracker.identify([], STEP_S)
    assert ids(tracker.identify([seen(210, side=150)], 0.5)) == [1]


def test_a_lost_person_is_looked_for_where_they_were_going():
    tracker = Tracker()
    tracker.identify([seen(100)], 0.0)
    for n in range(1, 10):
        tracker.identify([seen(100 + 15 * n, of=0)], n * STEP_S)
    tracker.identify([], 10 * STEP_S)
    there = 100 + 15 * 19
    assert ids(tracker.identify([seen(there - 400), seen(there)], 19 * STEP_S)) == [1, 0]


def test_who_two_searches_do_not_confirm_is_let_go_and_comes_back_with_the_same_id():
    tracker = Tracker()
    tracker.identify([seen(200), seen(500)], 0.0)
    for n in range(UNSEEN):
        assert len(tracker.rois(frame_at(0.1 * n))) == 2
        assert (
            tracker.confirm([box_at(200, 240, 300)], snapshot(tracker.followed, frame_at(0.0)), 0.1)
            == []
        )
    assert [box.track_id for box in tracker.rois(frame_at(0.3))] == [0]
    then = snapshot(tracker.followed, frame_at(0.3))
    new = tracker.confirm([box_at(200, 240, 300), box_at(505, 240, 300)], then, 0.4)
    assert len(new) == 1
    assert ids(tracker.identify([seen(200, of=0), seen(505)], 0.4)) == [0, 1]


def test_a_sure_pose_that_is_hidden_behind_another_goes_unconfirmed_for_longer():
    tracker = Tracker()
    tracker.identify([seen(300), seen(335, 255)], 0.0)
    for _ in range(UNSEEN + 1):
        tracker.confirm([box_at(300, 240, 300)], snapshot(tracker.followed, frame_at(0.0)), 0.1)
    assert len(tracker.followed) == 2


def test_a_search_of_an_earlier_frame_says_nothing_of_who_came_since():
    tracker = Tracker()
    tracker.identify([seen(200)], 0.0)
    then = snapshot(tracker.followed, frame_at(0.0))
    tracker.identify([seen(200, of=0), seen(500)], STEP_S)
    for _ in range(UNSEEN):
        found = [box_at(200, 240, 300), box_at(500, 240, 300)]
        assert tracker.confirm(found, then, 2 * STEP_S) == []
    assert len(tracker.followed) == 2


def test_who_leaves_the_frame_is_no_longer_followed():
    tracker = Tracker()
    tracker.identify([seen(900)], 0.0)
    assert tracker.rois(frame_at(STEP_S)) == []


def swapped(person):
    order = list(H36M17.mirror)
    pose = person.pose
    return replace(
        person,
        pose=replace(pose, pixels=pose.pixels[order], joints_mm=pose.joints_mm[order]),
    )


def test_left_and_right_swapped_in_single_frames_are_exchanged_back():
    tracker = Tracker()
    tracker.identify([seen(200)], 0.0)
    for n in range(1, 12):
        person = seen(200 + n, of=0)
        given = swapped(person) if n % 4 == 2 else person
        (named,) = tracker.identify([given], n * STEP_S)
        assert named.pose.pixels == pytest.approx(person.pose.pixels)
        assert named.pose.joints_mm == pytest.approx(person.pose.joints_mm)


def test_a_network_that_insists_is_believed():
    tracker = Tracker()
    tracker.identify([seen(200)], 0.0)
    for n in range(1, 45):
        person = swapped(seen(200, of=0))
        (named,) = tracker.identify([person], n * STEP_S)
    assert named.pose.pixels == pytest.approx(person.pose.pixels)


def test_the_roi_of_somebody_who_stands_still_is_held_and_let_go_at_speed():
    rng = np.random.default_rng(0)
    roi, still = SteadyRoi(), []
    for n in range(30):
        x, y = 300 + rng.normal(0, 1.5, 2)
        still.append(roi(pose_at(x, y, 400), n * STEP_S))
    assert len({(box.x0, box.y0, box.x1) for box in still[15:]}) == 1
    for n in range(30, 60):
        x = 300 + 10 * (n - 30)
        box = roi(pose_at(x, 300, 400), n * STEP_S)
        assert (box.x0 + box.x1) / 2 == pytest.approx(x, abs=0.03 * 400)
        if n > 32:
            assert (box.x0 + box.x1) / 2 == pytest.approx(x)


def test_the_roi_grows_towards_the_size_of_the_body_over_a_second():
    roi = SteadyRoi()
    box = roi(pose_at(300, 240, 400, scale=0.8), 0.0)
    assert box.x1 - box.x0 == pytest.approx(400, rel=0.25)


def detected(x, score, side=300):
    """A box with the tight box of somebody who stands at x."""
    half = 0.13 * side
    return replace(
        box_at(x, 240, side),
        score=score,
        extent=(x - half, 240 - 0.4 * side, x + half, 240 + 0.4 * side),
    )


def test_a_box_of_a_low_score_confirms_who_is_followed_but_is_of_nobody_new():
    tracker = Tracker()
    tracker.identify([seen(200)], 0.0)
    for _ in range(3 * UNSEEN):
        then = snapshot(tracker.followed, frame_at(0.0))
        found = [detected(203, 0.2), detected(500, 0.2)]
        assert tracker.confirm(found, then, 0.1) == []
    assert len(tracker.followed) == 1


def test_a_box_of_somebody_lost_is_carried_to_where_they_are_now_with_its_tight_box():
    tracker = Tracker()
    for n in range(10):
        tracker.identify([seen(100 + 15 * n, of=0)], n * STEP_S)
    tracker.identify([], 10 * STEP_S)
    then = snapshot(tracker.followed, frame_at(10 * STEP_S))
    found = detected(250, 0.9)
    (carried,) = tracker.confirm([found], then, 12 * STEP_S)
    moved_px = carried.x0 - found.x0
    assert moved_px == pytest.approx(2 * 15, rel=0.2)
    assert carried.x1 - carried.x0 == pytest.approx(300)
    assert carried.extent[0] - found.extent[0] == pytest.approx(moved_px)
    assert carried.extent[2] - found.extent[2] == pytest.approx(moved_px)
    assert carried.extent[1::2] == pytest.approx(found.extent[1::2])


def test_an_unsure_box_is_a_person_only_with_a_sure_pose_that_fills_it():
    def found(score, of_box, x=500):
        return replace(seen(x, score=score), found=detected(500, of_box))

    assert Tracker().identify([found(0.7, 0.4)], 0.0) == []
    assert Tracker().identify([found(0.95, 0.4, x=590)], 0.0) == []
    for clear in (found(0.95, 0.4), found(0.7, 0.6)):
        tracker = Tracker()
        assert tracker.identify([found(0.7, 0.4)], 0.0) == []
        assert ids(tracker.identify([clear], STEP_S)) == [0]  # a false alarm leaves no gap
