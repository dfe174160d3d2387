"""The shell agent: parts of one sh script, put together for a device."""

from __future__ import annotations

from importlib.resources import files

# In the order in which they are read; `agent.sh` names the same.
PARTS = (
    "shells",
    "clock",
    "json",
    "spool",
    "sources",
    "values",
    "rails",
    "sampler",
    "order",
    "runner",
    "followed",
    "attempt",
    "session",
    "pulses",
    "facts",
    "lock",
    "keep",
    "follow",
    "doctor",
    "main",
)


def bundle() -> bytes:
    """The whole agent as one script: what is pushed to a device, the same bytes every time.

    Comments of whole lines stay out, so that it is small on the device and quick to read.
    """
    folder = files(__name__)
    parts = [(folder / f"{part}.sh").read_text(encoding="utf-8") for part in PARTS]
    lines = [line for part in parts for line in part.splitlines()]
    kept = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return ("#!/bin/sh\n" + "\n".join(kept) + "\n").encode()
