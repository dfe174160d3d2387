"""Figures of the token trace: tokens over time, each request, and the intervals between tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from host.handover.quantity import Quantity
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, IntArray, RequestTrace
from host.report.charts_figure import (
    TIME_S,
    Axis,
    Figure,
    Line,
    Mark,
    Row,
    Summary,
    drawn_value,
    low_mean_high,
    steps,
)
from host.report.charts_phases import NS_PER_STEP, span
from host.report.decimate import decimate

MAX_ROWS = 32  # requests of one attempt that fit a screen as rows
_MAX_TICKS = 9000  # over all attempts and rows
_BARS = 60
# Right end of the histogram: this share of all intervals lies below, the rest is in its last bar.
_BARS_SHARE = 0.995
_SHARE_POINTS = 300
_TAIL_POINTS = 40  # the longest intervals are drawn one by one: stalls are what one looks for
_REQUEST_S = Axis(Txt(zh="自请求开始的时间", en="time since the request began"), "s", step=1e-9)
# Of one thing made after another: tokens of a language model, inferences of a plain graph.
_TOKENS = Txt(zh="词元", en="tokens")
_INFERENCES = Txt(zh="推理", en="inferences")
_INTERVAL = Txt(zh="词元间隔", en="inter-token interval")
_LATENCY = Txt(zh="推理时延", en="inference latency")
_NO_TOKENS = Txt(zh="没有任何尝试产生词元。", en="No attempt produced a token.")
_OF_RECORD = ("inter_token_interval", "inference_latency")
_ROWS_NOTE = Txt(zh="条：预填充；短线：各词元。", en="Bar: prefill; ticks: tokens.")
_STREAM_ROWS = Txt(zh="×4 #1：同时 4 路中的第 1 路。", en="×4 #1: the first of 4 streams at once.")
_STEPS_TOGETHER = Txt(
    zh="各级路数的间隔合在一起。", en="Intervals of all steps of streams together."
)
_FIRST_ROWS = Txt(
    zh=f"每次尝试只画前 {MAX_ROWS} 个请求。",
    en=f"Only the first {MAX_ROWS} requests of each attempt are drawn.",
)
# Stalls many times longer than the usual interval need a logarithmic axis to be seen beside it.
_LOG_SPREAD = 20
_NO_INTERVALS = Txt(
    zh="没有计分请求产生两个以上词元。", en="No scored request produced two tokens or more."
)


def tokens_figure(attempts: Sequence[AttemptTrace], bins: int) -> Figure:
    """Output tokens or inferences since the start of the attempt, all requests added up."""
    made = _made(attempts)
    lines: list[Line] = []
    summaries: list[Summary] = []
    for attempt in attempts:
        t_ns = _all_tokens_ns(attempt.requests)
        if not len(t_ns):
            continue
        count = np.arange(1, len(t_ns) + 1, dtype=np.float64)
        over = span(attempt)
        kept = decimate(t_ns, count, np.zeros(0, dtype=np.int64), bins=bins, over=over)
        x = steps((t_ns[kept.index] - over.start_ns) // NS_PER_STEP)
        y = tuple(drawn_value(v) for v in count[kept.index].tolist())
        lines.append(Line(attempt.number, "", x, y))
        each = np.array([_count(r) for r in attempt.requests], dtype=np.float64)
        name = Txt(zh=f"每请求{made.zh}数", en=f"{made.en} per request")
        unit = "{token}" if made is _TOKENS else "{inference}"
        summaries.append(_summary(attempt.number, name, unit, (len(t_ns), len(kept)), each))
    return Figure(
        id="tokens",
        kind="steps",
        title=Txt(zh=f"累计输出{made.zh}", en=f"Output {made.en} over time"),
        x=TIME_S,
        y=Axis(made, "{token}" if made is _TOKENS else "{inference}"),
        lines=tuple(lines),
        summaries=tuple(summaries),
        why_empty=() if lines else (_NO_TOKENS,),
    )


def requests_figure(attempts: Sequence[AttemptTrace]) -> Figure:
    """One row a request: prefill as a bar, each token as a tick."""
    found = [a for a in attempts if a.requests]
    rows = sum(min(len(a.requests), MAX_ROWS) for a in found)
    per_row = max(20, _MAX_TICKS // max(1, rows))
    drawn = tuple((a.number, tuple(_rows(a, per_row))) for a in found)
    notes = [_ROWS_NOTE]
    notes += [_STREAM_ROWS] if _at_once(found) else []
    notes += [_FIRST_ROWS] if any(len(a.requests) > MAX_ROWS for a in found) else []
    return Figure(
        id="requests",
        kind="rows",
        title=Txt(zh="各请求：预填充与词元", en="Requests: prefill and tokens"),
        x=_REQUEST_S,
        y=Axis(Txt(zh="请求（数据项）", en="request (dataset item)"), ""),
        rows=drawn,
        summaries=tuple(s for a, (_, r) in zip(found, drawn, strict=True) for s in _spans(a, r)),
        notes=tuple(notes) if found else (),
        why_empty=() if found else (_NO_TOKENS,),
    )


def _at_once(attempts: Sequence[AttemptTrace]) -> bool:
    """Whether streams ran at once."""
    return any(r.streams for a in attempts for r in a.requests)


def _rows(attempt: AttemptTrace, per_row: int) -> Iterator[Row]:
    for request in attempt.requests[:MAX_ROWS]:
        t_ns = _done_ns(request) - request.start_ns
        prefill = request.prefill
        yield Row(
            label=_label(request),
            prefill=(prefill.start_ns - request.start_ns, prefill.end_ns - request.start_ns),
            end=request.end_ns - request.start_ns,
            ticks=steps(t_ns[_thinned(len(t_ns), per_row)]),
            warmup=request.warmup,
        )


def _label(request: RequestTrace) -> str:
    """The item; of streams at once, how many there are and which this is, from 1."""
    if request.streams:
        return f"×{request.streams} #{request.stream + 1} · {request.item}"
    return f"warm-up · {request.item}" if request.warmup else request.item


def _thinned(count: int, most: int) -> IntArray:
    """Evenly spread positions, first and last among them; all when they are few."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.arange(most, dtype=np.int64) * (count - 1) // (most - 1)


