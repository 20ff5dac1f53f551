"""The page of a report as a browser would take it: whole, alone, errors beside speeds."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from speed_reports import peer, report, row

from edge3dpose.reports import charts
from edge3dpose.reports import html as web_page
from edge3dpose.reports.compare import compare
from edge3dpose.reports.svg import ticks

ROWS = [row(n, n, ms=float(n), whole_ms=n + 8.0, mpjpe_mm=90.0 - n) for n in (2, 5, 11)]
RIVAL = {"synthetic": {"mpjpe_mm": 150.0, "people": 1000, "seen": 917}}


class Parsed(HTMLParser):
    """Tags that are open, tables as rows of cells, and what the page would fetch."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.fetched, self.cell = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.fetched += [v for k, v in attributes if k in ("src", "href", "srcset", "data")]
        if tag != "meta":
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


def full_page(**more):
    content = report(ROWS, peers=[peer("rival", whole_ms=40, error=RIVAL)], peers_protocol="As is.")
    return web_page.page(content, **more)


def svgs(text):
    return [ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def words(svg):
    return [node.text for node in svg.iter() if node.tag in ("text", "title")]


def test_the_page_is_well_formed_and_fetches_nothing():
    text = full_page(comparison=compare(report(ROWS), report(ROWS)), trace=governed())
    parsed = Parsed(text)
    assert parsed.open == []
    assert parsed.fetched == []
    assert not re.search(r"https?:|@import|url\(|<script|<link", text)
    assert len(svgs(text)) == 6  # front and percentiles, front and stages, two of the governor
    assert "A Processor &lt;with brackets&gt;" in text
    for table in parsed.tables:
        assert len({len(cells) for cells in table}) == 1


def test_no_table_tells_a_speed_without_an_error_before_it():
    tables = Parsed(full_page()).tables
    told = [table[0] for table in tables if {"FPS", "calls a second"} & set(table[0])]
    assert len(told) == 3  # alone, end to end, peers
    for heading in told:
        speeds = [n for n, name in enumerate(heading) if name in ("FPS", "calls a second")]
        assert heading.index("MPJPE mm") < min(speeds)
    ours = next(table for table in tables if "calls a second" in table[0])
    assert [cells[1] for cells in ours[1:]] == ["88.0", "85.0", "79.0"]


def test_an_error_that_nobody_measured_is_said_to_be_so():
    content = report(
        [row(n, n, ms=4, whole_ms=9, mpjpe_mm=None) for n in (3, 4)],
        peers=[peer("rival", whole_ms=40, error={})],
        peers_protocol="",
    )
    text = web_page.page(content)
    tables = Parsed(text).tables
    assert [table[1][1] for table in tables[:2]] == ["not measured", "not measured"]
    assert tables[2][1][:3] == ["rival 0.1", "", "not measured"]
    assert "cut (errors not measured)" in words(svgs(text)[0])
    assert "cut 3, openvino fp32, error not measured" in words(svgs(text)[1])
    alone = web_page.page(report(content["rows"][:1]))
    assert len(svgs(alone)) == 2  # one point makes no front
    assert not any("rival" in word for svg in svgs(text) for word in words(svg))


def test_alone_and_end_to_end_are_never_in_one_chart():
    alone, percentiles, whole, stages, *_ = svgs(full_page())
    for svg in (alone, percentiles):
        assert any("engine alone" in word for word in words(svg))
        assert not any("end to end" in word for word in words(svg))
    for svg in (whole, stages):
        assert any("end to end" in word for word in words(svg))
    assert "rival: 40.0 ms, 150 mm" in words(whole)  # a peer has no engine alone
    assert not any("rival" in word for word in words(alone))
    assert not any("read" in word for word in words(stages))  # that goes on meanwhile
    told = [word for word in words(stages) if word.startswith("cut 11, openvino fp32, 79 mm: ")]
    assert told == [
        "cut 11, openvino fp32, 79 mm: engine 11.00 ms of 19.00",
        "cut 11, openvino fp32, 79 mm: detect 8.00 ms of 19.00",
    ]


def test_int8_has_its_own_distance_in_its_error():
    quick = row(5, 5, ms=3.0, whole_ms=11.0, precision="int8") | {"deviation_mm": 7.5}
    table = Parsed(web_page.page(report([quick]))).tables[0]
    assert table[1][:3] == ["cut 5, openvino int8", "60.5", "7.5"]


def test_of_many_engines_the_charts_show_those_worth_having():
    worse = [row(n, n, ms=30.0 + n, whole_ms=80.0, mpjpe_mm=99.0) for n in range(1, 40)]
    text = web_page.page(report([*ROWS, *worse]))
    shown = [word for word in words(svgs(text)[1]) if re.fullmatch(r"cut .* mm", word)]
    assert shown == [f"cut {n}, openvino fp32, {90 - n} mm" for n in (2, 5, 11)]
    assert "3 of 42, those on the front" in text
    assert len(Parsed(text).tables[0]) == 43  # the table has all of them


def test_energy_is_told_where_there_is_a_counter():
    content = report([row(5, 5, ms=3.0, whole_ms=11.0)])
    assert "mJ a frame" not in web_page.page(content)
    assert "no rapl: not here" in web_page.page(content)
    content["rows"][0]["end_to_end"]["mj_per_frame"] = {"rapl": 123.4}
    content["energy"] = {"counters": {"rapl": "package-0"}, "lacking": {}}
    text = web_page.page(content)
    assert "mJ a frame" in text
    assert "rapl 123.4" in text
    assert "rapl: package-0, whoever used it" in text


def test_a_governors_trace_shows_deadline_cuts_and_errors():
    text = full_page(trace=governed())
    upper, lower = svgs(text)[-2:]
    assert any(word == "1.50 s: 33.0 ms" for word in words(upper))  # what one cut took
    (told,) = [table for table in Parsed(text).tables if "in time" in table[0]]
    assert told[1] == ["governed", "loaded", "85.0", "75.0%", "9.0", "30.0", "4", "1"]
    assert any(word == "1.00 s: 30.0 ms" for word in words(upper))
    assert [word for word in words(lower) if word.startswith(" ")] == [" 11, 79 mm", " 5, 85 mm"]


def governed():
    calls = [(0.0, 18.0, 11), (1.0, 30.0, 11), (2.0, 9.0, 5), (3.0, 9.0, 5)]
    return {
        "model": "a-model",
        "deadline_ms": 20.0,
        "calls": [{"time_s": s, "took_ms": ms, "cut": cut} for s, ms, cut in calls],
        "slowed": [[0.5, 2.5]],
        "error_mm": {"5": 85.0, "11": 79.0},
        "calls_of_one_cut": [{"time_s": 1.5, "took_ms": 33.0, "cut": 11}],
        "phases": {
            "calls": [
                {
                    "phase": "loaded",
                    "error_mm": 85.0,
                    "in_time": 0.75,
                    "p50_ms": 9.0,
                    "p95_ms": 30.0,
                    "calls": 4,
                    "changes": 1,
                }
            ]
        },
    }


def test_the_front_is_what_no_other_point_beats():
    points = [(5.0, 10.0), (1.0, 30.0), (2.0, 30.0), (3.0, 20.0), (4.0, 25.0), (6.0, 10.0)]
    assert charts.front(points) == [(1.0, 30.0), (3.0, 20.0), (5.0, 10.0)]


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0, 0.07, [0, 0.02, 0.04, 0.06]),
        (95, 205, [100, 120, 140, 160, 180, 200]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(low, high, wanted):
    assert ticks(low, high) == pytest.approx(wanted)
