"""Loads whose energy is known, and what meters of three kinds show of them.

Source of the loads: `shared` reference sources, 5.1 (a prompt: prefill 0.8 s at 9 W, decode 5.2 s
with a ripple of 12.3 tokens a second) and peers, 4.1 (rectangles from 30 to 200 W). The ripple is
6.5 W for 60 % of a token and 4 W for the rest: with it a decode at 10 tokens a second read ten
times a second is off by -27 % to +18 %, as the reference found. It does not state the power
outside; ours is 1 W.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from host.handover.trace import AttemptTrace, FloatArray, IntArray, Series, Window
from tests.fakes.traces import Shape, attempt, kind_of, request, series

S = 10**9
TOKENS_PER_S = 12.3
SourceKind = Literal["instantaneous", "averaging", "counter", "numbered"]
# Of the same readings: `numbered` says itself that each is a new one, `instantaneous` does not.
SOURCE_KINDS: tuple[SourceKind, ...] = ("instantaneous", "averaging", "counter")
LIKE = {
    "instantaneous": ("power", "instant", "W"),
    "averaging": ("power", "average", "W"),
    "counter": ("energy", "counter", "J"),
    "numbered": ("power", "instant", "W"),
}


@dataclass(frozen=True, slots=True)
class Load:
    """Power that is constant between moments: power_w[i] from at_s[i] on, until the next.

    phases: name -> first and last moment in s.
    """

    name: str
    at_s: FloatArray
    power_w: FloatArray
    phases: dict[str, tuple[float, float]]

    def power(self, t_s: FloatArray) -> FloatArray:
        return np.asarray(self.power_w[np.searchsorted(self.at_s, t_s, side="right") - 1])

    def energy(self, t_s: FloatArray) -> FloatArray:
        """J since the first moment."""
        summed = np.concatenate(([0.0], np.cumsum(self.power_w[:-1] * np.diff(self.at_s))))
        last = np.searchsorted(self.at_s, t_s, side="right") - 1
        return np.asarray(summed[last] + self.power_w[last] * (t_s - self.at_s[last]))

    def truth(self, phase: str) -> float:
        """J of a phase."""
        start, end = self.energy(np.array(self.phases[phase]))
        return float(end - start)


def rectangle(length_s: float) -> Load:
    """30 W, and 200 W for some time."""
    at = np.array([0.0, 10.0, 10.0 + length_s])
    phases = {"request": (10.0, 10.0 + length_s)}
    return Load(f"{length_s:g} s, 30 to 200 W", at, np.array([30.0, 200.0, 30.0]), phases)


def prompt() -> Load:
    """1 W, prefill at 9 W, decode with a ripple."""
    start, first, last = 10.0, 10.8, 16.0
    token = 1 / TOKENS_PER_S
    tokens = first + token * np.arange(int(np.ceil((last - first) * TOKENS_PER_S)))
    waves = np.stack((tokens, tokens + 0.6 * token), axis=1).ravel()
    powers = np.tile([6.5, 4.0], len(tokens))
    inside = waves < last
    at = np.concatenate(([0.0, start], waves[inside], [last]))
    power = np.concatenate(([1.0, 9.0], powers[inside], [1.0]))
    phases = {"prefill": (start, first), "decode": (first, last), "request": (start, last)}
    return Load("prompt: 0.8 s, 5.2 s", at, power, phases)


LOADS = (prompt(), rectangle(5.0), rectangle(60.0))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a meter gave: stamps in s, and values."""

    t_s: FloatArray
    values: FloatArray
    kind: SourceKind


def seen(load: Load, kind: SourceKind, rate_hz: float, phase: float) -> Seen:
    """Readings at rate_hz, the first `phase` periods after the start. Averages are of a period."""
    end_s = float(load.at_s[-1]) + 10.0
    t_s: FloatArray = (np.arange(int(end_s * rate_hz), dtype=np.float64) + phase) / rate_hz
    if kind in ("instantaneous", "numbered"):
        return Seen(t_s, load.power(t_s), kind)
    counted = load.energy(t_s)
    if kind == "counter":
        return Seen(t_s, counted, kind)
    return Seen(t_s[1:], np.diff(counted) * rate_hz, kind)


def stamps_ns(t_s: FloatArray) -> IntArray:
    return np.rint(t_s * S).astype(np.int64)


def metered(load: Load, found: Seen, rate_hz: float, shift_s: float = 0.0) -> AttemptTrace:
    """An attempt with one request in it; shift_s: how far the meter's clock is off."""
    quantity, kind, unit = LIKE[found.kind]
    like: Series = kind_of(quantity, kind, unit, tier="A" if shift_s else "B")
    numbered = found.kind == "numbered"
    like = replace(like, averaging_s=1 / rate_hz if kind == "average" else None, each_new=numbered)
    start, end = (round(x * S) for x in load.phases["request"])
    first = round(load.phases.get("decode", (load.phases["request"][1],))[0] * S)
    asked = request(Shape(ttft_ns=first - start, output_tokens=1), t0_ns=start)
    if "decode" in load.phases:
        # Stamps of the tokens do not enter an energy but for the first and the last.
        asked = request(
            Shape(ttft_ns=first - start, tpot_ns=end - first, output_tokens=2), t0_ns=start
        )
    asked = replace(asked, prefill=Window(start, first), end_ns=end)
    return attempt((asked,), (series(stamps_ns(found.t_s + shift_s), found.values, like),))
