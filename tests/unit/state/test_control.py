from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import ControlError
from host.state.control import Control, check, find, same, value_in
from host.state.controls import ANDROID
from host.state.description import link_of
from host.state.missing import Missing, shown

SCREEN = next(c for c in ANDROID if c.id == "screen")
PLAIN = Control(id="x", read=("cat", "x"), set=("put", "{value}"), persists=False, source="test")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"id": "../x"}, "no id"),
        ({"id": ""}, "no id"),
        ({"read": ()}, "no way to be read"),
        ({"set": ("put",)}, "{value} does not stand in its set"),
        ({"pattern": "("}, "its pattern is none"),
        ({"pattern": "(a)(b)"}, "has 2 groups"),
        ({"pattern": "a"}, "has 0 groups"),
        ({}, ""),
    ],
)
def test_a_control_of_a_profile_that_is_unsound_says_why(
    changed: dict[str, object], words: str
) -> None:
    found = check(replace(PLAIN, **changed))  # type: ignore[arg-type]
    assert (words in found) if words else (found == "")


def test_two_values_with_one_word_are_one_for_the_device() -> None:
    assert same(SCREEN, "Asleep", "Dozing")
    assert not same(SCREEN, "Awake", "Dozing")
    assert not same(PLAIN, "1", "01")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_that_is_one_word_or_a_reason(raw: bytes) -> None:
    for control in (PLAIN, SCREEN):
        found = value_in(control, b"mWakefulness=" + raw if control is SCREEN else raw)
        if not isinstance(found, Missing):
            assert found
            assert not found.startswith("-")
            assert not set(found) & set(" \t\n\r'\"`$;&|<>(){}[]*?!#~\\")


def test_an_unknown_control_is_refused_with_those_there_are() -> None:
    with pytest.raises(ControlError, match="known are x"):
        find({"x": PLAIN}, "y", "adb:X")


@pytest.mark.parametrize(
    ("device", "link"),
    [
        ("local", "local"),
        ("adb:R58M123ABC", "usb"),
        ("adb:192.0.2.1:5555", "network"),
        ("adb:[2001:db8::1]:5555", "network"),
        ("adb:phone.local:37219", "network"),
        ("adb:adb-R58M123ABC-xYz._adb-tls-connect._tcp", "network"),
        ("adb:adb-R58M123ABC-xYz._adb-tls-connect._tcp.", "network"),
        ("ssh:board", "network"),
        ("serial:/dev/ttyUSB0", "serial"),
        ("pigeon:7", "network"),
    ],
)
def test_the_link_is_known_by_the_devices_name(device: str, link: str) -> None:
    assert link_of(device) == link


@given(st.text(max_size=300))
def test_text_that_is_shown_is_one_printable_line(text: str) -> None:
    found = shown(text)
    assert found.isprintable()
    assert "\n" not in found
