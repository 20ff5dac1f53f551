"""Tables of an accuracy report."""

from edge3dpose.reports.accuracy import pictures_table
from edge3dpose.reports.accuracy_rows import ErrorAnalysis, PeerAccuracy, PictureRow, PoseErrors


def analysis_of(pictures, peers=()):
    return ErrorAnalysis(
        best_cut=1,
        by_fact={},
        by_joint_mm={},
        by_score=(),
        by_depth_std=(),
        one_by_one=tuple(pictures),
        peers=tuple(peers),
    )


def picture(name, mpjpe_mm, pa_mpjpe_mm=40.0):
    return PictureRow(
        name=name,
        mpjpe_mm=mpjpe_mm,
        pa_mpjpe_mm=pa_mpjpe_mm,
        root_depth_mm=3000.0,
        root_depth_error_mm=-20.0,
    )


def peer(*errors):
    return PeerAccuracy(
        name="peer", sha256="a", people=len(errors), seen=1, figures={}, one_by_one=errors
    )


def test_each_picture_has_the_peers_errors_on_it_though_names_are_the_same():
    pictures = [picture("", 50.0), picture("", 60.0), picture("", 70.0)]
    both = [PoseErrors(mpjpe_mm=mm, pa_mpjpe_mm=mm) for mm in (80.0, 90.0)]
    table = pictures_table(analysis_of(pictures, [peer(both[0], None, both[1])]))
    column = table.headings.index("peer, MPJPE / PA-MPJPE mm")
    assert [row[column] for row in table.rows] == ["80 / 80", "not seen", "90 / 90"]
