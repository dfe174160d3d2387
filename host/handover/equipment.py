"""The equipment file `equipment.toml`: instruments, their certificates, the surroundings.

Numbers are decimal strings: they reach the record with the digits of the certificate, `0.010` with
its zero, which neither TOML floats nor doubles keep.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from host.handover.conditions import SensorTerm
from host.handover.formal import EnvironmentField, EquipmentField
from host.handover.text import Txt
from host.handover.trace import AlignedRun

EQUIPMENT_VERSION = 1
# How the channels of instruments on the bench begin, which the host reads beside a run.
BENCH: Final = "meter."

# Up to 60 characters: a double has 17 digits, the rest is room for zeros.
_NUMBER = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
Decimal = Annotated[str, Meta(pattern=rf"^{_NUMBER}\Z", max_length=60)]
Freedom = Annotated[str, Meta(pattern=rf"^({_NUMBER}|inf)\Z", max_length=60)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
_INK = r"[^\x00-\x20\x7f]"  # one at least
Text = Annotated[
    str, Meta(pattern=rf"^[^\x00-\x1f\x7f]*{_INK}[^\x00-\x1f\x7f]*\Z", max_length=300)
]
Open = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", max_length=300)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
Unit = Annotated[str, Meta(pattern=r"^[!-~]{1,20}\Z")]
# A channel or many of them, `*` for any run of characters.
Pattern = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9_.:+*-]{0,199}\Z")]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One limit of a data sheet, with the place where it stands.

    part: `gain` largest ratio of error to indication, `offset` largest constant error,
    `resolution` smallest step, `refresh` longest time between two new values, `averaging` length
    of the instrument's own mean. unit: `1` for gain, `s` for refresh and averaging, else UCUM.
    channels: patterns; empty for all channels of the instrument that the unit fits.
    """

    part: Literal["gain", "offset", "resolution", "refresh", "averaging"]
    limit: Decimal
    unit: Unit
    document: Text
    page: Text
    channels: tuple[Pattern, ...] = ()


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table or one factor of a calibration certificate.

    calibrated, due: both days count as inside. due: none where the certificate or the laboratory's
    plan states no date; then it never raises a tier. file: path of the certificate beside this
    file. unit: of range, points and drift. points: indication, correction (reference value less
    indication) and its expanded uncertainty. gain: factor that the indication is multiplied by,
    and the U of the factor; for energy counters, where only a ratio has a meaning, `range` is of
    the mean power in W. nu: `inf` or a number. drift_per_year: limit of the change of the
    correction in a year (of the factor, for a gain). temperature: of the calibration's
    surroundings, Cel.
    """

    number: Text
    issuer: Text
    calibrated: datetime.date
    file: Text
    sha256: Sha256
    unit: Unit
    range: tuple[Decimal, Decimal]
    nu: Freedom
    k: Decimal | None = None
    points: tuple[tuple[Decimal, Decimal, Decimal], ...] = ()
    gain: tuple[Decimal, Decimal] | None = None
    due: datetime.date | None = None
    accreditation: Open = ""
    drift_per_year: Decimal | None = None
    temperature: tuple[Decimal, Decimal] | None = None
    channels: tuple[Pattern, ...] = ()


class Connection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the host reads a meter during a run.

    driver: a name of `collectors/meters/table.py`. address: `serial:/dev/ttyUSB0`, `tcp:HOST:PORT`
    or `visa:RESOURCE`. settings: what the driver is told, its own words.
    """

    driver: Name
    address: Text
    settings: dict[Name, str | int | float | bool] = {}


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument as ISO/IEC 17025, 6.4.13 wants it named, with what is known of its errors.

    kind: `external_meter`, `on_board` (rail or counter of the device), `fuel_gauge`, `ambient`
    (surroundings). channels: patterns of the channels that it gives. connect: a meter that the
    host reads itself; its channels are `meter.<id>.…`.
    """

    id: Name
    kind: Literal["external_meter", "on_board", "fuel_gauge", "ambient"]
    maker: Text
    model: Text
    serial: Text
    firmware: Open
    location: Open
    channels: tuple[Pattern, ...] = ()
    specification: tuple[Limit, ...] = ()
    certificate: tuple[Certificate, ...] = ()
    connect: Connection | None = None

    @property
    def ref(self) -> str:
        """The same in every record of the instrument: id and serial number."""
        return f"{self.id}#{self.serial}"


class Surrounding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition of the surroundings as the operator read it. instrument: id, or none."""

    quantity: Name
    value: Decimal
    unit: Unit
    U: Decimal | None = None
    k: Decimal | None = None
    instrument: str = ""
    name: Txt | None = None


class Equipment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. equipment: version of its form."""

    equipment: int
    instrument: tuple[Instrument, ...] = ()
    environment: tuple[Surrounding, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps an instrument from being what the file wants it to be. code: lower-case words."""

    code: str
    text: Txt
    next: Txt | None = None


@dataclass(frozen=True, slots=True)
class Instruments:
    """What the record shows of the equipment.

    tiers: power evidence tier that each channel earned.
    """

    equipment: tuple[EquipmentField, ...] = ()
    environment: tuple[EnvironmentField, ...] = ()
    problems: tuple[Problem, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """A run after its instruments were taken into account: corrected series, terms, words."""

    run: AlignedRun
    sensors: Mapping[str, tuple[SensorTerm, ...]]
    instruments: Instruments
