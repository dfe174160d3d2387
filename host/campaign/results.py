"""A campaign's outcome as one JSON value and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isinf
from typing import Any

import msgspec

from host.campaign.answer import Answer, answers_of, sentences, summary
from host.campaign.cells import Asked
from host.campaign.harvest import CellHarvest, Fidelity
from host.campaign.matrix import Figure, Outcome, PairOutcome, outcome_of
from host.campaign.outlook import counts, standing
from host.campaign.selection import selection_words
from host.campaign.state import State
from host.campaign.stopping import claim_level
from host.campaign.unranked import with_visits
from host.compare.words import words_of
from host.handover.text import Txt
from host.schema.canonical import decimal
from host.schema.rounding import display_of, with_uncertainty

SHOWN_STRAYS = 5


@dataclass(frozen=True)
class CampaignReport:
    """All that a campaign came to; the outcome is computed on use.

    strays: folders of visits that its journal does not name, so that they are not in the outcome.
    """

    asked: Asked
    state: State
    harvests: Mapping[str, CellHarvest]
    strays: tuple[str, ...] = ()

    @cached_property
    def outcome(self) -> Outcome:
        level = claim_level(self.asked.campaign.stop, self.asked.unit)
        ended = bool(self.state.ended)
        found = outcome_of(self.asked, self.harvests, level, ended=ended)
        return with_visits(found, self.state)

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """Which cell to take; none before the end, since nothing is claimed before it."""
        return answers_of(self.asked, self.outcome) if self.state.ended else ()

    @property
    def verdicts(self) -> tuple[Txt, ...]:
        """How far it got, which cell to take, and how much is claimed from how much."""
        first, *others = self.told_beside_answers
        return (first, *sentences(self.answers), *others)

    @property
    def told_beside_answers(self) -> tuple[Txt, ...]:
        """The verdict without a sentence for each answer, where a table has them."""
        stop = self.asked.campaign.stop
        fixed = self.state.ended == "cap" and stop.min == stop.max
        return (
            _FIXED if fixed else _ENDS.get(self.state.ended, _GOING),
            *summary(self.answers, self.asked),
            self._claims(),
            *_lost(self.state, self.strays),
            *selection_words(self.state),
            _ranking(self.outcome),
        )

    def _claims(self) -> Txt:
        pairs, level = self.outcome.pairs, self.outcome.level
        tried = sum(pair.ratio is not None for pair in pairs)
        if not self.state.ended:
            return Txt(
                f"迄今 {tried} 个比值；结束后才判断差别。",
                f"{tried} ratios so far; differences are claimed when it has ended.",
            )
        claimed = sum(pair.claimed for pair in pairs)
        return Txt(
            f"{tried} 个比值中，{claimed} 个显示出差别（总水平 {level:.3g}）。",
            f"{claimed} of {tried} ratios show a difference, at {level:.3g} for all together.",
        )

    def as_json(self) -> dict[str, Any]:
        """Numbers as decimal strings, prose in both languages."""
        outcome, state = self.outcome, self.state
        return {
            "title": self.asked.campaign.title,
            "campaign": msgspec.to_builtins(self.asked.campaign),
            "ended": state.ended,
            "blocks": dict(state.closed),
            "looks": [dict(each) for each in state.looks],
            "claim_level": decimal(outcome.level),
            "verdict": [msgspec.to_builtins(each) for each in self.verdicts],
            "answers": [_answer(each) for each in self.answers],
            "cells": [
                {
                    "name": cell.name,
                    "values": dict(self.asked.cell(cell.name).values),
                    "standing": standing(state, cell.name),
                    "visits": counts(state, cell.name),
                    "ranked": not cell.why_unranked,
                    "why_unranked": [msgspec.to_builtins(why) for why in cell.why_unranked],
                    "fidelity": _fidelity(cell.fidelity),
                    "figures": {key: _figure(each) for key, each in cell.figures.items()},
                }
                for cell in outcome.cells
            ],
            "pairs": [_pair(pair) for pair in outcome.pairs],
        }


_GOING = Txt(
    "尚未结束，以下为迄今所得。",
    "Not ended: this is what there is so far.",
)
_FIXED = Txt("规定的轮数已全部完成。", "The stated number of blocks is done.")
_ENDS: Mapping[str, Txt] = {
    "precision": Txt("已达到规定的精度。", "The stated precision is reached."),
    "cap": Txt(
        "到达轮数上限而结束，未达到规定的精度。", "Ended at the cap, not at the precision."
    ),
    "no-cell": Txt("全部单元均已放弃。", "Every cell was given up."),
}


def _lost(state: State, strays: Sequence[str]) -> Iterator[Txt]:
    if state.given_up:
        names = ", ".join(state.given_up)
        yield Txt(f"已放弃的单元：{names}。", f"Given up: {names}.")
    if strays:
        names = ", ".join(strays[:SHOWN_STRAYS]) + (" …" if len(strays) > SHOWN_STRAYS else "")
        yield Txt(
            f"campaign.jsonl 未列出 visits/ 下的 {names}，不计入结果。",
            f"Not in campaign.jsonl, and so in no result: {names} below visits/.",
        )


def _ranking(outcome: Outcome) -> Txt:
    """How many cells may be ranked (law 9: by speed only with a fidelity result)."""
    may, all_ = sum(not cell.why_unranked for cell in outcome.cells), len(outcome.cells)
    return Txt(f"{all_} 个单元中 {may} 个可参与排名。", f"{may} of {all_} cells may be ranked.")


def ratio_text(pair: PairOutcome) -> str:
    """Ratio with U, or a dash."""
    if pair.ratio is None:
        return "-"
    display = display_of("1", 1.0)
    if pair.ratio.U == 0:
        return f"{pair.ratio.value:.6g}"
    value = with_uncertainty(display.of(pair.ratio.value), display.of(pair.ratio.U))
    return " ± ".join(value)


def words_of_pair(pair: PairOutcome) -> Txt:
    """The verdict of one pair: a claim, none, or why there cannot be one.

    It says `faster` and never `better`: which of them is better is for a ranking, with fidelity.
    """
    if pair.ratio is None or pair.why is not None:
        return pair.why or Txt("", "")
    if not pair.claimed:
        return Txt("看不出差别", "no difference shown")
    higher = pair.b if pair.ratio.value > 1 else pair.a
    words, which = words_of(pair.result.partition("/")[0]).short, pair.better or higher
    if not pair.better:
        words = words_of("").short
    return Txt(f"{which} {words.zh}", f"{which} {words.en}")


def cautions_of(pair: PairOutcome) -> tuple[Txt, ...]:
    """What a reader of a ratio must know."""
    if pair.ratio is None:
        return ()
    said, found = [], pair.ratio.contrast
    if found.trend:
        said.append(Txt("差别本身随时间变化", "the difference itself changes during the campaign"))
    if found.widened:
        said.append(
            Txt(
                f"相邻单元相似（r = {found.r:.2f}），u 已放宽",
                f"units resemble their neighbours (r = {found.r:.2f}): u was widened",
            )
        )
    if not pair.complete:
        said.append(Txt("B 类分量未知", "type B terms are not known"))
    return tuple(said)


def _answer(each: Answer) -> dict[str, Any]:
    (other, ratio), (a, b, widest) = each.next, each.widest
    return {
        "where": dict(each.where),
        "result": each.result,
        "first": list(each.first),
        "beaten": list(each.beaten),
        "next": {"cell": other, "ratio": ratio} if other else None,
        "widest": {"a": a, "b": b, "ratio": widest} if widest else None,
        "not_compared": [list(pair) for pair in each.apart],
        "left_out": list(each.left_out),
    }


def _figure(each: Figure) -> dict[str, Any]:
    return {
        "value": _dec(each.value),
        "U": _dec(each.U),
        "k": _dec(each.k),
        "n": each.n,
        "unit": each.quantity.unit if each.quantity else "",
        "missing": each.missing,
    }


def _fidelity(found: Fidelity | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "outcome": found.outcome,
        "ranked": found.ranked,
        "figures": {
            key: {"value": _dec(value), "u": _dec(u)} for key, (value, u) in found.figures.items()
        },
    }


def _pair(pair: PairOutcome) -> dict[str, Any]:
    said: dict[str, Any] = {
        "a": pair.a,
        "b": pair.b,
        "result": pair.result,
        "claimed": pair.claimed,
        "better": pair.better,
        "text": msgspec.to_builtins(words_of_pair(pair)),
        "cautions": [msgspec.to_builtins(each) for each in cautions_of(pair)],
        "ratio": None,
    }
    ratio = pair.ratio
    if ratio is not None:
        found = ratio.contrast
        said["ratio"] = {
            "value": decimal(ratio.value),
            "U": decimal(ratio.U),
            "k": decimal(ratio.k),
            "nu": "inf" if isinf(ratio.nu) else decimal(ratio.nu),
            "p_value": decimal(ratio.p_value),
            "u_units": decimal(found.u),
            "u_common": decimal(ratio.u_common),
            "units": found.units,
            "blocks": found.blocks,
            "slope": _dec(found.slope),
            "autocorrelation": decimal(found.r),
            "widened": found.widened,
            "trend": found.trend,
        }
    return said


def _dec(value: float | None) -> str | None:
    return None if value is None else decimal(value)
