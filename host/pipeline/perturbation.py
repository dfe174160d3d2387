"""The agent's own cost: what a run in pairs says of it, the store of that, and its later use."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.wire import strict_json
from host.align.read import RunReading
from host.align.streams import read_json
from host.errors import FolderError
from host.handover.conditions import Perturbation
from host.handover.facts import RunFacts
from host.handover.perturbation import (
    PERTURBATION_VERSION,
    DroppedField,
    Entry,
    Lookup,
    OnOff,
    PairField,
    RatioField,
    Store,
    agent_of,
    perturbation_from,
    subject_of,
    unfit,
)
from host.handover.plan import ResolvedPlan, resolved_of
from host.handover.record import Record
from host.handover.trace import AlignedRun
from host.reduce.perturbation import Paired, on_off, perturbation_of
from host.run.folder import RunFolder, write_bytes
from host.schema.canonical import decimal, quoted, sha256_of

NAME = "perturbation.json"
MAX_STORE_BYTES = 64 << 20
NOT_FOUND = (
    "not-measured: no on/off result for this device, model, engine and work;"
    " `inferometer perturbation` measures one"
)


def perturbation_for(run: AlignedRun, facts: RunFacts) -> Mapping[str, Perturbation]:
    """What the budgets of a run may use: its own pairs, else what it found in the store."""
    if in_pairs(facts.plan):
        return perturbation_of(run, facts.run_id)
    return perturbation_from(facts.perturbation)


def in_pairs(plan: ResolvedPlan) -> bool:
    """Whether the attempts of a plan run with and without the sampler by turns."""
    return plan.plan.run.pairing == "on_off"


def check_in_pairs(root: Path) -> None:
    """Refuse to take a folder of another kind for a run in pairs."""
    path = root / "data" / "plan.json"
    try:
        plan = resolved_of(read_json(path))
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(str(path), f"is no resolved plan: {err}") from err
    if not in_pairs(plan):
        why = "is no run in pairs; go on with `inferometer measure --resume`"
        raise FolderError(str(root), why)


def measured_of(reading: RunReading) -> OnOff:
    """What a run in pairs says, from its folder alone."""
    facts = reading.facts
    found = on_off(reading.run, facts.plan.plan.run.attempts // 2)
    subject = quoted(subject_of(facts.plan, facts.device_before, facts.engine))
    return OnOff(
        perturbation=PERTURBATION_VERSION,
        run=facts.run_id,
        payload_sha256=facts.payload_sha256,
        performed=str(facts.performed.get("end", "")),
        agent_sha256=agent_of(facts.plan),
        key=sha256_of(subject),
        subject=subject,
        pairs=found.pairs,
        dropped=_dropped(found.dropped),
        ratios=tuple(_ratio(paired) for paired in found.paired),
    )


def on_off_bytes(reading: RunReading) -> bytes | None:
    """`perturbation.json` beside the record, None for a run that is not in pairs.

    The same folder always gives the same bytes.
    """
    return _bytes(measured_of(reading)) if in_pairs(reading.facts.plan) else None


def write_on_off(root: Path, reading: RunReading) -> None:
    """Write what a run in pairs says beside its record; nothing for any other run."""
    data = on_off_bytes(reading)
    if data is not None:
        write_bytes(root / NAME, data)


def keep(store: Path, reading: RunReading, record: Record) -> str:
    """Put the result of a run in pairs into the store. Gives "" or why it was not put there.

    A run that did not come to its end, or has no ratio with an uncertainty, is not kept; an
    older result of the same key is replaced. Raises FolderError when the store is not usable.
    """
    measured = measured_of(reading)
    if record.verdict.status != "valid":
        return f"not-valid: the run is {record.verdict.status}"
    if all(ratio.ratio is None for ratio in measured.ratios):
        return "too-few-pairs: no quantity has two whole pairs"

    def put(found: Store) -> Store:
        entry = Entry(record.record_id, measured)
        return Store(PERTURBATION_VERSION, {**found.entries, measured.key: entry})

    _change(store / NAME, put)
    return ""


def look_up(store: Path, folder: RunFolder, now: str) -> Lookup | None:
    """Look for an on/off result that fits a run about to be sealed, and keep what was found.

    Kept as `data/perturbation.json`, so that the record can be redone from the folder alone.
    None, and nothing kept, where there is nothing to look for: a run in pairs, without the
    sampler, replayed, or one that looked before. now: RFC 3339, as `wall_label` gives it.
    """
    plan = resolved_of(read_json(folder.data / "plan.json"))
    goal = folder.data / NAME
    run, sampling = plan.plan.run, plan.plan.sampling
    if goal.exists() or run.pairing != "none":
        return None
    if not sampling.enabled or plan.engine_kind == "replay":
        return None
    key = sha256_of(quoted(_subject(plan, folder)))
    found = _found(store / NAME, key, agent_of(plan), now)
    write_bytes(goal, _bytes(found))
    return found


def _found(path: Path, key: str, agent_sha256: str, now: str) -> Lookup:
    """A store that cannot be read is no reason to fail a measurement: it is said."""
    try:
        entry = _read(path).entries.get(key)
        reason = NOT_FOUND if entry is None else unfit(entry, key, agent_sha256, now)
    except (FolderError, ValueError) as err:
        entry, reason = None, f"unreadable: {err}"
    return Lookup(key, now, None if reason else entry, reason)


def _subject(plan: ResolvedPlan, folder: RunFolder) -> dict[str, Any]:
    """The subject of a run that is not read yet: what its device and its engine said first."""
    before = folder.data / "device-before.json"
    device = read_json(before) if before.exists() else {}
    engine: dict[str, Any] = {}
    for number in folder.attempts():
        stated = folder.attempt(number) / "attempt.json"
        if not engine and stated.exists():
            engine = dict(read_json(stated).get("engine") or {})
    return subject_of(plan, device, engine)


def _change(path: Path, change: Callable[[Store], Store]) -> None:
    """Read, change and write the store whole, one process at a time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write_bytes(path, _bytes(change(_read(path))))
    except OSError as err:
        raise FolderError(str(path), f"cannot be written ({err.strerror or err})") from err


def _read(path: Path) -> Store:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STORE_BYTES + 1)
        found = msgspec.convert(strict_json(data), Store)
    except FileNotFoundError:
        return Store(PERTURBATION_VERSION, {})
    except (OSError, ValueError) as err:
        why = f"is no store of on/off results ({err}); move it away to begin a new one"
        raise FolderError(str(path), why) from err
    if found.perturbation_store != PERTURBATION_VERSION:
        raise FolderError(str(path), f"is of version {found.perturbation_store}, not read here")
    return found


def _ratio(paired: Paired) -> RatioField:
    known = paired.ratio is not None and paired.u is not None
    return RatioField(
        measurand=paired.measurand,
        scope=paired.scope,
        source=paired.source or msgspec.UNSET,
        ratio=decimal(paired.ratio or 0.0) if known else None,
        u=decimal(paired.u or 0.0) if known else None,
        nu=len(paired.pairs) - 1 if known else None,
        pairs=tuple(PairField(p.pair, p.on, p.off, decimal(p.ratio)) for p in paired.pairs),
        dropped=_dropped(paired.dropped),
        reason=paired.reason,
    )


def _dropped(found: tuple[tuple[int, str], ...]) -> tuple[DroppedField, ...]:
    return tuple(DroppedField(pair, reason) for pair, reason in found)


def _bytes(value: msgspec.Struct) -> bytes:
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, allow_nan=False, indent=2)
    return text.encode() + b"\n"
