"""A laboratory's results against a reference record: z, z', zeta, E_n, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from host.compare.common import common_terms, unaccounted
from host.compare.comparability import may_compare
from host.compare.difference import ROUND_OFF_RATIO, covariance
from host.compare.measured import Measured, number
from host.compare.pairs import Side
from host.compare.scores import Score, e_n, z, z_prime, zeta
from host.compare.unlike import Unlike
from host.handover.text import Txt

_CANCELS = Txt(
    "共有误差相消后不剩不确定度，ζ 与 E_n 无从计算",
    "errors in common leave no uncertainty to divide by: no zeta, no E_n",
)


@dataclass(frozen=True, slots=True)
class Against:
    """Scores of one result. refused: why zeta and E_n are not stated, code and words.

    correlated: errors in common whose covariance is in zeta and E_n.
    """

    label: str
    reference: str
    result_id: str
    scores: tuple[Score, ...]
    refused: str = ""
    text: Txt | None = None
    correlated: tuple[str, ...] = ()


def against(
    reference: Side, lab: Side, found: Sequence[Unlike], sigma_pt: Mapping[str, float]
) -> tuple[Against, ...]:
    """Every result that both have with U. sigma_pt: by result id, in its unit, for z and z'."""
    return tuple(_against(reference, lab, found, sigma_pt))


def _against(
    reference: Side, lab: Side, found: Sequence[Unlike], sigma_pt: Mapping[str, float]
) -> Iterator[Against]:
    for key, x in lab.results.items():
        pt = reference.results.get(key)
        if pt is None or x.value is None or pt.value is None or may_compare(key, found):
            continue
        simple = _with_sigma(x, pt, sigma_pt.get(key))
        why = _refusal(reference, lab, key)
        if why is not None:
            yield Against(lab.label, reference.label, key, simple, why[0], why[1])
            continue
        terms = common_terms((reference.record, pt), (lab.record, x))
        names = tuple(sorted({term.name for term, _ in terms}))
        shared = covariance(terms)
        if not _remains(x, pt, shared):
            yield Against(
                lab.label, reference.label, key, simple, "zero-uncertainty", _CANCELS, names
            )
            continue
        scores = (*simple, *_with_uncertainty(x, pt, shared))
        yield Against(lab.label, reference.label, key, scores, correlated=names)


def _with_sigma(x: Measured, pt: Measured, sigma: float | None) -> tuple[Score, ...]:
    if sigma is None or x.value is None or pt.value is None:
        return ()
    simple = z(x.value, pt.value, sigma)
    return (simple,) if pt.u is None else (simple, z_prime(x.value, pt.value, sigma, pt.u))


def _with_uncertainty(x: Measured, pt: Measured, shared: float) -> tuple[Score, Score]:
    """Zeta and E_n; both have value, u and U."""
    value, value_pt = x.value or 0.0, pt.value or 0.0
    (u, expanded, k), (u_pt, expanded_pt, k_pt) = _expanded(x), _expanded(pt)
    return (
        zeta(value, value_pt, u, u_pt, shared),
        e_n(value, value_pt, expanded, expanded_pt, k * k_pt * shared),
    )


def _remains(x: Measured, pt: Measured, shared: float) -> bool:
    """Whether errors in common leave zeta and E_n something to divide by."""
    (u, _, k), (u_pt, _, k_pt) = _expanded(x), _expanded(pt)
    for first, second, common in ((u, u_pt, shared), (k * u, k_pt * u_pt, k * k_pt * shared)):
        total = first**2 + second**2
        if total - 2 * common <= ROUND_OFF_RATIO * total:
            return False
    return True


def _expanded(m: Measured) -> tuple[float, float, float]:
    """(u, U, k) of a result that has a U above zero."""
    u, expanded = m.u or 0.0, number(m.quantity.U or "0", m.id)
    return u, expanded, expanded / u


def _refusal(reference: Side, lab: Side, key: str) -> tuple[str, Txt] | None:
    pt, x = reference.results[key], lab.results[key]
    for each in (reference, lab):
        m = each.results[key]
        if not m.u or not m.quantity.U or number(m.quantity.U, m.id) <= 0:
            return "no-U", Txt(f"{each.label} 没有大于零的 U", f"{each.label} has no U above zero")
    shared = unaccounted((reference.record, pt), (lab.record, x))
    if shared:
        names = ", ".join(shared)
        return "correlated", Txt(
            f"参考值与被评结果共用 {names}，相关性未在预算中计入，ζ 与 E_n 不成立",
            f"reference and result share {names}, and no budget row accounts for it: zeta and E_n"
            " do not hold",
        )
    return None
