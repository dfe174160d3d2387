"""All figures of a page, in reading order, within one budget of drawn points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from host.handover.record import AbsentField, Record
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace, Series
from host.report.charts_figure import Axis, Figure
from host.report.charts_phases import Shading, shading
from host.report.charts_time import Subject, as_read, figure, lines_of, rate, since_start
from host.report.charts_tokens import (
    histogram_figure,
    requests_figure,
    share_figure,
    tokens_figure,
)

# All drawn points of a page, and the most lines that share them: about 0.5 MB of the page.
_MOST_POINTS = 36_000
_MOST_LINES = 400
_MOST_BINS = 1000
_LEAST_BINS = 20


@dataclass(frozen=True, slots=True)
class Charts:
    """Figures, and the phases of each drawn attempt. left_out: attempts beyond the budget."""

    figures: tuple[Figure, ...]
    shadings: tuple[Shading, ...]
    left_out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Takes:
    """Series of these quantities and kinds ("" is any); process: of the engine's, or others."""

    wanted: tuple[tuple[str, str], ...]
    process: bool | None = None

    def __call__(self, series: Series) -> bool:
        if self.process not in (None, series.channel.startswith("process.")):
            return False
        return any(
            series.quantity == quantity and kind in ("", series.kind)
            for quantity, kind in self.wanted
        )


_COUNTER = "counter"
_RATE_NOTE = Txt(
    zh="Δ…/Δt：计数器相邻两次读数之差除以时间，只供目视。",
    en="Δ…/Δt: growth of a counter between readings over their distance, for the eye only.",
)
SUBJECTS: tuple[Subject, ...] = (
    Subject(
        "memory-process",
        Txt(zh="引擎进程内存", en="Memory of the engine process"),
        Axis(Txt(zh="内存", en="memory"), "By"),
        _Takes((("memory", ""),), process=True),
        as_read,
        ("process", "pid", "smaps"),
    ),
    Subject(
        "memory-device",
        Txt(zh="设备内存", en="Memory of the device"),
        Axis(Txt(zh="内存", en="memory"), "By"),
        _Takes((("memory", ""),), process=False),
        as_read,
        ("meminfo", "memory"),
        optional=True,
    ),
    Subject(
        "temperature",
        Txt(zh="温度", en="Temperature"),
        Axis(Txt(zh="温度", en="temperature"), "Cel"),
        _Takes((("temperature", ""),)),
        as_read,
        ("thermal", "temperature", "hwmon"),
    ),
    Subject(
        "frequency",
        Txt(zh="频率", en="Frequency"),
        Axis(Txt(zh="频率", en="frequency"), "Hz"),
        _Takes((("frequency", ""),)),
        as_read,
        ("freq",),
    ),
    Subject(
        "cpu",
        Txt(zh="处理器占用", en="CPU use"),
        Axis(Txt(zh="忙碌核数", en="busy cores"), "1"),
        _Takes((("cpu_time", _COUNTER),)),
        rate,
        ("proc/stat", "cpu_time", "cpu times"),
        note=_RATE_NOTE,
    ),
    Subject(
        "utilisation",
        Txt(zh="利用率", en="Utilisation"),
        Axis(Txt(zh="利用率", en="utilisation"), "1"),
        _Takes((("utilisation", ""),)),
        as_read,
        (),
        optional=True,
    ),
    Subject(
        "power",
        Txt(zh="功率", en="Power"),
        Axis(Txt(zh="功率", en="power"), "W"),
        _Takes((("power", ""), ("energy", _COUNTER))),
        rate,
        ("rapl", "powercap", "power", "hwmon", "ina3221", "nvml", "battery"),
        note=_RATE_NOTE,
    ),
    Subject(
        "energy",
        Txt(zh="能量", en="Energy"),
        Axis(Txt(zh="自首次读数起的能量", en="energy since the first reading"), "J"),
        _Takes((("energy", _COUNTER),)),
        since_start,
        ("rapl", "powercap", "energy"),
    ),
    Subject(
        "current",
        Txt(zh="电流", en="Current"),
        Axis(Txt(zh="电流", en="current"), "A"),
        _Takes((("current", ""),)),
        as_read,
        (),
        optional=True,
    ),
    Subject(
        "voltage",
        Txt(zh="电压", en="Voltage"),
        Axis(Txt(zh="电压", en="voltage"), "V"),
        _Takes((("voltage", ""),)),
        as_read,
        (),
        optional=True,
    ),
)


def charts(record: Record, run: AlignedRun) -> Charts:
    """Everything that is drawn of a run."""
    drawn, left_out = _within_budget(run.attempts)
    lines = sum(lines_of(SUBJECTS, a) + 1 for a in drawn)
    bins = max(_LEAST_BINS, min(_MOST_BINS, _MOST_POINTS // (2 * max(1, lines))))
    found = [figure(subject, drawn, bins) for subject in SUBJECTS]
    over_time = tuple(
        made if made.lines else replace(made, why_empty=_why(subject, record.absent))
        for subject, made in zip(SUBJECTS, found, strict=True)
        if made.lines or not subject.optional
    )
    valid = [a for a in drawn if a.status == "valid"] or drawn
    figures = (
        tokens_figure(drawn, bins),
        requests_figure(drawn),
        histogram_figure(valid, record.results),
        share_figure(valid, record.results),
        *over_time,
    )
    return Charts(figures, tuple(shading(a) for a in drawn), left_out)


def _within_budget(
    attempts: Sequence[AttemptTrace],
) -> tuple[tuple[AttemptTrace, ...], tuple[int, ...]]:
    """The first attempts whose lines fit, at least one; the numbers of the others."""
    lines = 0
    for position, attempt in enumerate(attempts):
        lines += lines_of(SUBJECTS, attempt) + 1
        if position and lines > _MOST_LINES:
            return tuple(attempts[:position]), tuple(a.number for a in attempts[position:])
    return tuple(attempts), ()


def _why(subject: Subject, absent: Sequence[AbsentField]) -> tuple[Txt, ...]:
    """What the record says of sources that would have given this figure."""
    near = [a for a in absent if any(word in a.source.lower() for word in subject.words)]
    if not near:
        return (
            Txt(
                zh="没有来源给出该量的读数；缺失的来源见“来源”一节。",
                en="No source gave readings of this quantity; section Sources lists those absent.",
            ),
        )
    return tuple(_absence(a) for a in near)


def _absence(absent: AbsentField) -> Txt:
    why = f"{absent.source}: {absent.reason}"
    if not absent.fix.en:
        return Txt(zh=why, en=why)
    words = absent.fix
    return Txt(zh=f"{why} → {words.zh}", en=f"{why} → {words.en}")
