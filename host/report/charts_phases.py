"""Where the phases of an attempt lie on its own time axis, for shading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from host.handover.text import Txt
from host.handover.trace import AttemptTrace, Window

NS_PER_STEP = 1000  # time axes count in us

PHASES: tuple[tuple[str, Txt], ...] = (
    ("load", Txt(zh="加载", en="load")),
    ("idle", Txt(zh="空闲", en="idle")),
    ("warmup", Txt(zh="预热请求", en="warm-up request")),
    ("prefill", Txt(zh="预填充", en="prefill")),
    ("decode", Txt(zh="解码", en="decode")),
    ("throttled", Txt(zh="降频", en="throttled")),
)
# Windows closer than this part of the attempt are shaded as one: less than a pixel lies between.
_UNSEEN_PART = 1200


@dataclass(frozen=True, slots=True)
class Shading:
    """Phases of one attempt: name and (start, end) pairs in us since `over.start_ns`."""

    attempt: int
    status: str
    over: Window
    phases: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]


def shading(attempt: AttemptTrace) -> Shading:
    """Everything that is known about when an attempt did what."""
    over = span(attempt)
    least_ns = (over.end_ns - over.start_ns) // _UNSEEN_PART
    found: dict[str, list[Window]] = {name: [] for name, _ in PHASES}
    for name, window in _windows(attempt):
        found[name].append(window)
    phases = tuple(
        (name, tuple(_relative(w, over) for w in _merged(windows, least_ns)))
        for name, windows in found.items()
        if windows
    )
    return Shading(attempt.number, attempt.status, over, phases)


def span(attempt: AttemptTrace) -> Window:
    """From the first to the last thing that is known of an attempt, in ns of its clock."""
    edges = [
        edge
        for window in (attempt.load, attempt.idle_before, attempt.idle_after)
        if window is not None
        for edge in (window.start_ns, window.end_ns)
    ]
    edges += [edge for r in attempt.requests for edge in (r.start_ns, r.end_ns)]
    edges += [int(s.t_ns[i]) for s in attempt.series if len(s.values) for i in (0, -1)]
    return Window(min(edges), max(edges)) if edges else Window(0, 0)


def _windows(attempt: AttemptTrace) -> Iterator[tuple[str, Window]]:
    if attempt.load is not None:
        yield "load", attempt.load
    for idle in (attempt.idle_before, attempt.idle_after):
        if idle is not None:
            yield "idle", idle
    for request in attempt.requests:
        if request.warmup:
            yield "warmup", Window(request.start_ns, request.end_ns)
        else:
            yield "prefill", request.prefill
            yield "decode", Window(request.prefill.end_ns, request.end_ns)
    for window in attempt.throttled:
        yield "throttled", window


def _merged(windows: Iterable[Window], least_ns: int) -> Iterator[Window]:
    ordered = sorted(windows, key=lambda w: w.start_ns)
    last = ordered[0]
    for window in ordered[1:]:
        if window.start_ns - last.end_ns <= least_ns:
            last = Window(last.start_ns, max(last.end_ns, window.end_ns))
        else:
            yield last
            last = window
    yield last


def _relative(window: Window, over: Window) -> tuple[int, int]:
    return (
        (window.start_ns - over.start_ns) // NS_PER_STEP,
        (window.end_ns - over.start_ns) // NS_PER_STEP,
    )
