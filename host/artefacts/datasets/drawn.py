"""The requests of an attempt in their order, as seed and shape of load draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from host.artefacts.datasets.dataset import order_ids
from host.handover.load_shape import LoadPlan
from host.handover.plan import RunPlan

# Room for streams in the number that an order is drawn by: no two streams of a run share one.
_STREAMS = 1 << 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """One request. streams: how many run at once, 0 for one by itself. stream: which of them."""

    item: str
    warmup: bool = False
    streams: int = 0
    stream: int = 0


def drawn(
    items: Sequence[str], run: RunPlan, load: LoadPlan | UnsetType, key: int
) -> tuple[Drawn, ...]:
    """Warm-ups, one by one, and the scored requests. key: of the attempt, or of its pair."""
    names = _ordered(items, run, key)
    warmups = [Drawn(names[i % len(names)], warmup=True) for i in range(run.warmups)]
    if load is UNSET or load.shape != "streams":
        return (*warmups, *map(Drawn, names))
    steps = load.steps if load.steps is not UNSET else ()
    each = load.requests_per_stream if load.requests_per_stream is not UNSET else 0
    scored = [
        Drawn(own[i % len(own)], streams=streams, stream=stream)
        for streams in steps
        for stream in range(streams)
        for own in [_ordered(items, run, (key * _STREAMS + streams) * _STREAMS + stream)]
        for i in range(each)
    ]
    return (*warmups, *scored)


def _ordered(items: Sequence[str], run: RunPlan, key: int) -> tuple[str, ...]:
    if run.order == "shuffled":
        return order_ids(items, run.seed, attempt=key)
    return tuple(items)
