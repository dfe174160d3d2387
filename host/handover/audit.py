"""What audit probes left in a run folder, and what was judged of them. Frozen data and words.

`data/probes/seed.json` holds the seed that was drawn once the plan was committed,
`data/probes/reference.json` known outputs, `data/probes/NAME/` an attempt with `probe.json` beside
its streams: the requests it was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from host.handover.plan import ResolvedRequest
from host.handover.scalars import Dec, Sha256
from host.handover.text import Txt
from host.handover.trace import AttemptTrace

REFERENCE_VERSION = 1
# With answers that are texts; with outputs of a plain graph.
TEXTS_VERSION, GRAPHS_VERSION = 2, 3
SEED_BYTES = 32
Hex64 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Token = Annotated[int, Meta(ge=0, lt=2**31)]
MAX_ITEMS = 10_000


class SeedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`data/probes/seed.json`. seed: 32 bytes, hexadecimal. plan_sha256: of what was committed."""

    seed: Hex64
    plan_sha256: Hex64

    @property
    def sha256(self) -> str:
        """Of the seed, as the journal has it."""
        return hashlib.sha256(bytes.fromhex(self.seed)).hexdigest()


class KnownGraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plain graph gives for some inputs.

    input_sha256, output_sha256: as the agent hashes them. sample: some values of the outputs,
    always at the same places; none of a run from before they were kept.
    """

    input_sha256: Hex64
    output_sha256: Hex64
    sample: Annotated[tuple[float | None, ...], Meta(max_length=1024)] = ()


class KnownOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A prompt and what the model answers it with, decoded greedily; or inputs of a plain graph.

    prompt_tokens: of the text, by the model's tokenizer; None where it was asked as a text.
    output_tokens: that were asked for, 0 of a graph. tokens: of the answer; output: its text,
    where the engine shows no ids; graph: outputs of a plain graph. One of the three is there.
    """

    item: Annotated[str, Meta(min_length=1, max_length=512)]
    text: Annotated[str, Meta(min_length=1)]
    prompt_tokens: Annotated[int, Meta(ge=1)] | None
    output_tokens: Annotated[int, Meta(ge=0)]
    tokens: tuple[Token, ...] = ()
    output: bytes = b""
    graph: KnownGraph | None = None

    @property
    def said(self) -> tuple[int, ...] | bytes:
        """The answer, in what it is compared by."""
        if self.graph is not None:
            return bytes.fromhex(self.graph.output_sha256)
        return self.tokens or self.output


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Known outputs of one model, from a sealed run that was believed.

    model_sha256: of the very file or folder. stop: of the run. run, record_id: where they are of.
    """

    reference: int
    model_sha256: Hex64
    tokenizer_sha256: str | None
    engine_kind: str
    stop: Literal["length", "natural"]
    run: str
    record_id: str
    outputs: Annotated[tuple[KnownOutput, ...], Meta(min_length=1, max_length=MAX_ITEMS)]


class ProbeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`probe.json`. model_sha256: of the model that it ran; permuted: its tensors, if any were.

    requests: warm-ups first, as many as the plan's run has, then in this order.
    """

    name: str
    model_sha256: str
    requests: Annotated[tuple[ResolvedRequest, ...], Meta(min_length=1, max_length=100_000)]
    permuted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe's attempt. asked: its `probe.json`."""

    asked: ProbeFile
    trace: AttemptTrace

    @property
    def name(self) -> str:
        return self.asked.name


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of the host's journal that an audit rests on."""

    event: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Probes:
    """Everything of an audit that a run folder holds.

    plan_sha256: of `data/plan.json` as it lies there. probes: by name, of each the last that came
    to its end. noted: what the host's journals say, in order.
    """

    plan_sha256: str
    seed: SeedFile | None = None
    reference: Reference | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    noted: tuple[Noted, ...] = ()


COMMITTED: Final = "plan_committed"
DRAWN: Final = "audit_seed"
STARTED: Final = "probe_start"
# Nobody was with the attempts: seed and probes came when they were collected.
DETACHED: Final = "detached"
ATTEMPTED: Final = "attempt_start"


def commit_fault(probes: Probes) -> str:
    """What keeps the seed from having been drawn after the plan was committed; "" for nothing.

    The journal must say, in this order: the hash of the plan that lies there, the first attempt,
    the hash of the seed that lies there, the first probe.
    """
    if probes.seed is None:
        return "no seed is kept"
    if probes.seed.plan_sha256 != probes.plan_sha256:
        return "the seed was drawn for another plan"
    places = [
        _first(probes.noted, COMMITTED, probes.plan_sha256),
        _first(probes.noted, ATTEMPTED),
        _first(probes.noted, DRAWN, probes.seed.sha256),
        _first(probes.noted, STARTED),
    ]
    if None in places[:3]:
        return "the journal does not say that this plan was committed, and then this seed drawn"
    known = [place for place in places if place is not None]
    if known != sorted(known):
        return "the journal says that the seed was drawn before the plan was committed and run"
    return ""


def _first(noted: tuple[Noted, ...], event: str, sha256: str = "") -> int | None:
    """The place of the first line of this kind, with this hash where one is given."""
    for place, line in enumerate(noted):
        if line.event == event and (not sha256 or line.said.get("sha256") == sha256):
            return place
    return None


class FigureField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One quantity that a probe was judged by.

    value: null where there is none. U: expanded, p = 95 %, null where nothing gives a spread.
    low, high: the limits of the plan, null where there is none on that side. n: values in it.
    holds: `yes`, `no`, or `open` where U reaches across a limit.
    """

    id: str
    name: Txt
    value: Dec | None
    U: Dec | None
    k: Dec | None
    n: int
    low: Dec | None
    high: Dec | None
    holds: Literal["yes", "no", "open"]


class ProbeField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One probe in the record.

    outcome: `passed`; `failed`, which makes the record void; `undecided` where the spread is too
    large to tell; `not-judged` with `reason`, a code and its detail. attempts: how many more
    attempts it took. asked, text: what was done, and what came of it.
    """

    probe: str
    outcome: Literal["passed", "failed", "undecided", "not-judged"]
    reason: str
    asked: Txt
    text: Txt
    attempts: int
    requests: int
    figures: tuple[FigureField, ...]
    seed_sha256: Sha256 | None = None
    reference_sha256: Sha256 | None = None


ASKED: Final[dict[str, Txt]] = {
    "repeat": Txt(
        "同一提示反复询问，与从未问过的等长提示交替：有隐藏缓存者，重复的更快。",
        "One prompt again and again, by turns with prompts of its length that were never asked"
        " before: with a hidden cache the repeated one is faster.",
    ),
    "seed": Txt(
        "数据集的提示与方案提交之后才抽取的等长提示交替：事先准备过答案者，前者更快。",
        "The dataset's prompts by turns with prompts of their length that were drawn after the"
        " plan was committed: with prepared answers the former are faster.",
    ),
    "permuted": Txt(
        "同一模型，部分权重矩阵的行按种子重排：输出必须改变，速度不得改变。",
        "The model with the rows of some of its weights put into another order by the seed: the"
        " output must change, the speed must not.",
    ),
    "canary": Txt(
        "输出已知的提示或输入：换了模型者，输出不同。",
        "Prompts, or inputs, whose outputs are known: another model gives others.",
    ),
    "length": Txt(
        "自然结束的输出长度与已知长度比较：截短或拉长输出者可见。",
        "The lengths of outputs that end by themselves, against known ones: an output that is cut"
        " or padded shows.",
    ),
}
