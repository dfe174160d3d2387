"""One attempt at a server in this process: what the engine's own process does, without it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.engines.table import maker
from agent.order import parse_order
from agent.pipes import Sender
from agent.runner import Outcome, run_attempt
from agent.spool import SpoolFile, read_spool
from collectors.clocks import device_clock
from collectors.protocol import Clock
from host.align.replies import replies_of
from host.align.requests import Event, events_of
from host.handover.trace import RequestTrace

SAMPLING = {"enabled": False, "rate_hz": 1.0, "kinds": None, "seed": 1, "jitter_ratio": 0.0}
IDLE = {"idle_before_s": 0.0, "idle_after_s": 0.0, "watchdog_s": 60.0}


def asked(text: str = "Hello", **over: object) -> dict[str, Any]:
    """A request of an order."""
    one = {"item": "a", "text": text, "prompt_tokens": None, "output_tokens": 4, "warmup": False}
    return {**one, **over}


def attempt(
    folder: Path,
    settings: Mapping[str, object],
    requests: list[dict[str, Any]],
    clock: Clock | None = None,
    **over: object,
) -> Outcome:
    """Run it. over: fields of the order, `model` among them."""
    model = over.pop("model", "/none")
    order = parse_order(
        {
            "number": 1,
            "directory": str(folder),
            "engine": {"kind": "openai_http", "settings": dict(settings)},
            "model": str(model),
            "requests": requests,
            "stop": "length",
            "sampling": SAMPLING,
            **IDLE,
            **over,
        }
    )
    engine = maker("openai_http")(Path(str(model)), settings, clock or device_clock())
    sender = Sender(os.open(os.devnull, os.O_WRONLY))
    try:
        return run_attempt(order, engine, sender, threading.Event())
    finally:
        engine.close()
        sender.close()


def stream(folder: Path, name: str) -> SpoolFile:
    return read_spool((folder / f"{name}.tsv").read_bytes())


def events(folder: Path) -> tuple[Event, ...]:
    return events_of(stream(folder, "events"))


def replies(folder: Path) -> tuple[RequestTrace, ...]:
    return replies_of(events(folder), stream(folder, "chunks"), {"a": 4})


def ended(outcome: Outcome) -> tuple[str, str]:
    return outcome.status, outcome.reason
