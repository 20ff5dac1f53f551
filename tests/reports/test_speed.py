"""The tables of a report that has all there can be in one."""

from speed_reports import peer, report, row, typed

from edge3dpose.reports import speed
from edge3dpose.reports.columns import Table, make_table

ERROR = {"mpjpe_mm": 150.0, "people": 1000, "seen": 917, "ours": {"mpjpe_mm": 100.0, "cut": 3}}


def full_report():
    first = row(3, 1, ms=5, whole_ms=12) | {"deviation_mm": 25.0}
    first["footprint"] = peer("x", whole_ms=2, error={})["footprint"]
    first["engine"]["mj_per_call"] = {"rapl": 90.0}
    first["end_to_end"]["mj_per_frame"] = {"rapl": 123.4}
    peers = [
        peer("rival", whole_ms=20, error={"synthetic": ERROR}),
        peer("unknown", whole_ms=10, error={}),
    ]
    more = {"peers": peers, "peers_protocol": "In turn.", "clocks_after": {"cpu_mhz": [900, 900]}}
    content = report([first, row(4, 2, ms=6, whole_ms=13, mpjpe_mm=None)], **more)
    content["energy"] = {"counters": {"rapl": "package-0"}, "lacking": {"nvml": "no GPU"}}
    return typed(content)


def tables() -> dict[str, Table]:
    found = full_report()
    return {
        "engine": speed.engine_table(found, detail=True),
        "end to end": speed.end_to_end_table(found, detail=True),
        "overview": speed.overview_table(found),
        "peers": speed.peers_table(found),
        "footprint": speed.footprint_table(found),
        "files": speed.files_table(found),
    }


def test_peers_and_memory_are_in_it():
    found = tables()
    peers = found["peers"].markdown
    assert "| rival 0.1 | synthetic | 150.0 | 100.0 | 917 of 1000 | 50.0 | 19.0 |" in peers
    assert "| unknown 0.1 |  | not measured |" in peers
    assert "| cut 3, openvino fp32 | 65.0 | 247 | 1.50 | 0.40 | 15.0 |" in (
        found["footprint"].markdown  # the error is 60 and 25, in squares
    )


def test_energy_has_a_column_for_each_counter_that_the_machine_has():
    found = tables()
    for name, heading, cell in (
        ("engine", "rapl energy a call mJ", "90.0"),
        ("end to end", "rapl energy a frame mJ", "123.4"),
    ):
        at = found[name].headings.index(heading)
        assert [cells[at] for cells in found[name].rows] == [cell, ""]
    without = speed.engine_table(typed(report([row(1, 1, ms=5, whole_ms=9)])))
    assert not any("energy" in heading for heading in without.headings)


def test_conditions_say_what_the_report_knows():
    found = speed.conditions(full_report())
    assert found["commit"] == "abc"
    assert found["clocks before"] == "governor performance"
    assert found["clocks after"] == "cpu mhz 900"
    assert found["energy"] == "rapl: all energy of package-0; no nvml: no GPU"
    assert "CUDA driver" not in found


def test_no_table_tells_a_speed_without_an_error_before_it():
    for name, table in tables().items():
        assert len({len(cells) for cells in (table.headings, *table.rows)}) == 1, name
        speeds = [n for n, heading in enumerate(table.headings) if "FPS" in heading]
        assert not speeds or table.headings.index("MPJPE mm") < speeds[0], name


def test_a_stage_that_only_some_engines_have_leaves_a_cell_empty():
    first, second = row(1, 1, ms=5, whole_ms=9), row(2, 2, ms=6, whole_ms=10)
    del second["end_to_end"]["stages"]["read"]
    table = speed.end_to_end_table(typed(report([first, second])), detail=True)
    at = table.headings.index("read p50 ms")
    assert [cells[at] for cells in table.rows] == ["3.00", ""]


def test_the_best_of_a_column_is_marked_where_there_is_a_choice():
    rows = [row(1, 1, ms=5, whole_ms=9, mpjpe_mm=70.0), row(2, 2, ms=6, whole_ms=10)]
    table = speed.end_to_end_table(typed(report(rows)))
    best = {(n, table.headings[at]) for n, at in table.best}
    assert {(1, "MPJPE mm"), (0, "end to end FPS")} <= best
    assert speed.end_to_end_table(typed(report(rows[:1]))).best == frozenset()


def test_a_cell_cannot_break_a_table():
    table = make_table(
        "", ["a | b\n| c |"], [("name", lambda row: row), ("MPJPE mm", lambda row: "1")]
    )
    assert table.markdown.splitlines()[-1] == "| a / b / c / | 1 |"
