"""Every kind of meter on the bench, and who opens it by its address; imported on use."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import Final

from collectors.meters.protocol import FastMeter, Meter, MeterError, Transcript
from collectors.protocol import Clock

# address, clock, transcript; raises MeterError, and leaves no line open then.
Opener = Callable[[str, Clock, Transcript], Meter | FastMeter]

METERS: Final[dict[str, str]] = {
    "wt300": "collectors.meters.opening:open_wt300",
    "scpi": "collectors.meters.opening:open_scpi",
    "ptdaemon": "collectors.meters.opening:open_ptdaemon",
}


def opener(kind: str) -> Opener:
    """The function that opens a kind. Raises MeterError with near names for one that is none."""
    if kind not in METERS:
        near = difflib.get_close_matches(kind, METERS) or sorted(METERS)
        raise MeterError(kind[:40], f"no meter of that kind; there are {', '.join(near)}")
    module, _, attribute = METERS[kind].partition(":")
    found: Opener = getattr(import_module(module), attribute)
    return found
