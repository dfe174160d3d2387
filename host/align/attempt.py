"""One attempt: its streams put together into a trace. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.wire import WireError
from host.align.answers import answers_of
from host.align.inferences import graph_requests
from host.align.meters import Metered
from host.align.native import native_attempt
from host.align.printed import MismatchError
from host.align.replies import replies_of
from host.align.requests import (
    Did,
    Event,
    events_of,
    load_late_of,
    requests_of,
    resident_of,
    window_of,
)
from host.align.series import costs_of, sampler_cpu_ratio, series_of
from host.align.staircase import steps_of
from host.align.stated import stated_runs
from host.align.streams import AttemptFiles
from host.errors import FolderError
from host.handover.plan import ResolvedPlan
from host.handover.runner import NATIVE
from host.handover.served import SERVED
from host.handover.trace import AttemptTrace, Series, Window


def attempt_of(
    files: AttemptFiles,
    plan: ResolvedPlan,
    sources: Mapping[str, Any],
    meters: Metered,
) -> AttemptTrace:
    """One attempt; damaged streams void it, and what can be read of it stays.

    meters: on the device's clock, of the whole run.
    """
    status, reason = str(files.stated["status"]), str(files.stated["reason"])
    harmful = [f for f in files.faults if f.fault != "torn"]
    if status == "valid" and files.faults:
        worst = (harmful or files.faults)[0]
        status, reason = "void", f"stream-damaged: {worst.file} line {worst.line} {worst.fault}"
    requested = {r.item: r.output_tokens for r in plan.requests}
    try:
        events = events_of(files.streams.get("events"))
        did = _did(files, events, plan, requested, cut=status != "valid")
        steps = steps_of(events)
        resident, load_late_ns = resident_of(events), load_late_of(events)
        series = series_of(files.streams, sources.get("channels", ()))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, WireError) as err:
        damage = f"stream-damaged: {err!r}"
        return _unreadable(files.number, damage)
    return AttemptTrace(
        number=files.number,
        status="void" if did.misfit and status == "valid" else status,
        reason=f"runner-output: {did.misfit}" if did.misfit and status == "valid" else reason,
        load=did.load,
        idle_before=window_of(events, "idle_before_start", "idle_before_end"),
        idle_after=window_of(events, "idle_after_start", "idle_after_end"),
        requests=did.requests,
        series=(*series, *_beside(meters, events)),
        costs=costs_of(files.streams, series, plan.plan.sampling.rate_hz),
        sampler_cpu_ratio=sampler_cpu_ratio(files.streams.get("ticks")),
        clock=files.streams["events"].clock if "events" in files.streams else "",
        sampled=files.stated.get("sampled", plan.plan.sampling.enabled) is True,
        pair=_pair(files),
        steps=steps,
        stated=did.stated,
        resident_ratio=resident,
        load_late_ns=load_late_ns,
        answers=did.answers,
    )


def _did(
    files: AttemptFiles,
    events: Sequence[Event],
    plan: ResolvedPlan,
    requested: Mapping[str, int],
    *,
    cut: bool,
) -> Did:
    """What the engine did: said by events of the agent, or read from what a runner printed."""
    if plan.engine_kind == NATIVE:
        return _runner_did(files, events, plan, requested, cut=cut)
    load = window_of(events, "load_start", "load_end")
    if plan.plan.inference:
        stream = files.streams.get("inferences")
        return Did(graph_requests(events, stream, plan.plan.inference), load)
    if plan.engine_kind == SERVED:
        requests = replies_of(events, files.streams.get("chunks"), requested)
    else:
        requests = requests_of(events, files.streams.get("tokens"), requested)
    return Did(requests, load)


def _runner_did(
    files: AttemptFiles,
    events: Sequence[Event],
    plan: ResolvedPlan,
    requested: Mapping[str, int],
    *,
    cut: bool,
) -> Did:
    """What the lines of a runner tell, what it states of itself, and what it answered."""
    settings, did = plan.engine_settings, Did((), None)
    try:
        if settings.get("lines"):
            did = native_attempt(events, files.log, settings, requested, cut=cut)
        if settings.get("figures"):
            did = replace(did, stated=stated_runs(events, files.log, plan, cut=cut))
        reached = {r.number for r in did.requests if r.stop_reason == "length"}
        told = answers_of(events, files.log, files.output, settings, reached)
        did = replace(did, answers=told)
    except MismatchError as err:
        return Did((), None, misfit=str(err))
    return did


def _beside(meters: Metered, events: Sequence[Event]) -> tuple[Series, ...]:
    if not events:
        return ()
    return meters.beside(Window(events[0].t_ns, events[-1].t_ns))


def _pair(files: AttemptFiles) -> int:
    pair = files.stated.get("pair", 0)
    if isinstance(pair, bool) or not isinstance(pair, int) or pair < 0:
        raise FolderError(f"attempt {files.number}", f"has {pair!r} for the number of its pair")
    return pair


def _unreadable(number: int, reason: str) -> AttemptTrace:
    return AttemptTrace(number, "void", reason, None, None, None, (), (), (), None)
