"""Statements beside the seal of a whole folder: what may follow what, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from host.errors import FolderError, HostError, LaboratoryError, UsageError
from host.handover.laboratory import Words
from host.handover.statement import Stated
from host.pipeline.issue import Wanted, state
from host.pipeline.redo import Redone, redo
from host.pipeline.statements import chain_findings, write_derived
from host.pipeline.verify import verify
from host.pipeline.write import write_page, write_record
from tests.fakes.records import sample_laboratory
from tests.fakes.story import PAIR, SHORTEST, legal

LABORATORY = sample_laboratory()
WHY = Words("客户名称有误", "the name of the customer was wrong")


def wanted(kind: Stated, day: int = 10, **over: object) -> Wanted:
    given: dict[str, object] = {"laboratory": LABORATORY if kind == "issued" else None}
    given["reason"] = None if kind == "issued" else WHY
    return Wanted(kind, f"2026-01-{day}T08:00:00.000Z", **{**given, **over})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run with record and page, never changed."""
    root = tmp_path_factory.mktemp("issue") / "run"
    legal(SHORTEST).write(root)
    redone = redo(root)
    write_record(root, redone)
    write_page(root, redone)
    return root


@pytest.fixture
def run(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "run"))


def files(root: Path, folder: str) -> list[str]:
    place = root / folder
    return sorted(p.name for p in place.iterdir()) if place.is_dir() else []


def rules(root: Path) -> set[str]:
    return {f.rule for f in chain_findings(root, redo(root))}


def whole(root: Path) -> None:
    """Intact and redone: whether it conforms is a matter of its signatures."""
    found = verify(root)
    assert [f for f in found.findings if f.aspect in ("intact", "redone")] == []


def test_an_issued_record_has_a_number_a_date_and_its_people(run: Path) -> None:
    before = redo(run).record.record_id
    record = state(run, wanted("issued", received="2026-01-01")).record
    digits = before.removeprefix("urn:sha256:")
    assert record.record_no == f"EX-20260110-{digits[:8]}"
    assert (record.status.state, record.status.replaces) == ("issued", before)
    assert (record.issued, record.item_received) == ("2026-01-10T08:00:00.000Z", "2026-01-01")
    assert files(run, "statements") == ["001-issued.json"]
    assert files(run, "superseded") == [f"{digits[:16]}.json"]
    whole(run)


def test_the_seal_and_the_data_stay_as_they_were(sealed: Path, run: Path) -> None:
    state(run, wanted("issued"))
    for path in sealed.rglob("*"):
        name = path.relative_to(sealed)
        if path.is_file() and name.name not in ("record.json", "report.html"):
            assert (run / name).read_bytes() == path.read_bytes()


def test_the_whole_life_of_a_record_can_be_redone(run: Path) -> None:
    states: tuple[Stated, ...] = ("issued", "amended", "substituted", "withdrawn")
    numbers = [state(run, wanted(s, 10 + n)).record.record_no for n, s in enumerate(states)]
    first = numbers[0]
    assert numbers == [first, f"{first}-A1", f"{first}-S2", f"{first}-S2"]
    assert len(files(run, "superseded")) == 4
    assert redo(run).record.status.state == "withdrawn"
    whole(run)


def test_what_is_not_given_again_stays_as_it_was_stated(run: Path) -> None:
    opinion = Words("意见", "an opinion")
    state(run, wanted("issued", received="2026-01-01", opinions=opinion))
    record = state(run, wanted("amended", 11)).record
    assert record.item_received == "2026-01-01"
    assert record.opinions is not None
    assert record.opinions.en == "an opinion"
    assert record.laboratory is not None


def test_an_amendment_can_name_another_laboratory_file(run: Path) -> None:
    state(run, wanted("issued"))
    other = msgspec.structs.replace(LABORATORY, intended_use=Words("甲", "another use"))
    record = state(run, wanted("amended", 11, laboratory=other)).record
    assert record.intended_use is not None
    assert record.intended_use.en == "another use"


