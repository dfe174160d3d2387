"""Sources that are asked beside the loop, by real programs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from collectors.clocks import device_clock
from collectors.device.asked import ANSWER_BYTES, Asked, Question, answer_of
from collectors.device.text import integer
from collectors.reading import Channel, Gap, Kind, Missing, Quantity, Reading, Unit, Value
from tests.fakes.machine import says

CHANNEL = Channel("a.b", Unit.ONE, Kind.INSTANT, Quantity.STATE, "a test")
# Far above what a child takes on a busy machine; no test waits so long unless it fails.
LONG_S = 30.0


def number(data: bytes) -> Sequence[Value]:
    return (integer(data),)


def asked(argv: tuple[str, ...], max_hz: float = 1000.0) -> Asked:
    """A source of one channel."""
    return Asked(Question(partial(answer_of, argv), (CHANNEL,), number), device_clock(), max_hz)


def test_an_answer_is_what_the_program_prints(tmp_path: Path) -> None:
    assert answer_of((str(says(tmp_path, "p", "#!/bin/sh\necho 7\n")),)) == b"7\n"


def test_words_go_to_the_program_as_they_are(tmp_path: Path) -> None:
    program = says(tmp_path, "p", '#!/bin/sh\nprintf %s "$1"\n')
    assert answer_of((str(program), "$(id); echo")) == b"$(id); echo"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#!/bin/sh\nexit 3\n", "not-answered: status 3"),
        ("#!/bin/sh\n", "empty"),
        ("#!/bin/sh\nkill -9 $$\n", "not-answered: status -9"),
        ("\x00\xff", "not-answered: ENOEXEC"),
        ("#!/bin/sh\nhead -c 1000000 /dev/zero\n", f"too-long: more than {ANSWER_BYTES} bytes"),
    ],
)
def test_a_program_that_fails_leaves_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    assert answer_of((str(says(tmp_path, "p", text)),), LONG_S) == Missing(reason)


def test_a_program_that_is_gone_leaves_its_reason(tmp_path: Path) -> None:
    assert answer_of((str(tmp_path / "none"),)) == Missing("not-answered: ENOENT")


@pytest.mark.parametrize("closes", ["", "exec >&-\n"])
def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path, closes: str) -> None:
    pids = tmp_path / "pids"
    text = f"#!/bin/sh\nsleep 600 &\necho $$ $! > {pids}\n{closes}wait\n"
    found = answer_of((str(says(tmp_path, "p", text)),), 2.0)
    assert isinstance(found, Missing)
    assert found.reason.startswith("not-answered:")
    for pid in pids.read_text().split():
        until_s = time.monotonic() + LONG_S
        while alive(int(pid)) and time.monotonic() < until_s:
            os.sched_yield()
        assert not alive(int(pid))


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody waits for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_first_reading_waits_and_later_ones_take_the_newest_answer(tmp_path: Path) -> None:
    count = tmp_path / "count"
    text = f"#!/bin/sh\nread n < {count}; n=$((n + 1)); echo $n > {count}; echo $n\n"
    count.write_text("0\n")
    source = asked((str(says(tmp_path, "p", text)),))
    values: list[float] = []
    ends: list[int] = []
    until_s = time.monotonic() + LONG_S
    while len(values) < 4 and time.monotonic() < until_s:
        (one,) = source.read()
        if isinstance(one, Reading):
            values.append(one.value)
            assert not ends or one.t0_ns >= ends[-1]
            ends.append(one.t1_ns)
        else:
            assert one.reason.startswith("pending:")
            os.sched_yield()
    assert values == [1, 2, 3, 4]
    last = source.last()
    assert last is not None
    assert last[0] >= ends[-1]
    (value,) = source.values(last[2])
    assert isinstance(value, int)
    assert value > 4
    source.close()


def test_it_is_not_asked_more_often_than_its_rate(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    text = f"#!/bin/sh\necho >> {calls}\necho 1\n"
    source = asked((str(says(tmp_path, "p", text)),), max_hz=0.001)
    for _ in range(200):
        source.read()
    source.close()
    assert calls.read_text() == "\n\n"  # the first, and the one beside it for the next turn


def test_after_closing_nothing_is_asked_and_nothing_runs(tmp_path: Path) -> None:
    source = asked((str(says(tmp_path, "p", "#!/bin/sh\necho 1\n")),))
    source.read()
    source.close()
    (one,) = source.read()
    assert isinstance(one, Gap)
    assert one.reason == "closed"
    assert source.last() is None
