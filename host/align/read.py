"""Reads a run folder and brings everything in it onto the device's clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from agent.spool import SpoolFormatError, read_spool
from agent.wire import strict_json
from host.align.attempt import attempt_of
from host.align.bag import DECLARATION, payload_sha256
from host.align.exchanges import aligned_by, clock_facts, exchanges_in
from host.align.fit import Alignment
from host.align.meters import Metered, meters_in
from host.align.probes import probes_in
from host.align.pulse_files import judged
from host.align.streams import AttemptFiles, read_attempt, read_json
from host.align.time_folder import host_timekeeping_in, timekeeping_in
from host.errors import FolderError
from host.handover.facts import Journalled, RunFacts
from host.handover.finding import StreamFault
from host.handover.laboratory import Laboratory
from host.handover.perturbation import Lookup
from host.handover.plan import ResolvedPlan, resolved_of
from host.handover.trace import AlignedRun, AttemptTrace
from host.schema.laboratory import parse_laboratory

# As `RunFolder.attempt` names it: 001 to 999, then 1000 and so on.
ATTEMPT = re.compile(r"0[0-9]{2}|[1-9][0-9]{2,8}", re.ASCII)
# Last words of a journal that say why a run ended early (host/pipeline/measure.py writes them).
ENDINGS = frozenset({"interrupted", "disk-full", "spool-unwritable", "device-failed", "detached"})


@dataclass(frozen=True, slots=True)
class RunReading:
    """A run folder as read: the aligned run, the facts, and what was wrong with which stream."""

    run: AlignedRun
    facts: RunFacts
    faults: tuple[StreamFault, ...]


def read_run(root: Path) -> RunReading:
    """Read everything from the folder alone. Raises FolderError for what is no run folder."""
    data = root / "data"
    if not (data / "plan.json").exists():
        raise FolderError(str(root), "is no run folder (data/plan.json is missing)")
    plan = _plan(data / "plan.json")
    probed = _optional(data / "sources.json")
    numbers, faults = _numbers(data / "attempts")
    exchanges = exchanges_in(data)
    alignment = aligned_by(exchanges)
    session = _optional(data / "session.json")
    device_clock = str(session.get("clock", {}).get("domain", ""))
    clock = clock_facts(exchanges, alignment, device_clock)
    metered = meters_in(data, alignment, same_clock=clock["same_clock"] is True)
    bound_ns = _bound_ns(clock, alignment)
    metered, pulses, odd = judged(data, metered, plan.plan.pulses or None, device_clock, bound_ns)
    attempts: list[AttemptTrace] = []
    engine: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    for number in numbers:
        files = read_attempt(data / "attempts" / f"{number:03d}", number)
        said = files.stated.get("sources") or probed
        sources = sources or dict(said)
        attempts.append(attempt_of(files, plan, said, _on_clock(metered, files, device_clock)))
        faults += [replace(f, file=f"data/attempts/{number:03d}/{f.file}") for f in files.faults]
        engine = engine or dict(files.stated.get("engine") or {})
    probes, probe_faults = probes_in(data, plan, probed)
    journal, journal_faults = _journal(data)
    clock["resolution_ns"] = str(session.get("clock", {}).get("resolution_ns", ""))
    run = AlignedRun(
        clock=device_clock,
        offset_ns=0 if clock["same_clock"] or alignment is None else alignment.offset_ns,
        offset_bound_ns=bound_ns or 0,
        attempts=tuple(attempts),
    )
    facts = RunFacts(
        plan=plan,
        model=plan.model,
        dataset=plan.dataset,
        engine={**engine, **_runner(plan)},
        device_before=_optional(data / "device-before.json"),
        device_after=_optional(data / "device-after.json"),
        sources=_with_meters(sources or probed, metered),
        performed=_performed(journal),
        clock=clock,
        software=plan.software,
        payload_sha256=payload_sha256(root),
        sealed=(root / DECLARATION).exists(),
        interrupted=_interrupted(journal),
        launch=session.get("launch", {}),
        timekeeping=timekeeping_in(data),
        host_timekeeping=host_timekeeping_in(data),
        run_id=str(_optional(data / "run.json").get("id", "")),
        perturbation=_perturbation(data / "perturbation.json"),
        laboratory=_laboratory(data / "laboratory.toml"),
        journal=_journalled(data),
        pulses=pulses,
        meters=metered.ends,
        gates_left_out=_left_out(data / "gates.json"),
        probes=probes,
    )
    return RunReading(run, facts, (*faults, *probe_faults, *journal_faults, *metered.faults, *odd))


def _bound_ns(clock: Mapping[str, Any], alignment: Alignment | None) -> int | None:
    """Half-width of the offset between meters and device, None where nothing aligns them."""
    if clock["same_clock"] is True:
        return 0
    return None if alignment is None or alignment.problem else alignment.bound_ns


def _on_clock(metered: Metered, files: AttemptFiles, clock: str) -> Metered:
    """What meters gave, for attempts on the clock that they were carried to, not another boot."""
    events = files.streams.get("events")
    return metered if events is not None and events.clock == clock else Metered()


def _with_meters(sources: Mapping[str, Any], metered: Metered) -> dict[str, Any]:
    """What the device said of its sources, and what the meters said of theirs."""
    if not metered.channels:
        return dict(sources)
    return {**sources, "channels": [*sources.get("channels", ()), *metered.channels]}


def _runner(plan: ResolvedPlan) -> dict[str, Any]:
    """A native runner as engines describe themselves; {} for other engines."""
    found = [part for part in plan.software if part.get("role") == "runner"]
    return {"library": found[0]["name"], "library_version": found[0]["version"]} if found else {}


def _numbers(folder: Path) -> tuple[list[int], list[StreamFault]]:
    """Numbers of the attempts; whatever has another name than an attempt is a fault."""
    names = sorted(p.name for p in folder.glob("*"))
    known = [n for n in names if ATTEMPT.fullmatch(n)]
    odd = [StreamFault(f"data/attempts/{n}", 0, "name") for n in names if n not in known]
    return sorted(int(n) for n in known), odd


def _plan(path: Path) -> ResolvedPlan:
    try:
        return resolved_of(read_json(path))
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(str(path), f"is no resolved plan: {err}") from err


def _perturbation(path: Path) -> Lookup | None:
    if not path.exists():
        return None
    try:
        return msgspec.convert(read_json(path), Lookup)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(str(path), f"is no look-up of an on/off result: {err}") from err


def _left_out(path: Path) -> dict[str, str]:
    """Gates of a profile that the run was not held to (host/pipeline/profile_gates.py)."""
    said = _optional(path).get("left_out", {})
    if not isinstance(said, dict):
        raise FolderError(str(path), "left_out is no object")
    return {str(name)[:64]: str(why)[:200] for name, why in said.items()}


def _laboratory(path: Path) -> Laboratory | None:
    return parse_laboratory(path.read_bytes(), str(path)) if path.exists() else None


def _optional(path: Path) -> dict[str, Any]:
    """A JSON object that a run which was cut off may not have written."""
    if not path.exists():
        return {}
    found = read_json(path)
    if not isinstance(found, dict):
        raise FolderError(str(path), "is no JSON object")
    return found


def _journal(data: Path) -> tuple[list[tuple[str, str]], list[StreamFault]]:
    """(event, wall label) of all journals in order, and their faults."""
    lines: list[tuple[str, str]] = []
    faults: list[StreamFault] = []
    for path in sorted(data.glob("journal*.tsv"), key=lambda p: (len(p.name), p.name)):
        try:
            file = read_spool(path.read_bytes())
        except SpoolFormatError as err:
            raise FolderError(str(path), str(err)) from err
        lines += [
            (s.fields[file.index("event")], s.fields[file.index("wall")]) for s in file.lines
        ]
        faults += [StreamFault(f"data/{path.name}", f.number, f.fault) for f in file.faults]
    return lines, faults


def _journalled(data: Path) -> tuple[Journalled, ...]:
    """What the journals say of attempts, in order. Raises FolderError for a line that is none."""
    found: list[Journalled] = []
    for path in sorted(data.glob("journal*.tsv"), key=lambda p: (len(p.name), p.name)):
        file = read_spool(path.read_bytes())
        t_ns, event, args = (file.index(name) for name in ("t_ns", "event", "args"))
        for line in file.lines:
            if line.fields[event] not in ("attempt_start", "attempt_end"):
                continue
            try:
                said = strict_json(line.fields[args].encode())
                number, status = int(said["number"]), str(said.get("status", ""))
                at_ns = int(line.fields[t_ns])
            except (AttributeError, KeyError, TypeError, ValueError) as err:
                raise FolderError(str(path), f"says of an attempt: {err!r}") from err
            found.append(Journalled(line.fields[event], number, status, at_ns, file.clock))
    return tuple(found)


def _performed(journal: list[tuple[str, str]]) -> dict[str, str]:
    walls = [wall for _, wall in journal]
    return {
        "start": walls[0] if walls else "",
        "end": walls[-1] if walls else "",
    }


def _interrupted(journal: list[tuple[str, str]]) -> str:
    """Why the run ended early: the last word of the journal when it is not `run_end`."""
    if not journal:
        return "cut-off: the journal is empty"
    last = journal[-1][0]
    if last == "run_end":
        return ""
    return last if last in ENDINGS else "cut-off: the host ended in the run"
