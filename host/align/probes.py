"""Reads the audit probes of a run folder: seed, known outputs, and an attempt for each probe."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.spool import read_spool
from agent.wire import WireError, strict_json
from host.align.attempt import attempt_of
from host.align.meters import Metered
from host.align.streams import read_attempt, read_json
from host.errors import FolderError
from host.handover.audit import (
    ATTEMPTED,
    COMMITTED,
    DETACHED,
    DRAWN,
    STARTED,
    Noted,
    Probe,
    ProbeFile,
    Probes,
    Reference,
    SeedFile,
)
from host.handover.audit_plan import NAMES, folder_of, number_of
from host.handover.finding import StreamFault
from host.handover.plan import ResolvedPlan

EVENTS = frozenset({COMMITTED, ATTEMPTED, DETACHED, DRAWN, STARTED})
FILES = frozenset({"seed.json", "reference.json"})
T = TypeVar("T")


def probes_in(
    data: Path, plan: ResolvedPlan, sources: Mapping[str, Any]
) -> tuple[Probes | None, list[StreamFault]]:
    """What the probes of a run left, and what is damaged of it; None where none were asked for.

    sources: what the device said of its channels. Raises FolderError for a file that is none.
    """
    if not plan.plan.audit:
        return None, []
    place = data / "probes"
    found: dict[str, Probe] = {}
    faults: list[StreamFault] = []
    known = set(FILES)
    for name in NAMES:
        for number in _numbers(place, name):
            known.add(folder_of(number))
            probe, wrong = _probe(place / folder_of(number), number, plan, sources)
            faults += wrong
            if name not in found or probe.trace.status != "incomplete":
                found[name] = probe
    odd = sorted(p.name for p in place.glob("*") if p.name not in known)
    faults += [StreamFault(f"data/probes/{name}", 0, "name") for name in odd]
    return Probes(
        plan_sha256=hashlib.sha256((data / "plan.json").read_bytes()).hexdigest(),
        seed=_typed(place / "seed.json", SeedFile),
        reference=_typed(place / "reference.json", Reference),
        probes=found,
        noted=tuple(_noted(data)),
    ), faults


def _numbers(place: Path, name: str) -> Iterator[int]:
    """Every try of a probe, the first one first."""
    for again in count():
        number = number_of(name, again)
        if not (place / folder_of(number) / "probe.json").is_file():
            return
        yield number


def _probe(
    folder: Path, number: int, plan: ResolvedPlan, sources: Mapping[str, Any]
) -> tuple[Probe, list[StreamFault]]:
    asked = _typed(folder / "probe.json", ProbeFile)
    if asked is None:
        raise FolderError(str(folder), "has no probe.json")
    files = read_attempt(folder, number)
    said = files.stated.get("sources") or sources
    run = msgspec.structs.replace(plan, requests=asked.requests)
    trace = attempt_of(files, run, said, Metered())
    wrong = [replace(f, file=f"data/probes/{folder.name}/{f.file}") for f in files.faults]
    return Probe(asked, trace), wrong


def _typed(path: Path, kind: type[T]) -> T | None:
    if not path.exists():
        return None
    try:
        return msgspec.convert(read_json(path), kind)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(str(path), f"is not what it is called: {err}") from err


def _noted(data: Path) -> Iterator[Noted]:
    """What the journals say of plan, seed, attempts and probes, in order."""
    for path in sorted(data.glob("journal*.tsv"), key=lambda p: (len(p.name), p.name)):
        file = read_spool(path.read_bytes())
        event, args = file.index("event"), file.index("args")
        for line in file.lines:
            if line.fields[event] not in EVENTS:
                continue
            try:
                said = strict_json(line.fields[args].encode())
            except WireError as err:
                raise FolderError(str(path), f"says of an audit: {err!r}") from err
            yield Noted(line.fields[event], said if isinstance(said, dict) else {})
