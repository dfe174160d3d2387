"""`inferometer meters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import json_out, out, plain
from host.errors import DeviceError, UsageError

if TYPE_CHECKING:
    from collectors.meters.protocol import Block, FastMeter, Meter
    from collectors.reading import Gap, Reading

_READ_S = 10.0  # the slowest update of any meter here is 5 s; an average may just have begun
_DIGITS = 12  # of a count times its step: what a double holds without the noise of its last bits
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


@click.group()
def meters() -> None:
    """Meters on the bench: which kinds there are, and whether one answers."""


@meters.command("list")
@AS_JSON
def list_(*, as_json: bool) -> None:
    """List the kinds of meters, and the profiles of SCPI instruments."""
    from rich.table import Table

    from collectors.meters.scpi_profile import load, names
    from collectors.meters.table import METERS

    profiles = [
        {"name": name, "title": found.title, "status": found.status}
        for name, found in ((name, load(name)) for name in names())
    ]
    if as_json:
        json_out({"kinds": list(METERS), "scpi_profiles": profiles})
        return
    out().print(f"kinds: {', '.join(METERS)}")
    table = Table("profile of kind scpi", "what it is", "tried", box=None)
    for each in profiles:
        table.add_row(each["name"], each["title"], each["status"])
    out().print(table)


@meters.command()
@click.argument("kind")
@click.argument("address")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting of the kind.")
@click.option("--read", is_flag=True, help="Set it up, take one reading, and put all back.")
@AS_JSON
def probe(kind: str, address: str, given: tuple[str, ...], *, read: bool, as_json: bool) -> None:
    """Ask a meter who it is: KIND as `meters list` has it, ADDRESS as tcp:HOST:PORT.

    Also serial:PATH and visa:RESOURCE. Without --read nothing is set on it.
    """
    with _open(kind, address, _settings(given)) as meter:
        channels = [channel.name for channel in meter.describe()]
        said: dict[str, Any] = {"identity": asdict(meter.identity), "channels": channels}
        if read:
            said |= _one_reading(meter)
    if as_json:
        json_out({"kind": kind, "address": address, **said})
    else:
        _print(said)
    if read and all(isinstance(value, str) for value in said["readings"].values()):
        raise DeviceError(address, "gave no reading: is it of this kind, and at this speed?")


def _settings(given: tuple[str, ...]) -> dict[str, str | int | float | bool]:
    pairs = [text.partition("=") for text in given]
    if wrong := [name for name, sign, _ in pairs if not name or not sign]:
        raise UsageError("--set", f"NAME=VALUE, not {wrong[0]!r}")
    return {name: value for name, _, value in pairs}


@contextmanager
def _open(
    kind: str, address: str, settings: Mapping[str, str | int | float | bool]
) -> Iterator[Meter | FastMeter]:
    """A meter, open inside. Raises UsageError for the kind, DeviceError for the rest."""
    from collectors.clocks import device_clock
    from collectors.meters.hookup import Hookup
    from collectors.meters.protocol import MeterError, SettingError
    from collectors.meters.table import opener
    from collectors.meters.transcript import Unkept
    from host.pipeline.meters import SHARED
    from host.run.meter_lock import held

    try:
        found = opener(kind)
    except MeterError as err:
        raise UsageError(err.meter, err.what) from None
    lines = [] if kind in SHARED else [("meter", address)]
    try:
        with held(lines, "inferometer meters probe"):
            meter = found(Hookup("meter.probe", address, settings, device_clock(), Unkept()))
            try:
                yield meter
            finally:
                meter.close()
    except SettingError as err:
        raise UsageError(err.meter, err.what) from None
    except MeterError as err:
        raise DeviceError(err.meter, err.what) from None


def _one_reading(meter: Meter | FastMeter) -> dict[str, Any]:
    """Settings as read back, and value or reason by channel; what was changed is put back."""
    from collectors.meters.protocol import Block

    settings = meter.begin()
    try:
        found = meter.read(timeout_s=_READ_S)
    finally:
        meter.end()
    if not found:
        raise DeviceError("meter", f"gave no reading within {_READ_S:g} s")
    scales = {channel.name: channel.scale for channel in meter.describe()}
    readings = (
        _means(found) if isinstance(found, Block) else dict(_said(one, scales) for one in found)
    )
    return {"settings": [asdict(one) for one in settings], "readings": readings}


def _said(one: Reading | Gap, scales: Mapping[str, float]) -> tuple[str, float | str]:
    """A reading in its channel's unit, or why there is none."""
    from collectors.reading import Gap

    if isinstance(one, Gap):
        return one.channel, one.reason
    scale = scales[one.channel]
    return one.channel, one.value if scale == 1 else float(f"{one.value * scale:.{_DIGITS}g}")


def _means(block: Block) -> dict[str, float]:
    """Of a fast meter, the mean of the first block's samples."""
    return {name: float(values.mean()) for name, values in block.values.items() if len(values)}


def _print(said: Mapping[str, Any]) -> None:
    who = said["identity"]
    console = out()
    words = [who["maker"], who["model"], f"serial {who['serial'] or 'not said'}", who["firmware"]]
    console.print(plain("  ".join(word for word in words if word)), soft_wrap=True)
    for setting in said.get("settings", ()):
        text = f"{setting['name']}: {setting['wanted']} (reads {setting['found']})"
        console.print(plain(text), soft_wrap=True)
    readings = said.get("readings", {})
    for name in said["channels"]:
        value = f"  {readings[name]}" if name in readings else ""
        console.print(plain(f"{name}{value}"), soft_wrap=True)
