import pytest

from collectors.reading import Channel, Kind, Quantity, Unit
from host.handover.units import conversion, conversion_of

COHERENT = {"1", "{count}", "s", "Hz", "By", "Cel", "V", "A", "W", "V.A", "J", "C"}


@pytest.mark.parametrize("unit", list(Unit))
def test_every_unit_of_a_source_has_a_coherent_one(unit: Unit) -> None:
    assert conversion(unit).unit in COHERENT


@pytest.mark.parametrize(
    ("unit", "reading", "expected", "coherent"),
    [
        (Unit.MICROJOULE, 2_500_000, 2.5, "J"),
        (Unit.MILLIJOULE, 2_500, 2.5, "J"),
        (Unit.MILLICELSIUS, 41_500, 41.5, "Cel"),
        (Unit.DECICELSIUS, 415, 41.5, "Cel"),
        (Unit.KIBIBYTE, 3, 3072, "By"),
        (Unit.KILOHERTZ, 1_800_000, 1.8e9, "Hz"),
        (Unit.MEGAHERTZ, 1_800, 1.8e9, "Hz"),
        (Unit.MILLISECOND, 1_500, 1.5, "s"),
        (Unit.MICROSECOND, 1_500_000, 1.5, "s"),
        (Unit.NANOSECOND, 1_500_000_000, 1.5, "s"),
        (Unit.MILLIVOLT, 3_700, 3.7, "V"),
        (Unit.MICROVOLT, 3_700_000, 3.7, "V"),
        (Unit.MILLIAMPERE, 250, 0.25, "A"),
        (Unit.MICROAMPERE, 250_000, 0.25, "A"),
        (Unit.MILLIWATT, 250, 0.25, "W"),
        (Unit.MICROWATT, 250_000, 0.25, "W"),
        (Unit.MICROAMPEREHOUR, 1_000_000, 3600.0, "C"),
        (Unit.MICROWATTHOUR, 1_000_000, 3600.0, "J"),
        (Unit.WATTHOUR, 2, 7200.0, "J"),
        (Unit.PERCENT, 12.5, 0.125, "1"),
    ],
)
def test_conversions_by_hand(unit: Unit, reading: float, expected: float, coherent: str) -> None:
    rule = conversion(unit)
    assert rule.unit == coherent
    assert rule.of(reading) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "unit", [Unit.SECOND, Unit.HERTZ, Unit.BYTE, Unit.WATT, Unit.JOULE, Unit.VOLT, Unit.AMPERE]
)
def test_coherent_units_stay_as_they_are(unit: Unit) -> None:
    assert (conversion(unit).unit, conversion(unit).of(7)) == (unit.value, 7)


@pytest.mark.parametrize(
    ("unit", "scale", "coherent"), [(Unit.PAGE, 4096.0, "By"), (Unit.TICK, 0.01, "s")]
)
def test_pages_and_ticks_take_their_size_from_the_channel(
    unit: Unit, scale: float, coherent: str
) -> None:
    channel = Channel("a.b", unit, Kind.INSTANT, Quantity.MEMORY, "/proc/x", scale=scale)
    assert conversion_of(channel).unit == coherent
    assert conversion_of(channel).of(3) == pytest.approx(3 * scale)


def test_scale_and_unit_both_count() -> None:
    assert conversion(Unit.KIBIBYTE, 2.0).of(1) == 2048
