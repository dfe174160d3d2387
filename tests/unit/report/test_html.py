"""The page says what the record says, and nothing in it can act."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import pytest

from host.handover.fixes import fix_words
from host.handover.quantity import Quantity
from host.handover.reasons import REASONS
from host.handover.record import AbsentField, Record
from host.handover.text import Txt, one_line
from host.handover.trace import AlignedRun, AttemptTrace
from host.report.html import page
from tests.fakes.records import record_of, sample_facts, sample_record
from tests.fakes.traces import example_run, run_of
from tests.unit.report.page_reader import PageReader, ReadTable, read

HEADLINE = {
    f"{name}@1"
    for name in ("decode_rate", "time_to_first_token", "prefill_rate", "peak_memory", "load_time")
}
HOSTILE = "<script>globalThis.taken=1</script>\u202e\x1b[31m</style>\u2066'\"&--><img src=x>"
SHOWN = "<script>globalThis.taken=1</script>\\u202e\\x1b[31m</style>\\u2066'\"&--><img src=x>"


@cache
def sample() -> tuple[Record, PageReader]:
    record = sample_record()
    return record, read(page(record, example_run()))


def table(found: PageReader, caption: str) -> ReadTable:
    return next(t for t in found.tables if caption in t.caption)


def with_a_second_sensor(factor: float) -> AlignedRun:
    """The example run, and beside its board sensor one of the same place that is off."""

    def change(a: AttemptTrace) -> AttemptTrace:
        (board,) = [s for s in a.series if s.channel == "hwmon.board.power"]
        other = replace(board, channel="hwmon.board.power_average", values=board.values * factor)
        return replace(a, series=(*a.series, other))

    return run_of(*(change(a) for a in example_run(3).attempts))


@pytest.mark.parametrize(("factor", "judged"), [(1.01, "agree"), (1.1, "disagree")])
def test_two_sources_of_one_power_stand_side_by_side_with_their_ratio(
    factor: float, judged: str
) -> None:
    run = with_a_second_sensor(factor)
    record = record_of(run)
    rows = table(read(page(record, run)), "side by side").rows[1:]
    ratios = [q for q in record.results if q.measurand_id == "power_ratio@1"]
    assert len(rows) == len(ratios) > 0
    for q, row in zip(ratios, rows, strict=True):
        assert q.reported is not None
        assert row[:2] == ["hwmon.board.power_average", "hwmon.board.power"]
        assert row[5].split()[0] == q.reported.value
        assert row[6].endswith(judged)


def is_item(q: Quantity) -> bool:
    return q.scope.startswith("chat-")


def test_the_same_record_and_run_give_the_same_bytes() -> None:
    assert page(sample_record(), example_run()) == page(sample_record(), example_run())


@pytest.mark.parametrize(
    ("caption", "of_items"),
    [("quantities of the whole run", False), ("quantities of each dataset item", True)],
)
def test_every_result_stands_in_its_table_with_the_records_own_strings(
    caption: str, *, of_items: bool
) -> None:
    record, found = sample()
    quantities = [q for q in record.results if q.value is not None and is_item(q) == of_items]
    quantities.sort(key=lambda q: q.scope if of_items else "")
    rows = table(found, caption).rows[1:]
    if of_items:
        rows.sort(key=lambda row: next(w for w in row[0].split() if w.startswith("chat-")))
    expected = [
        [r.value, r.U or "", r.unit, str(q.n)] for q in quantities if (r := q.reported) is not None
    ]
    assert [[row[1], row[2], row[3], row[5]] for row in rows] == expected
    assert len(expected) == len(quantities) > 0


def test_results_that_are_missing_are_listed_with_their_reason() -> None:
    record, found = sample()
    missing = [q for q in record.results if q.value is None]
    rows = [row for t in found.tables if "with reason" in t.caption for row in t.rows[1:]]
    assert len(rows) == len(missing) > 0
    for q, row in zip(missing, rows, strict=True):
        assert q.name.zh in row[0]
        assert q.name.en in row[0]
        assert row[2].startswith(q.missing.partition(":")[0])


def test_peer_conventions_stand_beside_their_definitions() -> None:
    record, found = sample()
    rows = table(found, "Peer conventions").rows[1:]
    meant = {d.id: d for d in record.definitions}
    assert len(rows) == len(record.conventions) > 0
    for q, row in zip(record.conventions, rows, strict=True):
        assert q.reported is not None
        assert row[1] == q.reported.value
        assert row[-1] == one_line(meant[q.measurand_id].model)
        assert meant[q.measurand_id].origin.en in row[0]


def test_the_sections_follow_each_other_from_verdict_to_files() -> None:
    _, found = sample()
    assert found.sections == [
        "verdict",
        "headline",
        "quantities",
        "fidelity",
        "scores",
        "items",
        "budgets",
        "conditions",
        "method",
        "equipment",
        "side-by-side",
        "audit",
        "time",
        "warnings",
        "charts",
        "conventions",
        "attempts",
        "sources",
        "definitions",
        "files",
        "scope",
    ]


def test_the_headline_prints_value_uncertainty_factor_and_number() -> None:
    record, found = sample()
    words = " ".join(found.words.split())
    shown = [q for q in record.results if q.measurand_id in HEADLINE and q.scope == ""]
    assert {q.measurand_id for q in shown} == HEADLINE
    for q in shown:
        r = q.reported
        assert r is not None
        expected = f"{r.value} ± {r.U} {r.unit}" if q.U and float(q.U) else f"{r.value} {r.unit}"
        assert expected in words
        assert f"n = {q.n}" in words


def test_rates_of_streams_at_once_come_first_each_with_its_number() -> None:
    sampled = sample()[0]
    rate = next(q for q in sampled.results if q.measurand_id == "decode_rate@1" and not q.scope)
    steps = tuple(
        msgspec.structs.replace(rate, measurand_id="system_rate@1", scope=f"streams={n}")
        for n in (1, 4)
    )
    record = msgspec.structs.replace(sampled, results=(*sampled.results, *steps))
    words = " ".join(read(page(record, example_run())).words.split())
    first, second = (words.index(f"{n} at once") for n in (1, 4))
    assert words.index("Headline") < first < second < words.index("peak memory")


def test_device_facts_that_changed_during_the_run_are_told() -> None:
    record = msgspec.structs.replace(
        sample()[0],
        item={"before": {"governor": "performance"}, "after": {"governor": "powersave"}},
    )
    found = read(page(record, example_run()))
    assert "governorperformance → powersave" in found.words


def test_hashes_reasons_and_the_command_to_check_stand_on_the_page() -> None:
    record, found = sample()
    wanted = (
        record.record_id,
        record.settings_sha256,
        record.payload_sha256,
        str(record.model_artifact["sha256"]),
        "inferometer verify DIR",
        *(a.output_sha256 for a in record.attempts.attempts),
        *(a.fix.en for a in record.absent),
        *(w.code for w in record.warnings),
    )
    for words in wanted:
        assert words in found.words


def hostile_run() -> AlignedRun:
    attempts = tuple(
        replace(
            a,
            series=tuple(replace(s, channel=f"{s.channel}{HOSTILE}") for s in a.series),
            requests=tuple(replace(r, item=f"{r.item}{HOSTILE}") for r in a.requests),
        )
        for a in example_run(2).attempts
    )
    return run_of(*attempts)


def hostile_record() -> Record:
    """A record in which a device, a model and a source chose their words badly."""
    record = record_of(hostile_run(), sample_facts(2))
    facts = {"name": HOSTILE, HOSTILE: HOSTILE, "sha256": HOSTILE}
    return msgspec.structs.replace(
        record,
        item={"before": facts, "after": facts},
        model_artifact=facts,
        runtime={"kind": HOSTILE, "settings": {"threads": HOSTILE}},
        dataset=facts,
        absent=tuple(msgspec.structs.replace(a, reason=HOSTILE) for a in record.absent),
    )


def test_hostile_words_are_shown_and_make_no_element() -> None:
    usual = read(page(record_of(example_run(2), sample_facts(2)), example_run(2)))
    drawn = page(hostile_record(), hostile_run())
    found = read(drawn)
    assert SHOWN in found.words
    assert found.elements["script"] == usual.elements["script"]
    assert "img" not in found.elements
    for hidden in ("\u202e", "\x1b", "\u2066"):
        assert hidden not in drawn.decode()


def test_a_run_without_any_attempt_still_has_a_whole_page() -> None:
    record = record_of(run_of())
    found = read(page(record, run_of()))
    assert record.verdict.status != "valid"
    for reason in record.verdict.reasons:
        assert reason.partition(":")[0] in found.words


def excluded(record: Record) -> tuple[Txt, ...]:
    """What the record itself says of attempts that do not count."""
    found = record.sampling_plan.exclusions
    assert len(found) == 2
    return found


def test_void_attempts_are_listed_with_their_reason() -> None:
    attempts = [
        replace(a, status="void", reason="gate-timeout: 40 C") for a in example_run(2).attempts
    ]
    record = record_of(run_of(*attempts))
    rows = table(read(page(record, run_of(*attempts))), "Attempts").rows[1:]
    assert len(rows) == 2
    words = REASONS["gate-timeout"]
    for row in rows:
        assert all(part in row[2] for part in ("gate-timeout", "40 C", words.zh, words.en))
    assert all(words.en in said.en and words.zh in said.zh for said in excluded(record))


def test_a_fix_of_an_absent_source_is_said_in_both_languages() -> None:
    absent = (
        AbsentField("load /proc/loadavg", "not-readable: EACCES", fix_words("mount procfs")),
    )
    record = msgspec.structs.replace(sample_record(), absent=absent)
    words = read(page(record, example_run(3))).words
    assert "挂载 procfs" in words
    assert "mount procfs" in words


def test_a_run_of_many_attempts_and_channels_stays_below_its_bound() -> None:
    base = example_run(1).attempts[0]
    wide = tuple(replace(s, channel=f"{s.channel}.{i}") for s in base.series for i in range(12))
    attempts = tuple(replace(base, number=n, series=wide) for n in range(1, 26))
    drawn = page(sample_record(), run_of(*attempts))
    assert len(drawn) <= 3_250_000
    assert b"not drawn" in drawn


def test_the_energy_of_the_best_evidence_is_in_the_headline_with_its_tier() -> None:
    sampled = sample()[0]
    rate = next(q for q in sampled.results if q.measurand_id == "decode_rate@1" and not q.scope)
    others = tuple(q for q in sampled.results if not q.measurand_id.startswith("energy_per_"))
    told = tuple(
        msgspec.structs.replace(
            rate, measurand_id="energy_per_token@1", scope="request", source=source, tier=tier
        )
        for source, tier in (("rapl.package", "B"), ("meter.wall.power", "A"), ("gauge", "C"))
    )
    record = msgspec.structs.replace(sampled, results=(*others, *told))
    words = " ".join(read(page(record, example_run())).words.split())
    headline = words[
        words.index("Headline") : words.index("All quantities", words.index("Headline"))
    ]
    assert "meter.wall.power · A 级 tier A" in headline
    assert "rapl.package" not in headline
    assert "gauge" not in headline
