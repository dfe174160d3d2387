"""The headline of a page: the few quantities that most readers came for, each on a card."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.inference import PER_INFERENCE
from host.handover.quantity import Quantity
from host.handover.record import Record
from host.handover.served_figures import SYSTEM_RATE
from host.report.html_results import (
    evaluation,
    expanded,
    scope_words,
    tier_words,
    unit,
    value,
)
from host.report.html_tables import none, reason
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text
from host.report.state import PLUS_MINUS

HEADLINE = (
    *("inference_latency", "inference_rate", "image_latency"),
    *("decode_rate", "time_to_first_token", "prefill_rate", "peak_memory", "load_time"),
)
ENERGIES = ("energy_per_token@1", PER_INFERENCE)
TIERS = ("A", "A-", "B", "C")  # of evidence, the best first (design, law 5)


def headline(record: Record) -> Html:
    """The quantities most readers came for."""
    found = [q for q in record.results if q.measurand_id == SYSTEM_RATE]
    found += [q for name in HEADLINE for q in _of(record, name)[:1] if not _of_no_graph(q)]
    found += best_energy(record.results)
    cards = [_card(q) for q in found]
    if not cards:
        return none()
    legend = tag("p", both(PLUS_MINUS), class_="hint")
    return join((tag("div", *cards, class_="cards"), legend))


def best_energy(results: Sequence[Quantity]) -> list[Quantity]:
    """Energy per token or inference by the source of the best evidence, where any has a value."""
    known = [
        q
        for q in results
        if q.measurand_id in ENERGIES and q.scope == "request" and q.value and q.tier in TIERS
    ]
    return sorted(known, key=lambda q: TIERS.index(q.tier))[:1]


def _of_no_graph(q: Quantity) -> bool:
    """A quantity of tokens in a run of a plain graph; the tables of results have it."""
    return q.missing.startswith("no-tokens")


def _of(record: Record, name: str) -> list[Quantity]:
    """All results of a measurand for the whole run; those that have a value first."""
    found = [
        q for q in record.results if q.measurand_id.partition("@")[0] == name and q.scope == ""
    ]
    return sorted(found, key=lambda q: q.value is None)


def _card(q: Quantity) -> Html:
    if q.value is None:
        body = [
            tag("p", said("未测得", "not measured"), class_="value"),
            tag("p", reason(q.missing)),
        ]
    else:
        body = [tag("p", *_statement(q), class_="value"), tag("p", _basis(q), class_="basis")]
    tier = join((text(" · "), tier_words(q))) if q.tier else NOTHING
    source = tag("p", code(q.source), tier, class_="basis") if q.source else NOTHING
    name = join((both(q.name), both(scope_words(q.scope)) if q.scope else NOTHING), " ")
    return tag("article", tag("h3", name), *body, source, class_="card")


def _statement(q: Quantity) -> list[Html]:
    uncertainty = NOTHING if _all_equal(q) else expanded(q)
    plus_minus = [tag("span", text(" ± "), uncertainty, class_="expanded")] if uncertainty else []
    return [tag("strong", value(q)), *plus_minus, tag("span", text(" "), unit(q), class_="unit")]


def _all_equal(q: Quantity) -> bool:
    """No spread at all: "± 0" would claim more than that."""
    return q.U is not None and float(q.U) == 0


def _basis(q: Quantity) -> Html:
    if _all_equal(q):
        return Html(f"{text(f'n = {q.n}')}<br>{said('各次相同', 'all equal')}")
    factor = f"{float(q.k):.3g}" if q.k else None
    facts = [("k", factor), ("p", q.p), ("n", str(q.n))]
    numbers = join((text(f"{name} = {given}") for name, given in facts if given), ", ")
    return Html(f"{numbers}<br>{evaluation(q)}")
