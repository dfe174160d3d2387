"""Memory of the measured process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from collectors.clocks import device_clock
from collectors.device.process import open_peak, open_pss, open_rss, resident_pages
from collectors.protocol import Collector, Opened, Scope
from collectors.reading import Gap, Kind, Reading, Unit
from collectors.table import Opener
from tests.fakes.machine import PID, machine, scope_of

OPENERS = (open_rss, open_peak, open_pss)


def collector_of(opened: Opened) -> Collector:
    assert opened.collector is not None, opened.absent
    return opened.collector


def test_resident_set_is_given_in_pages_with_the_page_size_as_scale(tmp_path: Path) -> None:
    collector = collector_of(open_rss(machine(tmp_path)))
    (channel,) = collector.describe()
    (one,) = collector.read()
    assert isinstance(one, Reading)
    assert one.value == 3534
    assert (channel.unit, channel.kind) == (Unit.BYTE, Kind.INSTANT)
    assert channel.scale in {4096.0, 16384.0, 65536.0}
    collector.close()


def test_peak_is_the_high_water_mark_and_not_the_address_space(tmp_path: Path) -> None:
    collector = collector_of(open_peak(machine(tmp_path)))
    (one,) = collector.read()
    assert isinstance(one, Reading)
    assert one.value == 14136
    assert collector.describe()[0].kind is Kind.PEAK
    collector.close()


def test_the_proportional_set_comes_with_its_split(tmp_path: Path) -> None:
    collector = collector_of(open_pss(machine(tmp_path)))
    found = {one.channel: one.value for one in collector.read() if isinstance(one, Reading)}
    assert found == {
        "process.pss": 10451,
        "process.pss_anon": 8016,
        "process.pss_file": 2435,
        "process.swap_pss": 3,
    }
    collector.close()


def test_costly_sources_declare_a_largest_rate_and_the_cheap_one_none(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    rates = []
    for opener in OPENERS:
        collector = collector_of(opener(scope))
        rates.append(collector.max_hz)
        collector.close()
    assert rates == [None, 1.0, 0.5]


@pytest.mark.parametrize("opener", OPENERS)
def test_without_a_process_the_source_is_absent_for_that_reason(
    opener: Opener, tmp_path: Path
) -> None:
    (absent,) = opener(scope_of(tmp_path, pid=None)).absent
    assert absent.reason == "no-process: none is measured"


@pytest.mark.parametrize("opener", OPENERS)
def test_a_process_that_is_not_there_is_absent(opener: Opener, tmp_path: Path) -> None:
    found = opener(scope_of(tmp_path))
    assert found.collector is None
    assert found.absent[0].reason == "not-present: ENOENT"


def test_a_kernel_without_the_rollup_makes_only_that_absent(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    (tmp_path / f"proc/{PID}/smaps_rollup").unlink()
    assert open_pss(scope).collector is None
    assert open_pss(scope).absent[0].reason == "not-present: ENOENT"


def test_a_zombie_that_reads_as_zeros_is_a_gap_and_not_zero_memory(tmp_path: Path) -> None:
    collector = collector_of(open_rss(machine(tmp_path)))
    (tmp_path / f"proc/{PID}/statm").write_text("0 0 0 0 0 0 0\n")
    (gap,) = collector.read()
    assert isinstance(gap, Gap)
    assert gap.reason.startswith("process-ended")
    collector.close()


@pytest.mark.parametrize("data", [b"7", b"", b"a b c", b"5 x 1 1 0 1 0", b"9 9 " * 9])
def test_statm_that_is_no_statm_has_no_pages(data: bytes) -> None:
    (value,) = resident_pages(data)
    assert not isinstance(value, int)


def test_the_rollup_is_bounded_and_garbage_in_it_is_a_gap(tmp_path: Path) -> None:
    collector = collector_of(open_pss(machine(tmp_path)))
    (tmp_path / f"proc/{PID}/smaps_rollup").write_bytes(b"\xff" * 100_000)
    assert [one.reason for one in collector.read() if isinstance(one, Gap)] == [
        "too-long: no line end in 8192 bytes"
    ] * 4
    collector.close()


def test_what_lies_behind_the_limit_of_the_rollup_is_not_read(tmp_path: Path) -> None:
    collector = collector_of(open_pss(machine(tmp_path)))
    text = "Pss: 1 kB\n" + "Rss: 1 kB\n" * 1000 + "SwapPss: 1 kB\n"
    (tmp_path / f"proc/{PID}/smaps_rollup").write_text(text)
    found = collector.read()
    assert isinstance(found[0], Reading)
    assert isinstance(found[3], Gap)
    collector.close()


def child(script: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


WAIT = "import sys; print('ready', flush=True); sys.stdin.readline()"


def test_the_memory_of_a_real_process_is_read_until_it_ends_and_then_is_a_gap() -> None:
    process = child(WAIT)
    scope = Scope(device_clock(), pid=process.pid)
    collectors = [collector_of(opener(scope)) for opener in OPENERS]
    for collector in collectors:
        assert all(isinstance(one, Reading) for one in collector.read())
    process.communicate(b"\n")
    for collector in collectors:
        assert all(isinstance(one, Gap) for one in collector.read())
        collector.close()


def test_peak_is_at_least_the_resident_set_of_a_real_process() -> None:
    process = child(WAIT)
    scope = Scope(device_clock(), pid=process.pid)
    rss, peak = collector_of(open_rss(scope)), collector_of(open_peak(scope))
    (now,), (most,) = rss.read(), peak.read()
    assert isinstance(now, Reading)
    assert isinstance(most, Reading)
    page_bytes = rss.describe()[0].scale
    # proc_pid_statm(5): counts are batched per thread, 64 pages a thread in the kernel.
    assert most.value * 1024 >= now.value * page_bytes - 64 * page_bytes
    process.communicate(b"\n")
    rss.close()
    peak.close()


def test_the_rollup_follows_a_process_that_starts_another_program() -> None:
    again = f"import os, sys; print('ready', flush=True); sys.stdin.readline(); \
os.execv(sys.executable, [sys.executable, '-c', {WAIT!r}])"
    process = child(again)
    assert process.stdin is not None
    assert process.stdout is not None
    collector = collector_of(open_pss(Scope(device_clock(), pid=process.pid)))
    process.stdin.write(b"\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"ready\n"
    assert all(isinstance(one, Reading) for one in collector.read())
    process.communicate(b"\n")
    collector.close()
