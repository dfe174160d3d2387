"""Ways to a device: kind -> who opens it, imported on use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from host.errors import UsageError
from host.transport.base import Transport

# kind -> (module:function, the extra that brings its library, "" where the base install does).
WAYS: Mapping[str, tuple[str, str]] = {
    "local": ("host.transport.local:connect", ""),
    "adb": ("host.transport.adb:connect", ""),
    "adb-direct": ("host.transport.adb_direct:connect", "adb-direct"),
    "ssh": ("host.transport.ssh:connect", ""),
    "serial": ("host.transport.serial_console:connect", ""),
}

Opener = Callable[..., Transport]


def opener(kind: str) -> Opener:
    """Who opens this kind of way. Raises UsageError for an unknown one or a missing library."""
    if kind not in WAYS:
        near = difflib.get_close_matches(kind, WAYS) or list(WAYS)
        raise UsageError(f"{kind} is no way to a device; known are {', '.join(near)}")
    place, extra = WAYS[kind]
    module, _, name = place.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except ModuleNotFoundError as err:
        fix = f'pip install "inferometer[{extra}]"' if extra else "install inferometer anew"
        raise UsageError(f"{kind} needs {err.name}, which is not installed: {fix}") from err
    opened: Opener = found
    return opened
