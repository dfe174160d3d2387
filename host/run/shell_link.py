"""The host's end of the wire to a shell agent: the same link, other lines towards the agent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from agent.wire_lines import encode_line
from host.errors import UsageError
from host.handover.runner import NATIVE
from host.run.link import AgentLink
from host.transport.base import Transport

_PLACE = re.compile(r"\{([a-z_]+)\}")
_SETTINGS = frozenset({"argv", "marks", "token", "log_bytes", "output", "spare_tokens"})
# What the host reads the log by, or says in the record; nothing of it concerns the agent.
_OF_HOST = frozenset(
    {"runner", "lines", "answer", "divergence", "reads", "figures", "n_threads", "n_ctx"}
)
MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class ShellDeployment:
    """A shell agent on the device. shell: what runs it there, `("sh",)` on most."""

    agent: PurePosixPath
    shell: tuple[str, ...] = ("sh",)

    def argv(self) -> list[str]:
        return [*self.shell, str(self.agent)]


def open_shell_link(transport: Transport, deployment: ShellDeployment) -> AgentLink:
    """A session with a shell agent; orders are for the engine `native` alone."""
    return AgentLink.start(transport, deployment, encoder=shell_line)


def shell_line(kind: str, fields: Mapping[str, Any] | None = None) -> bytes:
    """A message of `agent.wire` as the shell agent hears it. Raises UsageError."""
    told = dict(fields or {})
    if kind == "attempt":
        told = shell_order(told["order"])
    elif kind == "probe":
        told = {}  # it has no process to probe, and times no reads
    elif kind == "pulses":
        whole = {f"{key}_ms": _ms(told.pop(f"{key}_s")) for key in ("bit", "quiet")}
        told |= whole
    try:
        return encode_line(kind, told)
    except ValueError as err:
        raise UsageError(str(err)) from err


def shell_order(order: Mapping[str, Any]) -> dict[str, Any]:
    """An order as of `agent.order`, for the native engine, in the shell agent's fields.

    Its settings: `argv`, a list with places `{model}`, `{item}`, `{text}`, `{prompt_tokens}` and
    `{output_tokens}`; `spare_tokens`, how many more are asked for; `marks`, event -> pattern of
    sh(1) that a line of the runner fits; `token`, what begins a line `PREFIX<id> <bytes>` of one
    token; `log_bytes`, where its output is cut off; `output`, `stdout` where standard output is
    kept apart from the log. The log of a runner whose lines have times of their own
    (`lines.stamp`), or that only states figures, is followed: it never waits for the shell.
    `sampling.sources`, lines of agent/shell/sources.sh, may stand in the place of all found there.
    """
    engine = order["engine"]
    if engine["kind"] != NATIVE:
        raise UsageError(f"the shell agent runs {NATIVE!r} alone, not {engine['kind']!r}")
    settings = engine["settings"]
    unknown = set(settings) - _SETTINGS - _OF_HOST
    if unknown:
        raise UsageError(f"engine.settings: {', '.join(sorted(unknown))} is not known")
    return {
        "number": order["number"],
        "directory": order["directory"],
        "idle_before_ms": _ms(order["idle_before_s"]),
        "idle_after_ms": _ms(order["idle_after_s"]),
        "watchdog_ms": max(MS_PER_S, _ms(order["watchdog_s"])),
        "log_bytes": settings.get("log_bytes"),
        "follow": _followed(settings),
        "apart": settings.get("output") == "stdout",
        "mark": [f"{event}|{glob}" for event, glob in (settings.get("marks") or {}).items()],
        "token": settings.get("token"),
        "run": [
            {
                "item": request["item"],
                "warmup": request["warmup"],
                "argv": _argv(settings, order["model"], request),
            }
            for request in order["requests"]
        ],
        "sampling": _sampling(order["sampling"]),
    }


def _followed(settings: Mapping[str, Any]) -> bool:
    """Whether nobody needs a stamp on every line."""
    lines = settings.get("lines")
    return bool(lines.get("stamp")) if lines else bool(settings.get("figures"))


def _argv(settings: Mapping[str, Any], model: str, request: Mapping[str, Any]) -> list[str]:
    template = settings.get("argv")
    if not isinstance(template, Sequence) or isinstance(template, str) or not template:
        raise UsageError("engine.settings.argv: not a list of a program and its arguments")
    output_tokens = request["output_tokens"] + settings.get("spare_tokens", 0)
    places = {"model": model, **request, "output_tokens": output_tokens}

    def value_of(match: re.Match[str]) -> str:
        found = places.get(match[1])
        if found is None or match[1] == "warmup":
            raise UsageError(f"engine.settings.argv: {match[0]} stands for nothing here")
        return str(found)

    return [_PLACE.sub(value_of, str(word)) for word in template]


def _sampling(sampling: Mapping[str, Any]) -> dict[str, Any]:
    """Periods are whole ms in a shell; the seed is cut to what 32 bits hold."""
    return {
        "enabled": sampling["enabled"],
        "period_ms": max(1, round(MS_PER_S / sampling["rate_hz"])),
        "jitter_permille": round(sampling["jitter_ratio"] * 1000),
        "seed": sampling["seed"] % 1_000_000_000,
        "kind": list(sampling["kinds"] or ()),
        "source": list(sampling.get("sources") or ()),
    }


def _ms(seconds: float) -> int:
    return round(seconds * MS_PER_S)
