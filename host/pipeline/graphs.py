"""A plain graph before its run: its inputs on the device, its settings tried there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from host.artefacts.models.hashing import hash_files
from host.deploy.store import put
from host.errors import PlanError
from host.handover.plan import InferencePlan, Plan, ResolvedRequest
from host.handover.progress import Watch
from host.pipeline.reach import Reached, transfers
from host.plan.inference import GRAPH
from host.run.link import AgentLink

FILE = "file:"
LOAD_TIMEOUT_S = 600.0


def placed_inputs(
    device: Reached, requests: tuple[ResolvedRequest, ...], watch: Watch
) -> tuple[ResolvedRequest, ...]:
    """The requests with every file of inputs where it lies on the device, under its hash."""
    store = device.store
    if store is None:
        return requests

    def placed(request: ResolvedRequest) -> ResolvedRequest:
        if not request.text.startswith(FILE):
            return request
        path = Path(request.text.removeprefix(FILE))
        (hashed,) = hash_files(path.parent, [path.name], _quiet)
        there = put(device.transport, store, path, hashed.sha256, transfers(watch))
        return msgspec.structs.replace(request, text=f"{FILE}{there.path}")

    return tuple(placed(request) for request in requests)


def tried_graph(
    plan: Plan,
    table: InferencePlan,
    path: str,
    requests: tuple[ResolvedRequest, ...],
    link: AgentLink,
) -> tuple[dict[str, Any], Mapping[str, int]]:
    """All settings of the engine, after it loaded the graph and made every input once.

    The counts are of tokens, of which there are none. Raises what the device refuses.
    """
    known = link.hello.get("engine_settings", {}).get(GRAPH)
    if not isinstance(known, dict):
        raise PlanError("engine.kind", f"the agent on the device knows no engine {GRAPH}")
    given = {**plan.engine.settings, "batch": table.batch}
    link.ask(
        "tokenize",
        {
            "engine": {"kind": GRAPH, "settings": given},
            "model": path,
            "texts": [r.text for r in requests],
        },
        answer="tokens",
        timeout_s=LOAD_TIMEOUT_S,
    )
    return {**known, **given}, {r.item: 0 for r in requests}


def _quiet(*_: object) -> None:
    """Inputs are small beside a model."""
