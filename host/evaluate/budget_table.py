"""Which terms stand in the budget of which measurand. None is left out of any result of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from host.evaluate import (
    terms_common,
    terms_influence,
    terms_memory,
    terms_power,
    terms_time,
)
from host.evaluate.terms import Measured, Term
from host.evaluate.terms_pulses import pulse_terms
from host.evaluate.terms_sensor import sensor_terms
from host.handover.cold import COLD_INFERENCE, COLD_TOKEN
from host.handover.served_figures import ACCEPTED_LENGTH, DRAFT_ACCEPTANCE, SYSTEM_RATE

Maker = Callable[[Measured], Term]

_STAMPS: Final = (terms_time.clock_resolution, terms_time.stamp_cost)
_DECODE: Final = (*_STAMPS, terms_time.event_of_span)
_METER: Final = (
    terms_power.edge,
    terms_power.rule,
    terms_power.unobserved,
    terms_power.noise,
    terms_power.averaging,
    terms_power.bracket,
    terms_power.alignment,
    *_STAMPS,
    terms_time.event_of_phase,
)
_TO_TOKEN: Final = (*_STAMPS, terms_time.event_at_end, terms_time.rate_of_time)

_CALLS: Final = (*_STAMPS, terms_time.event_by_definition, terms_time.rate_of_time)
_PER_CALL: Final[dict[str, Maker]] = {
    "inference": terms_common.per_inference,
    "image": terms_common.per_image,
}

# Between repeatability, which comes first, and sensor and agent, which come last.
_TERMS: Final[dict[str, tuple[Maker, ...]]] = {
    "load_time@1": (*_STAMPS, terms_time.event_of_load, terms_time.rate_of_time),
    "time_to_first_token@1": (terms_common.requests, *_TO_TOKEN),
    "prefill_rate@1": (
        terms_common.prompt_tokens,
        *_STAMPS,
        terms_time.event_of_prefill,
        terms_time.rate_of_rate,
    ),
    "decode_rate@1": (terms_common.steps, *_DECODE, terms_time.rate_of_rate),
    "inter_token_interval@1": (terms_common.intervals, *_DECODE, terms_time.rate_of_time),
    "request_latency@1": (terms_common.requests, *_TO_TOKEN),
    "output_byte_rate@1": (terms_common.rate_bytes, *_DECODE, terms_time.rate_of_rate),
    "sustained_ratio@1": (terms_common.intervals, *_DECODE, terms_time.rate_of_quotient),
    "burst_decode_rate@1": (terms_common.steps, *_DECODE, terms_time.rate_of_rate),
    "sustained_decode_rate@1": (terms_common.steps, *_DECODE, terms_time.rate_of_rate),
    SYSTEM_RATE: (
        terms_common.output_tokens,
        *_STAMPS,
        terms_time.event_by_definition,
        terms_time.rate_of_rate,
    ),
    "inference_latency@1": (terms_common.calls, *_CALLS),
    "inference_rate@1": (
        terms_common.inferences,
        *_STAMPS,
        terms_time.event_by_definition,
        terms_time.rate_of_rate,
    ),
    DRAFT_ACCEPTANCE: (terms_common.counted_tokens,),
    ACCEPTED_LENGTH: (terms_common.counted_tokens,),
    "image_latency@1": (terms_common.per_image, *_CALLS),
    COLD_TOKEN: _TO_TOKEN,
    COLD_INFERENCE: _CALLS,
    "peak_memory@1": (
        terms_common.readings,
        terms_memory.page_step,
        terms_memory.rss_batches,
        terms_memory.missed_peak,
    ),
    "memory_drop@1": (
        terms_common.readings,
        terms_memory.drop_step,
        terms_memory.available_batches,
        terms_memory.missed_peak,
        terms_memory.other_processes,
    ),
    "mean_power@1": (*_METER, terms_time.rate_of_power),
    "burst_power@1": (*_METER, terms_time.rate_of_power),
    "sustained_power@1": (*_METER, terms_time.rate_of_power),
    "mean_power_above_idle@1": (*_METER, terms_time.rate_of_power, terms_power.baseline),
    "energy@1": (*_METER, terms_time.rate_of_energy),
    "energy_above_idle@1": (*_METER, terms_time.rate_of_energy, terms_power.baseline),
    "energy_per_token@1": (terms_common.per_token, *_METER, terms_time.rate_of_energy),
    "energy_per_token_above_idle@1": (
        terms_common.per_token,
        *_METER,
        terms_time.rate_of_energy,
        terms_power.baseline,
    ),
    "energy_per_output_byte@1": (terms_common.per_byte, *_METER, terms_time.rate_of_energy),
    "energy_per_output_byte_above_idle@1": (
        terms_common.per_byte,
        *_METER,
        terms_time.rate_of_energy,
        terms_power.baseline,
    ),
    **{
        f"energy_per_{each}@1": (by, *_METER, terms_time.rate_of_energy)
        for each, by in _PER_CALL.items()
    },
    **{
        f"energy_per_{each}_above_idle@1": (
            by,
            *_METER,
            terms_time.rate_of_energy,
            terms_power.baseline,
        )
        for each, by in _PER_CALL.items()
    },
    "temperature_rise@1": (terms_common.readings, terms_influence.missed_maximum),
    "frequency@1": (
        terms_common.readings,
        terms_power.edge,
        terms_power.rule,
        terms_power.unobserved,
        terms_time.rate_of_quotient,
    ),
    "throttled_ratio@1": (terms_common.readings, terms_influence.share_step),
    "throttle_events@1": (terms_common.readings, terms_influence.event_count),
}

# Read from sensors with a gain and an offset; counts and states have none.
_SENSED: Final = frozenset({"power", "energy", "temperature", "frequency"})
# Memory of a device is told by its driver: no page and no batch of the kernel is in it.
_DRIVER_MEMORY: Final = "memory_used"


def terms_of(of: Measured) -> tuple[Term, ...]:
    """All terms of a result, in the order of the budget. KeyError for an unknown measurand."""
    makers = _TERMS[of.seen.measurand]
    if _DRIVER_MEMORY in of.seen.source:
        makers = (terms_common.readings, terms_memory.driver_memory, terms_memory.missed_peak)
    found = [terms_common.repeatability(of), *(make(of) for make in makers)]
    if of.basis.channel is not None and of.basis.channel.quantity in _SENSED:
        found += sensor_terms(of)
    if terms_power.alignment in makers:
        found += pulse_terms(of)
    return (*found, terms_common.agent(of))
