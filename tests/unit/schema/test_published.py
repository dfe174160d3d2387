"""The published schema and the strict reader: what one refuses, the other refuses too."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from host.errors import FolderError
from host.schema.canonical import from_bytes, to_bytes
from host.schema.published import DIALECT, IDENTITY, record_schema, schema_bytes, shipped
from host.schema.upgrade import read_record
from tests.fakes.records import sample_chain, sample_laboratory, sample_record

DATA = Path(__file__).parents[2] / "data" / "records"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(shipped()))
RECORD = sample_record(2)
JSON: dict[str, Any] = json.loads(to_bytes(RECORD))
LONG = ("budgets", "results")


def brief(found: dict[str, Any]) -> dict[str, Any]:
    """The same with two of each long list: the rules for one are those for all."""
    return {**found, **{name: found[name][:2] for name in LONG}}


BRIEF = brief(JSON)


def valid(found: Any) -> bool:  # noqa: ANN401
    return bool(VALIDATOR.is_valid(found))


def test_the_shipped_file_is_what_the_types_make() -> None:
    assert shipped() == schema_bytes()


def test_the_schema_is_a_schema_of_2020_12_with_its_own_identity() -> None:
    schema = record_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (DIALECT, IDENTITY)


def test_every_part_of_the_schema_is_described() -> None:
    bare = [name for name, part in record_schema()["$defs"].items() if not part["description"]]
    assert bare == []


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_sample_records_keep_the_schema(attempts: int) -> None:
    record = sample_record(attempts, laboratory=sample_laboratory())
    assert [e.message for e in VALIDATOR.iter_errors(json.loads(to_bytes(record)))] == []


def test_records_in_every_state_keep_the_schema() -> None:
    _, records = sample_chain("issued", "amended", "substituted", "withdrawn")
    for record in records:
        assert valid(brief(json.loads(to_bytes(record))))


def test_an_upgraded_record_keeps_the_schema() -> None:
    record = read_record((DATA / "0.1.0.json").read_bytes())
    assert valid(json.loads(to_bytes(record)))


def first(found: dict[str, Any]) -> dict[str, Any]:
    quantity: dict[str, Any] = found["results"][0]
    return quantity


def rows(found: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = found["budgets"][0]["rows"][0]
    return row


BAD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a number where a decimal string is due": lambda r: first(r).update(value=217.1),
    "a decimal that is none": lambda r: first(r).update(value="about 5"),
    "a decimal that is empty": lambda r: first(r).update(value=""),
    "a decimal with a line feed": lambda r: first(r).update(value="5\n"),
    "a decimal with a leading zero": lambda r: first(r).update(value="05"),
    "NaN as a text": lambda r: first(r).update(U="NaN"),
    "infinite u": lambda r: first(r).update(u="inf"),
    "degrees of freedom for k that were not truncated": lambda r: first(r).update(nu_used="4.5"),
    "an interval of three": lambda r: first(r).update(bounds=["1", "2", "3"]),
    "an unknown status of uncertainty": lambda r: first(r).update(uncertainty_status="good"),
    "an unknown rule for k": lambda r: first(r).update(k_rule="k3"),
    "an unknown traceability": lambda r: first(r).update(traceability="yes"),
    "no Chinese": lambda r: r["title"].pop("zh"),
    "no English in a row": lambda r: rows(r)["name"].pop("en"),
    "a third language": lambda r: r["title"].update(de="Titel"),
    "an unknown field": lambda r: r.update(surprise=1),
    "an unknown field deep down": lambda r: rows(r).update(surprise=1),
    "a row of type C": lambda r: rows(r).update(type="C"),
    "a row whose share is a number": lambda r: rows(r).update(share=0.5),
    "no end mark": lambda r: r.pop("end_of_record"),
    "an end mark that is false": lambda r: r.update(end_of_record=False),
    "an unknown state": lambda r: r["status"].update(state="published"),
    "an unknown schema version": lambda r: r["schema"].update(version="9.9.9"),
    "another schema": lambda r: r["schema"].update(name="someone/else"),
    "an unknown kind": lambda r: r.update(kind="calibration_certificate"),
    "an unknown verdict": lambda r: r["verdict"].update(status="pass"),
    "an attempt of unknown status": lambda r: r["attempts"]["attempts"][0].update(status="ok"),
    "a hash that is too short": lambda r: r.update(settings_sha256="ab"),
    "a hash in capitals": lambda r: r.update(payload_sha256="A" * 64),
    "an identity of another form": lambda r: r.update(record_id="urn:md5:0"),
    "a count that is a text": lambda r: r["attempts"].update(valid="2"),
    "ns as a number": lambda r: r["sources"][0].update(read_max_ns=5),
    "no environment": lambda r: r.update(environment=[]),
    "no method": lambda r: r.update(method=None),
    "a person without a role": lambda r: r.update(people=[{"name": "A"}]),
    "a person of unknown role": lambda r: r.update(people=[{"name": "A", "role": "boss"}]),
    "a date of issue in words": lambda r: r.update(issued="yesterday"),
    "a day of receipt in words": lambda r: r.update(item_received="monday"),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_bad_record_is_refused_by_schema_and_reader(
    change: Callable[[dict[str, Any]], Any],
) -> None:
    bad = copy.deepcopy(BRIEF)
    change(bad)
    assert bad != BRIEF
    assert not valid(bad)
    with pytest.raises(FolderError):
        from_bytes(json.dumps(bad).encode())
    with pytest.raises(FolderError):
        read_record(json.dumps(bad).encode())


def test_the_good_record_is_taken_by_both() -> None:
    assert valid(BRIEF)
    assert valid(JSON)
    assert from_bytes(json.dumps(BRIEF).encode())
    assert from_bytes(json.dumps(JSON).encode()) == RECORD
