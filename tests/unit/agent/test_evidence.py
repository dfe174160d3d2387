"""Reasons for a child that died, from its status, its log and the kernel's counter."""

from __future__ import annotations

from pathlib import Path

from agent.evidence import crash_reason, oom_kills


def test_a_signal_is_named(tmp_path: Path) -> None:
    assert crash_reason(-11, tmp_path / "no.log", 0, 0) == "engine-crash: signal 11"


def test_an_exit_status_is_named(tmp_path: Path) -> None:
    assert crash_reason(3, tmp_path / "no.log", None, None) == "engine-crash: exit status 3"


def test_a_kill_with_the_counter_of_the_kernel_is_out_of_memory(tmp_path: Path) -> None:
    reason = crash_reason(-9, tmp_path / "no.log", 2, 3)
    assert reason.startswith("engine-out-of-memory: signal 9")
    assert "2 to 3" in reason


def test_a_kill_without_it_is_a_crash(tmp_path: Path) -> None:
    assert crash_reason(-9, tmp_path / "no.log", 3, 3) == "engine-crash: signal 9"


def test_another_signal_is_no_proof_however_the_counter_moves(tmp_path: Path) -> None:
    assert crash_reason(-11, tmp_path / "no.log", 2, 3) == "engine-crash: signal 11"


def test_a_log_that_speaks_of_memory_is_believed_at_its_end_only(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"terminate called after throwing std::bad_alloc\n")
    assert crash_reason(-6, log, 0, 0).startswith("engine-out-of-memory: signal 6")
    log.write_bytes(b"bad_alloc\n" + b"all is well\n" * 1000)
    assert crash_reason(-6, log, 0, 0) == "engine-crash: signal 6"


def test_the_counter_is_read_and_its_absence_is_none(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("pgfault 1\noom_kill 17\n")
    assert oom_kills(tmp_path) == 17
    assert oom_kills(tmp_path / "elsewhere") is None
