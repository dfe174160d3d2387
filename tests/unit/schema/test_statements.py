import json
from collections.abc import Sequence

import msgspec
import pytest

from host.errors import FolderError
from host.handover.formal import State
from host.handover.statement import FOLLOWING, Stated, Statement
from host.schema.statements import Stored, check_chain, read_statement, statement_bytes
from tests.fakes.records import sample_chain, sample_statement

END = "2026-01-05T09:02:10Z"
STATES: tuple[Stated, ...] = ("issued", "amended", "substituted", "withdrawn")
CHAIN, RECORDS = sample_chain(*STATES)
IDS = [record.record_id for record in RECORDS]


def stored(statements: Sequence[Statement]) -> list[Stored]:
    return [Stored(s.name, statement_bytes(s), s) for s in statements]


def rules(files: Sequence[Stored], ids: Sequence[str] = IDS, end: str = END) -> list[str]:
    return [f.rule for f in check_chain(files, ids, end)]


@pytest.mark.parametrize("length", range(5))
def test_a_legal_chain_of_any_length_has_no_findings(length: int) -> None:
    assert rules(stored(CHAIN[:length]), IDS[: length + 1]) == []


def test_every_finding_is_of_redone_and_names_its_file() -> None:
    [found] = check_chain(stored([sample_statement(1, "amended", IDS[0])]), IDS[:2], END)
    assert (found.aspect, found.file) == ("redone", "statements/001-amended.json")
    assert "draft" in found.text.en
    assert "draft" in found.text.zh


@pytest.mark.parametrize("before", FOLLOWING)
@pytest.mark.parametrize("after", STATES)
def test_only_legal_transitions_are_taken(before: State, after: Stated) -> None:
    way: dict[str, tuple[Stated, ...]] = {"draft": (), "issued": ("issued",)}
    states = (*way.get(before, ("issued", before)), after)
    made = [sample_statement(n, s, IDS[n - 1]) for n, s in enumerate(states, 1)]
    legal = after in FOLLOWING[before]
    assert rules(stored(made)) == ([] if legal else ["statement-order"])


def test_a_record_is_issued_once_and_a_withdrawn_one_stays_withdrawn() -> None:
    assert FOLLOWING["draft"] == ("issued",)
    assert FOLLOWING["withdrawn"] == ()
    assert all("issued" not in FOLLOWING[s] for s in ("issued", "amended", "substituted"))


def test_a_missing_statement_is_a_hole() -> None:
    assert rules(stored([CHAIN[0], CHAIN[2]])) == ["statement-hole", "statement-replaces"]
    assert "statement-hole" in rules(stored(CHAIN[1:]))


def test_a_statement_that_stands_there_twice_is_seen() -> None:
    assert "statement-hole" in rules(stored([CHAIN[0], CHAIN[0]]))


def test_an_edited_record_before_breaks_what_replaces_it() -> None:
    ids = [IDS[0], "urn:sha256:" + "0" * 64, *IDS[2:]]
    assert rules(stored(CHAIN), ids) == ["statement-replaces"]


def test_a_statement_under_another_name_is_seen() -> None:
    [only] = stored(CHAIN[:1])
    renamed = Stored("002-issued.json", only.raw, only.statement)
    assert rules([renamed]) == ["statement-name"]


@pytest.mark.parametrize("change", [b" ", b"\n"])
def test_other_bytes_of_the_same_statement_are_seen(change: bytes) -> None:
    [only] = stored(CHAIN[:1])
    assert rules([Stored(only.name, only.raw + change, only.statement)]) == ["statement-form"]


def test_dates_never_go_back() -> None:
    early = msgspec.structs.replace(CHAIN[1], date="2026-01-05T10:29:59Z")
    assert rules(stored([CHAIN[0], early])) == ["statement-date"]
    assert rules(stored(CHAIN[:1]), end="2026-01-06T00:00:00Z") == ["statement-date"]
    assert rules(stored(CHAIN[:1]), end="") == []


def test_a_fraction_of_a_second_comes_after_its_second() -> None:
    statement = msgspec.structs.replace(CHAIN[0], date="2026-01-05T09:02:10.001Z")
    assert rules(stored([statement])) == []


def test_a_statement_reads_back_and_its_bytes_are_canonical() -> None:
    raw = statement_bytes(CHAIN[1])
    assert read_statement(raw, "x") == CHAIN[1]
    assert list(json.loads(raw)) == sorted(json.loads(raw))
    assert raw.endswith(b"}\n")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": "2"}, "'2', which is unknown here"),
        ({"state": "draft"}, "state"),
        ({"number": 0}, "number"),
        ({"number": 1000}, "number"),
        ({"date": "today"}, "date"),
        ({"replaces": "urn:md5:0"}, "replaces"),
        ({"record_no": "a b"}, "record_no"),
        ({"surprise": 1}, "surprise"),
        ({"reason": {"zh": "", "en": "x"}}, "reason"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_name(
    change: dict[str, object], why: str
) -> None:
    raw = json.dumps({**json.loads(statement_bytes(CHAIN[0])), **change}).encode()
    with pytest.raises(FolderError, match=why) as caught:
        read_statement(raw, "statements/001-issued.json")
    assert str(caught.value).startswith("statements/001-issued.json: ")


def test_a_torn_statement_is_refused() -> None:
    with pytest.raises(FolderError, match="no whole JSON"):
        read_statement(statement_bytes(CHAIN[0])[:-20], "x")
