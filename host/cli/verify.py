"""`inferometer verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import json_out, out, plain
from host.cli.keys import trust_option

if TYPE_CHECKING:
    from rich.console import Console

    from host.handover.record import Record
    from host.handover.signature import SignatureOutcome
    from host.pipeline.verify import Verification

ASPECTS = {
    "intact": ("完整", "intact"),
    "redone": ("可重算", "redone"),
    "conforming": ("合规", "conforming"),
}
MEANINGS = {
    ("intact", True): (
        "文件、声明与签名均与封存、签署时一致",
        "files, statements and signatures are as sealed and signed",
    ),
    ("intact", False): (
        "有文件、声明或签名与封存、签署时不一致",
        "a file, statement or signature is not as sealed or signed",
    ),
    ("redone", True): (
        "由原始数据可重新得到记录与页面",
        "record and page come out of the raw data again",
    ),
    ("redone", False): (
        "由原始数据得不到此记录或页面",
        "record or page do not come out of the raw data again",
    ),
    ("conforming", True): ("各条有效性规则均成立", "every validity rule holds"),
    ("conforming", False): ("有规则不成立", "not every validity rule holds"),
}
NAME_CELLS = 18  # the widest of the names above, Chinese characters counted twice
TIERS = {
    "T0": ("自行报告", "self-reported"),
    "T1": ("已签名并核验", "signed and checked"),
}


@click.command()
@click.argument("run", type=click.Path(path_type=Path), required=False)
@trust_option
@click.option("--rules", is_flag=True, help="List every validity rule, and check nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def verify(run: Path | None, *, trust: Path | None, rules: bool, as_json: bool) -> int:
    """Check the run folder RUN, or a zip or tar of one: redo its record, apply every rule.

    Works offline. Exit code 0 when all three verdicts hold, 1 when not.
    """
    from host.pipeline.verify import verify as check
    from host.sign.trust import read_trust, trust_folder

    if rules:
        return _rules(as_json=as_json)
    if run is None:
        raise click.UsageError("name a run folder, an archive of one, or --rules")
    known = read_trust(trust_folder(trust), must_exist=trust is not None)
    result = check(run, known)
    if as_json:
        json_out(_as_json(result))
    else:
        _show(out(), result)
    return 0 if result.good else 1


def _as_json(result: Verification) -> dict[str, Any]:
    evidence = result.evidence
    return {
        **{aspect: result.holds(aspect) for aspect in ASPECTS},
        "record": _record(result.record) if result.record else None,
        "evidence_tier": evidence.tier if evidence else None,
        "next_tier_lacks": [
            {"zh": text.zh, "en": text.en} for text in (evidence.lacking if evidence else ())
        ],
        "signatures": [_signature(s) for s in result.signatures],
        "findings": [
            {
                "rule": f.rule,
                "aspect": f.aspect,
                "file": f.file,
                "zh": f.text.zh,
                "en": f.text.en,
            }
            for f in result.findings
        ],
    }


def _record(record: Record) -> dict[str, Any]:
    """Which record was checked and how it stands: a good one may be void or withdrawn."""
    return {
        "id": record.record_id,
        "no": record.record_no,
        "state": record.status.state,
        "status": record.verdict.status,
    }


def _signature(s: SignatureOutcome) -> dict[str, Any]:
    return {
        "file": s.file,
        "record_id": s.record_id,
        "key": s.key_id,
        "owner": s.owner,
        "person": s.person,
        "role": s.role,
        "outcome": s.code,
        "good": s.good,
        "signed_at": s.signed_at,
        "time_source": s.time_source,
        "zh": s.text.zh,
        "en": s.text.en,
    }


def _show(console: Console, result: Verification) -> None:
    """What was checked, the verdicts, every finding, signatures, and what all of it is worth."""
    from rich.cells import set_cell_size

    if result.record is not None:
        _show_record(console, result.record)
    for aspect, names in ASPECTS.items():
        holds = result.holds(aspect)
        zh, en = MEANINGS[aspect, holds]
        name = set_cell_size(" ".join(names), NAME_CELLS)
        console.print(f"{name}{'yes' if holds else 'NO':<4} {zh} {en}", soft_wrap=True)
    said = [f"  {f.file}: [{f.rule}] {f.text.en} {f.text.zh}" for f in result.findings]
    for line in dict.fromkeys(said):  # what spoils several verdicts is told once
        console.print(plain(line), soft_wrap=True)
    for line in _signature_lines(result):
        console.print(plain(line), soft_wrap=True)
    if result.evidence is not None:
        tier = result.evidence.tier
        zh, en = TIERS[tier]
        console.print(f"证据等级 evidence {tier} {zh} {en}", soft_wrap=True)
        for text in result.evidence.lacking:
            console.print(f"  上一级还需 the next tier needs: {text.zh} {text.en}", soft_wrap=True)


def _show_record(console: Console, record: Record) -> None:
    """How the record stands: that a folder is whole does not say that it may be used."""
    from rich.cells import set_cell_size

    from host.report.state import state_words

    words = state_words(record.status.state)
    number = f" · {record.record_no}" if record.record_no else ""
    line = f"{words.zh} {words.en}{number} · {record.record_id}"
    style = "bold white on red" if record.status.state == "withdrawn" else None
    name = set_cell_size("记录 record", NAME_CELLS)
    console.print(plain(name + line), style=style, soft_wrap=True)
    if record.verdict.status != "valid":
        text = record.verdict.text
        console.print(plain(" " * NAME_CELLS + f"{text.zh} {text.en}"), soft_wrap=True)


def _signature_lines(result: Verification) -> list[str]:
    """One line for all signatures of which the same is to be said, those of the record first."""
    found: dict[tuple[bool, bool, str], list[str]] = {}
    current = result.record.record_id if result.record else ""
    for s in result.signatures:
        who = " ".join(part for part in (s.role or "signature", s.person) if part)
        older = s.record_id not in ("", current)  # "": of no record that lies here
        said = (older, s.good, f"{s.text.en} {s.text.zh}")
        found.setdefault(said, []).append(who)
    lines = []
    for (older, good, text), people in sorted(found.items(), key=lambda each: each[0][0]):
        who = ", ".join(dict.fromkeys(people))
        if older:
            who = f"{len(people)} of superseded records 已被替代的记录, {who}"
        lines.append(f"{'✓' if good else '✕'} {who}: {text}")
    return lines


def _rules(*, as_json: bool) -> int:
    """Every rule with its sentence."""
    from host.check.table import RULES

    if as_json:
        json_out([{"rule": r.id, "zh": r.holds.zh, "en": r.holds.en} for r in RULES])
        return 0
    console = out()
    for rule in RULES:
        console.print(f"{rule.id:<22} {rule.holds.en} {rule.holds.zh}", soft_wrap=True)
    return 0
