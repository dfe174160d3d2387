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
from tests.unit.campaign.test_cells import campaign
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
