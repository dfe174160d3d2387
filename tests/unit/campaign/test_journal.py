"""The journal of a campaign: whole after a kill, refused where a line is gone; the state in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host.campaign.cells import Asked, read_campaign
from host.campaign.export import _text
from host.campaign.journal import NAME, journal, read_journal
from host.campaign.state import State, state_of
from host.errors import CampaignError
from tests.unit.campaign.test_cells import ONE, OTHER, SEED, campaign

RETRIES = {"reasons": ["gate-timeout"], "most": 1, "give_up_after": 2}


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return read_campaign(campaign(tmp_path / "c.toml", retries=RETRIES))


def test_a_torn_line_is_counted_and_the_next_one_is_whole(tmp_path: Path) -> None:
    root = tmp_path / "campaign"
    with journal(root) as (notes, _):
        notes.note("begin", a=1)
    with (root / NAME).open("ab") as file:
        file.write(b'{"n":2,"event":"visit_b')
    with journal(root) as (notes, told):
        assert (len(told.events), told.torn) == (1, 1)
        notes.note("go-on", a=2)
    told = read_journal(root)
    assert [event["event"] for event in told.events] == ["begin", "go-on"]
    assert told.torn == 1


def test_a_missing_line_and_a_second_process_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "campaign"
    with journal(root) as (notes, _):
        for number in range(3):
            notes.note("block_end", block=number)
        with pytest.raises(CampaignError, match="in use"), journal(root):
            pass
    lines = (root / NAME).read_bytes().splitlines(keepends=True)
    (root / NAME).write_bytes(lines[0] + lines[2])
    with pytest.raises(CampaignError, match="line 2 is missing"):
        read_journal(root)


@pytest.mark.parametrize("line", ['{"n":1,"event":"visit_end"}', '{"n":1,"event":"visit_begin"}'])
def test_a_line_that_is_no_event_is_named(asked: Asked, line: str) -> None:
    with pytest.raises(CampaignError, match="line 1 is no event"):
        state_of(asked, [json.loads(line)])


def ended(state: State, status: str, reason: str = "") -> None:
    """The visit that is due begins and ends so."""
    slot = state.due()
    assert slot is not None
    where = {"phase": slot.phase, "block": slot.block, "place": slot.place, "cell": slot.cell}
    state.take({"event": "visit_begin", **where, "try": slot.attempt})
    end = {"status": status, "reason": reason, "run": "", "record_id": "", "seconds": 1.0}
    state.take({"event": "visit_end", "cell": slot.cell, "identity": {}, **end})


def test_a_visit_is_tried_again_only_for_what_the_file_named_and_only_so_often(
    asked: Asked,
) -> None:
    state = state_of(asked, [])
    first = state.due()
    assert first is not None
    ended(state, "void", "attempt-void: attempt 1, gate-timeout: 40 Cel")
    again = state.due()
    assert again is not None
    assert (again.cell, again.attempt) == (first.cell, 2)
    assert again.folder == f"{first.folder}-try2"
    ended(state, "void", "attempt-void: attempt 1, gate-timeout: 40 Cel")
    other = state.due()
    assert other is not None
    assert other.cell != first.cell
    ended(state, "void", "attempt-void: attempt 1, throttle: 3 s")
    third = state.due()
    assert third is not None
    assert third.cell not in (first.cell, other.cell)
    assert state.hopeless(first.cell) == ""


def test_a_cell_without_a_valid_visit_is_given_up_and_the_others_go_on(asked: Asked) -> None:
    state = state_of(asked, [])
    bad = state.due()
    assert bad is not None
    for block in (1, 2):
        for _ in asked.names:
            slot = state.due()
            assert slot is not None
            lost = slot.cell == bad.cell
            ended(state, "failed" if lost else "valid", "device-failed: gone" if lost else "")
        assert state.due() is None
        assert bool(state.hopeless(bad.cell)) == (block == 2)
        state.take({"event": "block_end", "phase": "counted", "block": block})
    state.take({"event": "give_up", "cell": bad.cell, "reason": state.hopeless(bad.cell)})
    assert bad.cell not in state.going
    due = state.due()
    assert due is not None
    assert due.cell != bad.cell


def test_a_deleted_run_does_not_count_and_is_not_made_again(asked: Asked) -> None:
    state = state_of(asked, [])
    first = state.due()
    assert first is not None
    ended(state, "valid")
    state.take({"event": "gone", "visit": first.folder, "run": "visits/x/y"})
    assert state.counted(first.cell) == []
    assert state.visits[0].reason == "run-gone: visits/x/y"
    due = state.due()
    assert due is not None
    assert due.cell != first.cell
    with pytest.raises(CampaignError, match="no event"):
        state.take({"event": "gone", "visit": "visits/never", "run": ""})


def test_two_devices_have_a_visit_open_each_and_close_the_block_together(tmp_path: Path) -> None:
    axes = {"on": {"x": ONE, "y": OTHER}, "s": {"s0": SEED[0], "s1": SEED[1]}}
    path = campaign(tmp_path / "c.toml", axes=axes, devices="beside")
    state = state_of(read_campaign(path), [])
    slots = [state.due(lane) for lane in (0, 1)]
    for slot in slots:
        assert slot is not None
        where = {"phase": "counted", "block": 1, "place": slot.place, "cell": slot.cell}
        state.take({"event": "visit_begin", **where, "try": 1})
    assert [state.due(lane) for lane in (0, 1)] == slots  # both are open: a kill resumes both
    end = {"status": "valid", "reason": "", "run": "", "record_id": "", "identity": {}}
    first = slots[0]
    assert first is not None
    state.take({"event": "visit_end", "cell": first.cell, "seconds": 1.0, **end})
    assert state.due(1) == slots[1]
    after = state.due(0)
    assert after is not None
    assert after.cell.startswith("x-")
    assert after.cell != first.cell
    with pytest.raises(CampaignError, match="no event"):
        state.take({"event": "visit_end", "cell": first.cell, "seconds": 1.0, **end})


def test_a_name_of_a_device_is_no_formula_in_a_spreadsheet() -> None:
    assert _text("=cmd()") == "'=cmd()"
    assert _text("-12.5") == "-12.5"


BEGUN = {"n": 1, "event": "visit_begin", "phase": "counted", "block": 1, "place": 0, "try": 1}
ENDED = {"n": 2, "event": "visit_end", "status": "valid", "reason": "", "record_id": ""}


@pytest.mark.parametrize(
    "over",
    [
        {"run": "visits/../../elsewhere"},
        {"run": "/etc"},
        {"run": "visits/b001-q4-t1/.."},
        {"run": "visits/b001-q4-t1/a\0b"},
        {"run": "visits/b001-q4-t1"},
        {"identity": [1]},
        {"seconds": 10**400},
        {"seconds": "inf"},
        {"seconds": -1.0},
    ],
)
def test_a_visit_that_ends_outside_of_the_campaign_or_in_no_number_is_named(
    asked: Asked, over: dict[str, object]
) -> None:
    cell = asked.names[0]
    end = {"cell": cell, "run": "", "identity": {}, "seconds": 1.0, **ENDED, **over}
    with pytest.raises(CampaignError, match="line 2 is no event"):
        state_of(asked, [{**BEGUN, "cell": cell}, end])
    inside = {**end, "run": f"visits/b001-{cell}/20261128-x", "identity": {}, "seconds": 1.0}
    assert state_of(asked, [{**BEGUN, "cell": cell}, inside]).visits[0].status == "valid"


@pytest.mark.parametrize("look", ['"wide"', "[1]", "7"])
def test_a_look_that_is_no_look_is_named(asked: Asked, look: str) -> None:
    event = json.loads(
        f'{{"n": 1, "event": "block_end", "phase": "counted", "block": 1, "look": {look}}}'
    )
    with pytest.raises(CampaignError, match="line 1 is no event"):
        state_of(asked, [event])


@pytest.mark.parametrize("value", ["NaN", "1e999", "9" * 5000])
def test_a_line_with_a_number_that_is_none_is_a_torn_one(value: str, tmp_path: Path) -> None:
    root = tmp_path / "campaign"
    with journal(root) as (notes, _):
        notes.note("begin", a=1)
    with (root / NAME).open("a", encoding="utf-8") as file:
        file.write(f'{{"n":2,"event":"visit_end","seconds":{value}}}\n')
    assert (len(read_journal(root).events), read_journal(root).torn) == (1, 1)


def test_words_of_a_device_that_no_file_takes_are_noted_and_read_back(
    asked: Asked, tmp_path: Path
) -> None:
    root = tmp_path / "campaign"
    with journal(root) as (notes, _):
        told = notes.note("give_up", cell=asked.names[0], reason="gone: \ud800")
    (read,) = read_journal(root).events
    assert read == told
    escaped = {"event": "give_up", "cell": asked.names[0], "reason": "gone: \ud800"}
    assert state_of(asked, [escaped]).given_up == {asked.names[0]: "gone: ?"}
