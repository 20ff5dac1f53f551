"""The page of a report as a browser would take it: whole, alone, errors beside speeds."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from speed_reports import machine, peer, report, row, typed

from edge3dpose.records import from_json, to_json
from edge3dpose.reports import page as web_page
from edge3dpose.reports import speed_plots
from edge3dpose.reports.compare import compare
from edge3dpose.reports.governor_rows import GovernorReport
from edge3dpose.selection.pareto import pareto_front

pytest.importorskip("matplotlib", reason="the plot extra is not installed")

ROWS = [row(n, n, ms=float(n), whole_ms=n + 8.0, mpjpe_mm=90.0 - n) for n in (2, 5, 11)]
RIVAL = {"synthetic": {"mpjpe_mm": 150.0, "people": 1000, "seen": 917}}
VOID = ("meta", "br")


class Parsed(HTMLParser):
    """Tags that are open, tables as rows of cells, and what the page would fetch."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.fetched, self.cell = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        fetching = ("src", "href", "srcset", "data", "xlink:href")
        self.fetched += [v for k, v in attributes if k in fetching and not v.startswith("#")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


def page(content, comparison=None, governor=None):
    return web_page.page(typed(content), comparison, governor)


def full_page(**more):
    peers = [peer("rival", whole_ms=40, error=RIVAL)]
    return page(report(ROWS, peers=peers, peers_protocol="As is."), **more)


def svgs(text):
    return [ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def words(svg):
    return ["".join(node.itertext()) for node in svg.iter() if node.tag.endswith("}text")]


def test_the_page_is_well_formed_and_fetches_nothing():
    same = compare(typed(report(ROWS)), typed(report(ROWS)))
    text = full_page(comparison=same, governor=governed())
    parsed = Parsed(text)
    assert parsed.open == []
    assert parsed.fetched == []
    assert set(re.findall(r'(\S+)="https?:', text)) <= {"xmlns", "xmlns:xlink"}
    assert not re.search(r"@import|url\([^#]|<script|<link", text)
    assert len(svgs(text)) == 5  # trade-off and percentiles, trade-off and stages, governor
    assert "A Processor &lt;with brackets&gt;" in text
    for table in parsed.tables:
        assert len({len(cells) for cells in table}) == 1


def test_two_charts_of_a_page_do_not_share_identifiers():
    clips = [set(re.findall(r'<clipPath id="(\w+)"', one)) for one in full_page().split("<svg")[1:]]
    assert len(set.union(*clips)) == sum(map(len, clips)) > 0


def test_no_table_tells_a_speed_without_an_error_before_it():
    tables = Parsed(full_page()).tables
    told = [table[0] for table in tables if {"end to end FPS", "engine p50 ms"} & set(table[0])]
    assert len(told) == 3  # alone, end to end, peers
    for heading in told:
        speeds = [n for n, name in enumerate(heading) if "FPS" in name or "p50" in name]
        assert heading.index("MPJPE mm") < min(speeds)
    ours = next(table for table in tables if "calls" in table[0])
    assert [cells[1] for cells in ours[1:]] == ["88.0", "85.0", "79.0"]


def test_an_error_that_nobody_measured_is_said_to_be_so():
    content = report(
        [row(n, n, ms=4, whole_ms=9, mpjpe_mm=None) for n in (3, 4)],
        peers=[peer("rival", whole_ms=40, error={})],
        peers_protocol="",
    )
    text = page(content)
    tables = Parsed(text).tables
    assert [table[1][1] for table in tables[:2]] == ["not measured", "not measured"]
    assert tables[2][1][:3] == ["rival 0.1", "", "not measured"]
    assert "cut (errors not measured)" in words(svgs(text)[0])
    assert "cut 3, openvino fp32, error not measured" in words(svgs(text)[1])
    alone = page(report(content["rows"][:1]))
    assert len(svgs(alone)) == 2  # one point makes no front
    assert not any("rival" in word for svg in svgs(text) for word in words(svg))


def test_alone_and_end_to_end_are_never_in_one_chart():
    alone, percentiles, whole, stages, *_ = svgs(full_page())
    for svg in (alone, percentiles):
        assert any("engine alone" in word for word in words(svg))
        assert not any("end to end" in word for word in words(svg))
    for svg in (whole, stages):
        assert any("end to end" in word for word in words(svg))
    assert "rival, 150 mm" in words(whole)  # a peer has no engine alone
    assert not any("rival" in word for word in words(alone))
    assert {"engine", "detect"} <= set(words(stages))
    assert "read" not in words(stages)  # that goes on meanwhile
    last = typed(report(ROWS)).rows[-1]
    assert speed_plots.stage_ms(last) == pytest.approx({"engine": 11.0, "detect": 8.0})


def test_every_axis_has_a_name_and_a_unit():
    for svg in svgs(full_page(governor=governed())):
        found = " ".join(words(svg))
        assert re.search(r"\bms\b", found)
    assert "MPJPE on held-out synthetic people, mm" in words(svgs(full_page())[0])


def test_int8_has_its_own_distance_in_its_error():
    quick = row(5, 5, ms=3.0, whole_ms=11.0, precision="int8") | {"deviation_mm": 7.5}
    table = Parsed(page(report([quick]))).tables[0]
    assert table[1][:3] == ["cut 5, openvino int8", "60.5", "7.5"]


def test_of_many_engines_the_charts_show_those_worth_having():
    worse = [row(n, n, ms=30.0 + n, whole_ms=80.0, mpjpe_mm=99.0) for n in range(1, 40)]
    text = page(report([*ROWS, *worse]))
    shown = [word for word in words(svgs(text)[1]) if re.fullmatch(r"cut .* mm", word)]
    assert shown == [f"cut {n}, openvino fp32, {90 - n} mm" for n in (2, 5, 11)]
    assert "3 of 42 engines, those on the Pareto front" in text
    assert len(Parsed(text).tables[0]) == 43  # the table has all of them


def test_energy_is_told_where_there_is_a_counter():
    content = report([row(5, 5, ms=3.0, whole_ms=11.0)])
    assert "energy a frame" not in page(content)
    assert "no rapl: not here" in page(content)
    content["rows"][0]["end_to_end"]["mj_per_frame"] = {"rapl": 123.4}
    content["energy"] = {"counters": {"rapl": "package-0"}, "lacking": {}}
    text = page(content)
    assert "rapl energy a frame mJ" in text
    assert ">123.4<" in text
    assert "rapl: all energy of package-0" in text


def test_a_governors_calls_show_deadline_cuts_and_errors():
    text = full_page(governor=governed())
    found = words(svgs(text)[-1])
    assert "deadline 20 ms" in found
    assert "governor: 75.0% in time" in found
    assert "cut 11 alone: 0.0% in time" in found
    assert any("85.0 mm MPJPE" in word for word in found)
    (told,) = [table for table in Parsed(text).tables if "calls in time" in table[0]]
    assert told[1] == ["with the governor", "loaded", "85.0", "75.0%", "9.00", "30.00", "4", "1"]


def governed():
    calls = [(0.0, 18.0, 11), (1.0, 30.0, 11), (2.0, 9.0, 5), (3.0, 9.0, 5)]
    phase = {"phase": "loaded", "error_mm": 85.0, "in_time": 0.75, "p50_ms": 9.0, "p95_ms": 30.0}
    content = {
        "schema": "edge3dpose.governor/1",
        "time": "2026-01-02T03:04:05+00:00",
        "machine": machine(),
        "model": "a-model",
        "weights_sha256": "a" * 64,
        "backend": "openvino",
        "precision": "fp32",
        "threads": None,
        "deadline_ms": 20.0,
        "cuts": [5, 11],
        "fps": 30.0,
        "load": 2,
        "calls": [{"time_s": s, "took_ms": ms, "cut": cut} for s, ms, cut in calls],
        "slowed": [[0.5, 2.5]],
        "error_mm": {"5": 85.0, "11": 79.0},
        "calls_of_one_cut": [{"time_s": 1.5, "took_ms": 33.0, "cut": 11}],
        "phases": {"calls": [phase | {"calls": 4, "changes": 1, "calls_by_cut": {"5": 2}}]},
    }
    return from_json(GovernorReport, content, "the test")


def test_a_report_with_nothing_in_it_still_makes_a_page():
    peers = [peer("rival", whole_ms=40, error=RIVAL)]
    peers[0]["end_to_end"] |= {"fps": 0.0, "rounds_fps": []}
    rows = [row(3, 3, ms=4.0, whole_ms=9.0)]
    rows[0]["end_to_end"] |= {"fps": 0.0, "rounds_fps": [], "stages": {}, "frames_processed": 0}
    empty = {"calls": [], "calls_of_one_cut": [], "slowed": [], "cuts": [], "phases": {}}
    governor = from_json(GovernorReport, to_json(governed()) | empty, "the test")
    content = report(rows, peers=peers, peers_protocol="")
    same = compare(typed(content), typed(content))
    assert Parsed(page(content, same, governor)).open == []
    assert len(Parsed(page(report([]))).tables) >= 1


def test_the_front_is_what_no_other_point_beats():
    points = [(5.0, 10.0), (1.0, 30.0), (2.0, 30.0), (3.0, 20.0), (4.0, 25.0), (6.0, 10.0)]
    assert [points[n] for n in pareto_front(points)] == [(1.0, 30.0), (3.0, 20.0), (5.0, 10.0)]


def test_how_long_frames_took_is_drawn_with_the_slowest_percent():
    def with_counts(part):
        part["end_to_end"]["frame"] |= {"p50_ms": 10.0, "p99_ms": 31.0, "by_ms": [0] * 10 + [95, 5]}
        return part

    assert "p99 31.0 ms" not in full_page()
    peers = [with_counts(peer("rival", whole_ms=40, error=RIVAL))]
    rows = [with_counts(row(n, n, ms=float(n), whole_ms=n + 8.0, mpjpe_mm=90.0)) for n in (2, 5)]
    shown = page(report(rows, peers=peers, peers_protocol="As is."))
    assert shown.count("p50 10.0, p99 31.0 ms") == 3
    assert "rival: p50" in shown


def test_frames_slower_than_the_counts_are_told_in_words():
    slow = row(2, 2, ms=2.0, whole_ms=200.0, mpjpe_mm=90.0)
    counts = [0] * 200 + [90] + [0] * 49 + [10]
    slow["end_to_end"]["frame"] |= {"p50_ms": 200.5, "p99_ms": 480.0, "by_ms": counts}
    assert "p99 480.0 ms; 10.0% took 250 ms or longer" in page(report([slow]))
