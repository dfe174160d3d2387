"""What a run folder says besides the trace: plan, artefacts, device, engine, sources, seal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from host.handover.audit import ProbeField, Probes
from host.handover.equipment import Problem
from host.handover.fidelity import FidelityField
from host.handover.formal import EnvironmentField, EquipmentField
from host.handover.laboratory import Laboratory
from host.handover.perturbation import Lookup
from host.handover.plan import ResolvedPlan
from host.handover.pulses import PulseCheck
from host.handover.scores import ScoreField
from host.handover.text import Txt
from host.handover.timekeeping import Timekeeping


@dataclass(frozen=True, slots=True)
class Journalled:
    """A line of the host's journal about an attempt: `attempt_start` or `attempt_end`.

    t_ns: on `clock`, that of the host. status: of an attempt that ended, else "".
    """

    event: str
    number: int
    status: str
    t_ns: int
    clock: str


@dataclass(frozen=True, slots=True)
class MeterEnd:
    """How a meter on the bench was left, all its recordings in the run together.

    name: id of the instrument. channels: names of those that it gives, all of one quantity: power
    where it gives any, else energy, else whatever it gives. failed: why a recording ended before
    its run, "" where none did.
    """

    name: str
    channels: tuple[str, ...]
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What no real run shows, so that the record is void. code: a reason code."""

    code: str
    seen: Txt


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Everything the record needs that is no measured value. Free-form maps are quoted as said.

    plan: as resolved, so with the planned attempts. model, dataset: what inspection of the
    artefacts said (model: name, format, quantization, sha256, tokenizer_sha256, size_bytes and
    so on; dataset: id, version, licence, sha256, items). engine: its describe(). device_before,
    device_after: what the device said of itself; empty when it was not asked. sources: `channels`
    and `absent` as in sources.json. performed: wall-clock labels `start`, `end`.
    clock: facts of the clock exchange. software: name, version, role, sha256 of each part.
    timekeeping: the device's clocks and its source of UTC; None where nobody looked.
    host_timekeeping: the same of a host that is another machine; None where it was not asked.
    payload_sha256: SHA-256 of the bag's payload manifest, "" when not sealed. interrupted: why
    the run ended early, "" when it did not. run_id: the id under which the device spooled, "" in
    a folder without one. perturbation: what the run found in the store of on/off results; None
    where it did not look. laboratory: the operator's file as the run had it. equipment,
    environment: instruments in use, and what they read of the surroundings. equipment_problems:
    what keeps them from being what their file wants. journal: what the host noted of attempts.
    beyond: results that the device cannot have given, by the limits of its profile. pulses: what
    load pulses say of the time of meters. meters: how each one on the bench was left.
    gates_left_out: gate of the device's profile -> why this run was not held to it. fidelity: of
    its output to a reference; None where the plan asks for none. probes: what audit probes left,
    None where none were asked for; audit: what was judged of them. doubts: what cannot be true of
    a real run, as the rules of plausibility have it.
    """

    plan: ResolvedPlan
    model: Mapping[str, Any]
    dataset: Mapping[str, Any]
    engine: Mapping[str, Any]
    device_before: Mapping[str, Any]
    device_after: Mapping[str, Any]
    sources: Mapping[str, Any]
    performed: Mapping[str, str]
    clock: Mapping[str, Any] = field(default_factory=dict)
    software: tuple[Mapping[str, str], ...] = ()
    payload_sha256: str = ""
    sealed: bool = False
    interrupted: str = ""
    launch: Mapping[str, Any] = field(default_factory=dict)
    timekeeping: Timekeeping | None = None
    host_timekeeping: Timekeeping | None = None
    run_id: str = ""
    perturbation: Lookup | None = None
    laboratory: Laboratory | None = None
    equipment: tuple[EquipmentField, ...] = ()
    environment: tuple[EnvironmentField, ...] = ()
    equipment_problems: tuple[Problem, ...] = ()
    journal: tuple[Journalled, ...] = ()
    beyond: tuple[Txt, ...] = ()
    pulses: tuple[PulseCheck, ...] = ()
    meters: tuple[MeterEnd, ...] = ()
    gates_left_out: Mapping[str, str] = field(default_factory=dict)
    fidelity: FidelityField | None = None
    probes: Probes | None = None
    audit: tuple[ProbeField, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    scores: tuple[ScoreField, ...] = ()
