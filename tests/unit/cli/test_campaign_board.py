"""What a campaign shows while it runs, and says at its end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from host.campaign.cells import Asked, read_campaign
from host.campaign.outlook import left
from host.campaign.state import State, state_of
from host.cli.campaign import _exit_code
from host.cli.campaign_board import CampaignBoard
from host.cli.campaign_told import plan_lines, status_lines
from host.handover.progress import Progress
from tests.unit.campaign.test_cells import ONE, OTHER, SEED, campaign
from tests.unit.campaign.test_journal import ended


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return read_campaign(campaign(tmp_path / "c.toml"))


def begun(asked: Asked) -> State:
    """One valid visit, and one that was not."""
    state = state_of(asked, [])
    ended(state, "valid")
    ended(state, "failed", "device-failed: \x1b[31mgone")
    return state


def test_every_cell_has_a_line_with_what_is_done_now_and_how_long_it_takes(asked: Asked) -> None:
    state, board, drawn = begun(asked), CampaignBoard(), io.StringIO()
    slot = state.due()
    assert slot is not None
    board.changed(state)
    board.visit(slot)(Progress("gate", 1, 2, waiting="40.0 Cel, limit 33.0 Cel"))
    Console(file=drawn, width=100, height=20).print(board)
    shown = drawn.getvalue()
    for name in asked.names:
        assert name in shown
    assert "counted block 1 of 4 to 8" in shown
    assert "waiting: 40.0 Cel, limit 33.0 Cel" in shown
    # A second a visit: 4 cells in 4 to 8 blocks, two visits less.
    assert "about 0:14 to 0:30" in shown
    assert (left(state).to_look_s, left(state).to_cap_s) == (14.0, 30.0)


def test_devices_beside_each_other_have_a_line_each_with_the_time_left_there(
    tmp_path: Path,
) -> None:
    axes = {"on": {"x": ONE, "y": OTHER}, "s": {"s0": SEED[0], "s1": SEED[1]}}
    asked = read_campaign(campaign(tmp_path / "c.toml", axes=axes, devices="beside"))
    state, board, drawn, redrawn = state_of(asked, []), CampaignBoard(), io.StringIO(), []
    board.redraw = lambda: redrawn.append(1)
    for seconds in (10.0, 30.0):
        lane = 0 if seconds == 10.0 else 1
        slot = state.due(lane)
        assert slot is not None
        where = {"phase": "counted", "block": 1, "place": 0, "cell": slot.cell}
        state.take({"event": "visit_begin", **where, "try": 1})
        end = {"status": "valid", "reason": "", "run": "", "record_id": "", "identity": {}}
        state.take({"event": "visit_end", "cell": slot.cell, "seconds": seconds, **end})
        after = state.due(lane)
        assert after is not None
        where = {"phase": "counted", "block": 1, "place": 1, "cell": after.cell}
        state.take({"event": "visit_begin", **where, "try": 1})
        board.visit(after)(Progress("decode", 1, 1))
    board.changed(state)
    Console(file=drawn, width=120, height=20).print(board)
    shown = drawn.getvalue()
    # 4 to 8 blocks of two visits, one of which is done: 7 or 15 are left on each device.
    assert "attempt 1/1 · decode · ssh:a@one left about 1:10 to 2:30" in shown
    assert "attempt 1/1 · decode · ssh:a@other left about 3:30 to 7:30" in shown
    assert "left about 3:30 to 7:30" in shown.partition("counted block 1")[2].splitlines()[0]
    assert len(redrawn) == 1  # no thread draws, and it is not drawn more often than can be read


def test_the_end_says_what_went_wrong_and_so_does_the_exit_code(asked: Asked) -> None:
    state = begun(asked)
    said = "\n".join(status_lines(asked, state, 1))
    assert said.startswith("not ended")
    assert "device-failed" in said
    assert "1 torn lines" in said
    assert _exit_code(state) == 1
    assert _exit_code(state_of(asked, [])) == 0


def test_a_plan_tells_cells_order_looks_and_what_a_number_of_blocks_shows(asked: Asked) -> None:
    said = "\n".join(plan_lines(asked))
    assert "q4-t1  (build = q4, threads = t1)" in said
    assert "looked at after 4, 8 blocks" in said
    assert "claims at 0.025 for all together" in said
    assert "16 to 32 visits" in said
