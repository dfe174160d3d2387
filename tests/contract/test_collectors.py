"""What every collector promises, whatever it reads."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.device.amdsmi import open_amdsmi
from collectors.device.apple import open_apple
from collectors.device.emi import open_emi
from collectors.device.lhm import open_lhm
from collectors.device.nvml import open_nvml
from collectors.device.psutil_calls import open_psutil
from collectors.protocol import Absent, Collector, Opened, Scope
from collectors.reading import Channel, Gap, Kind, Missing, Quantity, Reading, Unit
from collectors.table import COLLECTORS, opener
from tests.fakes.far_libraries import FakeAmdSmi, FakeMeter, FakeZeusApple, counts, emi_v2
from tests.fakes.lhm import Page, served
from tests.fakes.machine import machine, scope_of
from tests.fakes.nvml import FakeNvml, answers, no_pause
from tests.fakes.psutil_module import FakePsutil
from tests.fakes.tree import tree

NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
REASON = re.compile(r"[a-z]+(-[a-z]+)*(: [^\t\r\n]+)?")
KINDS = sorted(COLLECTORS)
# Without their library or server they are absent: see their own tests.
LIBRARY_KINDS = ("nvml", "psutil", "amdsmi", "apple", "emi", "lhm")
PAGES: list[Page] = []
file_kinds = pytest.mark.parametrize("kind", [k for k in KINDS if k not in LIBRARY_KINDS])


def open_kind(kind: str, scope: Scope) -> Opened:
    """Open a kind; where the far end is a library, one that answers stands in for it."""
    counter = [counts(number) for number in range(100, 200)]
    energies = {"cpu_total_mj": 5000, "gpu_mj": 700, "ane_mj": 0, "dram_mj": None}
    meter = FakeMeter(2, emi_v2("RAPL_Package0_PKG"), [(10**12, 10**9)])
    fakes: dict[str, Callable[[], Opened]] = {
        "amdsmi": lambda: open_amdsmi(scope, lambda: FakeAmdSmi([counter]), no_pause),
        "apple": lambda: open_apple(scope, lambda: FakeZeusApple(energies)),
        "emi": lambda: open_emi(scope, lambda: [meter]),
        "lhm": lambda: open_lhm(scope, PAGES[-1].address),
        "nvml": lambda: open_nvml(scope, lambda: FakeNvml([answers()]), no_pause),
        "psutil": lambda: open_psutil(scope, FakePsutil),
    }
    return fakes[kind]() if kind in fakes else opener(kind)(scope)


@pytest.fixture(scope="module", autouse=True)
def _web_server() -> Iterator[None]:
    with served() as page:
        PAGES.append(page)
        yield


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def collector(kind: str, tmp_path: Path) -> Collector:
    opened = open_kind(kind, machine(tmp_path))
    assert opened.collector is not None, opened.absent
    return opened.collector


def check_read(collector: Collector) -> None:
    """One reading or gap per channel, in order, with stamps that bracket, in clean text."""
    channels = collector.describe()
    found = collector.read()
    assert [one.channel for one in found] == [channel.name for channel in channels]
    for one in found:
        if isinstance(one, Reading):
            assert one.t0_ns <= one.t1_ns
            assert type(one.value) in {int, float}
            assert math.isfinite(one.value)
        else:
            assert isinstance(one, Gap)
            assert REASON.fullmatch(one.reason), one


def test_a_read_gives_one_reading_or_gap_per_channel_in_order(collector: Collector) -> None:
    assert any(isinstance(one, Reading) for one in collector.read())
    check_read(collector)
    collector.close()


def test_what_is_grabbed_becomes_the_values_of_a_read(collector: Collector) -> None:
    t0_ns, t1_ns, raws = collector.grab()
    values = collector.values(raws)
    assert t0_ns <= t1_ns
    assert len(values) == len(collector.describe())
    assert any(not isinstance(value, Missing) for value in values)
    last = collector.last()
    assert (last is not None) is collector.beside
    if last is not None:
        assert last[0] > t1_ns
        assert len(collector.values(last[2])) == len(values)
    collector.close()
    assert all(isinstance(value, Missing) for value in collector.values(collector.grab()[2]))


def test_stamps_go_on_from_read_to_read(collector: Collector) -> None:
    first, second = collector.read(), collector.read()
    last_ns = max(one.t1_ns if isinstance(one, Reading) else one.t_ns for one in first)
    first_ns = min(one.t0_ns if isinstance(one, Reading) else one.t_ns for one in second)
    assert first_ns > last_ns
    collector.close()


def test_channels_are_named_once_by_the_naming_scheme(collector: Collector) -> None:
    names = [channel.name for channel in collector.describe()]
    assert names
    assert len(names) == len(set(names))
    assert all(NAME.fullmatch(name) for name in names), names
    collector.close()


def test_channels_say_unit_kind_quantity_source_and_trap(collector: Collector) -> None:
    for channel in collector.describe():
        assert isinstance(channel, Channel)
        assert isinstance(channel.unit, Unit)
        assert isinstance(channel.kind, Kind)
        assert isinstance(channel.quantity, Quantity)
        assert channel.source
        assert channel.note
        assert channel.scale > 0
        assert channel.resolution is None or channel.resolution > 0
        assert channel.wraps_at is None or channel.kind is Kind.COUNTER
    collector.close()


def test_power_and_energy_carry_a_tier_and_say_nothing_of_a_meter(collector: Collector) -> None:
    for channel in collector.describe():
        evidence = channel.quantity in {Quantity.POWER, Quantity.ENERGY}
        assert channel.tier in ({"B", "C"} if evidence else {"", "C"})
    collector.close()


def test_the_description_stays_the_same(collector: Collector) -> None:
    before = collector.describe()
    collector.read()
    assert collector.describe() == before
    collector.close()
    assert collector.describe() == before


def test_a_largest_rate_is_a_rate(collector: Collector) -> None:
    assert collector.max_hz is None or collector.max_hz > 0
    collector.close()


def test_close_may_come_twice_and_a_read_after_it_does_not_raise(collector: Collector) -> None:
    collector.close()
    collector.close()
    check_read(collector)


def test_close_gives_back_every_descriptor(kind: str, tmp_path: Path) -> None:
    scope = machine(tmp_path)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
    opened = open_kind(kind, scope)
    assert opened.collector is not None
    opened.collector.read()
    opened.collector.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"", id="truncated"),
        pytest.param(b"\x00\xff garbage : \t\n", id="garbage"),
        pytest.param(b"9" * (1 << 17), id="huge number"),
        pytest.param(b"9\n" * (1 << 16), id="many lines"),
    ],
)
def test_files_that_turn_bad_leave_gaps_and_no_error(
    damage: bytes, collector: Collector, kind: str, tmp_path: Path
) -> None:
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(damage)
    check_read(collector)
    if kind not in LIBRARY_KINDS:
        assert all(isinstance(one, Gap) for one in collector.read())
    collector.close()


def test_files_that_go_away_do_not_raise(collector: Collector, tmp_path: Path) -> None:
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.unlink()
    check_read(collector)
    collector.close()


def test_a_machine_full_of_garbage_can_be_opened_and_read(kind: str, tmp_path: Path) -> None:
    scope = machine(tmp_path)
    for path in list(tmp_path.rglob("*")):
        if path.is_file():
            path.write_bytes(b"\xff\xfe\x00 \t garbage")
    opened = open_kind(kind, scope)
    if opened.collector is not None:
        check_read(opened.collector)
        opened.collector.close()


@file_kinds
def test_where_there_is_nothing_the_absence_has_a_reason_and_a_fix(
    kind: str, tmp_path: Path
) -> None:
    opened = open_kind(kind, scope_of(tmp_path))
    assert opened.collector is None
    check_absent(kind, opened.absent)


@file_kinds
def test_a_root_that_is_no_folder_is_absent_too(kind: str, tmp_path: Path) -> None:
    opened = open_kind(kind, scope_of(tree(tmp_path, {"proc": "a file", "sys": "a file"})))
    assert opened.collector is None
    check_absent(kind, opened.absent)


def check_absent(kind: str, absent: tuple[Absent, ...]) -> None:
    assert absent
    for one in absent:
        assert one.kind == kind
        assert one.source
        assert REASON.fullmatch(one.reason), one
        assert one.fix
