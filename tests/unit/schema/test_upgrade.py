"""Stored records of older versions: never edited, always readable."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from host.errors import FolderError
from host.handover.record import SCHEMA_VERSION
from host.handover.text import same
from host.schema.canonical import from_bytes, record_id_of, to_bytes
from host.schema.upgrade import STEPS, identity_of, read_record, upgraded, version_of
from tests.fakes.records import sample_record

CHINESE = "[\u4e00-\u9fff]"
DATA = Path(__file__).parents[2] / "data" / "records"
STORED = {
    "0.1.0": "1a23046bc7df4c6773e10d197d2c36b70be4ce56688de76a4044af3256e20d97",
    "0.2.0": "4cb71d93327a9ff162a1038adfba32ae19344d0aebe336acf3d85448ce5682b0",
    "0.3.0": "31274e62df5f0819a07fb4e6dad048e67f6415d8d350c1c9d73f00a4c6643bc4",
}
OLD = (DATA / "0.1.0.json").read_bytes()


def test_there_is_a_stored_record_for_every_step_and_no_other() -> None:
    assert set(STORED) == set(STEPS) == {p.stem for p in DATA.iterdir()}


@pytest.mark.parametrize("version", STORED)
def test_a_stored_record_is_as_it_was_made(version: str) -> None:
    raw = (DATA / f"{version}.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == STORED[version]
    assert version_of(json.loads(raw)) == version


@pytest.mark.parametrize("version", STORED)
def test_a_stored_record_still_reads_and_can_be_written_anew(version: str) -> None:
    record = read_record((DATA / f"{version}.json").read_bytes())
    assert record.schema.version == SCHEMA_VERSION
    assert from_bytes(to_bytes(record)) == record


def test_values_and_uncertainties_of_an_old_record_stay_as_they_were() -> None:
    old: dict[str, Any] = json.loads(OLD)
    new = read_record(OLD)
    assert old["results"]
    for before, after in zip(old["results"], new.results, strict=True):
        assert (before["value"], before["U"], before["k"]) == (after.value, after.U, after.k)
        assert before["uncertainty_status"] == after.uncertainty_status
        assert after.nu_used == (before["nu"] if before["U"] is not None else None)


def test_an_old_record_is_a_draft_that_names_nobody_and_says_what_it_does_not_say() -> None:
    new = read_record(OLD)
    assert (new.status.state, new.people, new.laboratory) == ("draft", (), None)
    assert new.environment[0].value is None
    assert new.environment[0].missing is not None
    assert new.environment[0].missing.en.startswith("not-stated: ")
    assert new.environment[0].missing.zh.startswith("not-stated: ")
    assert "0.1.0" in new.method.deviations.en


def test_english_of_an_old_record_that_is_still_ours_is_said_in_chinese_too() -> None:
    old: dict[str, Any] = json.loads(OLD)
    new = read_record(OLD)
    assert len(new.definitions) == len(old["definitions"]) > 0
    for was, d in zip(old["definitions"], new.definitions, strict=True):
        for key, words in (("model", d.model), ("start", d.start), ("stop", d.stop)):
            assert words.en == was[key]
        assert re.search(CHINESE, d.start.zh)
        assert re.search(CHINESE, d.stop.zh)
    for was, q in zip(old["results"], new.results, strict=True):
        assert (q.rule.en if q.rule else "") == was["rule"]
        assert q.rule is None or re.search(CHINESE, q.rule.zh)
    assert new.runtime["reason"] == {"zh": "由方案指定", "en": old["runtime"]["reason"]}
    assert new.performed.clock.en == old["performed"]["clock"]
    assert re.search(CHINESE, new.performed.clock.zh)


def test_old_words_that_are_not_ours_any_more_stand_as_they_were_in_both_places() -> None:
    old: dict[str, Any] = json.loads(OLD)
    old["definitions"][0]["start"] = "when the bell rings"
    ruled = next(i for i, q in enumerate(old["results"]) if q["rule"])
    old["results"][ruled]["rule"] = "by eye"
    old["runtime"]["reason"] = "somebody liked it"
    new = read_record(json.dumps(old).encode())
    assert new.definitions[0].start == same("when the bell rings")
    assert new.results[ruled].rule == same("by eye")
    assert new.runtime["reason"] == {"zh": "somebody liked it", "en": "somebody liked it"}


def test_an_upgraded_record_keeps_the_identity_of_its_file() -> None:
    stated, computed = identity_of(OLD)
    assert stated == computed == read_record(OLD).record_id


def test_the_identity_of_this_version_is_the_same_by_both_ways() -> None:
    record = sample_record(2)
    assert identity_of(to_bytes(record)) == (record.record_id, record_id_of(record))


def test_an_edited_old_record_is_seen_by_its_identity() -> None:
    stated, computed = identity_of(OLD.replace(b"length-grid", b"length-grim", 1))
    assert stated != computed


def test_a_record_of_this_version_is_read_as_it_is() -> None:
    record = sample_record(2)
    assert read_record(to_bytes(record)) == record


def test_upgrading_does_not_change_what_it_is_given() -> None:
    found = json.loads(OLD)
    upgraded(found)
    assert found == json.loads(OLD)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (OLD.replace(b'"0.1.0"', b'"0.9.9"', 1), "'0.9.9', which is unknown here"),
        (OLD.replace(b'"0.1.0"', b"1", 1), "states no schema version"),
        (OLD.replace(b"inferometer/record", b"someone/else", 1), "its schema is not"),
        (OLD[:-10], "is no whole JSON file"),
        (b"{}", "its schema is not"),
        (b"[]", "is no JSON object"),
        (b"", "is no whole JSON file"),
        (OLD.replace(b'"verdict"', b'"verdikt"', 1), "verdikt|verdict"),
        (OLD.replace(b'"results": [', b'"results": [5, ', 1), "results"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence_with_its_name(
    raw: bytes, why: str
) -> None:
    with pytest.raises(FolderError, match=why) as caught:
        read_record(raw, "old/record.json")
    assert str(caught.value).startswith("old/record.json: ")
    assert "\n" not in str(caught.value)


def test_the_strict_reader_names_both_versions() -> None:
    with pytest.raises(FolderError, match=r"'0\.1\.0', not 0\.4\.0"):
        from_bytes(OLD)
