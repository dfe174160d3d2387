"""Scenario scores: expected answers of a dataset, and what outputs are worth beside them.

They stand beside fidelity and never in its place: a model may answer well and be another one.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from host.handover.scalars import Dec, Sha256
from host.handover.text import Txt

ANSWERS_VERSION: Final = 1
Scorer = Literal["command_match", "rouge_l", "chrf"]
# Engines that hand out token ids; the agent keeps the bytes of each beside them.
PIECES_ENGINES: Final = frozenset({"llama_cpp", "onnx_genai", "replay"})
MAX_ANSWERS: Final = 10_000
MAX_REFERENCES: Final = 20
# Why there is no score; the code stands at the head of `missing`.
NO_TEXT: Final = "no-output-text"
NOT_INSTALLED: Final = "scorer-not-installed"
NO_VALID_ATTEMPT: Final = "no-valid-attempt"
UNSCORED: Final = {
    NO_TEXT: Txt("没有保留输出文本", "no text of an output was kept"),
    NOT_INSTALLED: Txt(
        "测量时未安装该评分库", "the library that scores this was not installed for the run"
    ),
    NO_VALID_ATTEMPT: Txt("没有有效的测量次", "there is no valid attempt"),
}
Words = Annotated[str, Meta(pattern=r"\S", max_length=20_000)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is expected of one item. language: of the answer, for cutting it into words.

    expected: commands, for `command_match`; references: texts, any of which will do, for others.
    """

    item: Annotated[str, Meta(min_length=1, max_length=512)]
    scorer: Scorer
    language: Literal["zh", "en"]
    expected: tuple[dict[str, Any], ...] = ()
    references: Annotated[tuple[Words, ...], Meta(max_length=MAX_REFERENCES)] = ()


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers for one dataset, named by its hash, so that the dataset itself stays as it was.

    scorers: what scores in this run, with the version of the library behind it, "" for our own;
    none in the files that are shipped. A scorer that is not named there was not installed.
    """

    answers: int
    dataset: str
    dataset_sha256: Sha256
    items: Annotated[tuple[Answer, ...], Meta(min_length=1, max_length=MAX_ANSWERS)]
    scorers: dict[str, str] = {}


class ItemScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean over the scored outputs of one item, 0 to 1. value None: `missing` says why."""

    item: str
    outputs: int
    value: Dec | None
    missing: str = ""


class ScoreField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scorer on one scenario. value: mean over items, 0 to 1; None: `missing` says why.

    version: library and version, "" for our own rule. The items are these and no sample of more,
    so no uncertainty is stated.
    """

    scenario: str
    scorer: Scorer
    version: str
    name: Txt
    rule: Txt
    items: tuple[ItemScore, ...]
    value: Dec | None
    missing: str = ""