def _spans(attempt: AttemptTrace, rows: Sequence[Row]) -> Iterator[Summary]:
    recorded = sum(len(_done_ns(r)) for r in attempt.requests)
    drawn = sum(len(row.ticks) for row in rows)
    prefill = [r.prefill.seconds for r in attempt.requests]
    whole = [(r.end_ns - r.start_ns) * 1e-9 for r in attempt.requests]
    name = Txt(zh="请求时长（词元）", en="request duration (tokens)")
    yield _summary(attempt.number, name, "s", (recorded, drawn), whole)
    name = Txt(zh="预填充时长", en="prefill duration")
    yield _summary(attempt.number, name, "s", (len(prefill), len(rows)), prefill)


def histogram_figure(attempts: Sequence[AttemptTrace], results: Sequence[Quantity]) -> Figure:
    """How often which interval between tokens came, all scored requests of an attempt pooled."""
    name = _interval(attempts)
    pooled = [(a.number, p) for a in attempts if len(p := _intervals_ns(a))]
    lines: tuple[Line, ...] = ()
    notes: tuple[Txt, ...] = ()
    if pooled:
        edges = _edges(np.sort(np.concatenate([p for _, p in pooled])))
        lines = tuple(_bars(number, p, edges) for number, p in pooled)
        top = f"{edges[-2] * 1e-6:.4g} ms"
        notes = (
            Txt(
                zh=f"最后一格包含所有 ≥ {top} 的间隔。",
                en=f"The last bar holds all intervals ≥ {top}.",
            ),
        )
        notes += (_STEPS_TOGETHER,) if _at_once(attempts) else ()
    return Figure(
        id="histogram",
        kind="bars",
        title=Txt(zh=f"{name.zh}直方图", en=f"{name.en.capitalize()}, histogram"),
        x=Axis(name, "ms", step=1e-6),
        y=Axis(Txt(zh="间隔个数", en="intervals"), "{count}"),
        lines=lines,
        marks=_marks(results),
        summaries=tuple(_interval_summary(number, name, p, len(p)) for number, p in pooled),
        notes=notes,
        why_empty=() if pooled else (_NO_INTERVALS,),
    )


