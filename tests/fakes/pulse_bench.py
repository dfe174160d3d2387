"""Readings of a made-up meter beside a device that plays load patterns, with a known offset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from host.align.pulses import Pattern, Readings
from host.handover.trace import FloatArray, IntArray, Series

S = 10**9
IDLE_W, STEP_W = 5.0, 3.0
QUIET_NS = 2_500_000_000
# A momentary reading takes so long, as `Series` brackets have it.
READ_NS = 1_000


@dataclass(frozen=True, slots=True)
class Bench:
    """rate_hz, noise_w: of a reading, normal. averaging: over the time since the one before."""

    rate_hz: float
    noise_w: float
    averaging: bool
    bit_ns: int = 200_000_000
    words: int = 4


TEN_HZ = Bench(10.0, 0.05, averaging=True)


def pattern(random: np.random.Generator, bench: Bench, start_ns: int, name: str) -> Pattern:
    """Words of a 7-bit code in any of its turns, either way round; edges up to 2 ms late."""
    code = np.array([1, 1, 1, 0, 0, 1, 0])
    words = [
        np.roll(code[:: random.choice((-1, 1))], random.integers(7)) for _ in range(bench.words)
    ]
    load = np.concatenate(([0], *words, [0])).astype(float)
    edges = np.arange(len(load) - 1) * bench.bit_ns + random.integers(0, 2_000_000, len(load) - 1)
    last = start_ns + QUIET_NS + edges[-1] + QUIET_NS
    t_ns = np.concatenate(([start_ns], start_ns + QUIET_NS + edges, [last])).astype(np.int64)
    return Pattern(name, t_ns, load, bench.bit_ns)


def readings(
    random: np.random.Generator, bench: Bench, played: Pattern, offset_ns: int
) -> Readings:
    """From the meter's first to its last reading in known time, stamped too late by offset_ns."""
    period = round(S / bench.rate_hz)
    first = played.t_ns[0] + random.integers(period)
    t_ns = np.arange(first, played.t_ns[-1], period, dtype=np.int64)
    start = t_ns - (period if bench.averaging else READ_NS)
    load = (_energy(played, t_ns) - _energy(played, start)) / (t_ns - start)
    power = IDLE_W + STEP_W * load + random.normal(0.0, bench.noise_w, len(t_ns))
    return Readings(start + offset_ns, t_ns + offset_ns, power)


def run(
    random: np.random.Generator, bench: Bench, offset_ns: int
) -> list[tuple[Pattern, Readings]]:
    """A pattern at the start and one at the end of a run, ten minutes apart."""
    played = [pattern(random, bench, at, name) for at, name in ((S, "before"), (601 * S, "after"))]
    return [(one, readings(random, bench, one, offset_ns)) for one in played]


def patterns(seed: int = 1) -> tuple[Pattern, ...]:
    """At the start and at the end of a run."""
    random = np.random.default_rng(seed)
    return tuple(
        pattern(random, TEN_HZ, at, name) for at, name in ((S, "before"), (601 * S, "after"))
    )


def series(
    played: tuple[Pattern, ...], offset_ns: int = 0, bench: Bench = TEN_HZ, **over: object
) -> Series:
    """Power of a meter that stands beside the device which played these patterns."""
    random = np.random.default_rng(99)
    seen = [readings(random, bench, one, offset_ns) for one in played]
    t_ns = np.concatenate([one.end_ns for one in seen])
    found = Series(
        channel="meter.wall.power",
        source="wall",
        quantity="power",
        kind="average" if bench.averaging else "instant",
        unit="W",
        tier="A",
        t0_ns=t_ns,
        t1_ns=t_ns,
        values=np.concatenate([one.power_w for one in seen]),
        averaging_s=1 / bench.rate_hz if bench.averaging else None,
    )
    return replace(found, **over)  # type: ignore[arg-type]  # one keyword of many types


def _energy(played: Pattern, t_ns: IntArray) -> FloatArray:
    """Integral of the load up to these times, ns; no load before and after."""
    upto = np.concatenate(([0.0], np.cumsum(np.diff(played.t_ns) * played.load)))
    found: FloatArray = np.interp(
        (t_ns - played.t_ns[0]).astype(float), (played.t_ns - played.t_ns[0]).astype(float), upto
    )
    return found
