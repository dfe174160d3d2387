"""Fidelity: what a reference file states, what a run's scores come to, what the record says.

Logits are of single positions of fixed windows of token ids, teacher-forced: every id but the last
of a window is given, and the row of position i predicts the id at i + 1. Logarithms are natural.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from host.handover import events
from host.handover.quantity import Definition
from host.handover.scalars import Dec, Sha256
from host.handover.text import Txt, same

REFERENCE_VERSION: Final = 1
DEFAULT_N_CTX: Final = 256
# Engines whose library gives logits (agent/engines/base.py, `Scoring`).
SCORING_ENGINES: Final = frozenset({"llama_cpp", "onnx_genai"})
Language = Literal["zh", "en", "all"]
Count = Annotated[int, Meta(ge=0, le=2**40)]
Token = Annotated[int, Meta(ge=0, lt=2**31)]
Said = Annotated[str, Meta(max_length=4096)]


class ErrorRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the standard errors of a run are found: data/fidelity/errors.json.

    1, also where a folder has no such file: each answer of each attempt counts as a request of
    its own, and percentiles are resampled without a correction. 2: all answers to one request are
    one, and the resampled spread is multiplied by sqrt(W / (W - 1)).
    """

    standard_errors: Literal[1, 2]


ERROR_RULES: Final = 2  # of new runs


class ReferenceModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model that a reference was made with."""

    name: Said
    format: Said
    quantization: Said
    sha256: Sha256
    tokenizer_sha256: Sha256


class ReferenceTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text set that the windows are cut from."""

    id: Said
    version: Said
    sha256: Sha256


class ReferenceWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One window of token ids."""

    language: Literal["zh", "en"]
    ids: Annotated[tuple[Token, ...], Meta(min_length=2)]


HexBytes = Annotated[str, Meta(pattern=r"^([0-9a-f]{2})*$(?!\n)")]


class ScoredOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent's engine answered to a prompt, as it says it."""

    item: Said
    prompt_sha256: Sha256
    tokens: Annotated[tuple[Token, ...], Meta(max_length=1 << 20)]
    output_hex: HexBytes


class GreedyOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference model answers to a prompt, greedily; end of text is never chosen."""

    item: Said
    text_sha256: Sha256
    prompt_sha256: Sha256
    tokens: Annotated[tuple[Token, ...], Meta(max_length=1 << 20)]
    output_hex: HexBytes


class ReferenceHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a reference file; after it come its rows of logits.

    first: position of a window whose row is the first that counts, so that every row has that
    much context; the last position has no next id. data: float32, little-endian, n_vocab a row,
    window after window. engine: describe() of the engine that made them.
    """

    fidelity_reference: int
    model: ReferenceModel
    texts: ReferenceTexts
    n_ctx: Annotated[int, Meta(ge=2, le=1 << 20)]
    first: Annotated[int, Meta(ge=0, le=1 << 20)]
    n_vocab: Annotated[int, Meta(ge=2, le=1 << 24)]
    windows: Annotated[tuple[ReferenceWindow, ...], Meta(max_length=4096)]
    data_bytes: Count
    data_sha256: Sha256
    engine: dict[str, Any]
    greedy: tuple[GreedyOutput, ...] = ()

    def rows(self, window: ReferenceWindow) -> int:
        """Rows of logits that a window has."""
        return len(window.ids) - 1 - self.first


class ScoredFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of logits as the agent wrote it, one for each window."""

    file: Annotated[str, Meta(pattern=r"^logits-[0-9]{4}\.f32$(?!\n)")]
    rows: Count
    n_vocab: Count
    size_bytes: Count
    sha256: Sha256


class Scores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the run's own model gave for the windows of the reference: data/fidelity/scores.json.

    model_sha256: of the artefact that was scored. settings: of the engine, as for the attempts.
    """

    reference_sha256: Sha256
    model_sha256: Sha256
    engine_kind: Said
    settings: dict[str, Any]
    files: tuple[ScoredFile, ...]
    engine: dict[str, Any]


class FidelityFigure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One figure. u: its standard error over the windows, null where `u_missing` says why.

    n: windows (or requests, of greedy agreement) behind it; positions: tokens predicted in them.
    """

    measurand_id: str
    name: Txt
    language: Language
    value: Dec
    u: Dec | None
    unit: str
    n: int
    positions: int
    u_rule: Txt


class FidelityLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit of the plan. value: null where there is no such figure; then it is not kept."""

    limit: str
    at: Dec
    value: Dec | None
    kept: bool


