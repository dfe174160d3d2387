"""Every kind of meter on the bench, and who opens it; imported on use."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import Final

from collectors.meters.hookup import Hookup
from collectors.meters.protocol import FastMeter, Meter, MeterError

# Raises MeterError, and leaves no line open then.
Opener = Callable[[Hookup], Meter | FastMeter]

METERS: Final[dict[str, str]] = {
    "wt300": "collectors.meters.opening:open_wt300",
    "scpi": "collectors.meters.opening:open_scpi",
    "ptdaemon": "collectors.meters.opening:open_ptdaemon",
    "pzem": "collectors.meters.opening_frames:pzem",
    "sdm120": "collectors.meters.opening_frames:sdm120",
    "ppk2": "collectors.meters.opening_frames:ppk2",
    "joulescope": "collectors.meters.opening_frames:joulescope",
    "monsoon": "collectors.meters.opening_frames:monsoon",
    "um": "collectors.meters.opening_frames:um",
    "tc66c": "collectors.meters.opening_frames:tc66c",
    "fnirsi": "collectors.meters.opening_frames:fnirsi",
    "km003c": "collectors.meters.opening_frames:km003c",
    "avhzy": "collectors.meters.opening_frames:avhzy",
    "xymd02": "collectors.meters.opening_frames:xymd02",
    "ds18b20": "collectors.meters.opening_frames:ds18b20",
    "sht_text": "collectors.meters.opening_frames:sht_text",
}


def opener(kind: str) -> Opener:
    """The function that opens a kind. Raises MeterError with near names for one that is none."""
    if kind not in METERS:
        near = difflib.get_close_matches(kind, METERS) or sorted(METERS)
        raise MeterError(kind[:40], f"no meter of that kind; there are {', '.join(near)}")
    module, _, attribute = METERS[kind].partition(":")
    found: Opener = getattr(import_module(module), attribute)
    return found
