from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import msgspec
import pytest

from host.check import rules_budget, rules_formal
from host.check.rule import Rule
from host.handover.case import Case
from host.handover.record import Record
from host.handover.signature import Code, SignatureOutcome
from host.handover.text import Txt
from host.pipeline.redo import redo
from tests.fakes.bad_claims import TIERS, TRACES, claim_si, claim_tier
from tests.fakes.bad_records import (
    ANY,
    KEY,
    NEEDS_U,
    Forge,
    JsonRecord,
    budget_of,
    issue,
    rows_of,
    with_u,
)
from tests.fakes.mutants import Hunt, mutants
from tests.fakes.story import LONGEST, PAIR, SHORTEST, legal

LENGTHS = {"shortest": SHORTEST, "pair": PAIR, "longest": LONGEST}
MODULES = (rules_budget, rules_formal)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
BY_ID = {rule.id: rule for rule in RULES}


def signed(person: str, role: str, code: Code = "valid", **over: Any) -> SignatureOutcome:  # noqa: ANN401
    made = SignatureOutcome(
        file="signatures/0.dsse.json",
        record_id="",
        key_id=KEY,
        owner=person,
        organisation="",
        person=person,
        role=role,
        code=code,
        text=Txt("签名", "a signature"),
    )
    return replace(made, **over)


BOTH = (signed("Ann", "operator"), signed("Bo", "approver"))
Signatures = tuple[SignatureOutcome, ...]


def keyless(record: JsonRecord) -> None:
    """Only the approver has to sign; the operator is named without a key."""
    issue(record)
    record["people"][0]["key"] = ""


def state(word: str) -> Forge:
    def forge(record: JsonRecord) -> None:
        issue(record)
        record["status"]["state"] = word

    return forge


def correlated(record: JsonRecord) -> None:
    """Two rows that vary together, and the u that follows from it."""
    q = with_u(record)
    b = budget_of(record, q)
    a, c = [r for r in b["rows"] if float(r["contribution"] or 0) > 0][:2]
    words = {"zh": "同一", "en": "the same"}
    b["correlations"] = [{"a": a["symbol"], "b": c["symbol"], "r": "0.5", "reason": words}]
    both = float(a["c"]) * float(a["u"]) * float(c["c"]) * float(c["u"])
    u = (float(q["u"]) ** 2 + both) ** 0.5
    q |= {"u": repr(u), "U": repr(float(q["k"]) * u)}


def without_correlation_of(share: str) -> Forge:
    def forge(record: JsonRecord) -> None:
        rows_of(record, with_u(record))[0]["share"] = share

    return forge


def k_of_one(record: JsonRecord) -> None:
    q = with_u(record)
    q |= {"k": "1", "U": q["u"], "nu_eff": "3", "nu_used": "3"}


def equal(record: JsonRecord) -> None:
    """All attempts equal and nothing else known: U is zero, the value has its own digits."""
    q = with_u(record)
    for row in rows_of(record, q):
        if row["u"] is not None:
            row |= {"u": "0", "contribution": "0", "share": "0"}
    q |= {"u": "0", "U": "0"}
    q["reported"] |= {"value": "1.234", "U": "0"}


def reported(value: str, expanded: str) -> Forge:
    def forge(record: JsonRecord) -> None:
        with_u(record)["reported"] |= {"value": value, "U": expanded}

    return forge


def unshown(record: JsonRecord) -> None:
    """A U that is not printed, and a printed one that is none."""
    with_u(record)["reported"] = None
    bare = next((q for q in record["results"] if q["U"] is None and q["reported"]), None)
    if bare is not None:
        bare["reported"] |= {"value": "1.234", "U": "0"}


def exact(record: JsonRecord) -> None:
    q = next(q for q in record["results"] if q["U"] is None and q["value"] is not None)
    q["uncertainty_status"] = "exact_count"


