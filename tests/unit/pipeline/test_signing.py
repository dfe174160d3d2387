"""Who may sign an issued record, and that signers do not undo one another."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from host.errors import FolderError, UsageError
from host.handover.record import Record
from host.pipeline.sign import (
    Signable,
    add_signature,
    people_of,
    signature_outcomes,
    stored_envelope,
)
from host.run.folder import RunFolder, write_bytes
from host.run.seal import seal
from host.schema.canonical import to_bytes
from host.sign.envelope import envelope_bytes
from host.sign.statement import payload_of, statement_of
from tests.fakes.signing import envelope_for, pair, person, record_for, trust_in


def signable_of(root: Path, record: Record) -> Signable:
    """A sealed folder with this record in it; that it redoes is not asked of it."""
    folder = RunFolder(root)
    folder.data.mkdir(parents=True)
    write_bytes(folder.data / "a.txt", b"a")
    manifest = seal(folder, made_by="test")
    write_bytes(folder.record, to_bytes(record))
    return Signable(root, record, payload_of(statement_of(to_bytes(record), record, manifest)))


def test_three_people_sign_an_issued_record_one_after_the_other(tmp_path: Path) -> None:
    roles = (("张伟", "operator"), ("李娜", "checker"), ("王芳", "approver"))
    pairs = [pair(tmp_path, name, role) for name, role in roles]  # type: ignore[arg-type]
    people = (person(p, role) for (_, p), (_, role) in zip(pairs, roles, strict=True))  # type: ignore[arg-type]
    given = signable_of(tmp_path / "run", record_for(*people))
    for key, _ in pairs:
        add_signature(given, key)
    trust = trust_in(*(public for _, public in pairs))
    found = signature_outcomes(given.root, trust)
    assert [(o.person, o.role) for o in found] == list(roles)
    assert all(o.good for o in found)


def test_a_key_that_an_issued_record_does_not_name_is_refused(tmp_path: Path) -> None:
    _, public = pair(tmp_path, "张伟")
    stranger, _ = pair(tmp_path, "李娜")
    given = signable_of(tmp_path / "run", record_for(person(public)))
    with pytest.raises(UsageError, match="operator 张伟"):
        add_signature(given, stranger)
    assert not given.envelope_path.exists()


@pytest.mark.parametrize("state", ["amended", "substituted", "withdrawn"])
def test_only_a_draft_may_be_signed_by_whom_it_does_not_name(tmp_path: Path, state: str) -> None:
    key, _ = pair(tmp_path, "张伟")
    with pytest.raises(UsageError, match="names a key of nobody"):
        people_of(record_for(state=state), key.id)
    assert people_of(record_for(state="draft", issued=""), key.id) == ()


def test_one_key_signs_a_record_once(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    given = signable_of(tmp_path / "run", record_for(person(public)))
    add_signature(given, key)
    before = given.envelope_path.read_bytes()
    with pytest.raises(UsageError, match="signed it already"):
        add_signature(given, key)
    assert given.envelope_path.read_bytes() == before


def test_a_record_that_was_replaced_meanwhile_is_not_signed(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    given = signable_of(tmp_path / "run", record_for(person(public)))
    other = record_for(person(public), issued="2026-06-02T12:00:00Z")
    write_bytes(given.root / "record.json", to_bytes(other))
    with pytest.raises(FolderError, match="sign it again"):
        add_signature(given, key)
    assert not given.envelope_path.exists()


def test_an_envelope_of_another_record_is_not_added_to(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    given = signable_of(tmp_path / "run", record_for(person(public)))
    other = record_for(person(public), issued="2026-06-02T12:00:00Z")
    given.envelope_path.parent.mkdir()
    given.envelope_path.write_bytes(envelope_bytes(envelope_for(other, key)))
    with pytest.raises(FolderError, match="something else"):
        add_signature(given, key)


def test_signers_at_the_same_time_lose_no_signature(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, f"signer {n}") for n in range(8)]
    given = signable_of(tmp_path / "run", record_for(*(person(public) for _, public in pairs)))
    threads = [threading.Thread(target=add_signature, args=(given, key)) for key, _ in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = stored_envelope(given)
    assert stored is not None
    assert {s.key_id for s in stored.signatures} == {key.id for key, _ in pairs}


def test_the_signatures_of_a_record_that_was_replaced_are_still_checked(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    given = signable_of(tmp_path / "run", record_for(person(public)))
    add_signature(given, key)
    new = record_for(person(public), state="amended", issued="2026-06-03T12:00:00Z")
    (given.root / "superseded").mkdir()
    old = given.root / "superseded" / f"{given.stem}.json"
    (given.root / "record.json").rename(old)
    write_bytes(given.root / "record.json", to_bytes(new))
    (found,) = signature_outcomes(given.root, trust_in(public))
    assert (found.code, found.record_id) == ("valid", given.record.record_id)
    old.write_bytes(old.read_bytes()[:-1])
    (found,) = signature_outcomes(given.root, trust_in(public))
    assert found.code == "other-record"
    old.write_bytes(b"{}")
    (found,) = signature_outcomes(given.root, trust_in(public))
    assert found.code == "malformed"


def test_an_old_copy_cannot_stand_in_for_a_changed_record(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    given = signable_of(tmp_path / "run", record_for(person(public)))
    add_signature(given, key)
    path = given.root / "record.json"
    (given.root / "superseded").mkdir()
    (given.root / "superseded" / f"{given.stem}.json").write_bytes(path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"2026-06-01T12", b"2026-06-01T13"))
    (found,) = signature_outcomes(given.root, trust_in(public))
    assert (found.code, found.intact) == ("other-record", False)


def test_a_folder_without_signatures_has_no_outcome(tmp_path: Path) -> None:
    assert signature_outcomes(tmp_path, trust_in()) == ()
