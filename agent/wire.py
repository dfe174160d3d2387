"""Messages between host and agent: one JSON object a line, versioned.

Host to agent: `hello`, `ping`, `probe`, `device`, `tokenize`, `attempt`, `stop`, `bye`.
Agent to host: `hello`, `pong`, `sources`, `device`, `tokens`, `event`, `progress`,
`attempt_end`, `error`, `bye`. Both ends check what they read: the far end is not trusted.
Numbers of ns may pass 2^53, so both ends read JSON integers exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

WIRE_VERSION = 1
MAX_MESSAGE_BYTES = 16 << 20

Message = dict[str, Any]


class WireError(ValueError):
    """The far end sent something that is no message of this version."""


def encode(kind: str, fields: Mapping[str, Any] | None = None) -> bytes:
    """One message as a line."""
    message = {"type": kind, **(fields or {})}
    text = json.dumps(message, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.encode() + b"\n"


def decode(raw: bytes) -> Message:
    """One line as a message; refuses duplicate keys, NaN, no `type`, over-long lines."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise WireError(f"message of {len(raw)} bytes, {MAX_MESSAGE_BYTES} allowed")
    found = strict_json(raw)
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise WireError("message is no object with a type")
    return found


def strict_json(raw: bytes) -> Any:  # noqa: ANN401
    """JSON that cannot be read two ways: no duplicate key, no NaN or infinity, UTF-8 only."""
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as err:
        raise WireError(str(err)) from err


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise WireError(f"key {key!r} stands twice")
        found[key] = value
    return found


def _no_constant(text: str) -> float:
    raise WireError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise WireError(f"{text} is beyond a double")
    return value
