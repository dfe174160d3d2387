from __future__ import annotations

import io

import pytest
from rich.console import Console

from host.cli.board import Board, chosen, counted, watching_many
from host.handover.progress import Progress

NAMES = [f"device-{n:02d}" for n in range(50)]
GATE = Progress(
    "gate", 1, 2, waiting="CPU busy 0.80, at most 0.50 wanted, and more than fits a line"
)


def drawn(board: Board, columns: int, lines: int) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, height=lines, force_terminal=True)
    with console.capture() as said:
        console.print(board)
    return said.get().splitlines()


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 10), (200, 60), (80, 2)])
def test_fifty_devices_never_need_more_lines_than_the_terminal_has(
    columns: int, lines: int
) -> None:
    board = Board(NAMES)
    for name in NAMES:
        board.watch(name)(GATE)
    assert len(drawn(board, columns, lines)) < lines or lines == 2
    *rows, last = drawn(board, columns, lines)
    assert "50 devices" in last
    assert all("device-" in row and "attempt 1" in row for row in rows)


def test_where_not_all_fit_those_that_failed_come_first_and_the_done_ones_last() -> None:
    board = Board(NAMES)
    for name in NAMES[:30]:
        board.watch(name)(Progress("done"))
    board.watch("device-49")(Progress("failed", waiting="Connection refused"))
    said = drawn(board, 100, 12)
    assert "device-49" in said[0]
    assert "failed · Connection refused" in said[0]
    assert [line.split()[1] for line in said[1:10]] == NAMES[30:39]
    assert "50 devices (40 not shown), 0:0" in said[-1]
    assert "1 failed, 19 prepare, 30 done" in said[-1]


def test_where_all_fit_they_stay_in_their_order() -> None:
    moments = dict.fromkeys(NAMES[:3], GATE) | {NAMES[2]: Progress("failed")}
    assert chosen(moments, 3) == NAMES[:3]
    assert chosen(moments, 2) == [NAMES[2], NAMES[0]]
    assert counted(list(moments.values())) == "1 failed, 2 gate"


def test_what_a_device_says_moves_no_cursor() -> None:
    board = Board(["a", "b"])
    board.watch("a")(Progress("failed", waiting="\x1b[2J\u202egnp"))
    said = "\n".join(drawn(board, 120, 24))
    assert "\\x1b[2J\\u202egnp" in said
    assert "\u202e" not in said


def test_a_pipe_gets_lines_with_the_name_before_them(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with watching_many(console, ["a", "longer"]) as watches:
        watches["a"](Progress("failed", waiting="\x1b[2J\n"))
    assert capsys.readouterr().err == "a       failed · \\x1b[2J\\n\n"
