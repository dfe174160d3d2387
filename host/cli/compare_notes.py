"""What a reader must know of the numbers of a comparison, each once."""

from __future__ import annotations

from collections.abc import Iterator

from host.compare.common import other_boot, same_device
from host.compare.pairs import Pair
from host.compare.run import Comparison
from host.compare.unlike import Effect, Unlike
from host.handover.text import Txt
from host.report.terminal import safe

# Values of all records stand on one line while they are no longer than this.
ONE_LINE = 60
# Two runs leave one degree of freedom. By simulation of normal runs, 400,000 trials each, 95 %
# intervals of a difference hold the truth in 90.5 % (2 beside 10 runs), 94 % or more from 3 on.
MIN_DEGREES = 2.0
_INTERVALS = Txt(
    "±：U = k·u，p = 95 %；差与比的 k 取自 t 分布，自由度按 Welch-Satterthwaite。",
    "±: U = k·u, p = 95 %; k of difference and ratio from Student's t, degrees of freedom by"
    " Welch-Satterthwaite.",
)
_TYPE_A = Txt("部分 U 仅含重复性（A 类）。", "Some U hold repeatability alone (Type A).")
_AS_THEY_STAND = Txt(
    "记录按其所述取用；verify 才核对其原始数据。",
    "Records are taken as they stand; `verify` is what checks them against their raw data.",
)


def notes_of(comparison: Comparison) -> list[Txt]:
    """What a reader must know of these numbers, each once."""
    notes = [_said(comparison, d) for d in comparison.differences if d.effect is Effect.SAID]
    stated = [p for p in comparison.pairs if p.difference is not None and p.difference.u > 0]
    if stated:
        notes.append(_INTERVALS)
        notes.append(
            Txt(
                f"每个区间只对自己的一对成立：{len(stated)} 对中即使全无差别，"
                "约 5 % 也会偶然显出差别。",
                f"Each interval holds for its own pair: of {len(stated)} pairs about 5 % would"
                " show a difference by chance.",
            )
        )
    scarce = _scarce(stated)
    if scarce:
        names = ", ".join(scarce)
        notes.append(
            Txt(
                f"{names} 只有两次运行：与次数更多的记录相比，区间的实际包含概率可低至 90 %。",
                f"{names}: only two runs. Beside a record of more runs such an interval may hold"
                " the truth in 90 % of cases instead of 95 %.",
            )
        )
    shared = sorted({name for p in comparison.pairs for name in p.correlated})
    if shared:
        names = ", ".join(map(safe, shared))
        notes.append(
            Txt(
                f"共有误差按 r = +1 计，相互抵消：{names}。",
                f"Errors in common are taken with r = +1 and cancel: {names}.",
            )
        )
    if any(p.difference is not None for p in comparison.pairs):
        notes.extend(_boots(comparison))
    rows = sorted({name for p in comparison.pairs for name in p.open_rows})
    if rows:
        names = ", ".join(map(safe, rows))
        notes.append(Txt(f"未评定、不在 U 中：{names}。", f"Not evaluated, not in U: {names}."))
    if any(p.measured_a.quantity.uncertainty_status == "type_a_only" for p in stated):
        notes.append(_TYPE_A)
    return [*notes, _AS_THEY_STAND]


def _said(comparison: Comparison, each: Unlike) -> Txt:
    """The sentence of a difference, with the value of each record where they are short."""
    named = ", ".join(
        f"{side.label} {safe(value)}"
        for side, value in zip(comparison.sides, each.values, strict=True)
    )
    if len(named) > ONE_LINE:
        return each.text
    return Txt(f"{each.text.zh}（{named}）", f"{each.text.en} ({named})")


def _scarce(stated: list[Pair]) -> list[str]:
    """Records of two runs that stand beside results of more degrees of freedom."""
    found: set[str] = set()
    for pair in stated:
        for label, mine, other in (
            (pair.a, pair.measured_a, pair.measured_b),
            (pair.b, pair.measured_b, pair.measured_a),
        ):
            if mine.nu < MIN_DEGREES <= other.nu:
                found.add(label)
    return sorted(found)


def _boots(comparison: Comparison) -> Iterator[Txt]:
    """One device that was started anew in between, or devices that may be one."""
    first, *others = comparison.sides
    unknown = [s.label for s in others if same_device(first.record, s.record) is None]
    if unknown:
        names = ", ".join(unknown)
        yield Txt(
            f"{first.label} 与 {names} 是否出自同一设备，记录看不出：误差均不作共有。",
            f"Whether {first.label} and {names} are of one device the records do not show: no"
            " error is taken as common.",
        )
    labels = ", ".join(s.label for s in others if other_boot(first.record, s.record))
    if labels:
        yield Txt(
            f"{first.label} 与 {labels} 出自同一设备的不同次启动：时钟误差不作共有，不相互抵消。",
            f"{first.label} and {labels} are of one device and other boots: the errors of its"
            " clock are not taken as common and do not cancel.",
        )
