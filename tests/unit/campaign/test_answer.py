"""Which cell to take: said at the end, of cells that may be ranked, apart for each device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from host.campaign.cells import Asked, read_campaign
from host.campaign.circumstances import judged_pairs
from host.campaign.contents import contents
from host.campaign.harvest import CellHarvest
from host.campaign.results import CampaignReport
from host.campaign.rows import pair_lines
from host.campaign.state import state_of
from host.report.campaign_page import page
from tests.unit.campaign.test_cells import SEED, STOP, campaign
from tests.unit.campaign.test_journal import ended
from tests.unit.campaign.test_report import DRIFT, fidelity, visited

END = {"event": "end", "reason": "precision"}
DEVICES = {"phone": {"device": "adb:1"}, "board": {"device": "ssh:a@b"}}


def asked_of(tmp_path: Path, **over: Any) -> Asked:  # noqa: ANN401
    axes = {"build": {"old": SEED[0], "new": SEED[2]}}
    stop = {**STOP, "min": 8}
    return read_campaign(campaign(tmp_path / "c.toml", **{"axes": axes, "stop": stop, **over}))


def told(asked: Asked, ratios: Mapping[str, float], unranked: str = "") -> CampaignReport:
    """Eight blocks of cells that stand so to one another, ended."""
    harvests = {name: CellHarvest() for name in asked.names}
    for block, rate in enumerate(DRIFT, 1):
        for place, (name, harvest) in enumerate(harvests.items()):
            own = rate * ratios[name] * (1 + 0.001 * ((block * 7 + place * 3) % 5))
            truth = None if name == unranked else fidelity("0.02")
            record = visited(own, 1 / own, f"{name}{block}", truth)
            harvest.take(record, block, place, counted=True)
    return CampaignReport(asked, state_of(asked, [END]), harvests)


def test_the_cell_that_none_beats_is_named_with_its_distance_to_the_next(tmp_path: Path) -> None:
    found = told(asked_of(tmp_path), {"old": 1.0, "new": 1.05})
    (answer,) = found.answers
    assert (answer.first, answer.beaten) == (("new",), ("old",))
    assert answer.next[0] == "old"
    assert answer.next[1].startswith("1.0")
    assert "new faster; 1.0" in found.verdicts[1].en
    html = page(contents(found)).decode()
    # On the first screen: before anything else but how it ended.
    assert html.index("which to take") < html.index("ratios show a difference")
    assert found.as_json()["answers"][0]["first"] == ["new"]


def test_where_no_difference_is_shown_both_are_named(tmp_path: Path) -> None:
    found = told(asked_of(tmp_path), {"old": 1.0, "new": 1.0})
    assert found.answers[0].first == ("old", "new")
    said = found.verdicts[1].en
    assert "no difference shown between old, new (new / old = 0.9999 ± 0.0020)" in said


def test_before_the_end_and_without_fidelity_no_cell_is_named(tmp_path: Path) -> None:
    asked = asked_of(tmp_path)
    going = told(asked, {"old": 1.0, "new": 1.05})
    open_ = CampaignReport(asked, state_of(asked, []), going.harvests)
    assert open_.answers == ()
    assert "Not ended" in open_.verdicts[0].en
    alone = told(asked, {"old": 1.0, "new": 1.05}, unranked="new")
    assert alone.answers[0].first == ("old",)
    assert alone.answers[0].left_out == ("new",)
    assert "old alone may be ranked" in alone.verdicts[1].en


def test_each_device_has_an_answer_of_its_own(tmp_path: Path) -> None:
    builds = {"old": SEED[0], "new": SEED[2]}
    asked = asked_of(tmp_path, axes={"device": DEVICES, "build": builds})
    ratios = {"phone-old": 1.0, "phone-new": 1.05, "board-old": 3.2, "board-new": 3.0}
    # Nobody asks for the ratio of phone and board, so its width keeps nobody waiting.
    assert judged_pairs(asked, asked.names) == [
        ("phone-old", "phone-new"),
        ("board-old", "board-new"),
    ]
    assert judged_pairs(asked, asked.names[1:3]) == [("phone-new", "board-old")]
    found = told(asked, ratios)
    assert {a.where["device"]: a.first for a in found.answers} == {
        "phone": ("phone-new",),
        "board": ("board-old",),
    }


def test_a_cell_that_was_given_up_is_not_named_and_the_selection_is_said(tmp_path: Path) -> None:
    rule = {"reasons": ["device-failed"], "most": 1, "give_up_after": 1}
    asked = asked_of(tmp_path, retries=rule)
    whole = told(asked, {"old": 1.0, "new": 1.05})
    state = state_of(asked, [])
    for status in ("failed", "failed", "failed", "valid"):
        ended(state, status, "device-failed: died" if status == "failed" else "")
    lost = state.visits[0].slot.cell
    state.take({"event": "give_up", "cell": lost, "reason": state.hopeless(lost)})
    state.take(END)
    found = CampaignReport(asked, state, whole.harvests)
    other = next(name for name in asked.names if name != lost)
    assert found.answers[0].first == (other,)
    said = " ".join(each.en for each in found.verdicts)
    assert "2 tries again, as the file said in advance (device-failed; 1 at most" in said
    assert "valid: 1" in said
    assert f"{state.visits[1].slot.folder.removeprefix('visits/')}" in said
    assert "1 of 2 counted visits have no valid result" in said
    assert "flatter their cell" in said
    html = page(contents(found)).decode()
    assert "valid at a later try" in html


def test_pairs_without_a_ratio_are_one_line_for_each_reason(tmp_path: Path) -> None:
    builds = {"old": SEED[0], "new": SEED[2]}
    asked = asked_of(tmp_path, axes={"device": DEVICES, "build": builds})
    whole = told(asked, dict.fromkeys(asked.names, 1.0))
    harvests = {**whole.harvests, "board-old": CellHarvest(), "board-new": CellHarvest()}
    found = CampaignReport(asked, whole.state, harvests)
    lines = list(pair_lines(found))
    assert lines[0].startswith("decode_rate: phone-new / phone-old = 0.9999 ± ")
    assert lines[1:] == ["no ratio, 5 pairs: one side has no valid visit"]
    html = page(contents(found)).decode()
    assert "board-new / board-old" in html
    # The board has an answer, too: that there is none.
    assert [(a.where["device"], bool(a.first)) for a in found.answers] == [
        ("phone", True),
        ("board", False),
    ]


@pytest.mark.parametrize("ratio", [1.0, 1.05])
def test_json_page_and_csv_name_the_same(tmp_path: Path, ratio: float) -> None:
    from host.campaign.export import csv_of

    found = told(asked_of(tmp_path), {"old": 1.0, "new": ratio})
    html, rows = page(contents(found)).decode(), csv_of(found).decode().splitlines()[1:]
    for cell in found.as_json()["cells"]:
        for key, figure in cell["figures"].items():
            row = next(r.split(",") for r in rows if r.startswith(f"{cell['name']},") and key in r)
            assert row[3:5] == [figure["value"], figure["U"]]
    for name in found.answers[0].first:
        assert name in html
