"""What the shell agent tells of runs without a link, and who may begin one."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from host.run.shell_link import shell_line
from tests.fakes.agent_shells import Shell, shell_of
from tests.fakes.shell_runs import order_of, script

KINDS = ("mksh", "busybox")
OLD_BOOT = "00000000-dead-beef-0000-000000000000"
END = '{"type":"attempt_end","number":1}'


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


def told(shell: Shell, *words: str | Path) -> list[dict[str, Any]]:
    """Messages of one call of the agent."""
    status, text = shell.run(*map(str, words))
    assert status == 0
    return [json.loads(line) for line in text.splitlines()]


def write_orders(run: Path, *lines: bytes) -> None:
    run.mkdir(parents=True, exist_ok=True)
    (run / "orders.new").write_bytes(b"".join(lines))


def order(run: Path, number: int, text: str) -> bytes:
    fields = order_of(run / f"{number:03d}", script(text), number=number)
    return shell_line("attempt", {"order": fields})


def test_a_run_is_begun_by_one_call_and_told_of_from_any_attempt_on(
    shell: Shell, tmp_path: Path
) -> None:
    run = tmp_path / "runs/r"
    write_orders(run, order(run, 1, "echo x"), order(run, 2, "echo y; sleep 0.1"))
    (kept,) = told(shell, "detach", run)
    assert kept["type"] == "kept"
    while told(shell, "status", run)[0]["state"] == "running":
        os.sched_yield()
    assert [m.get("number") for m in told(shell, "follow", run, "1")] == [1, 2, None]
    second, over = told(shell, "follow", run, "2")
    assert (second["type"], second["number"], second["status"]) == ("attempt_end", 2, "valid")
    assert over == {"type": "queue_end"}
    assert not (tmp_path / "runs/lock").exists()


def test_a_device_is_kept_for_a_run_between_its_attempts_and_freed_by_it_alone(
    shell: Shell, tmp_path: Path
) -> None:
    first, second = tmp_path / "runs/a", tmp_path / "runs/b"
    write_orders(first, order(first, 1, "echo x"))
    assert told(shell, "claim", first, "1000")[0]["type"] == "kept"
    refused = told(shell, "claim", second, "1000")[0]
    assert (refused["code"], refused["detail"].partition(",")[0]) == ("busy", "run a")
    assert shell.run("detached", str(first), "1000")[0] == 0
    write_orders(second, order(second, 1, "echo x"))
    assert told(shell, "detach", second)[0]["code"] == "busy"
    assert told(shell, "give-up", second) == []
    assert told(shell, "claim", second, "1000")[0]["code"] == "busy"
    assert told(shell, "give-up", first) == []
    assert told(shell, "claim", second, "1000")[0]["type"] == "kept"


def test_a_device_kept_before_it_was_booted_again_is_anybodys(
    shell: Shell, tmp_path: Path
) -> None:
    lock = tmp_path / "runs/lock"
    lock.mkdir(parents=True)
    (lock / "holder").write_text(f"0 0 {OLD_BOOT} a 999999999\n")
    assert told(shell, "claim", tmp_path / "runs/b", "10")[0]["type"] == "kept"


def test_a_refused_order_ends_the_run_and_is_told(shell: Shell, tmp_path: Path) -> None:
    run = tmp_path / "runs/r"
    write_orders(run, b"attempt\tnumber=1\tnonsense=\\0042\n", order(run, 2, "echo x"))
    assert shell.run("detached", str(run))[0] == 0
    (said,) = told(shell, "follow", run, "1")
    assert (said["type"], said["code"], said["detail"]) == ("error", "bad-order", "nonsense")
    assert not (run / "002").exists()


def test_runs_that_came_to_no_end_say_which_way(shell: Shell, tmp_path: Path) -> None:
    run = tmp_path / "runs/r"
    assert told(shell, "follow", run, "1") == [{"type": "gone", "why": "never"}]
    (run / "001").mkdir(parents=True)
    (run / "001/end.json").write_text(f"{END}\n")
    (run / "002").mkdir()
    (run / "002/end.json").write_text('{"type":"attempt_end","num')  # torn by a loss of power
    (run / "process").write_text(f"1 1 {OLD_BOOT}\n")
    ends = [json.loads(END), {"type": "gone", "why": "rebooted"}]
    assert told(shell, "follow", run, "1") == ends
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (run / "process").write_text(f"{os.getpid()} 1 {boot}\n")  # that number is another process now
    assert told(shell, "follow", run, "1")[1:] == [{"type": "gone", "why": "died"}]
    (run / "heartbeat").write_text(f"5 {boot} 1 2 ended\n")
    assert told(shell, "follow", run, "1")[1:] == [{"type": "gone", "why": "unended"}]


def test_only_numbers_and_known_words_of_a_heartbeat_pass(shell: Shell, tmp_path: Path) -> None:
    run = tmp_path / "runs/r"
    write_orders(run, order(run, 1, "sleep 1000"))
    (kept,) = told(shell, "detach", run)
    try:
        for text in ('5" x 1 1 "decode 1 1\n', "\033[2J\n", "9 b 1 0x1 idle -1 1\n"):
            (run / "heartbeat").write_text(text)
            (beat,) = told(shell, "follow", run, "1", "1")
            assert (beat["type"], str(beat["number"]).isdigit()) == ("progress", True)
    finally:
        os.killpg(kept["pid"], signal.SIGTERM)
        while told(shell, "status", run)[0]["state"] == "running":
            os.sched_yield()