LEGAL: dict[str, tuple[Forge, Signatures]] = {
    "a draft": (lambda _: None, ()),
    "issued": (issue, BOTH),
    "issued, with one more signature": (
        issue,
        (*BOTH, signed("Ann", "operator", "revoked-after")),
    ),
    "amended": (state("amended"), BOTH),
    "withdrawn without signatures": (state("withdrawn"), ()),
    "operator without a key": (keyless, (signed("Bo", "approver"),)),
    "tier A": (claim_tier, ()),
    "exact": (exact, ()),
}
LEGAL_WITH_U: dict[str, tuple[Forge, Signatures]] = {
    "traceable": (claim_si, ()),
    "correlated": (correlated, ()),
    "k of one": (k_of_one, ()),
    "equal": (equal, ()),
    "two digits": (reported("12.34", "0.12"), ()),
    "one digit": (reported("12.3", "0.1"), ()),
    "hundreds": (reported("12300", "1200"), ()),
    "unshown": (unshown, ()),
}
BAD_SIGNATURES: dict[str, tuple[tuple[Forge, Signatures], ...]] = {
    "issued-signed": (
        (issue, ()),
        (issue, BOTH[:1]),
        (issue, BOTH[1:]),
        (keyless, BOTH[:1]),
        (state("amended"), ()),
        (state("substituted"), ()),
        (issue, (BOTH[0], signed("Bo", "approver", "unknown-key"))),
        (issue, (BOTH[0], signed("Bo", "checker"))),
        (issue, (BOTH[0], signed("Bo", "approver", record_id="urn:sha256:" + "0" * 64))),
    ),
    "signatures-good": (
        (lambda _: None, (signed("", "", "unknown-key"),)),
        (issue, (*BOTH, signed("Ann", "operator", "expired"))),
        (issue, (*BOTH, signed("Ann", "operator", "revoked-before"))),
    ),
}
BAD: dict[str, list[tuple[Forge, Signatures, bool]]] = {}
for rule_id, forges in {"tier-earned": TIERS, **ANY}.items():
    BAD.setdefault(rule_id, []).extend((forge, (), True) for forge in forges)
for rule_id, forges in {"traceability-earned": TRACES, **NEEDS_U}.items():
    BAD.setdefault(rule_id, []).extend((forge, (), False) for forge in forges)
for rule_id, pairs in BAD_SIGNATURES.items():
    BAD.setdefault(rule_id, []).extend((forge, found, True) for forge, found in pairs)
PLACES = [(rule, i) for rule, ways in BAD.items() for i in range(len(ways))]

Cases = dict[tuple[str, int, str], Case]


@pytest.fixture(scope="module")
def true_cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    root = tmp_path_factory.mktemp("true")
    found = {}
    for name, length in LENGTHS.items():
        redone = redo(legal(length).write(root / name).path)
        found[name] = Case(redone.reading.run, redone.reading.facts, redone.record)
    return found


def forged(case: Case, forge: Forge, signatures: Signatures) -> Case:
    """The case with another record in its folder, and signatures that are for it."""
    fields: JsonRecord = msgspec.json.decode(msgspec.json.encode(case.record))
    forge(fields)
    record = msgspec.convert(fields, Record)
    own = (replace(s, record_id=s.record_id or record.record_id) for s in signatures)
    return replace(case, record=record, signatures=tuple(own))


@pytest.fixture(scope="module")
def legal_cases(true_cases: dict[str, Case]) -> dict[str, Case]:
    return {
        f"{name}: {edge}": forged(case, forge, signatures)
        for name, case in true_cases.items()
        for edge, (forge, signatures) in {
            **LEGAL,
            **({} if name == "shortest" else LEGAL_WITH_U),
        }.items()
        if not (edge == "exact" and name == "missing")
    }


@pytest.fixture(scope="module")
def bad_cases(true_cases: dict[str, Case]) -> Cases:
    return {
        (rule, place, name): forged(case, *BAD[rule][place][:2])
        for rule, place in PLACES
        for name, case in true_cases.items()
        if BAD[rule][place][2] or name != "shortest"
    }


@pytest.mark.parametrize("rule", BY_ID)
def test_a_true_record_breaks_no_rule_not_even_at_an_edge(
    rule: str, legal_cases: dict[str, Case]
) -> None:
    accused = {n: found for n, c in legal_cases.items() if (found := [*BY_ID[rule].breaches(c)])}
    assert accused == {}


@pytest.mark.parametrize(("rule", "place"), PLACES)
def test_a_forged_record_breaks_its_rule_at_every_length(
    rule: str, place: int, bad_cases: Cases
) -> None:
    found = {
        key[2]: list(BY_ID[rule].breaches(case))
        for key, case in bad_cases.items()
        if key[:2] == (rule, place)
    }
    assert all(found.values()), found
    assert len(found) >= 2
    assert all(b.file and b.seen.zh and b.seen.en for each in found.values() for b in each)


def test_every_rule_over_records_has_a_forged_one() -> None:
    assert set(BAD) == set(BY_ID)


@pytest.mark.no_cover
@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_mutant_of_a_rule_over_records_is_caught(
    module: ModuleType, legal_cases: dict[str, Case], bad_cases: Cases
) -> None:
    hunt = Hunt(legal_cases.values(), ((rule, case) for (rule, _, _), case in bad_cases.items()))
    survivors = [mutant.said for mutant in mutants(module) if not hunt.catches(mutant)]
    assert survivors == []
