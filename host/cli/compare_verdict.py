"""The verdict of a comparison, first thing on a screen and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from host.compare.common import same_device
from host.compare.comparability import RULES
from host.compare.pairs import Pair
from host.compare.run import MIN_RECORDS, Comparison
from host.compare.unlike import Effect, Unlike
from host.handover.served_figures import SYSTEM_RATE
from host.handover.text import Txt
from host.report.terminal import HEADLINE

_NOTHING_SHARED = Txt("没有共有的结果", "no result in common")
_EXTENT = {
    "whole": ("good", Txt("可比", "Comparable")),
    "part": ("some", Txt("部分可比", "Comparable in part")),
    "none": ("bad", Txt("不可比", "Not comparable")),
}
_ONE_THING = Txt(
    "设备、模型、引擎与设置都相同：此处显出的差别是各次运行之间的变化，U 不含它。",
    "Device, model, engine and settings are the same: a difference shown here is variation between"
    " runs, which U does not hold.",
)

_ONE_KIND = Txt(
    "同型设备的不同个体，模型、引擎与设置都相同：此处显出的差别出自个体或各次运行，U 不含它。",
    "Different devices of one kind, with the same model, engine and settings: a difference shown"
    " here is between specimens or between runs, which U does not hold.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """extent: may they be compared. counts: on what it rests. sentences: headline quantities.

    grade: `good`, `some` or `bad`. caution: what must be known before the sentences are read.
    """

    grade: str
    extent: Txt
    counts: Txt
    caution: Txt | None
    sentences: tuple[Txt, ...]


def verdict_of(comparison: Comparison) -> Said:
    """What is to be read first."""
    grade, words = _EXTENT[comparison.extent]
    if comparison.extent == "none":
        why = _why(forbidding(comparison)) or _NOTHING_SHARED
        return Said(grade, words, why, None, ())
    made = [p for p in comparison.pairs if p.verdict != "refused"]
    several = len(comparison.sides) > MIN_RECORDS
    sentences = []
    for (sides, zh, en), names in _headline(made).items():
        which = f"[{sides}] " if several else ""
        all_zh, all_en = "、".join(n.zh for n in names), ", ".join(n.en for n in names)
        sentences.append(Txt(f"{which}{all_zh}：{zh}", f"{which}{all_en}: {en}"))
    caution = _caution(comparison) if _apart(made) else None
    return Said(grade, words, _counts(comparison.pairs), caution, tuple(sentences))


def _caution(comparison: Comparison) -> Txt | None:
    """Where nothing that is meant to differ does: what a difference then comes from."""
    if not one_thing(comparison):
        return None
    first, *others = (side.record for side in comparison.sides)
    apart = any(same_device(first, other) is False for other in others)
    return _ONE_KIND if apart else _ONE_THING


def forbidding(comparison: Comparison) -> tuple[tuple[str, tuple[Unlike, ...]], ...]:
    """The differences that forbid something, by their rule."""
    found: dict[str, list[Unlike]] = {}
    for each in comparison.differences:
        if each.effect is not Effect.SAID:
            found.setdefault(each.rule, []).append(each)
    return tuple((rule, tuple(some)) for rule, some in found.items())


def _why(groups: Sequence[tuple[str, Sequence[Unlike]]]) -> Txt | None:
    """The conditions that are not met, and how many differences break each."""
    if not groups:
        return None
    asked = {rule.id: rule.text for rule in RULES}
    zh, en = [], []
    for rule, some in groups:
        words = asked.get(rule, Txt(rule, rule))
        count = f" ({len(some)})" if len(some) > 1 else ""
        zh.append(f"{words.zh}{count}")
        en.append(f"{words.en}{count}")
    return Txt(f"未满足：{'、'.join(zh)}", f"not met: {', '.join(en)}")


def one_thing(comparison: Comparison) -> bool:
    """Whether nothing that is meant to differ does."""
    return all(s.same or s.key == "software" for s in comparison.subjects)


def _apart(pairs: Sequence[Pair]) -> int:
    return sum(p.verdict in ("higher", "lower") for p in pairs)


def _counts(pairs: Sequence[Pair]) -> Txt:
    """How many results show a difference; what has no interval is not counted as compared."""
    judged = sum(p.verdict in ("higher", "lower", "no_difference_shown") for p in pairs)
    open_ones = sum(p.verdict == "none" for p in pairs)
    refused = sum(p.verdict == "refused" for p in pairs)
    zh = f"{judged} 个结果相比，{_apart(pairs)} 个显出差别"
    en = f"results compared: {judged}, showing a difference: {_apart(pairs)}"
    if not judged:
        zh, en = "没有一个结果可作判断", "no result allows a verdict"
    if open_ones:
        zh, en = f"{zh}，{open_ones} 个无判断", f"{en}, {open_ones} without a verdict"
    if refused:
        zh, en = f"{zh}，{refused} 个不比较", f"{en}, {refused} refused"
    return Txt(zh, en)


def _headline(made: list[Pair]) -> dict[tuple[str, str, str], list[Txt]]:
    """(pair, zh, en) -> quantities that are asked for first: each sentence once a pair."""
    found: dict[tuple[str, str, str], list[Txt]] = {}
    for pair in made:
        q = pair.measured_a.quantity
        step = q.measurand_id == SYSTEM_RATE
        if q.measurand_id.partition("@")[0] in HEADLINE and (step or q.scope == ""):
            sides = f"{pair.a}, {pair.b}"
            name = Txt(f"{q.name.zh}（{q.scope}）", f"{q.name.en} ({q.scope})") if step else q.name
            found.setdefault((sides, pair.text.zh, pair.text.en), []).append(name)
    return found
