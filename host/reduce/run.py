"""All reductions over one run: from the trace to one value an attempt for every quantity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from host.handover import rules
from host.handover.measurands import MEASURANDS
from host.handover.result import Observation, Reduced
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace, RequestTrace, Series
from host.reduce import frequency, temperature, throttle
from host.reduce.channels import channels_of, series_of, with_readings
from host.reduce.cold import cold_results
from host.reduce.conventions import convention_results
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.inferences import inference_results, of_graph, without_tokens
from host.reduce.intervals import interval_quantiles
from host.reduce.latency import load_time, mean_request_latency, mean_time_to_first_token
from host.reduce.memory import memory_results
from host.reduce.phases import BURST, REQUEST, SUSTAINED, is_long, whole
from host.reduce.power import power_results
from host.reduce.served import draft_results, server_results, step_results
from host.reduce.side_by_side import ratio_results
from host.reduce.stated import stated_alone, stated_results
from host.reduce.sustained import decode_rate_in, sustained_ratio
from host.reduce.throughput import decode_rate, output_byte_rate, prefill_rate
from host.reduce.turns import turn_results

OverRequests = Callable[[Sequence[RequestTrace]], Estimate]
OverSeries = Callable[[AttemptTrace, Series], Estimate]


@dataclass(frozen=True, slots=True)
class _OfChannel:
    """A result of every channel of one quantity and kind."""

    quantity_kind: tuple[str, str]
    measurand: str
    reduction: OverSeries
    rule: Txt
    scope: str = ""


_REQUEST_RESULTS: dict[str, OverRequests] = {
    "time_to_first_token@1": mean_time_to_first_token,
    "prefill_rate@1": prefill_rate,
    "decode_rate@1": decode_rate,
    "request_latency@1": mean_request_latency,
    "output_byte_rate@1": output_byte_rate,
    "sustained_ratio@1": sustained_ratio,
}
# Given for each dataset item too, so that a grid of lengths can be read.
_ITEM_RESULTS = ("time_to_first_token@1", "prefill_rate@1", "decode_rate@1")

_CHANNEL_RESULTS = (
    _OfChannel(
        ("temperature", "instant"),
        "temperature_rise@1",
        lambda attempt, series: temperature.temperature_rise(series, whole(attempt)),
        rules.TEMPERATURE_RISE,
    ),
    _OfChannel(
        ("frequency", "instant"), "frequency@1", frequency.mean_frequency, rules.TIME_MEAN, REQUEST
    ),
    _OfChannel(
        ("throttle", "counter"),
        "throttle_events@1",
        lambda _, series: throttle.throttle_events(series),
        rules.THROTTLE_EVENTS,
    ),
    _OfChannel(
        ("throttle", "state"),
        "throttled_ratio@1",
        throttle.throttled_ratio,
        rules.THROTTLED_SHARE,
        REQUEST,
    ),
)


def reduce_run(run: AlignedRun) -> Reduced:
    """Every measurand and every convention of the valid attempts.

    Void and incomplete attempts are counted in the record and reduced to nothing. What cannot
    be reduced stands there with its reason.
    """
    attempts = run.counted()
    graph, steps = of_graph(attempts), step_results(attempts)
    powers = power_results(attempts)
    if steps:  # loads of several kinds in one attempt have no rate together
        powers = [p for p in powers if not p.measurand.startswith("energy_per_")]
    found = [
        observe(_subject("load_time@1"), attempts, load_time),
        *(steps or _one_by_one(attempts, graph=graph)),
        *draft_results(attempts),
        *cold_results(attempts),
        *turn_results(attempts),
        *memory_results(attempts),
        *powers,
        *ratio_results(powers),
        *_of_channels(attempts),
    ]
    order = {measurand: place for place, measurand in enumerate(MEASURANDS)}
    found.sort(key=lambda observation: order[observation.measurand])
    if graph:  # every convention of another tool is one of tokens
        return Reduced(tuple(without_tokens(observation) for observation in found), ())
    derived = [] if steps else convention_results(attempts)
    if any(attempt.stated and not attempt.requests for attempt in attempts):
        found, derived = stated_alone(found), stated_alone(derived)
    return Reduced(tuple(found), (*derived, *stated_results(attempts), *server_results(attempts)))


def _one_by_one(attempts: Sequence[AttemptTrace], *, graph: bool) -> list[Observation]:
    """What a single stream has: rates and times of the whole, of spans and of items."""
    return [
        *_of_requests(attempts),
        *_of_spans(attempts),
        *interval_quantiles(attempts),
        *(inference_results(attempts) if graph else _of_items(attempts)),
    ]


def _subject(measurand: str, scope: str = "", rule: Txt | None = None) -> Subject:
    return Subject(measurand, MEASURANDS[measurand].unit, scope, rule=rule)


def _rule(attempts: Sequence[AttemptTrace]) -> Txt | None:
    """How rates and times of a server come about; those of other engines need no word."""
    served = any(r.reply is not None for a in attempts for r in a.requests)
    return rules.CHUNKS if served else None


def _of_requests(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    rule = _rule(attempts)
    return [
        observe(_subject(name, rule=rule), attempts, partial(_scored, reduction))
        for name, reduction in _REQUEST_RESULTS.items()
    ]


def _of_spans(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Burst and sustained rate, where an attempt is long enough to tell them apart."""
    if not any(is_long(attempt) for attempt in attempts):
        return []
    return [
        observe(_subject(f"{phase}_decode_rate@1"), attempts, partial(_spanned, phase))
        for phase in (BURST, SUSTAINED)
    ]


def _spanned(phase: str, attempt: AttemptTrace) -> Estimate:
    return decode_rate_in(attempt, phase)


def _scored(reduction: OverRequests, attempt: AttemptTrace) -> Estimate:
    return reduction(attempt.scored())


def _of_items(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """By item, shortest prompt first: the order in which a grid of lengths is read."""
    lengths = {r.item: r.prompt_tokens for a in attempts for r in a.scored()}
    rule = _rule(attempts)
    items = sorted(lengths, key=lambda item: (lengths[item], item))
    return [
        observe(_subject(name, item, rule), attempts, partial(_scored_of, reduction, item))
        for name, reduction in _REQUEST_RESULTS.items()
        if name in _ITEM_RESULTS
        for item in items
    ]


def _scored_of(reduction: OverRequests, item: str, attempt: AttemptTrace) -> Estimate:
    found = [r for r in attempt.scored() if r.item == item]
    if not found:
        raise CoverageError("no-scored-request", f"none for item {item}")
    return reduction(found)


def _of_channels(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    return [
        observe(_of_one(row, like), attempts, partial(_of_series, row.reduction, like))
        for row in _CHANNEL_RESULTS
        for like in channels_of(attempts, row.quantity_kind[0])
        if like.kind == row.quantity_kind[1]
    ]


def _of_one(row: _OfChannel, like: Series) -> Subject:
    unit = MEASURANDS[row.measurand].unit
    return Subject(row.measurand, unit, row.scope, source=like.channel, rule=row.rule)


def _of_series(reduction: OverSeries, like: Series, attempt: AttemptTrace) -> Estimate:
    return reduction(attempt, with_readings(series_of(attempt, like)))
