"""`inferometer verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import json_out, out, plain
from host.cli.keys import trust_option

if TYPE_CHECKING:
    from rich.console import Console

    from host.handover.signature import SignatureOutcome
    from host.pipeline.verify import Verification

ASPECTS = {
    "intact": ("完整", "intact", "files, statements and signatures are as sealed and signed"),
    "redone": ("可重算", "redone", "record and page come out of the raw data again"),
    "conforming": ("合规", "conforming", "every validity rule holds"),
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
    """Verdicts first, then every finding, then signatures and what all of it is worth."""
    from rich.cells import set_cell_size

    for aspect, (zh, en, meaning) in ASPECTS.items():
        word = "yes" if result.holds(aspect) else "NO"
        name = set_cell_size(f"{zh} {en}", NAME_CELLS)
        console.print(f"{name}{word:<4} {meaning}")
    said = [f"  {f.file}: [{f.rule}] {f.text.en} {f.text.zh}" for f in result.findings]
    for line in dict.fromkeys(said):  # what spoils several verdicts is told once
        console.print(plain(line), soft_wrap=True)
    for s in result.signatures:
        sign = "✓" if s.good else "✕"
        who = " ".join(part for part in (s.role or "signature", s.person) if part)
        if s.record_id != result.record_id:
            who = f"{who} (of a superseded record 已被替代的记录)"
        console.print(plain(f"{sign} {who}: {s.text.en} {s.text.zh}"), soft_wrap=True)
    if result.evidence is not None:
        tier = result.evidence.tier
        zh, en = TIERS[tier]
        lacking = "; ".join(text.en for text in result.evidence.lacking)
        needs = f"the next tier needs: {lacking}"
        console.print(f"证据等级 evidence {tier} {en} {zh}; {needs}", soft_wrap=True)


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
