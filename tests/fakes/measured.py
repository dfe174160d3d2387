"""Results on their way to a budget, with numbers that are easy to work by hand."""

from __future__ import annotations

from dataclasses import replace

from host.evaluate.student import student_t
from host.evaluate.terms import Measured
from host.handover.conditions import ClockFacts, Conditions, SensorTerm
from host.handover.result import Baseline, Basis, ChannelBasis, Observation
from host.handover.text import Txt, same

SHEET = Txt("数据手册", "data sheet")
CLOCK = ClockFacts(
    name="monotonic_raw@boot",
    resolution_ns=100,
    read_cost_ns=50,
    rate_ppm=20.0,
    rate_half_width_ppm=80.0,
    rate_how="manufacturer",
    rate_source=Txt("手册", "sheet"),
)
DEVICE = Conditions(clock=CLOCK, cpus=8, page_bytes=4096)


def of_trace(
    measurand: str, unit: str, values: tuple[float, ...], basis: Basis, scope: str = ""
) -> Measured:
    """A result of the token trace."""
    seen = Observation(
        measurand=measurand,
        statistic="mean",
        scope=scope,
        unit=unit,
        by_attempt=tuple(enumerate(values, 1)),
        count=10,
        basis=basis,
    )
    return Measured(seen, sum(values) / len(values), student_t(values), basis, DEVICE)


def rate(values: tuple[float, ...] = (19.0, 20.0, 21.0)) -> Measured:
    """200 steps in 10 s over 4 requests; tokens stamped 4 ms late in all."""
    return of_trace("decode_rate@1", "{token}/s", values, Basis(10.0, 4, 200, 0.004))


def first_token(values: tuple[float, ...] = (0.49, 0.5, 0.51)) -> Measured:
    """0.5 s each over 4 requests; tokens stamped 4 ms late in all."""
    return of_trace("time_to_first_token@1", "s", values, Basis(2.0, 4, 4, 0.004))


def power_channel(quantity: str = "power", kind: str = "instant") -> ChannelBasis:
    """20 W for the window, 15 W above what lies outside, bounds of 3 J and 2 J."""
    return ChannelBasis(
        unit="W" if quantity == "power" else "J",
        quantity=quantity,
        kind=kind,
        resolution=None,
        edge=3.0,
        rule=2.0,
        indication=20.0,
        step=15.0,
        bracket_s=0.002,
        lag_s=0.45,
    )


def energy(
    channel: ChannelBasis | None = None,
    measurand: str = "energy@1",
    tier: str = "B",
    values: tuple[float, ...] = (199.0, 200.0, 201.0),
) -> Measured:
    """200 J in 10 s."""
    basis = Basis(10.0, 1, 1, 0.0, channel or power_channel())
    made = of_trace(measurand, "J", values, basis, "request")
    return replace(
        made, seen=replace(made.seen, source="board.power", tier=tier, rule=same("a rule"))
    )


def above_idle() -> Measured:
    """The same, less 5 W known to 0.5 W."""
    channel = replace(power_channel(), idle=Baseline(5.0, 0.5))
    return energy(channel, "energy_above_idle@1", values=(149.0, 150.0, 151.0))


def sensed(of: Measured, *terms: SensorTerm) -> Measured:
    """The same with a certificate or a data sheet for its channel."""
    return replace(of, conditions=replace(of.conditions, sensors={of.seen.source: terms}))


def memory(kind: str = "peak", measurand: str = "peak_memory@1") -> Measured:
    """1 GiB from 100 readings."""
    channel = ChannelBasis("By", "memory", kind, None, 0.0, 0.0, 2.0**30, 0.0, 0.0, 0.0)
    basis = Basis(0.0, 1, 100, 0.0, channel)
    return of_trace(measurand, "By", (2.0**30, 2.0**30), basis)
