"""A load pattern on order: so many processes compute and rest together, on the device's clock.

What is measured on the bench shows it as steps of power, at the times that are stamped here. It is
played between attempts, never beside one.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.busy import states
from agent.children import Child
from agent.order import OrderError
from agent.wire import WireError, decode
from collectors.protocol import Clock

MAX_BITS = 1024
# Shorter bits are lost in the noise of scheduling, and no meter for energy shows them.
MIN_BIT_S = 0.01
# The host waits for the answer, and nothing else is served meanwhile.
MAX_SECONDS = 300.0
MAX_PROCESSES = 1024
# Starting as many processes as there are cores on a slow phone; and how late they may end.
READY_S = 60.0
END_S = 30.0
# Between the word to play and the quiet before: all processes must have heard it by then.
LEAD_NS = 100_000_000

Said = tuple[object, "bytes | None"]


class PulsesError(Exception):
    """The pattern could not be played: says why."""


@dataclass(frozen=True, slots=True)
class Pulses:
    """bits: of 0 and 1, `bit_s` each, `quiet_s` of rest before and after. processes: at once."""

    bits: str
    bit_s: float
    quiet_s: float
    processes: int

    @property
    def seconds(self) -> float:
        return len(self.bits) * self.bit_s + 2 * self.quiet_s


def parse_pulses(message: Mapping[str, Any]) -> Pulses:
    """The pattern of a `pulses` message. Raises OrderError for whatever is not as it should be.

    processes null: one for each CPU that this process may use.
    """
    bits, processes = message.get("bits"), message.get("processes")
    if not isinstance(bits, str) or not 0 < len(bits) <= MAX_BITS or set(bits) - {"0", "1"}:
        raise OrderError(f"bits: not 1 to {MAX_BITS} of 0 and 1")
    if processes is None:
        processes = _cpus()
    if type(processes) is not int or not 1 <= processes <= MAX_PROCESSES:
        raise OrderError(f"processes: not a whole number from 1 to {MAX_PROCESSES}")
    found = Pulses(
        bits,
        _seconds(message, "bit_s", MIN_BIT_S),
        _seconds(message, "quiet_s", 0.0),
        min(processes, MAX_PROCESSES),
    )
    if found.seconds > MAX_SECONDS:
        raise OrderError(f"bits: last {found.seconds:g} s, {MAX_SECONDS:g} s are the most")
    return found


def played(pulses: Pulses, clock: Clock) -> dict[str, Any]:
    """Play it, and give the fields of the answer. Raises PulsesError."""
    said: queue.SimpleQueue[Said] = queue.SimpleQueue()
    children: list[Child] = []
    try:
        for _ in range(pulses.processes):
            children.append(Child("busy", Path(os.devnull), lambda *one: said.put(one)))  # noqa: PERF401 - those that started must be ended
        _heard(said, children, "ready", READY_S)
        start_ns = clock.now_ns() + LEAD_NS + round(pulses.quiet_s * 1e9)
        order = {
            "bits": pulses.bits,
            "bit_ns": round(pulses.bit_s * 1e9),
            "start_ns": start_ns,
            "quiet_ns": round(pulses.quiet_s * 1e9),
        }
        for child in children:
            child.sender.send("play", order)
        stamps = _heard(said, children, "played", pulses.seconds + END_S)
    except OSError as err:
        raise PulsesError(f"a process could not be started: {err}") from err
    finally:
        for child in children:
            child.kill()
            child.wait(END_S)
    return {
        "states": states(pulses.bits),
        "processes": [one["t_ns"] for one in stamps],
        "bits": pulses.bits,
    }


def _heard(
    said: queue.SimpleQueue[Said], children: list[Child], kind: str, timeout_s: float
) -> list[dict[str, Any]]:
    """What each child says, in the order in which they say it."""
    until_s = time.monotonic() + timeout_s
    found: dict[object, dict[str, Any]] = {}
    while len(found) < len(children):
        try:
            child, raw = said.get(timeout=max(0.0, until_s - time.monotonic()))
            if child in found:
                continue  # it has said its word, and ends
            message = decode(raw or b"")
        except queue.Empty as err:
            lacking = len(children) - len(found)
            raise PulsesError(
                f"{lacking} processes were not {kind} within {timeout_s:g} s"
            ) from err
        except WireError as err:
            raise PulsesError(f"a process ended before it was {kind}") from err
        if message["type"] == kind:
            found[child] = message
    return list(found.values())


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _seconds(message: Mapping[str, Any], key: str, least: float) -> float:
    found = message.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise OrderError(f"{key}: not a number")
    if not least <= found <= MAX_SECONDS:
        raise OrderError(f"{key}: not from {least:g} to {MAX_SECONDS:g}")
    return float(found)
