"""The figures of `repeat` and `seed`: times of known prompts over those of unknown ones. Pure.

Times are those of a request from its call: to the first token, where a kept prefix shows, and to
the last one, where a kept output shows. Of a plain graph they are those of inferences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from host.artefacts.probes import FRESH, KNOWN, REPEATED, UNIQUE
from host.audit.ratio import Band, figure, paired
from host.handover.audit import FigureField, Probe
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, RequestTrace

PREFIXES: Mapping[str, tuple[str, str]] = {
    "repeat": (REPEATED, UNIQUE),
    "seed": (KNOWN, FRESH),
}
# Least share of another prompt's tokens that a prompt of as many bytes can have. Our choice: drawn
# words are cut into more tokens than sentences are, seldom into twice as many.
MIN_SHARE = 0.5

_NAMES = {
    "first_token_time_ratio": Txt("首词元时间之比", "ratio of times to the first token"),
    "request_time_ratio": Txt("请求时间之比", "ratio of times to the last token"),
    "first_inference_time_ratio": Txt(
        "首次推理用时之比", "ratio of times of the first inference on these inputs"
    ),
    "inference_time_ratio": Txt("推理用时之比", "ratio of times of further inferences"),
}


def time_figures(probe: Probe, least: float) -> list[FigureField]:
    """Pair by pair. least: share of the time that known prompts take at the least."""
    known, unknown = (_by_pair(probe.trace, prefix) for prefix in PREFIXES[probe.name])
    texts = any(one.prompt_tokens is None for one in probe.asked.requests)
    found: dict[str, list[tuple[float, float]]] = {}
    for place in sorted(set(known) & set(unknown)):
        above, below = known[place], unknown[place]
        share = _share(above, below) if texts else 1.0
        beside = dict(_times_ns(below, probe.name, share))
        for name, t_ns in _times_ns(above, probe.name, 1.0):
            found.setdefault(name, []).append((t_ns, beside[name]))
    band, made = Band(low=least), []
    for name, pairs in found.items():
        ratio = paired(pairs)
        made += [] if ratio is None else [figure(name, _NAMES[name], ratio, band)]
    return made


def _by_pair(trace: AttemptTrace, prefix: str) -> dict[str, RequestTrace]:
    """Scored requests with this beginning of their name, by the rest of it."""
    return {
        r.item.removeprefix(prefix): r
        for r in trace.scored()
        if r.item.startswith(prefix) and len(r.tokens if r.inferences is None else r.inferences)
    }


def _share(known: RequestTrace, unknown: RequestTrace) -> float:
    """Of the unknown prompt's tokens, as many as the known one has; 1 at the most.

    A runner takes texts, so that two prompts are alike in bytes and not in tokens. A prompt takes
    some time whatever its length and more for each token: with the longer one's time scaled down
    in proportion nobody is accused for that. What the runner counts is its own word, so that it
    counts down to MIN_SHARE only.
    """
    if unknown.prompt_tokens <= 0:
        return 1.0
    return min(1.0, max(MIN_SHARE, known.prompt_tokens / unknown.prompt_tokens))


def _times_ns(request: RequestTrace, probe: str, share: float) -> Iterator[tuple[str, float]]:
    """(figure, ns); share: of the time to the first token.

    Of inputs that were asked before, the first inference shows it: the others of a request are on
    inputs that it has just had. Of inputs that are known from before, all do; the first of them
    also waits for inputs that came out of a file, and others out of numbers.
    """
    if request.inferences is None:
        first_ns = share * (int(request.tokens.t_ns[0]) - request.start_ns)
        yield "first_token_time_ratio", first_ns
        rest_ns = int(request.tokens.t_ns[-1]) - int(request.tokens.t_ns[0])
        yield "request_time_ratio", first_ns + rest_ns
        return
    spans = request.inferences.end_ns - request.inferences.start_ns
    if probe == "repeat":
        yield "first_inference_time_ratio", float(spans[0])
    elif len(spans) > 1:
        yield "inference_time_ratio", float(spans[1:].sum())
