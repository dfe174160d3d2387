"""Measurement models: one function for numbers, uncertain numbers and arrays; inputs checked.

A model written with + - * / and ** works on all three. For other functions use those of this
file, e.g. `exp(q["x"])`: numpy's do not take GTC's uncertain numbers, and GTC's take no arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

from host.handover.budget import Input


@dataclass(frozen=True, slots=True)
class Model:
    """A measurement model (JCGM 100, 4.1): result = function({symbol: value of the input}).

    expression: the equation as people read it. function: the same on floats, GTC uncertain
    numbers and numpy arrays, without branches on values. unit: UCUM, of the result.
    """

    expression: str
    function: Callable[[Mapping[str, Any]], Any]
    measurand: str = ""
    unit: str = "1"

    def at(self, values: Mapping[str, float]) -> float:
        """Value at given inputs; ValueError where there is no finite one."""
        try:
            found = float(self.function(values))
        except KeyError as err:
            raise ValueError(f"the model {self.expression} needs the input {err}") from err
        except (ArithmeticError, ValueError) as err:
            raise ValueError(
                f"the model {self.expression} has no value at its inputs: {err}"
            ) from err
        if not isfinite(found):
            raise ValueError(f"the model {self.expression} has no finite value at its inputs")
        return found


def estimates(inputs: Sequence[Input]) -> dict[str, float]:
    """Estimate by symbol."""
    return {one.symbol: one.estimate for one in inputs}


def check_inputs(inputs: Sequence[Input]) -> None:
    """Refuse twice the same symbol, and what is not a number; ValueError, one sentence."""
    seen: set[str] = set()
    for one in inputs:
        if one.symbol in seen:
            raise ValueError(f"two inputs are called {one.symbol}")
        seen.add(one.symbol)
        if not isfinite(one.estimate):
            raise ValueError(f"input {one.symbol}: its estimate is {one.estimate}, not a number")
        if one.u is None:
            continue
        if not isfinite(one.u) or one.u < 0:
            raise ValueError(f"input {one.symbol}: its u is {one.u}, not a number from 0 on")
        if isnan(one.nu) or one.nu < 1:
            raise ValueError(f"input {one.symbol}: degrees of freedom start at 1, not {one.nu}")


def _either(name: str, value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, (int, float)):
        return getattr(math, name)(value)
    import numpy as np

    if isinstance(value, np.ndarray):
        return getattr(np, name)(value)
    from host.evaluate.gtc import GTC

    return getattr(GTC, name)(value)


def exp(value: Any) -> Any:  # noqa: ANN401
    """Raise e to the power of a number, an uncertain number or an array."""
    return _either("exp", value)


def log(value: Any) -> Any:  # noqa: ANN401
    """Natural logarithm of a number, an uncertain number or an array."""
    return _either("log", value)


def sqrt(value: Any) -> Any:  # noqa: ANN401
    """Square root of a number, an uncertain number or an array."""
    return _either("sqrt", value)


def sin(value: Any) -> Any:  # noqa: ANN401
    """Sine of a number, an uncertain number or an array, in radian."""
    return _either("sin", value)


def cos(value: Any) -> Any:  # noqa: ANN401
    """Cosine of a number, an uncertain number or an array, in radian."""
    return _either("cos", value)
