"""What was tried again and what never came to a result: what the values that are left stand for.

A retry replaces no value, only the lack of one. Still the values that are left are a selection
where what makes a visit fail also makes it slow or costly, and a reader has to be told so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from host.campaign.state import VALID, State, Visit
from host.handover.text import Txt

# Folders named in a sentence; the table and the CSV have all of them.
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Selected:
    """Counted visits of a cell that have ended, by how their value came. again: at a later try."""

    cell: str
    at_once: int
    again: int
    lost: int

    @property
    def visits(self) -> int:
        return self.at_once + self.again + self.lost


def selected(state: State) -> tuple[Selected, ...]:
    """Every cell, in the order of the file."""
    made = []
    for name in state.asked.names:
        ends = [v for v in _ended(state) if v.slot.cell == name]
        valid = [v for v in ends if v.status == VALID]
        at_once = sum(v.slot.attempt == 1 for v in valid)
        made.append(Selected(name, at_once, len(valid) - at_once, len(ends) - len(valid)))
    return tuple(made)


def selection_words(state: State) -> Iterator[Txt]:
    """Sentences for a verdict; none where every visit came to a result at once."""
    tries = [v for v in state.visits if v.slot.attempt > 1]
    if tries:
        yield _tried_again(state, tries)
    gone = [v for v in state.visits if v.status == "gone"]
    if gone:
        yield Txt(
            f"有 {len(gone)} 次曾计入的访问，其运行目录已被删除：结果为删除后所余。",
            f"Run folders that had counted were deleted: {len(gone)}. This is what was left over.",
        )
    other = [v for v in state.visits if v.status == VALID and v.reason]
    if other:
        yield Txt(
            f"{len(other)} 次有效访问的功率证据与该单元首次访问不同（power-changed）："
            "等级不同的能量未取平均。",
            f"Power was had otherwise than in the cell's first visit in {len(other)} valid visits"
            " (power-changed): energies of several tiers were not averaged.",
        )
    ends = _ended(state)
    lost = [v for v in ends if v.status != VALID]
    if lost:
        yield Txt(
            f"{len(ends)} 次计入阶段的访问中 {len(lost)} 次没有有效结果。"
            "若使访问失败的原因也使其变慢，余下的值会偏好看。",
            f"{len(lost)} of {len(ends)} counted visits have no valid result. Where what makes a"
            " visit fail also makes it slow, the values that are left flatter their cell.",
        )


def _ended(state: State) -> list[Visit]:
    """The last try of each counted visit that has ended."""
    return [v for v in state.finals() if v.slot.phase == "counted" and v.status != "open"]


def _tried_again(state: State, tries: list[Visit]) -> Txt:
    rule = state.asked.campaign.retries
    came = sum(v.status == VALID for v in tries)
    names = ", ".join(v.slot.folder.removeprefix("visits/") for v in tries[:_MOST_NAMES])
    if len(tries) > _MOST_NAMES:
        names += f" (+{len(tries) - _MOST_NAMES})"
    reasons = ", ".join(rule.reasons)
    return Txt(
        f"按事先声明的规则（{reasons}；每次访问至多重试 {rule.most} 次）重试 {len(tries)} 次，"
        f"{came} 次得到有效结果：{names}。",
        f"{len(tries)} tries again, as the file said in advance ({reasons}; {rule.most} at most"
        f" for a visit); valid: {came}. They are {names}.",
    )
