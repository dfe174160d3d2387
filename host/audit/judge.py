"""Judges the probes of a run: passed, failed, undecided, or not judged and why. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import rfc8785

from host.artefacts.probes import canaries
from host.audit.figures import canary_figures, graph_figures, length_figures
from host.audit.permuted import permuted_figures
from host.audit.times import PREFIXES, time_figures
from host.handover.audit import (
    ASKED,
    DETACHED,
    FigureField,
    Probe,
    ProbeField,
    Probes,
    Reference,
    commit_fault,
)
from host.handover.audit_plan import ATTEMPTS, AuditPlan
from host.handover.facts import RunFacts
from host.handover.text import Txt
from host.handover.trace import AlignedRun

Outcome = Literal["passed", "failed", "undecided", "not-judged"]
# Probes whose prompts are worth something only where nobody could know them before.
_DRAWN = ("repeat", "seed", "permuted")


def judged(run: AlignedRun, facts: RunFacts) -> tuple[ProbeField, ...]:
    """One field for each probe of the plan, in its order; none where it has no audit."""
    audit, probes = facts.plan.plan.audit, facts.probes
    if not audit or probes is None:
        return ()
    return tuple(_field(name, audit, run, facts) for name in dict.fromkeys(audit.probes))


def _field(name: str, audit: AuditPlan, run: AlignedRun, facts: RunFacts) -> ProbeField:
    probes = facts.probes or Probes("")
    why = _unjudged(name, probes)
    figures = () if why else tuple(_figures(name, audit, run, facts))
    if not why and not figures:
        why = "probe-empty: nothing of it can be compared"
    why = why or _declared(name, facts)
    outcome = "not-judged" if why else _outcome(figures)
    traces = [probes.probes[n].trace for n in ATTEMPTS[name] if n in probes.probes]
    seed = probes.seed if name in _DRAWN else None
    return ProbeField(
        probe=name,
        outcome=outcome,
        reason=why,
        asked=ASKED[name],
        text=_text(outcome, figures),
        attempts=len(traces),
        requests=sum(len(t.scored()) for t in traces),
        figures=figures,
        seed_sha256=seed.sha256 if seed is not None else None,
        reference_sha256=_sha256_of(probes.reference) if name in ("canary", "length") else None,
    )


def _unjudged(name: str, probes: Probes) -> str:
    """Why a probe cannot be judged, "" where it can: what it rests on is not there."""
    for one in ATTEMPTS[name][:1]:
        probe = probes.probes.get(one)
        if probe is None:
            return f"probe-missing: {one} was not run"
        if probe.trace.status != "valid":
            return f"probe-void: {one}, {probe.trace.reason}"
    if name in _DRAWN and (fault := commit_fault(probes)):
        return f"seed-not-after-plan: {fault}"
    if name in ("canary", "length") and probes.reference is None:
        return "no-reference: no known outputs are kept"
    return ""


def _declared(name: str, facts: RunFacts) -> str:
    """A cache of prompts that the settings ask for is no hidden one."""
    if name in PREFIXES and facts.plan.engine_settings.get("cache_prompt") is True:
        return "cache-declared: cache_prompt is true"
    return ""


def _figures(
    name: str, audit: AuditPlan, run: AlignedRun, facts: RunFacts
) -> Sequence[FigureField]:
    probes = facts.probes or Probes("")
    found, reference, scored = probes.probes, probes.reference, run.counted()
    match name:
        case "repeat":
            return time_figures(found["repeat"], audit.least_repeat_ratio)
        case "seed":
            return time_figures(found["seed"], audit.least_seed_ratio)
        case "permuted":
            limit = audit.most_speed_change_ratio
            plain, late = found.get("plain"), _late(probes)
            return permuted_figures(found["permuted"], plain, scored, limit, late=late)
        case "canary" if reference is not None:
            known, least = canaries(audit, reference), audit.least_canary_ratio
            made = graph_figures if facts.plan.plan.inference else canary_figures
            return made(found["canary"], known, least)
        case "length" if reference is not None:
            asked = {r.item: r.text for r in facts.plan.requests}
            canary = _valid(found.get("canary"))
            band = audit.length_band_ratio
            return length_figures(scored, canary, reference.outputs, asked, band)
    return ()


def _late(probes: Probes) -> bool:
    """Whether nobody was with the attempts, so that probes ran when they were collected."""
    return any(line.event == DETACHED for line in probes.noted)


def _valid(probe: Probe | None) -> Probe | None:
    return probe if probe is not None and probe.trace.status == "valid" else None


def _outcome(figures: Sequence[FigureField]) -> Outcome:
    """One broken limit fails a probe; one that is open leaves it undecided."""
    said = {f.holds for f in figures}
    if "no" in said:
        return "failed"
    return "undecided" if "open" in said else "passed"


def _text(outcome: Outcome, figures: Sequence[FigureField]) -> Txt:
    """What came of it, with the figure that decided."""
    deciding = {"failed": "no", "undecided": "open"}.get(outcome, "yes")
    named = [f for f in figures if f.holds == deciding]
    zh, en = _WORDS[outcome]
    if not named:
        return Txt(f"{zh}。", f"{en}.")
    said_zh = "；".join(f"{f.name.zh} {_number(f)}" for f in named)
    said_en = "; ".join(f"{f.name.en} {_number(f)}" for f in named)
    return Txt(f"{zh}：{said_zh}。", f"{en}: {said_en}.")


_WORDS: dict[Outcome, tuple[str, str]] = {
    "passed": ("通过", "passed"),
    "failed": ("未通过", "failed"),
    "undecided": ("离散过大，无法判定", "undecided, the spread is too large"),
    "not-judged": ("未判定", "not judged"),
}


def _number(f: FigureField) -> str:
    """Value, U and limits in few digits; the field has them all."""
    value = "?" if f.value is None else f"{float(f.value):.3g}"
    plus_minus = "" if f.U is None else f" ± {float(f.U):.2g}"
    sides = [f"≥ {float(f.low):.3g}"] if f.low is not None else []
    sides += [f"≤ {float(f.high):.3g}"] if f.high is not None else []
    return f"{value}{plus_minus} ({', '.join(sides)})"


def _sha256_of(reference: Reference | None) -> str | None:
    """SHA-256 of the RFC 8785 bytes of the known outputs, whatever white space their file has."""
    if reference is None:
        return None
    import msgspec

    return hashlib.sha256(rfc8785.dumps(msgspec.to_builtins(reference))).hexdigest()
