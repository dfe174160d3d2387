"""What a WT300 is opened with, and what is refused before anything is said."""

from __future__ import annotations

import pytest

from collectors.clocks import device_clock
from collectors.meters.hookup import Given, Hookup
from collectors.meters.protocol import MeterError
from collectors.meters.table import opener
from collectors.meters.transcript import Unkept
from tests.fakes.meters.serving import on_tcp
from tests.fakes.meters.wt310e import Wt310e

SETTINGS: dict[str, Given] = {
    "update_s": 0.5,
    "mode": "DC",
    "crest_factor": "6A",
    "volts": 15,
    "amps": 20,
    "items": "U,I,P",
    "integrate": False,
    "element": 1,
}


def opened(double: Wt310e, settings: dict[str, Given]) -> None:
    with on_tcp(double) as port:
        hookup = Hookup("meter.wall", f"tcp:127.0.0.1:{port}", settings, device_clock(), Unkept())
        meter = opener("wt300")(hookup)
        meter.begin()
        meter.end()
        meter.close()


def test_a_meter_opens_by_its_address_and_settings() -> None:
    double = Wt310e()
    opened(double, SETTINGS)
    assert ":INP:MODE DC" in double.heard


def test_another_meter_is_refused() -> None:
    with pytest.raises(MeterError, match="is no WT300"):
        opened(Wt310e("YOKOGAWA,WT210,0,F2.01"), SETTINGS)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"update_s": 0.05}, "update_s"),
        ({"mode": "AC"}, "mode"),
        ({"crest_factor": "4"}, "crest_factor"),
        ({"items": "U,U"}, "each once"),
        ({"items": "U;*RST"}, "items are of"),
        ({"items": ""}, "items are of"),
        ({"items": "U,WH"}, "need integrate"),
        ({"element": "1;*RST"}, "element"),
        ({"integrate": "perhaps"}, "true or false"),
        ({"amps": -1}, "amps is no number above 0"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_before_anything_is_said(
    change: dict[str, Given], what: str
) -> None:
    double = Wt310e()
    with pytest.raises(MeterError, match=what):
        opened(double, SETTINGS | change)
    assert double.heard == []
