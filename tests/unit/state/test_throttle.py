from __future__ import annotations

from dataclasses import replace

import pytest

from host.state.missing import Missing
from host.state.processor import Load, Policy
from host.state.snapshot import DeviceState
from host.state.thermal import Cooling, Thermal
from host.state.throttle import throttled

GONE = Missing("not-there")


def policy(max_khz: int | Missing) -> Policy:
    return Policy("policy0", "schedutil", 300_000, max_khz, 1_800_000, GONE)


CALM = DeviceState(
    boot_id="one",
    thermal=Thermal(status=0, cooling=(Cooling("thermal-cpufreq-0", 0),)),
    kernel_thermal=Thermal(cooling=(Cooling("cooling_device0:Processor", 0, 5),)),
    policies=(policy(1_800_000),),
    load=Load(throttle_events=7),
)


def test_a_device_that_stayed_calm_did_not_throttle() -> None:
    assert throttled(CALM, CALM) == ()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (replace(CALM, thermal=Thermal(status=2)), "thermal status none -> moderate"),
        (
            replace(CALM, thermal=Thermal(cooling=(Cooling("thermal-cpufreq-0", 3),))),
            "cooling device thermal-cpufreq-0 at state 3",
        ),
        (
            replace(
                CALM, kernel_thermal=Thermal(cooling=(Cooling("cooling_device0:Processor", 0, 9),))
            ),
            "cooling_device0:Processor changed 4 times",
        ),
        (replace(CALM, policies=(policy(1_200_000),)), "limited from 1800000 to 1200000 kHz"),
        (replace(CALM, load=Load(throttle_events=9)), "2 thermal throttle events"),
    ],
)
def test_each_evidence_of_throttling_is_named(after: DeviceState, words: str) -> None:
    (why,) = throttled(CALM, after)
    assert why.startswith("throttle: ")
    assert words in why


def test_a_fan_that_turns_slows_nothing_down() -> None:
    fan = replace(CALM, kernel_thermal=Thermal(cooling=(Cooling("cooling_device1:pwm-fan", 0),)))
    turned = replace(
        CALM, kernel_thermal=Thermal(cooling=(Cooling("cooling_device1:pwm-fan", 3),))
    )
    assert throttled(fan, turned) == ()


def test_a_limit_that_was_low_all_along_or_rose_is_no_throttling() -> None:
    low = replace(CALM, policies=(policy(900_000),))
    assert throttled(low, low) == ()
    assert throttled(low, CALM) == ()


def test_a_device_that_shows_nothing_is_not_called_calm() -> None:
    (why,) = throttled(DeviceState(), DeviceState())
    assert why.startswith("throttle-unknown")


def test_a_reboot_in_between_hides_whatever_was() -> None:
    (why,) = throttled(CALM, replace(CALM, boot_id="two"))
    assert why.startswith("throttle-unknown: the device started anew")
