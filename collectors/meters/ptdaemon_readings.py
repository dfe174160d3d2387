"""From a sample of SPEC PTDaemon to readings and gaps; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.meters.ptdaemon_log import LogSample
from collectors.meters.replies import Missing
from collectors.reading import Channel, Gap, Kind, Quantity, Reading, Unit

# MLPerf's bound on the uncertainty of a sample (mlcommons/power-dev, compliance/check.py).
MOST_UNCERTAIN_PERCENT: Final = 1.0
_SECOND: Final = "mean over the second before `own_time`"
# name of the log, channel's last word, unit, quantity, tier
_ROWS: Final = (
    ("Watts", "power", Unit.WATT, Quantity.POWER, "A-"),
    ("Volts", "voltage", Unit.VOLT, Quantity.VOLTAGE, ""),
    ("Amps", "current", Unit.AMPERE, Quantity.CURRENT, ""),
    ("PF", "power_factor", Unit.ONE, Quantity.STATE, ""),
)
CHANNELS: Final = (
    *(
        Channel(
            f"ptdaemon.{word}", unit, Kind.AVERAGE, quantity, name, 1e-6, tier=tier, note=_SECOND
        )
        for name, word, unit, quantity, tier in _ROWS
    ),
    Channel(
        "ptdaemon.uncertainty",
        Unit.PERCENT,
        Kind.INSTANT,
        Quantity.STATE,
        "Uncertainty",
        note="of the newest sample, as the daemon works it out; taken as percent",
    ),
    Channel(
        "ptdaemon.own_time",
        Unit.MILLISECOND,
        Kind.COUNTER,
        Quantity.STATE,
        "Time",
        1.0,
        note="wall clock of the daemon's machine since 1970, its zone not said; can step",
    ),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A sample and what was known when it was fetched.

    t0_ns, t1_ns: stamps of the question. uncertainty: %. before_ms: own stamp of the one before.
    """

    sample: LogSample
    t0_ns: int
    t1_ns: int
    uncertainty: float | Missing
    before_ms: int | None


def all_gaps(t_ns: int, reason: str) -> tuple[Gap, ...]:
    """The same gap for every channel."""
    return tuple(Gap(channel.name, t_ns, reason) for channel in CHANNELS)


def readings(taken: Taken, *, limited: bool) -> tuple[Reading | Gap, ...]:
    """One for each channel. limited: whether power has to be certain to 1 %."""
    if taken.before_ms is not None and taken.sample.own_ms < taken.before_ms:
        return all_gaps(taken.t1_ns, "time-backwards: of the daemon's clock")
    values = [_value(taken, name, limited=limited) for name, *_ in _ROWS]
    values += [_known(taken.uncertainty), taken.sample.own_ms]
    return tuple(
        Gap(channel.name, taken.t1_ns, value.reason)
        if isinstance(value, Missing)
        else Reading(channel.name, taken.t0_ns, taken.t1_ns, value)
        for channel, value in zip(CHANNELS, values, strict=True)
    )


def _value(taken: Taken, name: str, *, limited: bool) -> int | float | Missing:
    found = taken.sample.values.get(name, Missing(f"no-such-field: {name}"))
    if name != "Watts" or not limited or isinstance(found, Missing):
        return found
    uncertainty = _known(taken.uncertainty)
    if isinstance(uncertainty, Missing):
        return Missing(f"uncertainty: not known ({uncertainty.reason})")
    if uncertainty > MOST_UNCERTAIN_PERCENT:
        return Missing(f"uncertainty: {uncertainty:g} % is over {MOST_UNCERTAIN_PERCENT:g} %")
    return found


def _known(uncertainty: float | Missing) -> float | Missing:
    """Negative is how the daemon says that it does not know."""
    if isinstance(uncertainty, float) and uncertainty < 0:
        return Missing(f"no-data: {uncertainty:g}")
    return uncertainty
