"""ROUGE-L and chrF through their libraries (extra `scoring`), which are imported on use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from host.errors import UsageError

# Library by scorer. Their versions stand in the record: another one may cut words otherwise.
LIBRARIES: Final = {"rouge_l": "rouge-score", "chrf": "sacrebleu"}
# The common subsequence takes time by the product of both lengths.
MAX_CHARACTERS = 20_000
# A run of letters and digits of an alphabet is one word, everything else that is written is one
# a character: Chinese has no spaces between words. Punctuation counts for nothing.
_WORD = re.compile(r"[a-z0-9\u00c0-\u024f]+|[^\W_]")


class Characters:
    """Tokenizer of `rouge-score` for Chinese text: words of an alphabet whole, others apart."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


def installed() -> dict[str, str]:
    """Scorer -> `library version`, of those that are there."""
    found = {}
    for scorer, library in LIBRARIES.items():
        try:
            found[scorer] = f"{library} {version(library)}"
        except PackageNotFoundError:
            continue
    return found


def need(scorers: dict[str, str]) -> None:
    """Raise UsageError where what scored a run is not here in the same version."""
    here = installed()
    for scorer, wanted in scorers.items():
        if scorer in LIBRARIES and here.get(scorer) != wanted:
            raise UsageError(
                "scoring",
                f"this run was scored by {wanted}, here is {here.get(scorer, 'none')}:"
                f' pip install "inferometer[scoring]" {wanted.replace(" ", "==")}',
            )


def rouge_l(output: str, references: Sequence[str], language: str) -> float:
    """ROUGE-L, F1 of the longest common subsequence of words; the best over the references."""
    scorer, text = _rouge(language), output[:MAX_CHARACTERS]
    return max(float(scorer.score(each, text)["rougeL"].fmeasure) for each in references)


def chrf(output: str, references: Sequence[str], language: str) -> float:
    """chrF2: F2 of character n-grams up to 6, without spaces, 0 to 1 (sacreBLEU gives percent)."""
    del language  # characters are characters
    found = _chrf().sentence_score(output[:MAX_CHARACTERS], list(references))
    return float(found.score) / 100


@cache
def _rouge(language: str) -> Any:  # noqa: ANN401 - a class of the library
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=Characters() if language == "zh" else None)


@cache
def _chrf() -> Any:  # noqa: ANN401 - a class of the library
    from sacrebleu.metrics import CHRF

    return CHRF(char_order=6, word_order=0, beta=2)
