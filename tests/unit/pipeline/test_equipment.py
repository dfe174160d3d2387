from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest

from host.equipment.load import load
from host.errors import EquipmentError
from host.handover.equipment import Equipment, Surrounding
from host.handover.record import Record
from host.pipeline.redo import redo
from host.run.folder import RunFolder
from tests.fakes.instruments import PAPER, certificate, equipment, instrument, write
from tests.fakes.story import STAMP_COLUMNS, Length, Stream, legal

RUN = Length(attempts=3, items=2, tokens=40, warmups=1, step_ns=50_000_000, readings=200)
CHANNEL = "meter.m1.power"
DESCRIBED = {
    "name": CHANNEL,
    "kind_of_source": "meter",
    "unit": "mW",
    "kind": "instant",
    "quantity": "power",
    "tier": "A-",
}
LIMITED = certificate(drift_per_year="0.001", points=(("1", "0", "0.1"), ("41", "0.40", "0.1")))


def meter(said: Sequence[object] = (LIMITED,), **over: object) -> Equipment:
    one = instrument(
        id="m1", kind="external_meter", channels=("meter.m1.*",), certificate=tuple(said), **over
    )
    around = Surrounding("ambient_temperature", "23.4", "Cel", "0.3", "2")
    return equipment(one, environment=(around,))


def folder(tmp_path: Path, said: Equipment | None, milliwatt: int = 11_000) -> RunFolder:
    """A sealed run whose meter always reads the same power."""
    story = legal(RUN)
    for attempt in story.attempts.values():
        like = attempt.streams["source-rapl"]
        rows = [[*row[:-1], str(milliwatt)] for row in like.rows]
        attempt.streams["source-meter"] = Stream((*STAMP_COLUMNS, (CHANNEL, "mW")), rows)
        attempt.stated["sources"]["channels"].append(DESCRIBED)
    if said is not None:
        loaded = load(write(tmp_path / "lab", said))
        story.extra = {f"equipment/{name}": data for name, data in loaded.files.items()}
    return story.write(tmp_path / "run")


def power(record: Record) -> tuple[float, str]:
    """Mean power over the requests, and its tier."""
    (found,) = [
        q
        for q in record.results
        if (q.measurand_id, q.scope, q.source) == ("mean_power@1", "request", CHANNEL)
    ]
    return round(float(found.value or "nan"), 9), found.tier


def test_without_equipment_a_meter_is_uncorrected_and_tier_a_minus(tmp_path: Path) -> None:
    record = redo(folder(tmp_path, None).path).record
    assert power(record) == (11.0, "A-")
    assert record.equipment == ()


def test_a_certificate_moves_the_value_by_its_correction_and_earns_tier_a(tmp_path: Path) -> None:
    record = redo(folder(tmp_path, meter()).path).record
    assert power(record) == (11.1, "A")
    assert record.equipment[0].tier == "A"
    said = record.equipment[0].certificates[0].reason
    assert said is not None
    assert "+0.1 W" in said.en
    assert {s.tier for s in record.sources if s.source == "meter"} == {"A"}


def test_a_correction_stands_in_the_budget_with_the_instrument(tmp_path: Path) -> None:
    record = redo(folder(tmp_path, meter()).path).record
    rows = [
        row
        for budget in record.budgets
        if budget.measurand_id == "mean_power@1"
        for row in budget.rows
        if row.symbol == "calibration"
    ]
    assert {(row.U, row.k, row.equipment_ref) for row in rows} == {("0.1", "2", "m1#0001")}


def test_the_record_comes_out_the_same_again(tmp_path: Path) -> None:
    made = folder(tmp_path, meter()).path
    assert redo(made).record_bytes() == redo(made).record_bytes()


def test_an_expired_certificate_lowers_the_tier_and_warns_in_both_languages(
    tmp_path: Path,
) -> None:
    old = certificate(calibrated=datetime.date(2024, 1, 1), due=datetime.date(2024, 12, 31))
    record = redo(folder(tmp_path, meter((old,))).path).record
    assert power(record)[1] == "A-"
    (warned,) = [w for w in record.warnings if w.code == "certificate-not-met"]
    assert "was due on 2024-12-31" in warned.text.en
    assert "已过期" in warned.text.zh


def test_readings_beyond_the_range_lower_the_tier_and_stay(tmp_path: Path) -> None:
    record = redo(folder(tmp_path, meter(), milliwatt=50_000).path).record
    assert power(record) == (50.0, "A-")
    assert record.equipment[0].certificates[0].in_range is False


def test_the_surroundings_are_in_the_record(tmp_path: Path) -> None:
    record = redo(folder(tmp_path, meter()).path).record
    (ambient,) = [e for e in record.environment if e.quantity == "ambient_temperature"]
    assert (ambient.value, ambient.U, ambient.k) == ("23.4", "0.3", "2")


def test_a_certificate_file_that_changed_in_the_folder_is_refused(tmp_path: Path) -> None:
    made = folder(tmp_path, meter())
    (paper,) = [p for p in (made.data / "equipment").iterdir() if p.suffix == ".pdf"]
    paper.write_bytes(PAPER + b" ")
    with pytest.raises(EquipmentError, match="has the SHA-256"):
        redo(made.path)


def test_a_certificate_of_another_unit_is_refused(tmp_path: Path) -> None:
    made = folder(tmp_path, meter((certificate(unit="V"),)))
    with pytest.raises(EquipmentError, match="a table in V fits no channel"):
        redo(made.path)
