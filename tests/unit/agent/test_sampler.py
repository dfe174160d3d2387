"""The sampler's loop on a scripted clock: slots, missed slots, slow sources, full disks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from agent.pacing import schedule
from agent.sampler import Sampler, Source, field_of
from agent.spool import SpoolFile, read_spool
from agent.streams import TICK_COLUMNS, open_stream, source_columns
from collectors.protocol import Grabbed
from collectors.reading import Channel, Gap, Kind, Missing, Quantity, Reading, Unit, Value

MS = 1_000_000
CHANNEL = Channel("x.temp", Unit.CELSIUS, Kind.INSTANT, Quantity.TEMPERATURE, "test")


@dataclass(slots=True)
class Room:
    """A clock, a waiting room and a source at once: waiting and reading make the time pass.

    costs_ns: how long each read takes, the last one for all that follow; it ends after so many.
    gone_after: reads after which the source gives nothing any more.
    """

    reads: int
    costs_ns: Sequence[int] = (0,)
    t_ns: int = 0
    domain: str = "scripted@test-boot"
    max_hz: float | None = None
    beside: bool = False
    gone_after: int = 1_000_000
    reads_done: int = 0
    closed: bool = False
    read_at: list[int] = field(default_factory=list)

    def now_ns(self) -> int:
        return self.t_ns

    def wait(self, timeout: float | None = None) -> bool:
        self.t_ns += max(0, round((timeout or 0) * 1e9))
        return self.reads_done >= self.reads

    def describe(self) -> tuple[Channel, ...]:
        return (CHANNEL,)

    def read(self) -> tuple[Reading | Gap, ...]:
        raise AssertionError("the sampler takes values, and stamps rows itself")

    def grab(self) -> Grabbed:
        self.read_at.append(self.t_ns)
        t0_ns = self.t_ns
        self.t_ns += self.costs_ns[min(self.reads_done, len(self.costs_ns) - 1)]
        self.reads_done += 1
        return t0_ns, self.t_ns, (self.reads_done,)

    def last(self) -> Grabbed | None:
        return (self.t_ns, self.t_ns, (-1,)) if self.beside else None

    def values(self, raws: Sequence[object]) -> Sequence[Value]:
        found = [raw for raw in raws if isinstance(raw, int)]
        return [v if v <= self.gone_after else Missing("no-such-process") for v in found]

    def close(self) -> None:
        self.closed = True


def sample(folder: Path, room: Room, *, every: int = 1, jitter: float = 0.0) -> SpoolFile:
    """What a source at 10 Hz leaves."""
    writer = open_stream(folder, "source-x", room, source_columns(room.describe()))
    sampler = Sampler(
        (Source(room, writer, every),), open_stream(folder, "ticks", room, TICK_COLUMNS), room
    )
    sampler.run(schedule(0, 10, jitter, 3), room)
    ends, reason = sampler.close()
    assert reason == ""
    assert {end.stream for end in ends} == {"ticks", "source-x"}
    return read_spool((folder / "source-x.tsv").read_bytes())


def test_slots_are_absolute_so_that_costs_do_not_add_up(tmp_path: Path) -> None:
    room = Room(reads=30, costs_ns=(7 * MS,))
    found = sample(tmp_path, room)
    assert room.read_at == [slot * 100 * MS for slot in range(30)]
    assert [line.fields[0] for line in found.lines] == [str(slot) for slot in range(30)]
    assert room.closed


def test_a_line_has_tick_due_time_both_stamps_and_the_value(tmp_path: Path) -> None:
    found = sample(tmp_path, Room(reads=2, costs_ns=(7 * MS,)))
    names = ["tick", "due_ns", "t0_ns", "t1_ns", "x.temp"]
    assert [(c.name, c.unit) for c in found.columns][-1] == ("x.temp", "Cel")
    assert [c.name for c in found.columns] == names
    assert found.lines[1].fields == ("1", str(100 * MS), str(100 * MS), str(107 * MS), "2")


def test_a_read_that_takes_too_long_makes_the_tick_jump(tmp_path: Path) -> None:
    found = sample(tmp_path, Room(reads=4, costs_ns=(0, 250 * MS, 0)))
    assert [line.fields[0] for line in found.lines] == ["0", "1", "3", "4"]
    assert [int(line.fields[2]) for line in found.lines] == [0, 100 * MS, 350 * MS, 400 * MS]


def test_a_slow_source_counts_its_own_slots(tmp_path: Path) -> None:
    room = Room(reads=3)
    found = sample(tmp_path, room, every=10)
    assert [line.fields[0] for line in found.lines][:3] == ["0", "1", "2"]
    assert room.read_at[:3] == [0, 1000 * MS, 2000 * MS]


def test_a_slow_source_has_a_reading_after_the_end_which_may_come_before_its_next_slot(
    tmp_path: Path,
) -> None:
    room = Room(reads=3)
    found = sample(tmp_path, room, every=10)
    assert (found.lines[-1].fields[0], found.lines[-1].fields[-1]) == ("3", "4")
    assert room.read_at[-1] < 3000 * MS


def test_a_slow_source_that_is_gone_has_none_after_the_end(tmp_path: Path) -> None:
    room = Room(reads=3, gone_after=3)
    assert [line.fields[-1] for line in sample(tmp_path, room, every=10).lines] == ["1", "2", "3"]


def test_jitter_moves_due_times_and_the_reads_with_them(tmp_path: Path) -> None:
    room = Room(reads=50)
    found = sample(tmp_path, room, jitter=0.2)
    due = [int(line.fields[1]) for line in found.lines]
    assert [max(0, d) for d in due] == room.read_at
    assert all(abs(d - slot * 100 * MS) <= 20 * MS for slot, d in enumerate(due))
    assert len({d % (100 * MS) for d in due}) == 50


def test_cost_is_written_at_the_start_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    sample(tmp_path, Room(reads=25))
    ticks = read_spool((tmp_path / "ticks.tsv").read_bytes())
    seconds = [round(int(line.fields[0]) / 1e9, 1) for line in ticks.lines]
    assert seconds == [0.0, 1.0, 2.0, 2.5]
    cpu = [int(line.fields[1]) for line in ticks.lines]
    assert cpu == sorted(cpu)


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (3, "3"),
        (0.1, "0.1"),
        (10**30, "1" + "0" * 30),
        (math.nan, "!not-finite: nan"),
        (math.inf, "!not-finite: inf"),
        (Missing("unreadable:\tno\nsuch  file"), "!unreadable: no such file"),
    ],
)
def test_a_field_is_a_number_or_a_reason_on_one_line(one: Value, text: str) -> None:
    assert field_of(one) == text


def rested(folder: Path, costs_ns: Sequence[int], *, computes: bool) -> list[int]:
    """When a source is read; its reads compute all the time they take, or only block."""
    room = Room(reads=5, costs_ns=costs_ns)
    writer = open_stream(folder, "source-x", room, source_columns(room.describe()))
    cpu_ns = room.now_ns if computes else lambda: 0
    source = Source(room, writer, 1, cpu_ns=cpu_ns)
    sampler = Sampler((source,), open_stream(folder, "ticks", room, TICK_COLUMNS), room)
    sampler.run(schedule(0, 10, 0.0, 3), room)
    sampler.close()
    return room.read_at


def test_a_source_that_computes_too_long_rests_and_its_slots_say_so(tmp_path: Path) -> None:
    read_at = rested(tmp_path, (2 * MS,), computes=True)
    # 2 ms a read: at most 1/1000 of a core is one read in 2 s.
    assert all(b - a >= 2000 * MS for a, b in pairwise(read_at))
    lines = read_spool((tmp_path / "source-x.tsv").read_bytes()).lines
    resting = [line for line in lines if line.fields[-1].startswith("!resting:")]
    assert len(lines) - len(resting) == len(read_at)
    assert len(resting) > 15 * len(read_at)


def test_a_source_that_only_blocks_does_not_rest(tmp_path: Path) -> None:
    assert len(rested(tmp_path, (2 * MS,), computes=False)) == 5
    lines = read_spool((tmp_path / "source-x.tsv").read_bytes()).lines
    assert not [line for line in lines if line.fields[-1].startswith("!")]


def test_the_sampler_has_begun_when_every_source_was_read_once(tmp_path: Path) -> None:
    room = Room(reads=3)
    writer = open_stream(tmp_path, "source-x", room, source_columns(room.describe()))
    ticks = open_stream(tmp_path, "ticks", room, TICK_COLUMNS)
    sampler = Sampler((Source(room, writer, 1),), ticks, room)
    begun_after: list[int] = []
    sampler.run(schedule(0, 10, 0.0, 3), room, lambda: begun_after.append(room.reads_done))
    sampler.close()
    assert begun_after == [1]


def test_a_source_that_is_asked_beside_the_loop_has_a_reading_after_the_end(
    tmp_path: Path,
) -> None:
    found = sample(tmp_path, Room(reads=3, beside=True))
    assert [line.fields[0] for line in found.lines] == ["0", "1", "2", "3"]
    assert found.lines[-1].fields[-1] == "-1"


def test_a_source_that_is_asked_beside_the_loop_does_not_rest_for_its_first_answer(
    tmp_path: Path,
) -> None:
    room = Room(reads=3, costs_ns=(50 * MS,), beside=True)
    sample(tmp_path, room)
    assert len(room.read_at) == 3
