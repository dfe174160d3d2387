"""The requests of an attempt: every item once, or so many in each stream of each step."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from host.artefacts.datasets.dataset import order_ids
from host.artefacts.datasets.drawn import Drawn, drawn
from host.handover.load_shape import LoadPlan
from host.plan.load import default

ITEMS = ("a", "b", "c")
RUN = msgspec.structs.replace(default()[0].run, warmups=2, seed=7)
LOAD = LoadPlan("streams", steps=(1, 3), requests_per_stream=4)


def test_single_stream_runs_every_item_once_as_the_seed_draws() -> None:
    names = order_ids(ITEMS, 7, attempt=5)
    warm = [Drawn(name, warmup=True) for name in names[:2]]
    assert drawn(ITEMS, RUN, UNSET, 5) == (*warm, *map(Drawn, names))
    listed = msgspec.structs.replace(RUN, order="listed", warmups=0)
    assert drawn(ITEMS, listed, UNSET, 5) == tuple(map(Drawn, ITEMS))


def test_streams_have_their_own_orders_and_as_many_requests_as_the_plan_says() -> None:
    found = [d for d in drawn(ITEMS, RUN, LOAD, 1) if not d.warmup]
    assert [(d.streams, d.stream) for d in found] == [
        (k, j) for k in (1, 3) for j in range(k) for _ in range(4)
    ]
    orders = {
        (k, j): tuple(d.item for d in found if (d.streams, d.stream) == (k, j))
        for k, j in {(d.streams, d.stream) for d in found}
    }
    assert all(sorted(order[:3]) == sorted(ITEMS) for order in orders.values())
    assert all(order[3] == order[0] for order in orders.values()), "items come round again"
    more = LoadPlan("streams", steps=(24,), requests_per_stream=3)
    drawn_of = [d.item for d in drawn(ITEMS, RUN, more, 1) if not d.warmup]
    assert len({tuple(drawn_of[i : i + 3]) for i in range(0, 72, 3)}) > 1


def test_same_seed_and_attempt_draw_the_same_again_and_another_attempt_does_not() -> None:
    assert drawn(ITEMS, RUN, LOAD, 1) == drawn(ITEMS, RUN, LOAD, 1)
    assert drawn(ITEMS, RUN, LOAD, 1) != drawn(ITEMS, RUN, LOAD, 2)
