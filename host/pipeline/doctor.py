"""What a device can be measured with, found by trying."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from host.errors import AgentError
from host.handover.fixes import fix_words
from host.handover.progress import Watch
from host.pipeline.device_probe import text_of
from host.pipeline.reach import Reached, reached

# Rounds over all sources, about a millisecond each: enough to see a refresh of 100 ms and slower.
READS = 2000
DOCTOR_S = 60.0
MAX_LINES = 200


def examine(name: str, inventory: Path | None, watch: Watch) -> dict[str, Any]:
    """Ask a fresh agent for its engines and sources. name: `local`, of the inventory, an address.

    Gives `device`, `agent`, `engines`, `channels` (each with reads_hz, refresh_hz, resolution,
    tier), `absent` with its fix in Chinese too, and `cannot`: what this agent cannot do there.
    """
    with reached(name, inventory, watch) as device, device.link() as link:
        sources = link.ask("probe", {"reads": READS}, answer="sources")
        cannot = _cannot(device)
    engines = link.hello.get("engines")
    try:
        probes = {p["kind"]: p for p in sources.get("probes", ())}
        channels = [_row(c, probes.get(c["kind_of_source"], {})) for c in sources["channels"]]
        absent = [
            {k: str(a[k]) for k in ("kind", "source", "reason", "fix")} for a in sources["absent"]
        ]
    except (KeyError, TypeError, ValueError) as err:
        raise AgentError(device.name, f"lists its sources badly: {err!r}") from err
    return {
        "device": device.name,
        "agent": "shell" if device.deployment.shell else "python",
        "clock": link.hello.get("clock", {}),
        "engines": engines if isinstance(engines, dict) else {},
        "channels": channels,
        "absent": [{**a, "fix_zh": fix_words(a["fix"]).zh} for a in absent],
        "cannot": cannot,
    }


def _cannot(device: Reached) -> list[str]:
    """The `name: no; why` lines of the shell agent's own doctor; nothing for Python's."""
    if not device.deployment.shell:
        return []
    argv = [*device.deployment.argv(), "doctor"]
    done = device.transport.call(argv, timeout_s=DOCTOR_S)
    lines = done.stdout.decode("utf-8", "replace").splitlines()[:MAX_LINES]
    found = [text_of(line) for line in lines]
    return [line for line in found if line.partition(": ")[2].partition(";")[0] == "no"]


def _row(channel: dict[str, Any], probe: dict[str, Any]) -> dict[str, Any]:
    cost_ns = int(probe.get("cost_p50_ns", 0))
    span_ns = int(probe.get("span_ns", 0))
    tried = {c["channel"]: c for c in probe.get("channels", ())}
    distinct = int(tried.get(channel["name"], {}).get("distinct", 0))
    resolution = channel.get("resolution")
    return {
        **{key: str(channel[key]) for key in ("name", "quantity", "unit", "source")},
        "reads_hz": f"{1e9 / cost_ns:.0f}" if cost_ns else "?",
        "refresh_hz": _refresh(distinct, span_ns),
        "resolution": "" if resolution is None else f"{resolution:g}",
        "tier": str(channel.get("tier", "")),
        "note": str(channel.get("note", "")),
    }


def _refresh(distinct: int, span_ns: int) -> str:
    """Changes a second while it was read as fast as it goes; a constant shows only a bound."""
    if span_ns <= 0:
        return "?"
    if distinct <= 1:
        return f"< {1e9 / span_ns:.0f}"
    return f"{(distinct - 1) * 1e9 / span_ns:.0f}"
