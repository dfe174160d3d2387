"""Unit and sign of a fuel gauge's current, from what it says under load and at rest.

The kernel's ABI says uA, negative when discharging; makers say mA too, and three signs are alive:
negative, positive, and always positive (sources notes 1.4). So it is found per device, once, with
the charger off, and kept with its evidence. What cannot be decided is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from host.state.missing import Missing

# A running phone with its screen on draws 50 mA to 6 A (sources notes 1.4): the two ranges, in
# uA and in mA, do not meet.
LEAST_A, MOST_A = 0.05, 6.0
PER_A: dict[str, int] = {"uA": 1_000_000, "mA": 1_000}
# Registers change every 0.3 to 4 s; equal neighbours are one reading. Fewer than this many
# different ones show no load.
LEAST_READINGS = 5
# The load must be seen in the gauge at all, or the readings may be of something else.
LEAST_LOAD_RATIO = 1.2
# The charge counter's own resolution is about 0.1 % of full, so a short run agrees only roughly; a
# wrong unit is a factor of 1000.
MOST_DISAGREEMENT = 3.0


@dataclass(frozen=True, slots=True)
class GaugeReadings:
    """Raw readings of the current as the gauge gives them.

    loaded, resting: with the charger off. charging: with it on, if that was tried. charge_uah,
    loaded_s: the charge counter at start and end of the load, and the time between, if it counts.
    """

    loaded: Sequence[int]
    resting: Sequence[int]
    charging: Sequence[int] = ()
    charge_uah: tuple[int, int] | None = None
    loaded_s: float | None = None


@dataclass(frozen=True, slots=True)
class GaugeRule:
    """How to read a gauge. discharge_sign: of a reading while discharging.

    signed: whether charging has the other sign; None where it was not tried. The rest is the
    evidence: medians of the raw readings, and what the charge counter says the load was.
    """

    unit: Literal["uA", "mA"]
    discharge_sign: Literal[-1, 1]
    loaded_median: float
    resting_median: float
    readings: int
    signed: bool | None = None
    charging_median: float | None = None
    charge_counter_a: float | None = None

    def current_a(self, raw: int) -> float | Missing:
        """A raw reading in A, positive out of the battery."""
        if self.signed is False:
            return Missing("not-stated", "this gauge does not tell charging from discharging")
        return raw * self.discharge_sign / PER_A[self.unit]


def find_rule(given: GaugeReadings) -> GaugeRule | Missing:
    """Unit and sign, or why they cannot be decided."""
    loaded, resting = _changes(given.loaded), _changes(given.resting)
    if len(loaded) < LEAST_READINGS or not resting:
        said = f"{len(loaded)} different readings under load, {len(resting)} at rest"
        return Missing("not-stated", said)
    sign = _sign(loaded)
    unit = _unit(median(map(abs, loaded)))
    for found in (sign, unit):
        if isinstance(found, Missing):
            return found
    if isinstance(sign, Missing) or isinstance(unit, Missing):
        return Missing("not-stated")
    at_rest = median(map(abs, resting))
    if median(map(abs, loaded)) < LEAST_LOAD_RATIO * at_rest:
        return Missing("not-stated", "the load is not seen in the gauge")
    counted = _counted_a(given)
    rule = GaugeRule(
        unit=unit,
        discharge_sign=sign,
        signed=_signed(given.charging, sign),
        loaded_median=median(loaded),
        resting_median=median(resting),
        charging_median=median(given.charging) if given.charging else None,
        charge_counter_a=counted,
        readings=len(loaded),
    )
    return _against_counter(rule, counted)


def _changes(readings: Sequence[int]) -> list[int]:
    """Readings without repeats of their neighbour: those are one register value read twice."""
    return [r for i, r in enumerate(readings) if i == 0 or r != readings[i - 1]]


def _sign(loaded: Sequence[int]) -> Literal[-1, 1] | Missing:
    if all(r < 0 for r in loaded):
        return -1
    if all(r > 0 for r in loaded):
        return 1
    return Missing("not-understood", "readings under load have both signs, or are 0")


def _unit(magnitude: float) -> Literal["uA", "mA"] | Missing:
    if LEAST_A * PER_A["uA"] <= magnitude <= MOST_A * PER_A["uA"]:
        return "uA"
    if LEAST_A * PER_A["mA"] <= magnitude <= MOST_A * PER_A["mA"]:
        return "mA"
    return Missing(
        "out-of-range", f"{magnitude:g} under load is plausible neither in uA nor in mA"
    )


def _signed(charging: Sequence[int], discharge_sign: int) -> bool | None:
    """Whether charging reads with the other sign; None where it is not known."""
    if not charging:
        return None
    middle = median(charging)
    return None if middle == 0 else (middle > 0) != (discharge_sign > 0)


def _counted_a(given: GaugeReadings) -> float | None:
    """The mean current of the load by the charge counter, in A; 3600 s per h."""
    if given.charge_uah is None or not given.loaded_s:
        return None
    first, last = given.charge_uah
    return (first - last) * 3600 / PER_A["uA"] / given.loaded_s if first > last else None


def _against_counter(rule: GaugeRule, counted_a: float | None) -> GaugeRule | Missing:
    """The rule, unless the charge counter says that it is off by more than its own coarseness."""
    if counted_a is None:
        return rule
    found_a = abs(rule.loaded_median) / PER_A[rule.unit]
    ratio = max(found_a, counted_a) / min(found_a, counted_a)
    if ratio <= MOST_DISAGREEMENT:
        return rule
    said = f"{found_a:.3g} A by the gauge, {counted_a:.3g} A by its charge counter"
    return Missing("not-understood", said)
