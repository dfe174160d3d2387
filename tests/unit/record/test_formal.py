from dataclasses import replace

import msgspec

from host.handover.formal import EnvironmentField
from host.handover.laboratory import EnvironmentTable, Words
from host.handover.record import AMBIENT_TEMPERATURE
from host.handover.text import Txt
from host.record.environment import NOT_MEASURED
from tests.fakes.records import (
    record_of,
    sample_chain,
    sample_facts,
    sample_laboratory,
    sample_plan,
    sample_record,
)
from tests.fakes.traces import example_run

STATEMENTS, RECORDS = sample_chain("issued", "amended", "withdrawn")
METER = Txt("仪表", "meter")
READ = EnvironmentField(AMBIENT_TEMPERATURE, Txt("室温", "room"), "21.5", "Cel", source=METER)
STATED = EnvironmentTable(
    AMBIENT_TEMPERATURE, Words("环境温度", "ambient temperature"), "23.0", "Cel", "wall", "1", "2"
)


def test_a_run_without_a_laboratory_file_is_a_draft_that_names_nobody() -> None:
    record = sample_record(2)
    assert record.status.state == "draft"
    assert (record.laboratory, record.customer, record.people) == (None, None, ())
    assert (record.record_no, record.issued, record.intended_use) == ("", "", None)


def test_the_laboratory_file_of_a_run_stands_in_its_draft_without_a_number() -> None:
    record = sample_record(2, laboratory=sample_laboratory())
    assert record.laboratory is not None
    assert record.laboratory.name == Txt("示例计量院", "Example Institute")
    assert [p.role for p in record.people] == ["operator", "checker", "approver"]
    assert (record.status.state, record.record_no) == ("draft", "")


def test_a_record_stands_as_its_last_statement_says() -> None:
    for statement, record in zip(STATEMENTS, RECORDS[1:], strict=True):
        assert record.status.state == statement.state
        assert record.status.replaces == statement.replaces
        assert record.status.date == statement.date
        assert record.record_no == statement.record_no


def test_each_record_replaces_the_one_before_and_has_an_identity_of_its_own() -> None:
    ids = [r.record_id for r in RECORDS]
    assert len(set(ids)) == len(ids)
    assert [r.status.replaces for r in RECORDS] == ["", *ids[:-1]]


def test_the_date_of_issue_is_that_of_the_last_statement_but_a_withdrawal() -> None:
    dates = [s.date for s in STATEMENTS]
    assert [r.issued for r in RECORDS] == ["", dates[0], dates[1], dates[1]]


def test_statements_change_nothing_but_how_the_record_stands() -> None:
    formal = {"record_id", "record_no", "status", "laboratory", "customer", "people"}
    formal |= {"issued", "item_received", "intended_use", "opinions", "external_provider_results"}
    draft, issued = (msgspec.to_builtins(r) for r in RECORDS[:2])
    assert {k for k in draft if draft[k] != issued[k]} <= formal


def test_the_temperature_has_its_entry_and_a_reason_when_nobody_measured_it() -> None:
    [found] = sample_record(2).environment
    assert (found.quantity, found.value, found.unit) == (AMBIENT_TEMPERATURE, None, "Cel")
    assert found.missing == NOT_MEASURED


def test_what_the_laboratory_states_stands_in_with_its_source() -> None:
    laboratory = msgspec.structs.replace(sample_laboratory(), environment=(STATED,))
    [found] = sample_record(2, laboratory=laboratory).environment
    assert (found.value, found.U, found.k) == ("23.0", "1", "2")
    assert found.source == Txt("实验室文件：wall", "laboratory file: wall")


def test_a_reading_goes_before_what_the_laboratory_states() -> None:
    laboratory = msgspec.structs.replace(sample_laboratory(), environment=(STATED,))
    facts = replace(sample_facts(2), laboratory=laboratory, environment=(READ,))
    assert record_of(example_run(2), facts).environment == (READ,)


def test_other_readings_do_not_stand_for_the_temperature() -> None:
    humidity = msgspec.structs.replace(READ, quantity="humidity", unit="%")
    facts = replace(sample_facts(2), environment=(humidity,))
    found = record_of(example_run(2), facts).environment
    assert [e.quantity for e in found] == [AMBIENT_TEMPERATURE, "humidity"]


def test_the_method_names_what_the_evaluation_followed() -> None:
    method = sample_record(2).method
    assert {"JCGM 100:2008", "JJF 1059.1-2012"} <= set(method.norms)
    assert method.deviations.en == "None."
    assert method.sha256 == sample_record(5).method.sha256


def test_the_sampling_plan_says_order_and_seed_and_leaves_nothing_out_of_five() -> None:
    plan = sample_record(5).sampling_plan
    assert (plan.devices, plan.runs, plan.order, plan.seed) == (1, 5, "shuffled", "1")
    assert plan.randomised is True
    assert plan.exclusions == ()


def test_attempts_that_no_result_counts_are_excluded_with_their_reason() -> None:
    run = example_run(3)
    void = replace(run.attempts[1], status="void", reason="too-hot: 95")
    record = record_of(replace(run, attempts=(run.attempts[0], void, run.attempts[2])))
    assert record.sampling_plan.exclusions == (
        Txt("第 2 次尝试：作废，too-hot: 95", "attempt 2: void, too-hot: 95"),
    )


def test_cut_off_and_lacking_attempts_are_deviations() -> None:
    run = example_run(3)
    cut = replace(run.attempts[2], status="incomplete", reason="cut-off: cable")
    record = record_of(replace(run, attempts=(*run.attempts[:2], cut)))
    assert record.method.deviations.en == ("Attempts cut off: 1; planned attempts lacking: 1.")


def test_a_temperature_gate_is_the_rule_for_cooling_down() -> None:
    change = msgspec.structs.replace
    given = sample_plan(2)
    gates = change(given.plan.gates, max_temperature_c=45.0)
    plan = change(given, plan=change(given.plan, gates=gates))
    record = record_of(example_run(2), replace(sample_facts(2), plan=plan))
    assert "45 °C" in record.sampling_plan.cool_down_rule.en
    assert "45 °C" in record.sampling_plan.cool_down_rule.zh


def test_cooling_down_to_the_start_is_said_beside_a_fixed_limit() -> None:
    change = msgspec.structs.replace
    given = sample_plan(2)
    gates = change(given.plan.gates, max_temperature_c=45.0, cooldown_above_start_k=2.0)
    plan = change(given, plan=change(given.plan, gates=gates))
    rule = record_of(example_run(2), replace(sample_facts(2), plan=plan)).sampling_plan
    assert "45 °C or below and to at most 2 K above" in rule.cool_down_rule.en
    assert "不高于 45 °C，且比第一次之前高不超过 2 K" in rule.cool_down_rule.zh
