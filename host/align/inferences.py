"""Puts events and inferences of one attempt of a plain graph together into requests. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from agent.spool import SpoolFile
from host.align.requests import LAST_NS, NO_TOKENS, Event, ended_requests
from host.handover.plan import InferencePlan
from host.handover.trace import InferenceTrace, IntArray, RequestTrace, Window

COLUMNS = ("request", "index", "start_ns", "end_ns")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
# Far more than an agent keeps (agent/engines/onnx_inputs.py).
MOST_VALUES = 1024
_NONE = np.zeros((0, len(COLUMNS)), dtype=np.int64)


def graph_requests(
    events: Sequence[Event], stream: SpoolFile | None, plan: InferencePlan
) -> tuple[RequestTrace, ...]:
    """The requests that ran to their end; one that was cut off is not among them.

    Raises KeyError or ValueError for events and lines that no agent writes.
    """
    rows = _by_request(stream)
    return tuple(
        _request(number, named, rows.get(number, _NONE), plan)
        for number, named in ended_requests(events)
    )


def _request(
    number: int, named: Mapping[str, Event], rows: IntArray, plan: InferencePlan
) -> RequestTrace:
    """Prefill is an empty window where the inputs were ready: nothing of it is there."""
    start, ready, end = (named[n] for n in ("request_start", "inputs_ready", "request_end"))
    trace = InferenceTrace(
        start_ns=rows[:, 2],
        end_ns=rows[:, 3],
        batch=plan.batch,
        steps=plan.steps,
        stated=int(end.args["inferences"]),
        input_sha256=_sha256(ready.args["input_sha256"]),
        output_sha256=_sha256(end.args["output_sha256"]),
        repeated=end.args["repeated"] is True,
        sample=_sample(end.args.get("output_sample", [])),
    )
    return RequestTrace(
        number=number,
        item=str(start.args["item"]),
        warmup=bool(start.args["warmup"]),
        scheduled_ns=int(start.args["scheduled_ns"]),
        start_ns=start.t_ns,
        tokenized_ns=ready.t_ns,
        prefill=Window(ready.t_ns, ready.t_ns),
        end_ns=end.t_ns,
        prompt_tokens=0,
        requested_tokens=0,
        stated_tokens=0,
        stop_reason="count",
        tokens=NO_TOKENS,
        inferences=trace,
    )


def _sha256(found: object) -> str:
    if not isinstance(found, str) or not SHA256.match(found):
        raise ValueError(f"{str(found)[:80]!r} is no SHA-256")
    return found


def _sample(found: object) -> tuple[float | None, ...]:
    """Values of the outputs; an agent from before they were kept says none."""
    if not isinstance(found, list) or len(found) > MOST_VALUES:
        raise ValueError("the values of the outputs are no list of some")
    if not all(v is None or (isinstance(v, float) and isfinite(v)) for v in found):
        raise ValueError("a value of the outputs is no number")
    return tuple(found)


def _by_request(stream: SpoolFile | None) -> dict[int, IntArray]:
    if stream is None or not stream.lines:
        return {}
    columns = [stream.index(name) for name in COLUMNS]
    table = np.array([[int(s.fields[c]) for c in columns] for s in stream.lines], dtype=np.int64)
    if np.any(np.abs(table[:, 2:]) >= LAST_NS):
        raise ValueError("an inference is beyond every clock")
    found = {}
    for number in np.unique(table[:, 0]):
        rows = table[table[:, 0] == number]
        if not np.array_equal(rows[:, 1], np.arange(len(rows))):
            raise ValueError(f"the inferences of request {number} are not numbered from 0 on")
        found[int(number)] = rows
    return found
