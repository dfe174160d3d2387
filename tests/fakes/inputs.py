"""Inputs of budgets in one line, for tests of the uncertainty engine."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal

from host.evaluate import type_a, type_b
from host.evaluate.model import Model
from host.evaluate.type_b import Evaluated
from host.handover.budget import Correlation, Distribution, Input
from host.handover.text import Txt

SAID = Txt(zh="例", en="example")


def known(
    symbol: str,
    estimate: float,
    u: float | None,
    nu: float = inf,
    distribution: Distribution = "normal",
) -> Input:
    """An input of which u is given; t is taken as Type A."""
    kind: Literal["A", "B"] = "A" if distribution == "t" else "B"
    return Input(symbol, SAID, SAID, kind, distribution, estimate, "1", u, nu, SAID)


def stated(symbol: str, estimate: float, by: Evaluated) -> Input:
    """An input with the numbers of a Type B evaluation."""
    return Input(
        symbol=symbol,
        name=SAID,
        source=SAID,
        kind="B",
        distribution=by.distribution,
        estimate=estimate,
        unit="1",
        u=by.u,
        nu=by.nu,
        evaluation=SAID,
        half_width=by.half_width,
        beta=by.beta,
        U=by.U,
        k=by.k,
    )


def tied(a: str, b: str, r: float) -> Correlation:
    """A correlation of two inputs."""
    return Correlation(a, b, r, SAID)


def seen(symbol: str, values: Sequence[float]) -> Input:
    """The mean of two observations or more."""
    found = type_a.mean_of(values)
    if found.value is None or found.nu is None:
        raise ValueError(found.reason)
    return known(symbol, found.value, found.u, found.nu, "t")


# The worked budget of the `shared` reference metrology, 1.1: energy per token
ENERGY_MODEL = Model("E = (P G + O) t / N", lambda q: (q["P"] * q["G"] + q["O"]) * q["t"] / q["N"])
ENERGY_INPUTS = [
    seen("P", [5.132, 5.118, 5.140, 5.125, 5.129, 5.121, 5.137, 5.126, 5.133, 5.119]),
    stated("G", 1, type_b.rectangular(0.005)),
    stated("O", 0, type_b.rectangular(4e-3, 8)),
    stated("t", 60, type_b.rectangular(2e-3)),
    known("N", 1536, 0.0, distribution="constant"),
]