def share_figure(attempts: Sequence[AttemptTrace], results: Sequence[Quantity]) -> Figure:
    """Share of intervals that are not longer than x (ECDF)."""
    name = _interval(attempts)
    pooled = [(a.number, np.sort(p)) for a in attempts if len(p := _intervals_ns(a))]
    picks = [_share_picks(len(p)) for _, p in pooled]
    lines = tuple(
        Line(number, "", steps(p[i]), tuple(drawn_value((k + 1) / len(p)) for k in i.tolist()))
        for (number, p), i in zip(pooled, picks, strict=True)
    )
    log = all(0 < _LOG_SPREAD * p[0] <= p[-1] for _, p in pooled)
    return Figure(
        id="share",
        kind="share",
        title=Txt(zh=f"{name.zh}累积分布", en=f"{name.en.capitalize()}, cumulative share (ECDF)"),
        x=Axis(name, "ms", 1e-6, log=log),
        y=Axis(Txt(zh="不超过 x 的份额", en="share not longer than x"), "1"),
        lines=lines,
        marks=_marks(results),
        summaries=tuple(
            _interval_summary(number, name, p, len(i))
            for (number, p), i in zip(pooled, picks, strict=True)
        ),
        why_empty=() if pooled else (_NO_INTERVALS,),
    )


def _share_picks(count: int) -> IntArray:
    tail = np.arange(max(0, count - _TAIL_POINTS), count, dtype=np.int64)
    return np.unique(np.concatenate((_thinned(count, _SHARE_POINTS), tail)))


def _edges(ordered: IntArray) -> IntArray:
    """Edges of the bars in ns; the last bar goes up to the longest interval."""
    low = int(ordered[0])
    high = int(ordered[min(len(ordered) - 1, int(len(ordered) * _BARS_SHARE))])
    width = max(1, -(-(high - low) // (_BARS - 1)))
    return low + width * np.arange(_BARS + 1, dtype=np.int64)


def _bars(number: int, intervals_ns: IntArray, edges: IntArray) -> Line:
    place = np.clip((intervals_ns - edges[0]) // (edges[1] - edges[0]), 0, _BARS - 1)
    counts = np.bincount(place, minlength=_BARS).tolist()
    return Line(number, "", steps(edges[:-1]), tuple(counts))


def _marks(results: Sequence[Quantity]) -> tuple[Mark, ...]:
    """Median, p95 and p99 as they stand in the record, from s to ms for the place only."""
    return tuple(
        Mark(
            Txt(zh={"median": "中位数"}.get(q.statistic, q.statistic), en=q.statistic),
            float(q.value) * 1e3,
            f"{q.reported.value} {q.reported.unit}" if q.reported else f"{q.value} {q.unit}",
        )
        for q in results
        if q.measurand_id.partition("@")[0] in _OF_RECORD
        and q.value is not None
        and q.unit == "s"
        and q.scope in ("", "decode")
    )


def _graph(attempts: Sequence[AttemptTrace]) -> bool:
    return any(r.inferences is not None for a in attempts for r in a.requests)


def _made(attempts: Sequence[AttemptTrace]) -> Txt:
    return _INFERENCES if _graph(attempts) else _TOKENS


def _interval(attempts: Sequence[AttemptTrace]) -> Txt:
    return _LATENCY if _graph(attempts) else _INTERVAL


def _done_ns(request: RequestTrace) -> IntArray:
    """When each token was chosen, or each inference of a plain graph returned."""
    return request.tokens.t_ns if request.inferences is None else request.inferences.end_ns


def _count(request: RequestTrace) -> int:
    """Tokens or inferences that a request made."""
    return request.tokens.made if request.inferences is None else len(request.inferences)


def _all_tokens_ns(requests: Sequence[RequestTrace]) -> IntArray:
    parts = [_done_ns(r) for r in requests]
    return np.sort(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)


def _intervals_ns(attempt: AttemptTrace) -> IntArray:
    """Between tokens, or the times that inferences took."""
    parts = [np.diff(r.tokens.t_ns) for r in attempt.scored() if r.tokens.single]
    calls = [r.inferences for r in attempt.scored() if r.inferences is not None]
    parts += [each.end_ns - each.start_ns for each in calls]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _interval_summary(number: int, name: Txt, intervals_ns: IntArray, drawn: int) -> Summary:
    in_ms = intervals_ns.astype(np.float64) * 1e-6
    return _summary(number, name, "ms", (len(in_ms), drawn), in_ms)


def _summary(
    number: int,
    name: Txt,
    unit: str,
    counts: tuple[int, int],
    values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Summary:
    low, mean, high = low_mean_high(values)
    return Summary(number, name, unit, counts[0], counts[1], 0, low, mean, high)
