"""Reference value and degrees of equivalence of each result over several records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from host.compare.algorithm_a import Robust, algorithm_a
from host.compare.common import common_terms, unaccounted
from host.compare.comparability import may_compare
from host.compare.difference import covariance
from host.compare.pairs import Side
from host.compare.reference_value import Entry, ReferenceValue, reference_value
from host.compare.run import Comparison
from host.errors import UsageError
from host.handover.quantity import Quantity
from host.handover.text import Txt

MIN_ENTRIES = 2


@dataclass(frozen=True, slots=True)
class Consensus:
    """One result: weighted reference value, or the words for why none; robust mean beside it.

    least_nu: of the results; chi-squared, D and U take every u as known, which few runs do not
    give.
    """

    quantity: Quantity
    labels: tuple[str, ...]
    reference: ReferenceValue | None
    robust: Robust
    least_nu: float
    refused: Txt | None = None


def consensus(comparison: Comparison) -> tuple[Consensus, ...]:
    """Every result that all records hold with a u above zero."""
    found = []
    for key, first in comparison.sides[0].results.items():
        held = [s for s in comparison.sides if key in s.results and s.results[key].u]
        whole = len(held) == len(comparison.sides) >= MIN_ENTRIES
        if whole and not may_compare(key, comparison.differences):
            found.append(_of(first.quantity, key, held))
    return tuple(found)


def _of(quantity: Quantity, key: str, sides: Sequence[Side]) -> Consensus:
    entries = [Entry(s.label, s.results[key].value or 0.0, s.results[key].u or 0.0) for s in sides]
    labels = tuple(each.label for each in entries)
    nu = min(s.results[key].nu for s in sides)
    robust = algorithm_a([each.value for each in entries])
    whole, open_ones = _covariances(key, sides)
    if open_ones:
        names = ", ".join(open_ones)
        refused = Txt(
            f"各结果共用 {names}，相关性未在预算中计入，不给加权参考值",
            f"results share {names}, and no budget row accounts for it: no weighted reference",
        )
        return Consensus(quantity, labels, None, robust, nu, refused)
    try:
        return Consensus(quantity, labels, reference_value(entries, whole), robust, nu)
    except UsageError as err:  # the rows in common leave nothing of their own to some record
        refused = Txt(f"不给加权参考值：{err}", f"no weighted reference value: {err}")
        return Consensus(quantity, labels, None, robust, nu, refused)


def _covariances(key: str, sides: Sequence[Side]) -> tuple[list[list[float]], list[str]]:
    """Covariance matrix from the rows in common; instruments in common without such rows."""
    whole = [[0.0] * len(sides) for _ in sides]
    open_ones: set[str] = set()
    for i, a in enumerate(sides):
        whole[i][i] = (a.results[key].u or 0.0) ** 2
        for j, b in enumerate(sides[:i]):
            first, second = (a.record, a.results[key]), (b.record, b.results[key])
            open_ones.update(unaccounted(first, second))
            whole[i][j] = whole[j][i] = covariance(common_terms(first, second))
    return whole, sorted(open_ones)
