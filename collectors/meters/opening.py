"""Opening the meters that hold a conversation, by address."""

from __future__ import annotations

from typing import Final

from collectors.meters.address import Address
from collectors.meters.protocol import Line, Meter, MeterError, Transcript
from collectors.meters.ptdaemon import PtDaemon, PtdPlan
from collectors.meters.ptdaemon_log import Limits
from collectors.meters.scpi import ScpiMeter
from collectors.meters.scpi_profile import load
from collectors.meters.wt300 import Wt300
from collectors.meters.wt300_items import Ranges, Ranging, Wt300Plan
from collectors.protocol import Clock

_WT300: Final = ("update_s", "mode", "crest_factor", "items", "integrate", "element")
_TIMEOUT_S: Final = 5.0
_PTD_TIMEOUT_S: Final = 30.0  # a daemon with its analyzer on USB took 17 s to accept (power-dev)


def open_wt300(address: str, clock: Clock, transcript: Transcript) -> Meter:
    """Options: those of Wt300Plan; `ranging`, or `volts` and `amps`.

    For example `visa:TCPIP::10.0.0.5::INSTR?update_s=0.1&mode=RMS&crest_factor=3&ranging=100&
    items=U,I,P,WH,TIME&integrate=yes&element=1`. ranging: updates of the ranging run.
    """
    at = Address.of(address)
    at.only(*_WT300, "ranging", "volts", "amps")
    ranges: Ranges | Ranging
    if "ranging" in at.options:
        ranges = Ranging(int(at.number("ranging")))
    else:
        ranges = Ranges(at.number("volts"), at.number("amps"))
    plan = Wt300Plan(
        at.number("update_s"),
        at.option("mode"),
        at.option("crest_factor"),
        ranges,
        tuple(at.option("items").split(",")),
        at.option("integrate") == "yes",
        at.option("element"),
    )
    plan.check(at.line)
    line = at.connect(timeout_s=_TIMEOUT_S)
    try:
        return Wt300.open(line, clock, transcript, plan)
    except MeterError:
        line.close()
        raise


def open_scpi(address: str, clock: Clock, transcript: Transcript) -> Meter:
    """Options: profile, a name of `profiles/`."""
    at = Address.of(address)
    at.only("profile")
    name = at.option("profile")
    profile = load(name)
    line = at.connect(timeout_s=_TIMEOUT_S)
    try:
        return ScpiMeter.open(line, clock, transcript, (name, profile))
    except MeterError:
        line.close()
        raise


def open_ptdaemon(address: str, clock: Clock, transcript: Transcript) -> Meter:
    """Options: mark, settle_s; volts and amps for a testing run, neither for a ranging run."""
    at = Address.of(address)
    at.only("mark", "settle_s", "volts", "amps")
    fixed = None
    if {"volts", "amps"} & set(at.options):
        fixed = Limits(at.number("volts"), at.number("amps"))
    plan = PtdPlan(at.option("mark"), at.number("settle_s"), fixed)
    line: Line = at.connect(timeout_s=_PTD_TIMEOUT_S)
    try:
        return PtDaemon.open(line, clock, transcript, plan)
    except MeterError:
        line.close()
        raise
