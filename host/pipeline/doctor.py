"""What this machine can be measured with, found by trying."""

from __future__ import annotations

from typing import Any

from host.deploy.stage import deploy_local, local_store
from host.handover.fixes import fix_words
from host.run.link import AgentLink
from host.transport.local import Local

# Rounds over all sources, about a millisecond each: enough to see a refresh of 100 ms and slower.
READS = 2000


def examine() -> dict[str, Any]:
    """Ask a fresh agent for its engines and sources.

    Gives `engines`, `channels` (each with reads_hz, refresh_hz, resolution, tier), and `absent`
    as the agent said it, with its fix in Chinese beside it.
    """
    transport = Local()
    with AgentLink.start(transport, deploy_local(transport, local_store())) as link:
        sources = link.ask("probe", {"reads": READS}, answer="sources")
        engines = link.hello.get("engines", {})
    probes = {p["kind"]: p for p in sources.get("probes", ())}
    return {
        "clock": link.hello.get("clock", {}),
        "engines": engines,
        "channels": [_row(c, probes.get(c["kind_of_source"], {})) for c in sources["channels"]],
        "absent": [
            {**a, "fix_zh": fix_words(str(a.get("fix", ""))).zh} for a in sources["absent"]
        ],
    }


def _row(channel: dict[str, Any], probe: dict[str, Any]) -> dict[str, Any]:
    cost_ns = int(probe.get("cost_p50_ns", 0))
    span_ns = int(probe.get("span_ns", 0))
    tried = {c["channel"]: c for c in probe.get("channels", ())}
    distinct = int(tried.get(channel["name"], {}).get("distinct", 0))
    resolution = channel.get("resolution")
    return {
        "name": channel["name"],
        "quantity": channel["quantity"],
        "unit": channel["unit"],
        "source": channel["source"],
        "reads_hz": f"{1e9 / cost_ns:.0f}" if cost_ns else "?",
        "refresh_hz": _refresh(distinct, span_ns),
        "resolution": "" if resolution is None else f"{resolution:g}",
        "tier": channel.get("tier", ""),
        "note": channel.get("note", ""),
    }


def _refresh(distinct: int, span_ns: int) -> str:
    """Changes a second while it was read as fast as it goes; a constant shows only a bound."""
    if span_ns <= 0:
        return "?"
    if distinct <= 1:
        return f"< {1e9 / span_ns:.0f}"
    return f"{(distinct - 1) * 1e9 / span_ns:.0f}"
