"""Profiles of SCPI instruments: what to ask one for, as data in `profiles/*.toml`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Final

import msgspec

from collectors.meters.protocol import MeterError
from collectors.reading import Channel, Kind, Quantity, Unit

FOLDER: Final = Path(__file__).parent / "profiles"
_MOST_BYTES: Final = 65536
_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,31}(\.[a-z0-9][a-z0-9_-]{0,31}){0,3}$"
# Printable ASCII without `;`: one message asks for one thing, and nothing ends a message early.
_COMMAND: Final = r"^[ -:<-~]{1,120}$"

Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
Command = Annotated[str, msgspec.Meta(pattern=_COMMAND)]
NoCommand = Annotated[str, msgspec.Meta(pattern=r"^[ -:<-~]{0,120}$")]
Header = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{0,16}$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class ChannelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One channel: `ask` is a question with one number for an answer.

    Instead, product_of names two channels above whose readings are multiplied. averaging_s: the
    instrument's own window, where its document or a setting fixes it. header: a word that may
    stand before the number, `P` in `P +012.34E+0`. overrange_from: figures of this size and above
    are codes of the instrument and no readings.
    """

    name: Name
    unit: Unit
    quantity: Quantity
    kind: Kind
    ask: Command | None = None
    product_of: tuple[Name, Name] | None = None
    resolution: Annotated[float, msgspec.Meta(gt=0)] | None = None
    averaging_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    header: Header = ""
    overrange_from: Annotated[float, msgspec.Meta(gt=0)] | None = None
    note: str = ""


class SettingSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to set before measuring: `head value` sets it, `head?` reads it back."""

    name: Text
    head: Command
    value: Command


class ScpiProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument: who it says it is, what is set, what is asked.

    makers, models: how the first and second field of `*IDN?` begin, upper and lower case alike.
    document: where the commands come from. errors: asks for the next entry of the error queue,
    "" for an instrument without one. settle_s: after the settings. status: `untried`, or on which
    unit and firmware it was tried.
    """

    title: Text
    document: Text
    status: Text
    makers: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    models: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    errors: NoCommand
    settle_s: Annotated[float, msgspec.Meta(ge=0, le=60)]
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=120)]
    channels: Annotated[tuple[ChannelSpec, ...], msgspec.Meta(min_length=1, max_length=32)]
    settings: Annotated[tuple[SettingSpec, ...], msgspec.Meta(max_length=32)] = ()


def names() -> tuple[str, ...]:
    """The profiles that are here."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> ScpiProfile:
    """The profile of that name. Raises MeterError, with near names for one that is not there."""
    if name not in names():
        near = difflib.get_close_matches(name, names()) or names()
        raise MeterError(f"profile {name[:40]!r}", f"is not there; there are {', '.join(near)}")
    return read(FOLDER / f"{name}.toml")


def read(path: Path) -> ScpiProfile:
    """A profile from a file. Raises MeterError with what is wrong and where."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
        profile = msgspec.toml.decode(data, type=ScpiProfile)
    except (OSError, ValueError) as err:  # msgspec's and the parser's errors are ValueErrors
        raise MeterError(f"profile {path.name}", str(err)) from None
    if fault := _fault(profile):
        raise MeterError(f"profile {path.name}", fault)
    return profile


def _fault(profile: ScpiProfile) -> str:
    """What types cannot say: every channel has one source, and products come after factors."""
    seen: set[str] = set()
    for spec in profile.channels:
        if spec.name in seen:
            return f"two channels {spec.name}"
        if (spec.ask is None) == (spec.product_of is None):
            return f"channel {spec.name}: either ask or product_of"
        if spec.product_of and (lacking := set(spec.product_of) - seen):
            return f"channel {spec.name}: no channel {', '.join(sorted(lacking))} before it"
        seen.add(spec.name)
    return ""


def channel(name: str, spec: ChannelSpec) -> Channel:
    """The channel of a spec; name: what the names of the instrument's channels begin with."""
    evidence = spec.quantity in {Quantity.POWER, Quantity.ENERGY}
    asked = spec.ask or " x ".join(spec.product_of or ())
    return Channel(
        f"{name}.{spec.name}",
        spec.unit,
        spec.kind,
        spec.quantity,
        asked,
        resolution=spec.resolution,
        tier="A-" if evidence else "",
        note=spec.note,
        averaging_s=spec.averaging_s,
    )
