"""Filters for files: gaps, outliers, and a low-pass without delay."""

import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.kinematics.cleaning import Cleaning, filled, hampel
from edge3dpose.kinematics.clip import evened, rate_of

TIME_S = np.arange(300) / 60


def test_short_gaps_are_filled_and_long_ones_stay():
    values = np.sin(TIME_S * 3)
    holes = values.copy()
    holes[50:60] = holes[100:140] = np.nan
    found = filled(holes, 20)
    assert found[50:60] == pytest.approx(values[50:60], abs=0.02)
    assert np.isnan(found[100:140]).all()
    assert np.isfinite(found).sum() == 260
    assert np.isnan(filled(np.full(5, np.nan), 20)).all()


def test_outliers_go_and_motion_stays():
    values = 100 * np.sin(TIME_S * 3)
    spoilt = values.copy()
    spoilt[[40, 90, 91, 200]] += 500
    assert hampel(spoilt) == pytest.approx(values, abs=8)


def test_motion_that_is_cut_off_by_an_end_is_no_outlier():
    falling = np.array([284.0, 280.0, 277.0, 267.0, 240.0, 174.0, 88.0])
    gap = [np.nan] * 3
    column = np.concatenate([falling[::-1], falling, gap, falling[::-1], falling])
    assert hampel(column) == pytest.approx(column, nan_ok=True)
    spoilt = column.copy()
    spoilt[-1] += 5000
    assert abs(hampel(spoilt)[-1] - column[-1]) < 200


def test_the_low_pass_takes_noise_and_makes_no_delay():
    pytest.importorskip("scipy", reason="scipy is not installed (extra files)")
    rng = np.random.default_rng(0)
    values = 100 * np.sin(2 * np.pi * TIME_S)
    found = Cleaning(cutoff_hz=6.0).apply((values + rng.normal(size=300) * 10)[:, None], 60.0)[:, 0]
    off = found - values
    assert np.std(off[20:-20]) < 6
    assert abs(np.argmax(np.correlate(found, values, "full")) - 299) <= 1
    holes = values.copy()
    holes[100:130] = np.nan
    assert np.isnan(Cleaning(cutoff_hz=6.0).apply(holes[:, None], 60.0)[100:130]).all()
    with pytest.raises(BadInput, match="a cutoff of 6 Hz at 5 frames/s; wanted less"):
        Cleaning(cutoff_hz=6.0).apply(values[:, None], 5.0)


def test_uneven_times_become_even_and_gaps_stay_gaps():
    time_s = np.concatenate([np.arange(30), np.arange(40, 60)]) / 30 + 0.5
    time_s[5] += 0.004
    assert rate_of(time_s) == 30
    even, rows = evened(time_s, time_s[:, None], 30.0)
    assert len(even) == 60
    assert np.isnan(rows[30:40, 0]).all()
    assert rows[:30, 0] == pytest.approx(even[:30], abs=0.005)
    assert rows[40:, 0] == pytest.approx(even[40:], abs=0.005)
    even, rows = evened(np.array([1.0]), np.ones((1, 2)), 30.0)
    assert rows.shape == (1, 2)
    assert rate_of(np.array([0, 0.0333, 0.0667, 0.1])) == pytest.approx(30, abs=0.1)
