"""Rules over times and outputs that no real run of a model shows, whatever its device.

Clocks that tick slowly may repeat a span by chance, recordings are played back as they are, and a
server sends what it gathered: such runs are not judged by their spans. A native runner is judged
where it prints times of its own to the microsecond, and its steps are long enough to show their
noise. Source: `shared` reference reliability, 3.2 (cached and made-up output).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from host.check.rule import Breach, Rule, attempt_file, breach
from host.handover.case import Case
from host.handover.facts import Doubt
from host.handover.runner import NATIVE
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, RequestTrace

# Engines whose times the agent takes on the device's clock as the model runs, step by step.
TIMED = ("llama_cpp", "onnx_genai", "onnx")
# The slowest clock on which equal spans say something, ns a tick.
FINE_NS = 100
# Equal spans in a row that are no chance on a clock of nanoseconds: one span that varies by no
# more than 100 ns has one chance in 100 to be another's equal, 16 in a row one in 10^30.
MIN_SPANS = 16
MIN_REQUESTS = 3
# Shortest equal steps that say something on stamps of a microsecond, ns: a step of a millisecond
# that were alike within a thousandth each time would be on no machine that does anything else.
NOISY_NS = 1_000_000
_FINE_STAMP = ("(?P<us>", "(?P<ns>")
# A loop: so much of an output is one run of so many tokens. Our choice; only for outputs that may
# end by themselves, as one that may not is bound to repeat itself when it has no more to say.
GRAM, LOOP_RATIO, MIN_TOKENS = 4, 0.5, 32


def spans_vary(case: Case) -> Iterator[Breach]:
    """No model takes the very same time, to the nanosecond, for each of its tokens."""
    for attempt in _stepped(case):
        steps = [np.diff(r.tokens.t_ns) for r in attempt.scored()]
        spans = np.concatenate([np.zeros(0, np.int64), *steps])
        if len(spans) >= MIN_SPANS and np.all(spans == spans[0]):
            yield breach(
                attempt_file(attempt.number, "tokens.tsv"),
                f"全部 {len(spans)} 个词元间隔同为 {spans[0]} ns。",
                f"All {len(spans)} token intervals are {spans[0]} ns.",
            )


def inferences_vary(case: Case) -> Iterator[Breach]:
    """No plain graph takes the very same time, to the nanosecond, for each inference."""
    for attempt in _timed(case):
        traces = [r.inferences for r in attempt.scored() if r.inferences is not None]
        spans = np.concatenate([np.zeros(0, np.int64), *(t.end_ns - t.start_ns for t in traces)])
        if len(spans) >= MIN_SPANS and np.all(spans == spans[0]):
            yield breach(
                attempt_file(attempt.number, "inferences.tsv"),
                f"全部 {len(spans)} 次推理用时同为 {spans[0]} ns。",
                f"All {len(spans)} inferences took {spans[0]} ns.",
            )


def requests_vary(case: Case) -> Iterator[Breach]:
    """No two requests take the very same time, to the nanosecond; still less all of them."""
    for attempt in _timed(case):
        spans = [r.end_ns - r.start_ns for r in attempt.scored()]
        if len(spans) >= MIN_REQUESTS and len(set(spans)) == 1:
            yield breach(
                attempt_file(attempt.number, "events.tsv"),
                f"全部 {len(spans)} 个请求同为 {spans[0]} ns。",
                f"All {len(spans)} requests took {spans[0]} ns.",
            )


def prefill_takes_time(case: Case) -> Iterator[Breach]:
    """No model reads a prompt in no time at all."""
    for attempt in _timed(case):
        timed = [r for r in attempt.scored() if r.inferences is None]
        none = [r for r in timed if r.prefill.end_ns == r.prefill.start_ns]
        if none:
            yield breach(
                attempt_file(attempt.number, "events.tsv"),
                f"请求 {none[0].number} 的预填充用时为 0 ns。",
                f"The prefill of request {none[0].number} took 0 ns.",
            )


def outputs_vary(case: Case) -> Iterator[Breach]:
    """A model that may end its outputs does not say the same few tokens over and over in each."""
    if case.facts.plan.plan.run.stop != "natural":
        return
    for attempt in case.run.valid():
        shares = _loop_shares(attempt)
        if len(shares) >= MIN_REQUESTS and min(shares) > LOOP_RATIO:
            yield breach(
                attempt_file(attempt.number, "tokens.tsv"),
                f"每个输出的 {GRAM} 词元片段中，最常见者至少占 {min(shares):.0%}。",
                f"In every output one run of {GRAM} tokens is {min(shares):.0%} of all, or more.",
            )


def _timed(case: Case) -> tuple[AttemptTrace, ...]:
    """Valid attempts whose spans can be judged; none where the clock is slow, or not known."""
    tick = str(case.facts.clock.get("resolution_ns", ""))
    if case.facts.plan.engine_kind not in TIMED or not tick.isdecimal() or int(tick) > FINE_NS:
        return ()
    return case.run.valid()


def _stepped(case: Case) -> tuple[AttemptTrace, ...]:
    """Valid attempts whose steps can be judged: timed by us, or told finely by a runner."""
    plan = case.facts.plan
    if plan.engine_kind != NATIVE:
        return _timed(case)
    lines = plan.engine_settings.get("lines")
    stamp = str(lines.get("stamp")) if isinstance(lines, Mapping) else ""
    if not any(group in stamp for group in _FINE_STAMP):
        return ()
    return tuple(a for a in case.run.valid() if _long_steps(a))


def _long_steps(attempt: AttemptTrace) -> bool:
    steps = (np.diff(r.tokens.t_ns) for r in attempt.scored())
    return all(np.all(each >= NOISY_NS) for each in steps)


def _loop_shares(attempt: AttemptTrace) -> list[float]:
    """Of each scored output that is long enough to tell: share of its most frequent run."""
    return [_share(r) for r in attempt.scored() if len(r.tokens.tokens) >= MIN_TOKENS]


def _share(request: RequestTrace) -> float:
    """A loop of p tokens has p runs by turns, so that all of them count that are as frequent."""
    ids = request.tokens.tokens.tolist()
    runs = Counter(tuple(ids[i : i + GRAM]) for i in range(len(ids) - GRAM + 1))
    most = runs.most_common(GRAM)
    return sum(count for _, count in most if count > 1) / sum(runs.values())


RULES = (
    Rule(
        "spans-vary",
        Txt("词元间隔不全相同。", "Token intervals are not all alike to the nanosecond."),
        spans_vary,
    ),
    Rule(
        "inferences-vary",
        Txt("推理用时不全相同。", "Inferences do not all take the same time to the nanosecond."),
        inferences_vary,
    ),
    Rule(
        "requests-vary",
        Txt("各请求用时不全相同。", "Requests do not all take the same time to the nanosecond."),
        requests_vary,
    ),
    Rule(
        "prefill-takes-time",
        Txt("预填充用时大于零。", "Prefill takes some time."),
        prefill_takes_time,
    ),
    Rule(
        "outputs-vary",
        Txt(
            "可自然结束的输出并非都在重复同一片段。",
            "Outputs that may end by themselves are not all one loop.",
        ),
        outputs_vary,
    ),
)
CODES = {
    "spans-vary": "constant-times",
    "inferences-vary": "constant-times",
    "requests-vary": "constant-times",
    "prefill-takes-time": "zero-time",
    "outputs-vary": "repeated-output",
}


def doubts_in(case: Case) -> tuple[Doubt, ...]:
    """What of a run no real run shows, in the order of the rules."""
    return tuple(Doubt(CODES[rule.id], f.seen) for rule in RULES for f in rule.breaches(case))
