"""edge3dpose.evaluate as a program calls it, and the thresholds of a report."""

import subprocess
import sys

import pytest

import edge3dpose
from edge3dpose import errors
from edge3dpose.evaluation.accuracy import check_thresholds
from edge3dpose.reports.accuracy_rows import AccuracyRow


def test_an_evaluation_gives_a_typed_report_and_prints_nothing(capfd):
    shares = []
    report = edge3dpose.evaluate(
        dataset="clip", cut=7, progress=lambda what, share: shares.append((what, share))
    )
    (row,) = report.cuts
    assert row.cut == 7
    assert row.figures["pck50"] > 0.99
    assert report.dataset.name == "clip"
    assert report.analysis is None
    assert {what for what, _ in shares} == {"frames"}
    assert shares == sorted(shares)
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_evaluated_is_bad_input():
    with pytest.raises(errors.BadInput, match="no data set 'coco': wanted one of synthetic, clip"):
        edge3dpose.evaluate(dataset="coco", cut=1)
    with pytest.raises(TypeError, match="cuts"):
        edge3dpose.evaluate(cuts=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        # the readers take any other split for all subjects, those of the training among them
        ({"dataset": "h36m", "split": "tset"}, "no split 'tset': wanted one of train, test, all"),
        ({"motion": "slow"}, "no motion 'slow': wanted one of wide, mocap"),
        ({"passes": 3}, "--passes 3: wanted 1 or 2"),
        ({"people": 0}, "people is 0; wanted a whole number from 1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_is_opened(options, said):
    with pytest.raises(errors.BadInput, match=said):
        edge3dpose.evaluate(weights="gone.onnx", root=__file__, **options)


def rows(*mpjpe_mm):
    return [AccuracyRow(cut=n, figures={"mpjpe_mm": mm}) for n, mm in enumerate(mpjpe_mm, 1)]


def test_thresholds_are_of_the_best_cut():
    check_thresholds(rows(120.0, 100.0, None), 100.0, None)
    with pytest.raises(errors.AccuracyGateFailed, match=r"the best cut, 2, has MPJPE 100\.0 mm"):
        check_thresholds(rows(120.0, 100.0), 99.0, None)
    with pytest.raises(errors.AccuracyGateFailed, match="no later cut is better"):
        check_thresholds(rows(90.0, 100.0), 99.0, None)
    with pytest.raises(errors.AccuracyGateFailed, match="MPJPE inf mm"):
        check_thresholds(rows(None), 99.0, None)
    with pytest.raises(errors.BadInput, match="--require-pck"):
        check_thresholds(rows(90.0), None, 0.9)


def test_the_data_sets_are_read_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from edge3dpose import plugins\n"
        "print([plugins.load('training.datasets', n).__name__ for n in "
        "plugins.names('training.datasets')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "bone_polarity" in done.stdout
