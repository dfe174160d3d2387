"""Messages between host and agent: one JSON object a line, versioned.

Both ends check what they read: the far end is not trusted. Numbers of ns may pass 2^53, so both
ends read JSON integers exactly. Each answer has the type of its question but where shown; any
question may be answered by `error{code, detail}`, and the session goes on. During an attempt
only `hello`, `ping`, `stop` and `bye` are served, all else is `error{code: "busy"}`.

host                                agent
hello{version}                      hello{version, pid, python, clock{domain, name,
                                    resolution_ns}, platform, boot_id, engines{kind: version or
                                    null}, engine_settings{kind: {name: default}}}
ping{id, t1_ns}                     pong{id, t2_ns, t3_ns}: received, about to be sent
probe{pid or null, reads}           sources{channels, absent, probes}
device{}                            device{fact: ..., absent: [{fact, reason}]}
timekeeping{}                       timekeeping{interval_clock, boot_id, clocks, pair, kernel,
                                    chrony, timesyncd, absent}: see `timekeeping.py`; an agent
                                    from before this question answers `unknown-message`
tokenize{engine{kind, settings},    tokens{counts, engine}: tokens of each text, and describe()
  model, texts}                     of the engine with the vocabulary alone; with `ids` true the
                                    ids of each text too, and `front`: what the rule puts in front
score{engine, model, directory,     progress{phase: `score`, request, requests}: windows done and
  windows, first, requests,         in all; then scored{files, outputs, engine}, see `scoring.py`;
  watchdog_s}                       nothing else is served meanwhile but `stop`, which ends it at
                                    once: `error{code: "stopped"}`
pulses{bits, bit_s, quiet_s,        pulses{bits, states, processes}: as it was played, see below;
  processes or null}                nothing else is served meanwhile
attempt{order}                      progress{number, phase, request, requests, tokens, rate} from
                                    time to time, of a load that lasts with
                                    lasted_s and lasting_s; then once attempt_end{number, status,
                                    reason, streams, engine, sources}
queue{orders, gates, lease}         queued{attempts}, then for each what `attempt` says, and
                                    queue_end; progress{number, phase: `gate`, waiting} while a
                                    gate is shut; attempt_end without streams where one stayed so
stop{}                              no answer; the attempt ends `incomplete`, reason `stopped`;
                                    what is queued is not begun
bye{}                               bye, then the agent exits; a running attempt is ended

order: see `order.py`. gates: timeout_s and, each or null, the fields of `gates.Limits`. lease,
which may be left out: folder, token, every_s, settings[{id, read, pattern, accepted}] of
`lease.py`; its folder gets a sign every_s until queue_end, and each setting is read after every
attempt. channels: fields of `collectors.reading.Channel` and `kind_of_source`. absent: of
`collectors.protocol.Absent`. probes: kind, max_hz and `collectors.probe`. streams: of `StreamEnd`.
engine: describe() of the engine. sources: channels and absent as opened for this attempt, with
the engine's process in them, and rates_hz{kind: rate}. phase: `load`, `idle`, `prefill`,
`warm-up`, `decode`, `staircase`, `score`; request counts from 1, 0 outside of requests; rate in
token/s or null before it is known.

bits: 0 and 1, bit_s each, with quiet_s of rest before and after. states: rest, each run of equal
bits, rest; processes: for each the stamps around its states, one more than states; from a shell
one list for all of them. Whole ms in place of s to a shell.

Error codes: `wire-version`, `bad-message`, `unknown-message`, `busy`, `bad-order`,
`unknown-engine`, `engine-missing`, `bad-setting`, `bad-model`, `spool-unwritable`,
`engine-crash`, `engine-hang`, `engine-error`, `agent-error`, `pulses-failed`, `stopped`, and those
of engines.

The session speaks the same lines with its children, in messages of their own: `go` and `stop` to
the engine, `ready`, `progress` (with silent_s: how long it will say nothing) and `end` from it;
`sample` to the sampler, `ready` and `end` from it.
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
    # Half of a surrogate pair, which a server or a file may have said, has no bytes of its own.
    return text.encode("utf-8", "replace") + b"\n"


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
