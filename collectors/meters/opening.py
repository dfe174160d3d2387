"""Opening the meters that hold a conversation."""

from __future__ import annotations

from typing import Final

from collectors.meters.hookup import Hookup
from collectors.meters.protocol import Meter
from collectors.meters.ptdaemon import PtDaemon, PtdPlan
from collectors.meters.ptdaemon_log import Limits
from collectors.meters.scpi import ScpiMeter
from collectors.meters.scpi_profile import load
from collectors.meters.wt300 import Wt300
from collectors.meters.wt300_items import Ranges, Ranging, Wt300Plan

_WT300: Final = ("update_s", "mode", "crest_factor", "items", "integrate", "element")
_TIMEOUT_S: Final = 5.0
_PTD_TIMEOUT_S: Final = 30.0  # a daemon with its analyzer on USB took 17 s to accept (power-dev)
# IM WT310E-17EN (RS-232) and most SCPI instruments: 9600 baud, 8N1, when nobody changed it.
_BAUD: Final = 9600


def open_wt300(hookup: Hookup) -> Meter:
    """Settings: those of Wt300Plan; `ranging` (updates of the ranging run), or `volts`, `amps`.

    ranging is for a load that runs while `begin` does. items: keys of ITEMS with commas between
    them. baud: for a serial line, 9600 else.
    """
    hookup.only(*_WT300, "ranging", "volts", "amps", "baud")
    ranges: Ranges | Ranging
    if "ranging" in hookup.settings:
        ranges = Ranging(int(hookup.number("ranging")))
    else:
        ranges = Ranges(hookup.number("volts"), hookup.number("amps"))
    plan = Wt300Plan(
        hookup.number("update_s"),
        hookup.text("mode"),
        hookup.text("crest_factor"),
        ranges,
        tuple(hookup.text("items").split(",")),
        hookup.flag("integrate"),
        hookup.text("element"),
    )
    plan.check(hookup.address)
    return hookup.opened(
        lambda line: Wt300.open(line, hookup.clock, plan, hookup.name),
        timeout_s=_TIMEOUT_S,
        baud=_baud(hookup),
    )


def open_scpi(hookup: Hookup) -> Meter:
    """Settings: profile, a name of `profiles/`; baud."""
    hookup.only("profile", "baud")
    profile = load(hookup.text("profile"))
    return hookup.opened(
        lambda line: ScpiMeter.open(line, hookup.clock, profile, hookup.name),
        timeout_s=_TIMEOUT_S,
        baud=_baud(hookup),
    )


def open_ptdaemon(hookup: Hookup) -> Meter:
    """Settings: mark, settle_s; volts and amps for a testing run, neither for a ranging run."""
    hookup.only("mark", "settle_s", "volts", "amps")
    fixed = None
    if {"volts", "amps"} & set(hookup.settings):
        fixed = Limits(hookup.number("volts"), hookup.number("amps"))
    plan = PtdPlan(hookup.text("mark"), hookup.number("settle_s"), fixed)
    return hookup.opened(
        lambda line: PtDaemon.open(line, hookup.clock, plan, hookup.name),
        timeout_s=_PTD_TIMEOUT_S,
    )


def _baud(hookup: Hookup) -> int:
    return int(hookup.number("baud")) if "baud" in hookup.settings else _BAUD
