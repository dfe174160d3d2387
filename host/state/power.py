"""Screen, doze, settings and radios, as Android's services print them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from host.state.missing import Keys, Missing, shown, text_of, truth, whole

_NOT_ASKED = Missing("not-asked")
_KEY = re.compile(r"(m[A-Za-z]{1,60})=(\S{1,100})")
_WAKEFULNESS = ("Awake", "Asleep", "Dreaming", "Dozing")
# settings(1) of Android: text of any kind; ours hold numbers and words.
_VALUE = re.compile(r"[A-Za-z0-9_.,:/+=-]{1,200}")
UNSET = "null"


@dataclass(frozen=True, slots=True)
class Screen:
    """wakefulness: Awake, Asleep, Dreaming (screen saver) or Dozing (always-on display)."""

    wakefulness: str | Missing = _NOT_ASKED
    stay_on: bool | Missing = _NOT_ASKED
    stay_on_setting: int | Missing = _NOT_ASKED
    fixed_performance: bool | Missing = _NOT_ASKED


@dataclass(frozen=True, slots=True)
class Doze:
    """States of the idle controller (IDLE: apps are held back), and whether it may act at all."""

    deep_state: str | Missing = _NOT_ASKED
    light_state: str | Missing = _NOT_ASKED
    deep_enabled: bool | Missing = _NOT_ASKED
    light_enabled: bool | Missing = _NOT_ASKED
    forced: bool | Missing = _NOT_ASKED


def _first_keys(raw: bytes) -> Keys:
    """First `mKey=value` of each key; several may stand on one line."""
    found: dict[str, str] = {}
    for match in _KEY.finditer(text_of(raw)):
        found.setdefault(match[1], match[2])
    return Keys(found)


def parse_power(raw: bytes) -> Screen:
    """`dumpsys power`. Never raises.

    The fixed performance mode is read where a build prints it; most are not known to.
    """
    keys = _first_keys(raw)
    state = keys.text("mWakefulness")
    if isinstance(state, str) and state not in _WAKEFULNESS:
        state = Missing("not-understood", shown(state))
    fixed = (keys.truth(k) for k in ("mFixedPerformanceModeEnabled", "mFixedPerformanceMode"))
    return Screen(
        wakefulness=state,
        stay_on=keys.truth("mStayOn"),
        stay_on_setting=keys.whole("mStayOnWhilePluggedInSetting", 0, 15),
        fixed_performance=next(
            (f for f in fixed if not isinstance(f, Missing)),
            Missing("not-stated", "this build does not print its fixed performance mode"),
        ),
    )


def parse_deviceidle(raw: bytes) -> Doze:
    """`dumpsys deviceidle`. Never raises."""
    keys = _first_keys(raw)
    return Doze(
        deep_state=keys.shown("mState"),
        light_state=keys.shown("mLightState"),
        deep_enabled=keys.truth("mDeepEnabled"),
        light_enabled=keys.truth("mLightEnabled"),
        forced=keys.truth("mForceIdle"),
    )


def parse_setting(raw: bytes) -> str | Missing:
    """`settings get NAMESPACE KEY`: one word; `null` where the key is not set. Never raises."""
    text = text_of(raw).strip()
    if text == UNSET:
        return Missing("not-there", "the setting is not set")
    if not _VALUE.fullmatch(text):
        return Missing("not-understood", shown(text))
    return text


def parse_whole_setting(raw: bytes, low: int, high: int) -> int | Missing:
    """A setting that is a whole number."""
    text = parse_setting(raw)
    return text if isinstance(text, Missing) else whole(text, low, high)


def parse_airplane(raw: bytes) -> bool | Missing:
    """`cmd connectivity airplane-mode` (enabled, disabled), or the setting (1, 0)."""
    text = text_of(raw).strip()
    known = {"enabled": True, "disabled": False, "1": True, "0": False}
    if text in known:
        return known[text]
    return truth(text)
