import hashlib
from dataclasses import replace

import msgspec
import pytest

from host.handover.trace import AlignedRun
from host.record.build import DEFAULT_TITLE
from host.schema.canonical import canonical_bytes, from_bytes, record_id_of, to_bytes
from tests.fakes.records import record_of, sample_facts, sample_plan, sample_record
from tests.fakes.traces import example_run

RECORD = sample_record()


def test_the_same_run_gives_the_same_bytes() -> None:
    assert to_bytes(sample_record()) == to_bytes(RECORD)


def test_any_change_gives_another_identity() -> None:
    facts = sample_facts()
    changed = record_of(example_run(), replace(facts, payload_sha256="6" * 64))
    assert changed.record_id != RECORD.record_id
    assert record_id_of(changed) == changed.record_id


def test_the_settings_hash_is_over_the_settings_in_the_record() -> None:
    expected = hashlib.sha256(canonical_bytes(RECORD.settings)).hexdigest()
    assert RECORD.settings_sha256 == expected


def test_everything_named_is_defined_and_nothing_else() -> None:
    named = {q.measurand_id for q in (*RECORD.results, *RECORD.conventions)}
    assert {d.id for d in RECORD.definitions} == named


def test_identities_of_quantities_are_unique() -> None:
    ids = [q.id for q in (*RECORD.results, *RECORD.conventions)]
    assert len(ids) == len(set(ids))


def test_a_quantity_with_u_has_all_of_its_parts_and_says_what_u_holds() -> None:
    with_u = [q for q in (*RECORD.results, *RECORD.conventions) if q.U is not None]
    assert with_u
    for quantity in with_u:
        assert quantity.uncertainty_status in ("evaluated", "partly_evaluated", "type_a_only")
        assert None not in (quantity.u, quantity.k, quantity.nu_eff, quantity.nu_used)
        assert quantity.p == "0.95"
        assert quantity.k_rule == "t_nu_eff"
        assert quantity.reported is not None
        assert bool(quantity.open_rows) == (quantity.uncertainty_status == "partly_evaluated")


def test_a_quantity_without_u_has_no_part_of_it() -> None:
    for quantity in (*RECORD.results, *RECORD.conventions):
        if quantity.U is None and quantity.uncertainty_status != "exact_count":
            assert quantity.uncertainty_status == "not_evaluated"
            parts = (quantity.u, quantity.k, quantity.p, quantity.nu_eff, quantity.method)
            assert parts == (None, None, None, None, "")


def test_conventions_of_other_tools_have_repeatability_alone_and_no_budget() -> None:
    statuses = {q.uncertainty_status for q in RECORD.conventions}
    assert "type_a_only" in statuses
    assert statuses <= {"type_a_only", "not_evaluated"}
    assert not [q for q in RECORD.conventions if q.budget_ref]


def test_a_quantity_without_value_says_why_and_nothing_more() -> None:
    missing = [q for q in RECORD.results if q.value is None]
    assert missing
    for quantity in missing:
        assert quantity.missing
        assert quantity.reported is None


def test_a_quantity_with_a_value_has_no_missing_reason() -> None:
    assert not [q for q in RECORD.results if q.value is not None and q.missing]


def test_one_attempt_gives_values_without_any_uncertainty() -> None:
    record = sample_record(1)
    assert record.verdict.status == "valid"
    assert {q.uncertainty_status for q in record.results} == {"not_evaluated"}
    assert not [q for q in record.results if q.U or q.k or q.p]


def test_void_attempts_stay_in_the_record_with_their_reason() -> None:
    run = example_run(3)
    void = replace(run.attempts[1], status="void", reason="too-hot: 95")
    record = record_of(replace(run, attempts=(run.attempts[0], void, run.attempts[2])))
    assert record.attempts.void == 1
    assert record.attempts.attempts[1].reason == "too-hot: 95"
    assert record.verdict.reasons == ("attempt-void: attempt 2, too-hot: 95",)
    assert {n for q in record.results for n, _ in q.by_attempt} == {1, 3}


def test_a_run_without_any_attempt_is_still_a_record() -> None:
    empty = AlignedRun("monotonic_raw@x", 0, 0, ())
    record = record_of(empty, replace(sample_facts(), interrupted="user"))
    assert record.verdict.status == "incomplete"
    assert all(q.value is None and q.missing for q in record.results)
    assert from_bytes(to_bytes(record)) == record


def test_prompt_texts_stay_out_and_their_hashes_stand_in() -> None:
    raw = to_bytes(RECORD).decode()
    assert "text of chat-64" not in raw
    assert hashlib.sha256(b"text of chat-64").hexdigest() in raw


def test_paths_of_the_host_stay_out() -> None:
    assert "/models/tiny.gguf" not in to_bytes(RECORD).decode()


def test_the_title_is_the_plans_or_ours() -> None:
    assert RECORD.title.en == "Length grid on the example board"
    plan = sample_plan()
    untitled = msgspec.structs.replace(plan, plan=msgspec.structs.replace(plan.plan, title=" "))
    record = record_of(example_run(), replace(sample_facts(), plan=untitled))
    assert record.title == DEFAULT_TITLE


def test_text_that_a_device_made_up_does_not_stop_the_record() -> None:
    run = example_run(2)
    odd = replace(run.attempts[0], status="void", reason="x\ud800\u2028")
    facts = replace(sample_facts(2), device_before={"a\ud800": [2**60, 1e-300, {"é": None}]})
    record = record_of(replace(run, attempts=(odd, run.attempts[1])), facts)
    assert from_bytes(to_bytes(record)) == record


def test_clocks_that_jumped_have_no_bound_and_not_one_of_zero() -> None:
    facts = sample_facts()
    jumped = replace(facts, clock={**facts.clock, "problem": "stepped"})
    alignment = record_of(replace(example_run(), offset_bound_ns=0), jumped).time["alignment"][0]
    assert (alignment["problem"], alignment["u_ns"]) == ("stepped", None)
    assert alignment["applied_bound_ns"] is None


def test_times_and_offsets_are_strings_of_ns() -> None:
    alignment = RECORD.time["alignment"][0]
    assert alignment["applied_offset_ns"] == "12345"
    assert alignment["applied_bound_ns"] == "40000"
    assert RECORD.time["traceability_text"]["en"] == "not traceable to UTC"


@pytest.mark.parametrize("word", ["calibrated", "pass", "traceable to SI"])
def test_words_that_were_not_earned_are_not_used(word: str) -> None:
    assert word not in to_bytes(RECORD).decode()


def test_a_quantile_counts_single_values_and_has_no_u() -> None:
    quantiles = [q for q in RECORD.results if q.measurand_id == "inter_token_interval@1"]
    assert [q.statistic for q in quantiles] == ["median", "p95", "p99"]
    for quantity in quantiles:
        assert quantity.n == 5 * 3 * 127
        assert quantity.interval is not None
        assert quantity.interval.kind == "order-statistics"
        assert len(quantity.by_attempt) == 5


def test_bounds_stand_in_the_record_low_before_high() -> None:
    bounded = [q for q in RECORD.results if q.bounds and q.value]
    assert bounded
    for quantity in bounded:
        assert quantity.bounds
        assert quantity.value
        low, high = (float(bound) for bound in quantity.bounds)
        assert low < float(quantity.value) < high
