"""Why a budget has no U, as people read it: from the reason code of the evaluation."""

from __future__ import annotations

from typing import Final

from host.handover.text import Txt

# The codes are those before the colon of `Budget.reason`.
_SAID: Final = {
    "distribution-free": Txt(
        "单个值的分位数：区间取自两个顺序统计量，不给出 U",
        "a quantile of single values: its interval lies between two order statistics, it has no U",
    ),
    "only-zeros": Txt(
        "已评定的各项均为零（或仅为舍入误差），另有未评定的项：零不是其不确定度，不给出 U",
        "all rows that were evaluated are zero, or round-off, while others are open: zero is not"
        " its uncertainty, there is no U",
    ),
    "nothing-evaluated": Txt(
        "没有一项评定了不确定度，不给出 U", "no row has an uncertainty that was evaluated: no U"
    ),
    "no-degrees-of-freedom": Txt(
        "自由度有限的相关输入量不是同时观测的，没有有效自由度，不给出 U",
        "correlated inputs of finite degrees of freedom were not observed together: there are no"
        " effective degrees of freedom, and no U",
    ),
    "first-order-vanishes": Txt(
        "凡有不确定度的输入量，其灵敏系数均为零，不确定度传播律在此不给出 U",
        "every input with an uncertainty has the sensitivity zero here: the law of propagation"
        " gives no U",
    ),
}


def without_u(reason: str, attempts: int) -> Txt:
    """The sentence for a reason code. attempts: how many valid ones gave a value."""
    code, _, detail = reason.partition(": ")
    if code == "too-few-attempts":
        times = "attempt" if attempts == 1 else "attempts"
        return Txt(
            f"只有 {attempts} 次有效测量，没有分散性，不给出 U；至少需要 2 次",
            f"{attempts} valid {times} with a value: no spread, and so no U; it takes at least 2",
        )
    if code == "not-evaluated":
        return Txt(
            f"必需的项 {detail} 未评定，不给出 U", f"the row {detail} is required and open: no U"
        )
    return _SAID.get(code, Txt(reason, reason))
