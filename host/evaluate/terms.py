"""Terms of a budget: one input each, and how it enters the measurement model.

The model of every measurand has one form, linear in all corrections:
y = (x + sum of c_i d_i) * product of factors, with x the mean over the attempts. Corrections d_i
have the estimate 0, factors 1 or a counted number over itself: so y is x, nothing is corrected,
and each sensitivity is the one that stands beside the input. A term whose effect cancels in the
quotient or difference that the measurand is stays as a row with c = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from host.evaluate.type_b import Evaluated
from host.handover.budget import Input
from host.handover.conditions import Conditions
from host.handover.result import Basis, ChannelBasis, Observation, Spread
from host.handover.text import Txt

Shape = Literal["mean", "add", "times", "over", "rate", "cancels"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A result on its way to a budget: what was seen, its value and spread, the conditions."""

    seen: Observation
    value: float
    spread: Spread | None
    basis: Basis
    conditions: Conditions

    @property
    def channel(self) -> ChannelBasis:
        """What was taken from readings. ValueError for a result of the token trace."""
        if self.basis.channel is None:
            raise ValueError(f"{self.seen.measurand} has no channel")
        return self.basis.channel

    @property
    def external(self) -> bool:
        """Whether a meter beside the device gave it: tiers A and A- (design, law 5)."""
        return self.seen.tier.startswith("A")

    @property
    def per_second(self) -> float:
        """d(value)/d(power step moved by 1 s), value unit over s: for what shifts windows."""
        return self.channel.step / self.basis.amount

    @property
    def edge_power(self) -> float:
        """W, upper limit of the power beside one edge of each window, summed; less the baseline.

        A window that ends d later holds d times that more energy, however even the power is.
        """
        idle = self.channel.idle
        inside = abs(self.channel.indication - (idle.power_w if idle is not None else 0.0))
        return self.basis.windows * inside + self.channel.step

    @property
    def per_watt(self) -> float:
        """d(value)/d(power), value unit over W, for an error of the power that is always there."""
        return self.basis.duration_s / self.basis.amount


@dataclass(frozen=True, slots=True)
class Term:
    """An input and its place in the model.

    shape: `add` c * symbol; `times` symbol / estimate; `over` estimate / symbol; `rate`
    (1 + c * symbol); `cancels` not in the model, c = 0. factor: c as people read it.
    """

    input: Input
    shape: Shape
    c: float = 0.0
    factor: str = ""

    def added(self, q: Any) -> Any:  # noqa: ANN401 - float, uncertain number or array
        """What an `add` term adds."""
        return self.c * (q[self.input.symbol] - self.input.estimate)

    def multiplied(self, q: Any) -> Any:  # noqa: ANN401 - float, uncertain number or array
        """What a factor multiplies by."""
        value = q[self.input.symbol]
        if self.shape == "times":
            return value / self.input.estimate
        if self.shape == "over":
            return self.input.estimate / value
        return 1 + self.c * value


@dataclass(frozen=True, slots=True)
class Named:
    """What stays the same of an input however it was evaluated."""

    symbol: str
    name: Txt
    unit: str
    estimate: float = 0.0


def evaluated(
    named: Named, by: Evaluated, source: Txt, how: Txt, *, shared: str = "", equipment: str = ""
) -> Input:
    """An input of Type B with its numbers."""
    return Input(
        symbol=named.symbol,
        name=named.name,
        source=source,
        kind="B",
        distribution=by.distribution,
        estimate=named.estimate,
        unit=named.unit,
        u=by.u,
        nu=by.nu,
        evaluation=how,
        half_width=by.half_width,
        beta=by.beta,
        U=by.U,
        k=by.k,
        equipment_ref=equipment,
        shared=shared,
    )


def not_evaluated(named: Named, source: Txt, why: Txt) -> Input:
    """An input whose uncertainty is open; it is never taken as zero."""
    return Input(
        symbol=named.symbol,
        name=named.name,
        source=source,
        kind="B",
        distribution="rectangular",
        estimate=named.estimate,
        unit=named.unit,
        u=None,
        nu=inf,
        evaluation=Txt(f"未评定：{why.zh}", f"not evaluated: {why.en}"),
    )


def exact(named: Named, source: Txt, why: Txt) -> Input:
    """An input without uncertainty: counted, or zero by definition."""
    return Input(
        symbol=named.symbol,
        name=named.name,
        source=source,
        kind="B",
        distribution="constant",
        estimate=named.estimate,
        unit=named.unit,
        u=0.0,
        nu=inf,
        evaluation=why,
    )
