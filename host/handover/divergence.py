"""Fidelity that a native runner's own tool states: what a device without Python can say of logits.

The tool compares, on the device, the model's logits with those of the reference, and prints what
it found. Nothing of it can be redone from raw data, so that it stands under names of its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from host.handover import events
from host.handover import fidelity as names
from host.handover.fidelity import NAMES
from host.handover.profile import Argv, Pattern
from host.handover.quantity import Definition
from host.handover.scalars import Sha256
from host.handover.text import Txt, same

# What a tool may state -> our own measurand of the like.
LIKE: Final[dict[str, str]] = {
    "mean_kl": names.KL_MEAN,
    "p99_kl": names.KL_P99,
    "top1_agreement": names.TOP1,
    "perplexity_ratio": names.RATIO,
    "perplexity": names.PERPLEXITY,
    "reference_perplexity": names.REFERENCE_PERPLEXITY,
}
StatedName = Literal[
    "mean_kl",
    "p99_kl",
    "top1_agreement",
    "perplexity_ratio",
    "perplexity",
    "reference_perplexity",
]
PERCENT: Final = "%"


class StatedPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the tool states a figure: a regular expression, the last line that fits.

    Groups: `value`, and `error` for its standard error where it states one. unit: of both.
    """

    pattern: Pattern
    unit: Literal["1", "%"] = "1"


class Divergence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tool. argv: with `{model}`, `{base}`, `{threads}`, and `{context}` of the windows.

    base: the form of file in which it takes the reference; `llama_cpp` is what `llama-perplexity
    --kl-divergence-base` writes. version: asked before a run.
    """

    argv: Argv
    base: Literal["llama_cpp"]
    figures: Annotated[dict[StatedName, StatedPattern], Meta(min_length=1)]
    version: tuple[str, ...] = ()


class StatedScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tool was given and what it printed: data/fidelity/stated.json, log in stated.log.

    settings: `divergence` of the engine's settings.
    """

    reference_sha256: Sha256
    model_sha256: Sha256
    settings: dict[str, Any]
    log_sha256: Sha256


_MODEL: Final = Txt(
    "设备上的工具所述，无法由原始数据重算；参考的 logits 以 16 位交给它，且不低于最大值减 16",
    "as the tool on the device states it, not redone from raw data; the reference was handed to it"
    " in 16 bits, no logit lower than the largest one minus 16",
)
_ORIGIN: Final = same("ggml-org/llama.cpp, tools/perplexity/README.md, and the runner's document")
STATED_ERROR: Final = Txt(
    "工具所述的标准误差（它把各位置视为独立）",
    "the standard error that the tool states (it takes positions as independent)",
)
NO_ERROR: Final = Txt("工具没有给出标准误差", "the tool states no standard error")


def stated_id(name: str) -> str:
    """Id of a figure as a tool states it."""
    return f"convention:stated.fidelity.{name.replace('_', '-')}"


STATED_LIKE: Final[dict[str, str]] = {like: stated_id(name) for name, like in LIKE.items()}
STATED_DEFINED: Final = tuple(
    Definition(
        stated_id(name),
        Txt(f"{NAMES[like].zh}（程序自述）", f"{NAMES[like].en}, stated by the runner"),
        _MODEL,
        "1",
        events.PROMPT_HANDED,
        events.PROMPT_LOGITS,
        _ORIGIN,
    )
    for name, like in LIKE.items()
)
STATED_NAMES: Final[dict[str, Txt]] = {d.id: d.name for d in STATED_DEFINED}
