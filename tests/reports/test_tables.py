"""What REPORT.md says of a report that has all there can be in one."""

import re

from speed_reports import peer, report, row

from edge3dpose.reports import markdown as render

ERROR = {"mpjpe_mm": 150.0, "people": 1000, "seen": 917, "ours": {"mpjpe_mm": 100.0, "cut": 3}}


def test_peers_memory_energy_and_conditions_are_in_it(tmp_path):
    first = row(3, 1, ms=5, whole_ms=12) | {"deviation_mm": 25.0}
    first["footprint"] = peer("x", whole_ms=1, error={})["footprint"]
    first["engine"]["mj_per_call"] = {"rapl": 90.0}
    first["end_to_end"]["mj_per_frame"] = {"rapl": 123.4}
    peers = [
        peer("rival", whole_ms=20, error={"synthetic": ERROR}),
        peer("unknown", whole_ms=10, error={}),
    ]
    more = {"peers": peers, "peers_protocol": "In turn.", "clocks_after": {"cpu_mhz": [900]}}
    content = report([first, row(4, 2, ms=6, whole_ms=13, mpjpe_mm=None)], **more)
    content["energy"] = {"counters": {"rapl": "package-0"}, "lacking": {"nvml": "no GPU"}}
    page = render.report_page({"machine.json": content}, tmp_path)
    assert "| rival 0.1 | synthetic | 150 | 100 | 917 of 1000 | 50.0 | 19.0 |" in page
    assert "| unknown 0.1 |  | not measured |" in page
    assert "| cut 3, openvino fp32 | 247 | 1.50 | 0.40 | 15.0 |" in page
    assert "| 3 | openvino fp32 | 65 | rapl | 90.0 | 123.4 |" in page  # 60 and 25, in squares
    assert "commit abc; clocks before governor performance; after cpu mhz 900" in page
    assert "rapl: package-0, whoever used it; no nvml: no GPU" in page
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        rows = [re.split(r" ?\| ?", line)[1:-1] for line in table.strip().splitlines()]
        assert len({len(cells) for cells in rows}) == 1, table
        speeds = [n for n, name in enumerate(rows[0]) if name.startswith("FPS")]
        assert not speeds or "MPJPE mm" in rows[0][: speeds[0]], table
