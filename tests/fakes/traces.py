"""Synthetic runs: requests with stated times, and whole runs that look like a small device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from host.handover.trace import (
    AlignedRun,
    AttemptTrace,
    FloatArray,
    Gap,
    RequestTrace,
    Series,
    SourceCost,
    TokenTrace,
    Window,
)

SECOND_NS = 1_000_000_000
SOURCE = "scripted"


@dataclass(frozen=True, slots=True)
class Shape:
    """What one request does: its item, lengths and times."""

    item: str = "a"
    prompt_tokens: int = 100
    output_tokens: int = 16
    ttft_ns: int = 800_000_000
    tpot_ns: int = 50_000_000
    warmup: bool = False
    first_token: int = 1000
    bytes_per_token: int = 4


def request(shape: Shape | None = None, *, number: int = 0, t0_ns: int = 0) -> RequestTrace:
    """A request without queue or sampling time: ts = tokenized = t0, prefill ends at t1."""
    s = shape or Shape()
    t_ns = t0_ns + s.ttft_ns + s.tpot_ns * np.arange(s.output_tokens, dtype=np.int64)
    tokens = TokenTrace(
        ready_ns=t_ns.copy(),
        t_ns=t_ns,
        tokens=np.arange(s.first_token, s.first_token + s.output_tokens, dtype=np.int64),
        size_bytes=np.full(s.output_tokens, s.bytes_per_token, dtype=np.int64),
    )
    end_ns = int(t_ns[-1]) if len(t_ns) else t0_ns + s.ttft_ns
    return RequestTrace(
        number=number,
        item=s.item,
        warmup=s.warmup,
        scheduled_ns=t0_ns,
        start_ns=t0_ns,
        tokenized_ns=t0_ns,
        prefill=Window(t0_ns, t0_ns + s.ttft_ns),
        end_ns=end_ns,
        prompt_tokens=s.prompt_tokens,
        requested_tokens=s.output_tokens,
        stop_reason="length",
        stated_tokens=s.output_tokens,
        tokens=tokens,
    )


def requests(shapes: Sequence[Shape], *, t0_ns: int = 0) -> tuple[RequestTrace, ...]:
    """One request after the other, without pauses."""
    made: list[RequestTrace] = []
    for number, shape in enumerate(shapes):
        made.append(request(shape, number=number, t0_ns=t0_ns))
        t0_ns = made[-1].end_ns
    return tuple(made)


def attempt(
    asked: Sequence[RequestTrace] = (), series: Sequence[Series] = (), *, number: int = 1
) -> AttemptTrace:
    """A valid attempt with these requests and series, without load and baselines."""
    return AttemptTrace(
        number=number,
        status="valid",
        reason="",
        load=None,
        idle_before=None,
        idle_after=None,
        requests=tuple(asked),
        series=tuple(series),
        costs=(),
        sampler_cpu_ratio=None,
    )


def run_of(*attempts: AttemptTrace) -> AlignedRun:
    return AlignedRun(
        clock="monotonic_raw@test", offset_ns=0, offset_bound_ns=0, attempts=attempts
    )


def series(
    times_ns: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
    values: Sequence[float] | FloatArray,
    like: Series | None = None,
) -> Series:
    """Readings that took no time; quantity, kind and unit from `like`, else power in W."""
    stamps = np.asarray(times_ns, dtype=np.int64)
    base = like or kind_of("power", "instant", "W")
    return replace(base, t0_ns=stamps, t1_ns=stamps, values=np.asarray(values, dtype=np.float64))


def kind_of(quantity: str, kind: str, unit: str, *, channel: str = "", tier: str = "") -> Series:
    """A series without readings, to be used as `like`."""
    empty = np.zeros(0, dtype=np.int64)
    name = channel or f"{SOURCE}.{quantity}"
    return Series(
        name, SOURCE, quantity, kind, unit, tier, empty, empty, np.zeros(0, dtype=np.float64)
    )


# Shapes of the example run: three items of a length grid after one warm-up.
EXAMPLE_SHAPES = (
    Shape("warm", 64, 32, 120_000_000, 4_300_000, warmup=True),
    Shape("chat-64", 64, 128, 120_000_000, 4_300_000, first_token=2000),
    Shape("chat-256", 256, 128, 430_000_000, 4_500_000, first_token=3000),
    Shape("chat-1024", 1024, 128, 1_700_000_000, 5_100_000, first_token=4000),
)


def example_attempt(number: int, *, sources: bool = True) -> AttemptTrace:
    """An attempt of a small device with a load, baselines, jitter and one set of sources."""
    rng = np.random.default_rng(number)
    load = Window(2 * SECOND_NS, 2 * SECOND_NS + int(rng.normal(1.4e9, 2e7)))
    before = Window(load.end_ns, load.end_ns + 5 * SECOND_NS)
    asked = _jittered(rng, before.end_ns)
    after = Window(asked[-1].end_ns, asked[-1].end_ns + 5 * SECOND_NS)
    busy = Window(asked[0].start_ns, asked[-1].end_ns)
    end_ns = after.end_ns + SECOND_NS
    return AttemptTrace(
        number=number,
        status="valid",
        reason="",
        load=load,
        idle_before=before,
        idle_after=after,
        requests=asked,
        series=_sources(rng, busy, end_ns) if sources else (),
        costs=(_cost("rapl"), _cost("memory"), _cost("thermal")) if sources else (),
        sampler_cpu_ratio=0.004,
    )


def example_run(attempts: int = 5, *, sources: bool = True) -> AlignedRun:
    """A run of valid attempts, the same on every call."""
    made = [example_attempt(number, sources=sources) for number in range(1, attempts + 1)]
    return AlignedRun("monotonic_raw@example", 12_345, 40_000, tuple(made))


def _jittered(rng: np.random.Generator, t0_ns: int) -> tuple[RequestTrace, ...]:
    speed = rng.normal(1.0, 0.008)
    made: list[RequestTrace] = []
    for number, shape in enumerate(EXAMPLE_SHAPES):
        pace = replace(
            shape, ttft_ns=int(shape.ttft_ns * speed), tpot_ns=int(shape.tpot_ns * speed)
        )
        plain = request(pace, number=number, t0_ns=t0_ns)
        steps = rng.gamma(40.0, pace.tpot_ns / 40.0, pace.output_tokens - 1).astype(np.int64)
        t_ns = plain.tokens.t_ns[0] + np.concatenate(([0], np.cumsum(steps)))
        tokens = replace(plain.tokens, t_ns=t_ns, ready_ns=t_ns - 20_000)
        end_ns = int(t_ns[-1]) + 300_000
        prefill = Window(t0_ns + 150_000, int(t_ns[0]) - 30_000)
        made.append(
            replace(
                plain, tokens=tokens, end_ns=end_ns, prefill=prefill, tokenized_ns=t0_ns + 100_000
            )
        )
        t0_ns = end_ns + 2_000_000
    return tuple(made)


def _sources(rng: np.random.Generator, busy: Window, end_ns: int) -> tuple[Series, ...]:
    times = np.arange(0, end_ns, SECOND_NS // 10, dtype=np.int64)
    times += rng.integers(0, 200_000, len(times))
    loaded = ((times >= busy.start_ns) & (times <= busy.end_ns)).astype(np.float64)
    power = 6.0 + 22.0 * loaded + rng.normal(0, 0.2, len(times))
    energy = 1000.0 + np.concatenate(([0.0], np.cumsum(power[1:] * np.diff(times) * 1e-9)))
    warm = np.cumsum(loaded) * 0.05

    def give(channel: str, kind: tuple[str, str, str], values: FloatArray) -> Series:
        tier = "B" if kind[0] in {"energy", "power"} else ""
        made = series(times, values, kind_of(*kind, channel=channel, tier=tier))
        return replace(made, t1_ns=times + 60_000, source=channel.split(".", maxsplit=1)[0])

    resident = 4.0e8 + 6.5e8 * (times > 3 * SECOND_NS) + 1e6 * loaded
    available = 1.4e10 - resident + rng.normal(0, 1e6, len(times))
    found = (
        give("rapl.package-0.energy", ("energy", "counter", "J"), energy),
        give("hwmon.board.power", ("power", "instant", "W"), power * 1.3),
        give("process.rss_peak", ("memory", "peak", "By"), np.maximum.accumulate(resident)),
        give("memory.available", ("memory", "instant", "By"), available),
        give("thermal.x86_pkg_temp.temperature", ("temperature", "instant", "Cel"), 41.0 + warm),
        give("cpufreq.policy0.frequency", ("frequency", "instant", "Hz"), 3.2e9 + 1e7 * loaded),
    )
    gap = Gap(found[-1].channel, int(times[30]), "unreadable: BlockingIOError")
    return (*found[:-1], replace(found[-1], gaps=(gap,)))


def _cost(source: str) -> SourceCost:
    return SourceCost(source, 180, 0, 1, 60_000, 410_000, 9.98, {f"{source}.first": 9.9})
