"""Whether a server that runs by itself is still the one that earlier attempts were made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from host.errors import FolderError
from host.handover.audit_plan import FIRST
from host.run.folder import RunFolder

# What a server says of itself (agent/engines/http_identity.py); its process may be another one.
IDENTITY: Final = ("kind", "models", "server", "build", "model_path", "parameters")


def other_server(folder: RunFolder, number: int, end: Mapping[str, Any]) -> str:
    """Why a valid attempt was made with another server than the first valid one, or "".

    Within an attempt the agent asks by itself. Attempts of probes may run other weights. Raises
    FolderError for an attempt that cannot be read.
    """
    here = _server(end.get("engine"))
    if number >= FIRST or not here:
        return ""
    for before in sorted(n for n in folder.attempts() if n < number):
        there = _of_valid(folder, before)
        if there:
            return _difference(before, there, here)
    return ""


def _of_valid(folder: RunFolder, number: int) -> Mapping[str, Any]:
    """The server of a valid attempt; {} of others."""
    path = folder.attempt(number) / "attempt.json"
    if not folder.ended(number):
        return {}
    try:
        stated = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.MsgspecError as err:
        raise FolderError(str(path), f"is no attempt.json: {err}") from err
    return _server(stated.get("engine")) if stated.get("status") == "valid" else {}


def _server(engine: object) -> Mapping[str, Any]:
    found = engine.get("server") if isinstance(engine, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _difference(before: int, there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    changed = [name for name in IDENTITY if there.get(name) != here.get(name)]
    told = "; ".join(f"{name} {there.get(name)!r}, now {here.get(name)!r}" for name in changed)
    return f"server-changed: in attempt {before} {told[:500]}" if told else ""
