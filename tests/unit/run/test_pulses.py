"""Load patterns in a run folder, played by agents that are small scripts."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from agent.spool import read_spool
from collectors.clocks import device_clock
from host.align.pulse_files import played_in
from host.errors import AgentError
from host.handover.deployment import Deployment
from host.handover.plan import PulsePlan
from host.run.attempts import Bench
from host.run.folder import RunFolder
from host.run.journal import Journal
from host.run.link import AgentLink
from host.run.pulses import CODES, drawn, play_pulses
from host.transport.local import Local
from tests.fakes.records import sample_plan

# Says hello, then to each pattern what `answer` makes of it, then ends.
AGENT = """import json, sys
print('{{"type": "hello", "clock": {{"domain": "test@boot"}}}}', flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["type"] == "pulses":
        states = 2 + 1 + sum(a != b for a, b in zip(asked["bits"], asked["bits"][1:]))
        stamps = [10 * i for i in range(states + 1)]
        print(json.dumps({answer}), flush=True)
    elif asked["type"] == "bye":
        break
"""
PLAYED = '{"type": "pulses", "processes": [stamps, [t + 1 for t in stamps]]}'
PULSES = PulsePlan(words=3, bit_s=0.2, least_step_w=3.0)


def bench_of(tmp_path: Path, pulses: PulsePlan | msgspec.UnsetType = PULSES) -> Bench:
    folder = RunFolder(tmp_path / "run")
    folder.data.mkdir(parents=True)
    resolved = sample_plan(1)
    plan = msgspec.structs.replace(resolved.plan, pulses=pulses)
    clock = device_clock()
    return Bench(
        plan=msgspec.structs.replace(resolved, plan=plan),
        folder=folder,
        transport=Local(),
        spool=PurePosixPath(tmp_path),
        clock=clock,
        journal=Journal(folder, clock),
        watch=lambda _: None,
        launch={},
    )


def link_to(folder: Path, answer: str) -> AgentLink:
    script = folder / "agent.py"
    script.write_text(AGENT.format(answer=answer), encoding="utf-8")
    place = PurePosixPath(script)
    there = Deployment("local", place, "", 0, sys.executable, place.parent)
    return AgentLink.start(Local(), there)


def journal_of(bench: Bench) -> list[tuple[str, dict[str, object]]]:
    bench.journal.close()
    file = read_spool((bench.folder.data / "journal.tsv").read_bytes())
    event, args = file.index("event"), file.index("args")
    return [(x.fields[event], msgspec.json.decode(x.fields[args])) for x in file.lines]


def test_codes_are_those_whose_turns_agree_in_three_of_seven_bits() -> None:
    assert len(set(CODES)) == 14
    assert {code.count("1") for code in CODES} == {4}
    for turns in (CODES[:7], CODES[7:]):
        for a, b in combinations(turns, 2):
            assert sum(x == y for x, y in zip(a, b, strict=True)) == 3


def test_two_patterns_are_hardly_ever_alike() -> None:
    found = [drawn(4) for _ in range(50)]
    assert len(set(found)) == 50  # of 38 416: another result than this has odds of 1 in 30
    assert {len(bits) for bits in found} == {28}


def test_a_pattern_is_noted_before_it_is_played_and_kept_as_it_was(tmp_path: Path) -> None:
    bench = bench_of(tmp_path)
    with link_to(tmp_path, PLAYED) as link:
        play_pulses(bench, link, "before-001")
        play_pulses(bench, link, "before-001")  # of a run that was cut off before its attempt
        play_pulses(bench, link, "after-001", ended="interrupted")
    patterns, clocks, faults = played_in(bench.folder.data)
    assert {p.name for p in patterns} == {"before-001", "before-001-2"}
    assert clocks == frozenset({"test@boot"})
    assert not faults
    notes = [args for event, args in journal_of(bench) if event == "pulses"]
    assert [args["name"] for args in notes] == ["before-001", "before-001"]
    assert all(len(str(args["bits"])) == 21 for args in notes)


def test_a_plan_without_pulses_asks_for_none(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, msgspec.UNSET)
    with link_to(tmp_path, "1 / 0") as link:
        play_pulses(bench, link, "before-001")
    assert journal_of(bench) == []


@pytest.mark.parametrize("code", ["pulses-failed", "unknown-message"])
def test_a_device_that_cannot_play_is_noted_and_the_run_goes_on(tmp_path: Path, code: str) -> None:
    bench = bench_of(tmp_path)
    with link_to(tmp_path, f'{{"type": "error", "code": "{code}", "detail": "d"}}') as link:
        play_pulses(bench, link, "before-001")
    assert [event for event, _ in journal_of(bench)] == ["pulses", "pulses-failed"]
    assert played_in(bench.folder.data)[0] == ()


@pytest.mark.parametrize(
    "answer",
    [
        '{"type": "error", "code": "agent-error", "detail": "MemoryError"}',
        '{"type": "pulses"}',
        '{"type": "pulses", "processes": []}',
        '{"type": "pulses", "processes": [stamps] * 1025}',
        '{"type": "pulses", "processes": [stamps[:-1]]}',
        '{"type": "pulses", "processes": [stamps[::-1]]}',
        '{"type": "pulses", "processes": [[-1] + stamps[1:]]}',
        '{"type": "pulses", "processes": [[True] + stamps[1:]]}',
        '{"type": "pulses", "processes": [stamps[:-1] + [1 << 63]]}',
        '{"type": "pulses", "processes": ["stamps"]}',
    ],
)
def test_an_answer_that_is_none_fails_the_run_and_leaves_no_file(
    tmp_path: Path, answer: str
) -> None:
    bench = bench_of(tmp_path)
    with link_to(tmp_path, answer) as link, pytest.raises(AgentError):
        play_pulses(bench, link, "before-001")
    assert not list(bench.folder.data.glob("pulses-*"))
