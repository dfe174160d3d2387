"""What happened in a run, on one clock: requests, tokens, phases, series. Frozen data only.

Times are int ns on the device's monotonic clock. Series values are floats in coherent SI units
(UCUM code in `unit`), converted from the source's unit on reading the folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from host.handover.answered import Answered

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """The span a result belongs to, [start_ns, end_ns]."""

    start_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns) * 1e-9


@dataclass(frozen=True, slots=True)
class TokenTrace:
    """The output of one request as it was seen, entry by entry: tokens, or chunks of a server.

    ready_ns: logits there, before sampling. t_ns: token chosen and available. tokens: ids.
    size_bytes: output bytes of each entry. Both are empty where the engine shows times alone.
    counts: tokens of each entry, None where each is one. total: tokens together where a server
    told no more, so that nobody knows how many came with which entry; None else.
    """

    ready_ns: IntArray
    t_ns: IntArray
    tokens: IntArray
    size_bytes: IntArray
    counts: IntArray | None = None
    total: int | None = None

    def __len__(self) -> int:
        """Entries; tokens are `made`."""
        return len(self.t_ns)

    @property
    def known(self) -> bool:
        """Whether it is known which tokens these are, and how long."""
        return len(self.tokens) == len(self.t_ns)

    @property
    def sized(self) -> bool:
        """Whether it is known how many bytes each entry has."""
        return len(self.size_bytes) == len(self.t_ns)

    @property
    def single(self) -> bool:
        """Whether each entry is one token."""
        return self.counts is None and self.total is None

    @property
    def made(self) -> int:
        """Output tokens, n."""
        if self.total is not None:
            return self.total
        return len(self) if self.counts is None else int(self.counts.sum())

    @property
    def steps(self) -> int | None:
        """Tokens after the first entry, n - 1 where that is one token; None: nobody knows."""
        if self.total is not None:
            return None
        return self.made - (1 if self.counts is None else int(self.counts[:1].sum()))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server's reply says beside its chunks.

    late_ns: how much later than the server had computed the prompt the first chunk came; None: it
    does not say. stated: the server's own times and counts, by its own names. text, text_sha256:
    the whole output. kept_known: whether it is known how much of the prompt was in its cache, of
    later turns of a talk.
    """

    late_ns: int | None
    stated: Mapping[str, float]
    text_sha256: str
    text: bytes = b""
    kept_known: bool = True