Outcome = Literal["not-measured", "reported", "within-limits", "beyond-limits", "void"]


class FidelityField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How true the output of this model, runtime and device is to a reference.

    outcome: `reported` where the plan sets no limit; `void` for scores that are no numbers.
    ranked: whether the record's speeds may be ranked. reason: `code: detail` of an outcome that
    is no figure, "" otherwise. reference, texts: what the reference file states of itself.
    """

    outcome: Outcome
    ranked: bool
    text: Txt
    reason: str = ""
    reference: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    windows: dict[str, Any] = {}
    figures: tuple[FidelityFigure, ...] = ()
    limits: tuple[FidelityLimit, ...] = ()
    decision_rule: Txt | None = None


class FidelityPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run's output is compared with, and how far it may be from it.

    reference: path of a reference file, or its SHA-256 where it lies in the user's store. A limit
    that is left out is not set; without any, fidelity is reported and nothing is gated. KL
    divergences in nat, agreements as ratios 0 to 1.
    """

    reference: Annotated[str, Meta(min_length=1, max_length=4096)]
    max_mean_kl: Annotated[float, Meta(gt=0, le=1000)] | None = None
    max_p99_kl: Annotated[float, Meta(gt=0, le=1000)] | None = None
    min_top1_agreement: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_perplexity_ratio: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    min_greedy_agreement: Annotated[float, Meta(ge=0, le=1)] | None = None


def _definition(name: str, zh: str, en: str, model: Txt) -> Definition:
    span = (events.PROMPT_HANDED, events.PROMPT_LOGITS)
    return Definition(name, Txt(zh, en), model, "1", *span, same("inferometer"))


KL_MEAN, KL_P99 = "kl_divergence_mean@1", "kl_divergence_p99@1"
TOP1, RATIO = "top1_agreement@1", "perplexity_ratio@1"
PERPLEXITY, REFERENCE_PERPLEXITY = "perplexity@1", "reference_perplexity@1"
GREEDY, GREEDY_WHOLE = "greedy_agreement@1", "greedy_identical@1"

DEFINED: Final = (
    _definition(
        KL_MEAN,
        "平均 KL 散度（奈特）",
        "mean KL divergence (nat)",
        same("mean(sum(p * (ln p - ln q)))"),
    ),
    _definition(
        KL_P99,
        "KL 散度的第 99 百分位数（奈特）",
        "99th percentile of KL divergence (nat)",
        Txt(
            "全部位置 sum(p * (ln p - ln q)) 的分位数（Hyndman-Fan 第 7 型）",
            "quantile (Hyndman-Fan type 7) of sum(p * (ln p - ln q)) over all positions",
        ),
    ),
    _definition(
        TOP1,
        "首选词元一致率",
        "top-1 agreement",
        Txt("首选词元相同的位置数 / 位置数", "count(positions of one first choice) / positions"),
    ),
    _definition(
        RATIO,
        "困惑度之比",
        "perplexity ratio",
        Txt("exp(mean(ln p - ln q))，取实际的下一词元", "exp(mean(ln p - ln q)) of the next id"),
    ),
    _definition(
        PERPLEXITY,
        "困惑度",
        "perplexity",
        Txt("exp(-mean(ln q))，取实际的下一词元", "exp(-mean(ln q)) of the next id"),
    ),
    _definition(
        REFERENCE_PERPLEXITY,
        "参考模型的困惑度",
        "perplexity of the reference",
        Txt("exp(-mean(ln p))，取实际的下一词元", "exp(-mean(ln p)) of the next id"),
    ),
    _definition(
        GREEDY,
        "贪心输出一致率",
        "greedy agreement",
        Txt(
            "首个不同之处以前的长度 / 长度，各请求平均",
            "length up to the first difference / length, mean over requests",
        ),
    ),
    _definition(
        GREEDY_WHOLE,
        "贪心输出完全相同的占比",
        "share of identical greedy outputs",
        Txt("输出完全相同的请求数 / 请求数", "count(requests of identical output) / requests"),
    ),
)
NAMES: Final[dict[str, Txt]] = {d.id: d.name for d in DEFINED}

NOT_MEASURED: Final = Txt(
    "没有保真度结果：速度已测量，不参与排名。",
    "No fidelity result: speeds are measured, not ranked.",
)


def not_measured(reason: str = "", text: Txt = NOT_MEASURED) -> FidelityField:
    """The field of a record without a fidelity result."""
    return FidelityField("not-measured", ranked=False, text=text, reason=reason)
