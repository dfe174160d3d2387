"""What an equipment file must not say. One sentence for each fault; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import isfinite

from host.equipment.units import scale_of
from host.equipment.words import KNOWN
from host.handover.equipment import Certificate, Equipment, Instrument, Limit, Surrounding

# The unit of each part of a data sheet; "" for that of a channel.
_PART_UNITS = {"gain": "1", "offset": "", "resolution": "", "refresh": "s", "averaging": "s"}


def faults(equipment: Equipment) -> Iterator[str]:
    """All faults, in the order of the file. Matching of channels is judged with a run."""
    ids = [i.id for i in equipment.instrument]
    yield from (f"two instruments have the id {x}" for x in _twice(ids))
    patterns = [p for i in equipment.instrument for p in i.channels]
    yield from (f"two instruments give the channel {p}" for p in _twice(patterns))
    for instrument in equipment.instrument:
        for limit in instrument.specification:
            yield from (f"instrument {instrument.id}: {f}" for f in _of_limit(limit))
        for certificate in instrument.certificate:
            who = f"certificate {certificate.number} of instrument {instrument.id}"
            yield from (f"{who}: {f}" for f in certificate_faults(certificate))
        yield from _silent(instrument)
        yield from _unreachable(instrument)
        yield from _same_day(instrument)
    for surrounding in equipment.environment:
        yield from (f"environment {surrounding.quantity}: {f}" for f in _around(surrounding, ids))
    quantities = [s.quantity for s in equipment.environment]
    yield from (f"environment {q} is given twice" for q in _twice(quantities))


def _twice(names: list[str]) -> Iterator[str]:
    yield from sorted({name for name in names if names.count(name) > 1})


def _silent(instrument: Instrument) -> Iterator[str]:
    """An instrument that nothing is read from."""
    if instrument.kind == "ambient" or instrument.channels:
        return
    yield f"instrument {instrument.id} gives no channels; only a kind = ambient may"


def _unreachable(instrument: Instrument) -> Iterator[str]:
    """A meter that the host reads, whose channels would be those of nobody."""
    if instrument.connect is None:
        return
    if instrument.kind in ("on_board", "fuel_gauge"):
        yield f"instrument {instrument.id}: the host cannot connect to a kind = {instrument.kind}"
    prefix = f"meter.{instrument.id}."
    if not any(pattern.startswith(prefix) for pattern in instrument.channels):
        yield f"instrument {instrument.id}: what it gives is called {prefix}…; say so in channels"


def _same_day(instrument: Instrument) -> Iterator[str]:
    """Two tables of one day in one unit for the same channels: nobody could say which counts."""
    keys = [(c.calibrated, c.unit, c.channels, c.gain is None) for c in instrument.certificate]
    for key, c in zip(keys, instrument.certificate, strict=True):
        if keys.count(key) > 1:
            yield (
                f"certificate {c.number} of instrument {instrument.id}: there is another one of"
                f" {c.calibrated} in {c.unit} for the same channels"
            )


def _of_limit(limit: Limit) -> Iterator[str]:
    if not isfinite(float(limit.limit)) or float(limit.limit) <= 0:
        yield f"{limit.part} has the limit {limit.limit}, which is no positive finite number"
    fixed, scale = _PART_UNITS[limit.part], scale_of(limit.unit)
    if scale is None:
        yield f"{limit.part} is in {limit.unit}, a unit that is not known here"
    elif fixed and scale.unit != fixed:
        yield f"{limit.part} is in {limit.unit}; it must be in {fixed}"


def certificate_faults(certificate: Certificate) -> Iterator[str]:
    """What a certificate must not say."""
    numbers = [*certificate.range, *(x for point in certificate.points for x in point)]
    numbers += certificate.gain or ()
    numbers += certificate.temperature or ()
    numbers += [x for x in (certificate.k, certificate.drift_per_year) if x is not None]
    too_large = [x for x in numbers if not isfinite(float(x))]
    if too_large:
        yield f"{too_large[0]} is no finite number"
        return
    for rule in _RULES:
        yield from rule(certificate)


def _k(c: Certificate) -> Iterator[str]:
    if c.k is None:
        yield "it has no coverage factor k, without which its U says nothing"
    elif float(c.k) < 1:
        yield f"k = {c.k} is below 1, which no expanded uncertainty has"
    if c.nu != "inf" and not 1 <= float(c.nu) < float("inf"):
        yield f'nu = {c.nu}; degrees of freedom are 1 or more, or "inf"'


def _dates(c: Certificate) -> Iterator[str]:
    if c.due is not None and c.due < c.calibrated:
        yield f"it is due on {c.due}, before it was calibrated on {c.calibrated}"


def _unit(c: Certificate) -> Iterator[str]:
    if scale_of(c.unit) is None:
        yield f"its unit {c.unit} is not known here"


def _range(c: Certificate) -> Iterator[str]:
    low, high = (float(x) for x in c.range)
    if low >= high:
        yield f"its range is [{c.range[0]}, {c.range[1]}]; the first must be the smaller"
    if c.temperature and float(c.temperature[0]) > float(c.temperature[1]):
        yield f"its temperatures are {c.temperature[0]} to {c.temperature[1]}"
    if c.drift_per_year is not None and float(c.drift_per_year) < 0:
        yield f"drift_per_year = {c.drift_per_year} is below 0; a limit is a width"


def _one_kind(c: Certificate) -> Iterator[str]:
    if bool(c.points) == (c.gain is not None):
        yield "it needs either points or a gain, and not both"
    if len(c.points) == 1:
        yield "one point makes no table, since nothing is extrapolated; state two, or a gain"


def _points(c: Certificate) -> Iterator[str]:
    at = [float(p[0]) for p in c.points]
    for (text, *_), (before, after) in zip(c.points[1:], pairwise(at), strict=True):
        if after == before:
            yield f"the point {text} is there twice"
        elif after < before:
            yield f"its points do not ascend: {text} comes after a larger one"
    for indication, _, expanded in c.points:
        if float(expanded) <= 0:
            yield f"U = {expanded} at {indication}; an uncertainty is above 0"
    if len(at) > 1 and not at[0] <= float(c.range[0]) < float(c.range[1]) <= at[-1]:
        yield (
            f"its range [{c.range[0]}, {c.range[1]}] reaches beyond its points"
            f" {c.points[0][0]} to {c.points[-1][0]}, and nothing is extrapolated"
        )
    true = [x + float(p[1]) for x, p in zip(at, c.points, strict=True)]
    if at == sorted(set(at)) and any(after <= before for before, after in pairwise(true)):
        yield "corrected values do not rise with the indication; look at signs and digits"


def _gain(c: Certificate) -> Iterator[str]:
    if c.gain is None:
        return
    factor, expanded = c.gain
    if float(factor) <= 0:
        yield f"its gain is {factor}; a factor is above 0"
    if float(expanded) <= 0:
        yield f"U = {expanded} of its gain; an uncertainty is above 0"


_RULES: tuple[Callable[[Certificate], Iterator[str]], ...] = (
    _k,
    _dates,
    _unit,
    _one_kind,
    _range,
    _points,
    _gain,
)


def _around(s: Surrounding, ids: list[str]) -> Iterator[str]:
    if s.quantity not in KNOWN and s.name is None:
        yield f"is not one of {', '.join(KNOWN)}; give its name = {{ zh = …, en = … }}"
    scale = scale_of(s.unit)
    if scale is None:
        yield f"its unit {s.unit} is not known here"
    elif s.quantity in KNOWN and scale.unit != KNOWN[s.quantity][1]:
        yield f"its unit {s.unit} does not fit; it is measured in {KNOWN[s.quantity][1]}"
    if any(not isfinite(float(x)) for x in (s.value, s.U or "1", s.k or "1")):
        yield "holds what is no finite number"
    if s.instrument and s.instrument not in ids:
        yield f"names the instrument {s.instrument}, which the file does not have"
    yield from _expanded(s)


def _expanded(s: Surrounding) -> Iterator[str]:
    if (s.U is None) != (s.k is None):
        yield "U and k stand together or not at all"
    if s.U is not None and float(s.U) <= 0:
        yield f"U = {s.U}; an uncertainty is above 0"
    if s.k is not None and float(s.k) < 1:
        yield f"k = {s.k} is below 1, which no expanded uncertainty has"