@dataclass(frozen=True, slots=True)
class InferenceTrace:
    """The inferences of one request of a plain graph, index by index, all on the same inputs.

    start_ns, end_ns: around the call, outputs in host memory at its end. batch, steps: of the
    plan. stated: how many the agent said at the end. output_sha256: of the last outputs; repeated:
    whether the first ones were the same. sample: some values of the last, where they were kept.
    """

    start_ns: IntArray
    end_ns: IntArray
    batch: int
    steps: int
    stated: int
    input_sha256: str
    output_sha256: str
    repeated: bool
    sample: tuple[float | None, ...] = ()

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """One request: arrival t0, call start ts, tokenized, prefill window, tokens, call end te.

    requested_tokens: by the plan. stated_tokens: what the engine said at the end that it made.
    turn: of a talk, from 1; 0 of a request by itself. kept_tokens: of its prompt, in the cache
    before; prompt_tokens are those that were computed.
    inferences: of a plain graph, which has no tokens and no prefill; None of a language model.
    reply: of a server. Its prefill ends with the first chunk that has text.
    streams: how many ran at once, 0: this one alone. stream: which of them.
    """

    number: int  # position in the attempt, warm-ups counted
    item: str  # id of the dataset item
    warmup: bool
    scheduled_ns: int
    start_ns: int
    tokenized_ns: int
    prefill: Window
    end_ns: int
    prompt_tokens: int
    requested_tokens: int
    stop_reason: str
    stated_tokens: int
    tokens: TokenTrace
    inferences: InferenceTrace | None = None
    turn: int = 0
    kept_tokens: int = 0
    reply: Reply | None = None
    streams: int = 0
    stream: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without readings, and why (reason code, free text after a colon)."""

    channel: str
    t_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """One channel of one attempt on the aligned clock.

    t0_ns, t1_ns: stamps around each read. values: in `unit`. quantity and kind: the words of
    `collectors.reading`. tier: power evidence tier or "". wraps_at: in `unit`, for counters.
    averaging_s: length of the source's own window, where it states one. barred: a reason code and
    its detail where nothing may be taken from these readings, else "". refresh_s: how long a value
    stays at most, where the source states it or was polled for it. each_new: whether the source
    itself says that each reading is a new one (own stamp, own count, gate of its updates).
    """

    channel: str
    source: str
    quantity: str
    kind: str
    unit: str
    tier: str
    t0_ns: IntArray
    t1_ns: IntArray
    values: FloatArray
    wraps_at: float | None = None
    resolution: float | None = None
    gaps: tuple[Gap, ...] = ()
    averaging_s: float | None = None
    barred: str = ""
    refresh_s: float | None = None
    each_new: bool = False

    @property
    def t_ns(self) -> IntArray:
        """Midpoints of the reads."""
        return self.t0_ns + (self.t1_ns - self.t0_ns) // 2


@dataclass(frozen=True, slots=True)
class SourceCost:
    """What one source cost and gave in one attempt."""

    source: str
    ticks: int  # readings that were taken
    missed: int  # slots in which no reading was started
    late: int  # readings started more than half a period after their slot
    read_p50_ns: int
    read_max_ns: int
    achieved_hz: float
    refresh_hz: dict[str, float]  # channel -> distinct values / duration


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a load staircase. level: share of the CPUs that was asked for, 0 to 1."""

    window: Window
    level: float


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """A figure that a runner states of itself; no stamp of ours is in it.

    name: in the runner's description. convention: id of `host/handover/stated.py`. values: one a
    repetition, in the unit of the convention. about: what it says it is of, key and word.
    """

    name: str
    convention: str
    values: tuple[float, ...]
    about: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StatedRun:
    """One process of a runner and what it states of itself. number: in the attempt, from 0."""

    number: int
    item: str
    warmup: bool
    window: Window
    figures: tuple[StatedFigure, ...]


@dataclass(frozen=True, slots=True)
class AttemptTrace:
    """One attempt: status `valid`, `void` or `incomplete` with a reason code.

    load: model load, None when it never ended. idle_before, idle_after: baselines or None.
    sampled: with the sampler. pair: of a run in pairs with and without it, from 1; 0 in others.
    throttled: spans in which the device slowed itself down, as reduction found them.
    steps: of a load staircase after all else. stated: by a native runner, of itself.
    resident_ratio: of a cold start, the share of the model's pages in memory before the load.
    load_late_ns: how much earlier than its stamp the load may have ended.
    answers: of a native runner, texts without ids.
    """

    number: int
    status: str
    reason: str
    load: Window | None
    idle_before: Window | None
    idle_after: Window | None
    requests: tuple[RequestTrace, ...]
    series: tuple[Series, ...]
    costs: tuple[SourceCost, ...]
    sampler_cpu_ratio: float | None  # CPU time of the sampler / wall time, one core = 1
    clock: str = ""  # domain of all its stamps, "" where no stream says it
    sampled: bool = True
    pair: int = 0
    throttled: tuple[Window, ...] = ()
    steps: tuple[Step, ...] = ()
    stated: tuple[StatedRun, ...] = ()
    resident_ratio: float | None = None
    load_late_ns: int = 0
    answers: tuple[Answered, ...] = ()

    def scored(self) -> tuple[RequestTrace, ...]:
        """Requests that count: all but the warm-ups."""
        return tuple(r for r in self.requests if not r.warmup)


@dataclass(frozen=True, slots=True)
class AlignedRun:
    """All attempts of a run on one clock; offset_bound_ns: half-width of the clock offset."""

    clock: str
    offset_ns: int
    offset_bound_ns: int
    attempts: tuple[AttemptTrace, ...] = field(default=())

    def valid(self) -> tuple[AttemptTrace, ...]:
        return tuple(a for a in self.attempts if a.status == "valid")

    def counted(self) -> tuple[AttemptTrace, ...]:
        """Valid attempts that results are taken from: of pairs only those with the sampler."""
        return tuple(a for a in self.valid() if a.sampled or not a.pair)