REFUSED: dict[str, tuple[Wanted, type[HostError], str]] = {
    "no laboratory": (wanted("issued", laboratory=None), LaboratoryError, "stays a draft"),
    "no approver": (
        wanted("issued", laboratory=msgspec.structs.replace(LABORATORY, people=())),
        LaboratoryError,
        "approver",
    ),
    "no customer": (
        wanted("issued", laboratory=msgspec.structs.replace(LABORATORY, customer=None)),
        LaboratoryError,
        "customer",
    ),
    "amended before issued": (wanted("amended"), UsageError, "is a draft"),
    "withdrawn before issued": (wanted("withdrawn"), UsageError, "it can become issued"),
    "before the run ended": (
        Wanted("issued", "2025-12-31T00:00:00Z", LABORATORY),
        UsageError,
        "lies before",
    ),
    "a number with spaces": (wanted("issued", record_no="a b"), UsageError, "record number"),
    "a day in words": (wanted("issued", received="monday"), UsageError, "2026-01-31"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_stated_is_refused_and_nothing_is_written(
    run: Path, case: tuple[Wanted, type[HostError], str]
) -> None:
    before = (run / "record.json").read_bytes()
    with pytest.raises(case[1], match=case[2]):
        state(run, case[0])
    assert files(run, "statements") == files(run, "superseded") == []
    assert (run / "record.json").read_bytes() == before


@pytest.mark.parametrize("again", ["issued", "amended", "substituted", "withdrawn"])
def test_nothing_follows_a_withdrawal(run: Path, again: Stated) -> None:
    state(run, wanted("issued"))
    state(run, wanted("withdrawn", 11))
    with pytest.raises(UsageError, match="nothing else any more"):
        state(run, wanted(again, 12))


def test_a_later_statement_needs_a_reason_and_a_later_date(run: Path) -> None:
    state(run, wanted("issued"))
    with pytest.raises(UsageError, match="reason"):
        state(run, wanted("amended", 11, reason=None))
    with pytest.raises(UsageError, match="lies before"):
        state(run, Wanted("amended", "2026-01-09T00:00:00Z", reason=WHY))


def test_a_run_that_is_not_valid_is_issued_only_with_a_reason(tmp_path: Path) -> None:
    story = legal(PAIR)
    story.attempts[1].stated.update(status="void", reason="too-hot: 95")
    story.attempts[2].stated.update(status="void", reason="too-hot: 95")
    root = story.write(tmp_path / "run").path
    write_derived(root, redo(root))
    with pytest.raises(UsageError, match="the run is void, so a reason"):
        state(root, wanted("issued"))
    record = state(root, wanted("issued", reason=WHY)).record
    assert record.verdict.status == "void"
    assert record.status.reason is not None
    assert record.status.reason.en == WHY.en


def unseal(root: Path) -> None:
    (root / "bagit.txt").unlink()


def torn(root: Path) -> None:
    path = root / "record.json"
    path.write_bytes(path.read_bytes()[:-50])


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        raw = path.read_bytes()
        assert old in raw
        path.write_bytes(raw.replace(old, new, 1))

    return change


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "not sealed": (unseal, "is not sealed"),
    "no record": (lambda r: (r / "record.json").unlink(), "cannot be read"),
    "torn record": (torn, "no whole JSON"),
    "edited record": (replaced("record.json", b"example board", b"another board"), "come out"),
    "older record": (replaced("record.json", b'"0.4.0"', b'"0.1.0"'), "version 0.1.0"),
    "edited data": (replaced("data/plan.json", b"example", b"exempla"), "is not intact"),
    "no data": (lambda r: shutil.rmtree(r / "data"), "is no run folder"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_folder_that_is_not_sound_is_refused(
    run: Path, case: tuple[Callable[[Path], object], str]
) -> None:
    case[0](run)
    with pytest.raises(FolderError, match=case[1]):
        state(run, wanted("issued"))
    assert files(run, "statements") == []


@pytest.fixture
def amended(run: Path) -> Path:
    state(run, wanted("issued"))
    state(run, wanted("amended", 11))
    return run


def first_superseded(root: Path) -> Path:
    return next(iter(sorted((root / "superseded").iterdir())))


TAMPERED: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a statement edited": (
        replaced("statements/001-issued.json", b"Approver Three", b"Approver Four!"),
        {"statement-replaces", "superseded-extra", "superseded-missing"},
    ),
    "a statement taken out": (
        lambda r: (r / "statements" / "001-issued.json").unlink(),
        {"statement-hole", "statement-order", "statement-replaces", "superseded-extra"},
    ),
    "a superseded record taken out": (
        lambda r: first_superseded(r).unlink(),
        {"superseded-missing"},
    ),
    "a superseded record edited": (
        lambda r: first_superseded(r).write_bytes(b"{}"),
        {"superseded-differs"},
    ),
    "a superseded record too many": (
        lambda r: (r / "superseded" / f"{'0' * 16}.json").write_bytes(b"{}"),
        {"superseded-extra"},
    ),
}


@pytest.mark.parametrize("case", TAMPERED.values(), ids=TAMPERED)
def test_tampering_beside_the_seal_is_named(
    amended: Path, case: tuple[Callable[[Path], object], set[str]]
) -> None:
    assert rules(amended) == set()
    case[0](amended)
    assert rules(amended) == case[1]
    assert not verify(amended).holds("redone")


@pytest.mark.parametrize("lost", ["superseded", "record"])
def test_a_command_that_was_cut_off_is_made_whole_by_the_next(run: Path, lost: str) -> None:
    draft = (run / "record.json").read_bytes()
    after: Redone = state(run, wanted("issued"))
    if lost == "superseded":
        shutil.rmtree(run / "superseded")
    (run / "record.json").write_bytes(draft)
    with pytest.raises(UsageError, match="is issued"):
        state(run, wanted("issued", 11))
    assert (run / "record.json").read_bytes() == after.record_bytes()
    whole(run)
