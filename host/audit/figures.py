"""The figures of each probe: what is compared, from traces alone. Pure.

Times are those of a request from its call: to the first token, where a kept prefix shows, and to
the last one, where a kept output shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from host.artefacts.probes import FRESH, KNOWN, REPEATED, UNIQUE
from host.audit.ratio import Band, Ratio, between, figure, mean_share, of_sums, paired
from host.handover.audit import FigureField, KnownOutput, Probe
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, RequestTrace

# Least share of outputs that must be other ones with permuted weights. Our choice: nearly all are,
# but a short output may be the same by chance; where weights are not looked at, none is.
MIN_CHANGED_RATIO = 0.5
MIN_TOKENS = 2  # that a decode rate can be taken from

_NAMES = {
    "first_token_time_ratio": Txt("首词元时间之比", "ratio of times to the first token"),
    "request_time_ratio": Txt("请求时间之比", "ratio of times to the last token"),
    "changed_output_ratio": Txt("输出改变的请求所占比例", "share of requests with another output"),
    "decode_rate_ratio": Txt("解码速率之比", "ratio of decode rates"),
    "agreed_token_ratio": Txt(
        "首个不同词元之前的词元所占比例", "share of tokens up to the first other one"
    ),
    "length_ratio": Txt("输出长度与已知长度之比", "ratio of output lengths to known ones"),
}
PREFIXES = {"repeat": (REPEATED, UNIQUE), "seed": (KNOWN, FRESH)}


def time_figures(probe: Probe, least: float) -> list[FigureField]:
    """`repeat` and `seed`: times of known prompts over those of unknown ones, pair by pair."""
    above, below = (_by_pair(probe.trace, prefix) for prefix in PREFIXES[probe.name])
    pairs = [(above[i], below[i]) for i in sorted(above) if i in below]
    band, made = Band(low=least), []
    for name, index in (("first_token_time_ratio", 0), ("request_time_ratio", -1)):
        found = paired([(_time_ns(a, index), _time_ns(b, index)) for a, b in pairs])
        made += _made(name, found, band)
    return made


def permuted_figures(
    permuted: Probe, plain: Probe | None, scored: Sequence[AttemptTrace], most: float
) -> list[FigureField]:
    """Share of other outputs, and the decode rate between the last attempt and the one after."""
    known = {r.item: _said(r) for r in scored[-1].scored()} if scored else {}
    now = [(known.get(r.item), _said(r)) for r in permuted.trace.scored()]
    changed = [float(a != b) for a, b in now if a and b]
    if not changed:  # a speed alone says nothing of which model ran
        return []
    exact = Ratio(sum(changed) / len(changed), 0.0, 1.0, len(changed))
    rates = [rate for a in scored if (rate := _decode_rate(a)) is not None]
    after = _decode_rate(plain.trace) if plain and plain.trace.status == "valid" else None
    around = [*rates[-1:], *([] if after is None else [after])]
    rate = _decode_rate(permuted.trace)
    ratio = None if rate is None else between(rate, around, rates)
    return [
        *_made("changed_output_ratio", exact, Band(low=MIN_CHANGED_RATIO)),
        *_made("decode_rate_ratio", ratio, Band(1 - most, 1 + most)),
    ]


def canary_figures(probe: Probe, known: Sequence[KnownOutput], least: float) -> list[FigureField]:
    """How far outputs are the known ones."""
    made = list(_beside(probe.trace, known))
    shares = [_agreed(_tokens(r), k.tokens) / len(k.tokens) for r, k in made]
    return _made("agreed_token_ratio", mean_share(shares), Band(low=least))


def length_figures(
    scored: Sequence[AttemptTrace],
    canary: Probe | None,
    known: Sequence[KnownOutput],
    asked: Mapping[str, str],
    most: float,
) -> list[FigureField]:
    """Output lengths over known ones: of the dataset's items that are known, and of canaries.

    asked: item -> text, of the run's own requests; the same name with another text is another one.
    """
    by_item = {k.item: len(k.tokens) for k in known if asked.get(k.item) == k.text}
    pairs = [
        (float(np.mean(lengths)), float(by_item[item]))
        for item, lengths in _lengths(scored).items()
        if item in by_item
    ]
    if canary is not None:
        pairs += [
            (float(len(r.tokens)), float(len(k.tokens))) for r, k in _beside(canary.trace, known)
        ]
    return _made("length_ratio", of_sums(pairs), Band(1 - most, 1 + most))


def _made(name: str, ratio: Ratio | None, band: Band) -> list[FigureField]:
    return [] if ratio is None else [figure(name, _NAMES[name], ratio, band)]


def _by_pair(trace: AttemptTrace, prefix: str) -> dict[str, RequestTrace]:
    """Scored requests with this beginning of their name, by the rest of it."""
    return {
        r.item.removeprefix(prefix): r
        for r in trace.scored()
        if r.item.startswith(prefix) and len(r.tokens)
    }


def _time_ns(request: RequestTrace, index: int) -> int:
    return int(request.tokens.t_ns[index]) - request.start_ns


def _decode_rate(trace: AttemptTrace) -> float | None:
    """Tokens after the first of all scored requests over the time they took, token/ns."""
    spans = [r.tokens.t_ns for r in trace.scored() if len(r.tokens) >= MIN_TOKENS]
    taken = sum(int(t[-1]) - int(t[0]) for t in spans)
    return sum(len(t) - 1 for t in spans) / taken if taken > 0 else None


def _tokens(request: RequestTrace) -> tuple[int, ...]:
    return tuple(request.tokens.tokens.tolist())


def _said(request: RequestTrace) -> tuple[int, ...] | str:
    """The output: token ids, or the hash of its text where a server shows no ids; else nothing."""
    if request.reply is not None:
        return request.reply.text_sha256 if len(request.tokens) else ""
    return _tokens(request)


def _beside(
    trace: AttemptTrace, known: Sequence[KnownOutput]
) -> Iterator[tuple[RequestTrace, KnownOutput]]:
    """Requests of the canaries, each with what is known of it."""
    by_item = {f"canary-{i:03d}": k for i, k in enumerate(known)}
    yield from ((r, by_item[r.item]) for r in trace.scored() if r.item in by_item)


def _agreed(found: Sequence[int], known: Sequence[int]) -> int:
    """Tokens before the first that is another one."""
    for place, (a, b) in enumerate(zip(found, known, strict=False)):
        if a != b:
            return place
    return min(len(found), len(known))


def _lengths(scored: Sequence[AttemptTrace]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for attempt in scored:
        for request in attempt.scored():
            found.setdefault(request.item, []).append(len(request.tokens))
    return found
