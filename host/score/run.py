"""Scores of a run: every item that has an answer, by scenario and scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum
from typing import Final

from host.handover.scores import NOT_INSTALLED, Answer, Answers, ItemScore, ScoreField, Scorer
from host.handover.text import Txt
from host.schema.canonical import decimal
from host.score.commands import command_match
from host.score.overlap import chrf, need, rouge_l

NAMES: Final[Mapping[Scorer, Txt]] = {
    "command_match": Txt("指令完全匹配率", "exact command match"),
    "rouge_l": Txt("ROUGE-L", "ROUGE-L"),
    "chrf": Txt("chrF", "chrF"),
}
RULES: Final[Mapping[Scorer, Txt]] = {
    "command_match": Txt(
        "取输出中的第一个 JSON 数组，与期望的指令按 JSON 值逐一比较，次序不计；"
        "完全相同为 1，否则为 0",
        "the first JSON array of the output, compared with the expected commands as JSON values in"
        " any order; 1 where they are the same, else 0",
    ),
    "rouge_l": Txt(
        "最长公共子序列的 F1，英文按词、中文按字，不取词干；多个参考取最大值",
        "F1 of the longest common subsequence, by words in English and by characters in Chinese,"
        " no stemming; the best over the references",
    ),
    "chrf": Txt(
        "1 至 6 个字符的 n 元组的 F2（chrF2），不计空格，以 0 至 1 表示",
        "F2 of character n-grams from 1 to 6 (chrF2), spaces left out, stated from 0 to 1",
    ),
}
_OVERLAP: Final[Mapping[str, Callable[[str, Sequence[str], str], float]]] = {
    "rouge_l": rouge_l,
    "chrf": chrf,
}


def scores_of(
    answers: Answers,
    scenarios: Mapping[str, str],
    outputs: Mapping[str, Sequence[str]],
    why: str,
) -> tuple[ScoreField, ...]:
    """One score for each scenario and scorer, in the order of the answers.

    scenarios: of the items that were run. outputs: item -> texts, one for each scored request of
    a valid attempt. why: reason where an item has none. Raises UsageError where a scorer of the
    run is not installed here.
    """
    need(answers.scorers)
    groups: dict[tuple[str, Scorer], list[ItemScore]] = {}
    for answer in answers.items:
        if answer.item in scenarios:
            scored = _item(answer, answers.scorers, outputs.get(answer.item, ()), why)
            groups.setdefault((scenarios[answer.item], answer.scorer), []).append(scored)
    return tuple(
        _field(scenario, scorer, answers.scorers.get(scorer, ""), items)
        for (scenario, scorer), items in groups.items()
    )


def _item(
    answer: Answer, scorers: Mapping[str, str], outputs: Sequence[str], why: str
) -> ItemScore:
    if answer.scorer not in scorers:
        return ItemScore(answer.item, 0, None, f"{NOT_INSTALLED}: {answer.scorer}")
    if not outputs:
        return ItemScore(answer.item, 0, None, why)
    # Greedy outputs are the same in every attempt, and a text is scored once.
    worth = {text: _score(answer, text) for text in set(outputs)}
    mean = fsum(worth[text] for text in outputs) / len(outputs)
    return ItemScore(answer.item, len(outputs), decimal(mean))


def _score(answer: Answer, text: str) -> float:
    if answer.scorer == "command_match":
        return command_match(text, answer.expected)
    return _OVERLAP[answer.scorer](text, answer.references, answer.language)


def _field(scenario: str, scorer: Scorer, version: str, items: Sequence[ItemScore]) -> ScoreField:
    """The mean over items; none where one of them has no value, as the items would be others."""
    missing = next((item.missing for item in items if item.value is None), "")
    values = [float(item.value) for item in items if item.value is not None]
    return ScoreField(
        scenario=scenario,
        scorer=scorer,
        version=version,
        name=NAMES[scorer],
        rule=RULES[scorer],
        items=tuple(items),
        value=None if missing else decimal(fsum(values) / len(values)),
        missing=missing,
    )
