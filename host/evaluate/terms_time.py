"""Terms of time: resolution, cost and rate of the clock, and what lies between event and stamp.

Errors of the windows of one attempt, and of all attempts, are taken as fully correlated: no mean
makes them smaller. That is an upper limit; what varies is in the repeatability as well.
"""

from __future__ import annotations

from host.evaluate.terms import Measured, Named, Shape, Term, evaluated, exact, not_evaluated
from host.evaluate.type_b import rectangular, triangular
from host.handover.budget import Input
from host.handover.conditions import ClockFacts
from host.handover.text import Txt

NS = 1e-9
PPM = 1e-6

_CLOCK = Txt("时间间隔所用的时钟", "clock of all stamps")
_NO_CLOCK = Txt("运行文件夹没有说明时钟", "the run folder says nothing of the clock")
_RESOLUTION = Named("clock_step", Txt("时钟分辨力", "resolution of the clock"), "s")
_STAMP = Named("stamp_cost", Txt("取时标的耗时", "time that a stamp takes"), "s")
_TRACE = Txt("词元轨迹与事件流", "token trace and events")
_UNSAID = Txt(
    "服务器没有说明自己的时间，数据块比事件迟多少无从得知",
    "the server states no times of its own, so nobody knows how late its chunks are",
)
_EVENT = Named("event", Txt("事件与其时标之间", "between event and stamp"), "s")
_RATE = Named("clock_rate", Txt("时钟频率偏差", "rate error of the clock"), "1")


def _window_term(of: Measured, found: Input) -> Term:
    """An error in s of each window, by how the value depends on the length or place of windows."""
    if of.basis.channel is not None:
        # Of a mean power the length in the divisor is off as well: only the step is left.
        if of.seen.unit == "W":
            return Term(found, "add", of.per_second, "ΣΔP/K")
        return Term(found, "add", of.edge_power / of.basis.amount, "ΣP/K")
    if of.basis.duration_s == 0:
        return Term(found, "add", 1.0)
    if of.seen.unit == "s":
        return Term(found, "add", of.basis.windows / of.basis.amount, "w/K")
    return Term(found, "add", -of.value * of.basis.windows / of.basis.duration_s, "-x*w/T")


def clock_resolution(of: Measured) -> Term:
    """Two stamps, each off by up to half a step: triangular over a whole step."""
    clock = of.conditions.clock
    if clock is None:
        return _window_term(of, not_evaluated(_RESOLUTION, _CLOCK, _NO_CLOCK))
    if clock.resolution_ns <= 0:  # no clock has one of zero: it was not told
        why = Txt("时钟没有给出分辨力", "the clock did not say its resolution")
        return _window_term(of, not_evaluated(_RESOLUTION, _CLOCK, why))
    how = Txt(
        f"分辨力 {clock.resolution_ns} ns，首尾两个时标，其差为三角分布，半宽为一个分辨力",
        f"step of {clock.resolution_ns} ns, one stamp at each end; their difference is"
        " triangular with a half-width of one step",
    )
    by = triangular(clock.resolution_ns * NS)
    return _window_term(of, evaluated(_RESOLUTION, by, _said(clock), how))


def stamp_cost(of: Measured) -> Term:
    """Each stamp was taken somewhere in the call that took it: triangular over its time."""
    clock = of.conditions.clock
    if clock is None or clock.read_cost_ns is None:
        why = Txt("没有测量取时标的耗时", "what a stamp takes was not measured")
        return _window_term(of, not_evaluated(_STAMP, _CLOCK, why))
    how = Txt(
        f"取一个时标耗时 {clock.read_cost_ns} ns，时刻在其中某处；首尾之差为三角分布",
        f"a stamp takes {clock.read_cost_ns} ns and its moment lies somewhere in them; the"
        " difference of both ends is triangular",
    )
    by = triangular(clock.read_cost_ns * NS)
    return _window_term(of, evaluated(_STAMP, by, _said(clock), how))


def event_of_span(of: Measured) -> Term:
    """Both ends of a span are tokens: each stamp is late by what it took after the logits."""
    if not of.basis.late_known:
        return _window_term(of, not_evaluated(_EVENT, _TRACE, _UNSAID))
    by = triangular(of.basis.late_s / of.basis.windows)
    how = Txt(
        f"词元在其 logits 就绪之后、时标之前选出，两者至多相隔 {by.half_width:.3g} s；"
        "首尾都迟，其差为三角分布",
        f"a token is chosen after its logits are ready and before its stamp,"
        f" {by.half_width:.3g} s apart at most; both ends are late, their difference is"
        " triangular",
    )
    return _window_term(of, evaluated(_EVENT, by, _TRACE, how))


def event_at_end(of: Measured) -> Term:
    """Only the end of a time is a token: late by what the trace shows, not corrected."""
    if not of.basis.late_known:
        return _window_term(of, not_evaluated(_EVENT, _TRACE, _UNSAID))
    by = rectangular(of.basis.late_s / of.basis.windows)
    how = Txt(
        f"末端的词元在其 logits 就绪之后、时标之前选出，两者相隔平均 {by.half_width:.3g} s；"
        "起点即其时标；只可能偏迟，不修正，取全长为半宽",
        f"the token at the end is chosen after its logits are ready and before its stamp,"
        f" {by.half_width:.3g} s apart on average; the start is its stamp; it can only be late,"
        " which is not corrected: the whole stretch is the half-width",
    )
    return _window_term(of, evaluated(_EVENT, by, _TRACE, how))


def event_of_prefill(of: Measured) -> Term:
    """Between the end of the prefill call and the logits there may be a second stamp."""
    if not of.basis.late_known:
        return _window_term(of, not_evaluated(_EVENT, _TRACE, _UNSAID))
    by = rectangular(of.basis.late_s / of.basis.windows)
    how = Txt(
        f"预填充结束与首个 logits 就绪的时标平均相差 {by.half_width:.3g} s（0：同一时标）；"
        "起点即其时标",
        f"end of the prefill and logits ready are stamped {by.half_width:.3g} s apart on average"
        " (0: one stamp for both); the start is its stamp",
    )
    return _window_term(of, evaluated(_EVENT, by, _TRACE, how))


def event_by_definition(of: Measured) -> Term:
    """Window of two stamps that the model equation names: nothing lies between."""
    why = Txt(
        "窗口由这两个时标定义（见模型方程），事件即时标",
        "the window is defined by these two stamps (model equation): the event is the stamp",
    )
    return _window_term(of, exact(_EVENT, _TRACE, why))


def event_of_load(of: Measured) -> Term:
    """A library returns when it has loaded; a server is asked by turns whether it has."""
    if not of.basis.late_s:
        return event_by_definition(of)
    by = rectangular(of.basis.late_s / of.basis.windows)
    how = Txt(
        f"轮流询问服务器是否就绪：最后一次未就绪的询问到时标之间平均 {by.half_width:.3g} s；"
        "只可能偏迟，不修正，取全长为半宽",
        f"the server is asked by turns whether it is ready: from the last time that it was not to"
        f" the stamp it took {by.half_width:.3g} s on average; it can only be late, which is not"
        " corrected: the whole stretch is the half-width",
    )
    return _window_term(of, evaluated(_EVENT, by, _TRACE, how))


def event_of_phase(of: Measured) -> Term:
    """Edges of the decode phase are tokens; those of all other phases are defined by stamps."""
    return event_at_end(of) if of.seen.scope == "decode" else event_by_definition(of)


def rate_of_time(of: Measured) -> Term:
    """A time is too long by as much as the clock is fast."""
    return _rate(of, "rate", -1.0)


def rate_of_rate(of: Measured) -> Term:
    """A rate is too low by as much as the clock is fast."""
    return _rate(of, "rate", 1.0)


def rate_of_energy(of: Measured) -> Term:
    """An integral over time is too large by as much as the clock is fast; a counter is not."""
    if of.channel.quantity == "energy":
        return _rate(of, "cancels", 0.0, _COUNTER)
    return _rate(of, "rate", -1.0)


def rate_of_power(of: Measured) -> Term:
    """Mean power: cancels for sampled power, divides a counter."""
    if of.channel.quantity == "energy":
        return _rate(of, "rate", 1.0)
    return _rate(of, "cancels", 0.0, _QUOTIENT)


def rate_of_quotient(of: Measured) -> Term:
    """A quotient of two times of one clock: its rate cancels."""
    return _rate(of, "cancels", 0.0, _QUOTIENT)


_QUOTIENT = Txt(
    "；分子分母的时间出自同一时钟，相互抵消，c = 0",
    "; both times of the quotient are of one clock: it cancels, c = 0",
)
_COUNTER = Txt(
    "；计数器自行积分，时间不进入能量，c = 0",
    "; the counter integrates by itself, no time of this clock enters the energy, c = 0",
)


def _rate(of: Measured, shape: Shape, c: float, more: Txt | None = None) -> Term:
    clock = of.conditions.clock
    if clock is None:
        return Term(not_evaluated(_RATE, _CLOCK, _NO_CLOCK), shape, c)
    # A known error is not corrected either: it widens the limit (JCGM 100, F.2.4.5).
    ppm = abs(clock.rate_ppm) + clock.rate_half_width_ppm
    end = more or Txt("", "")
    how = Txt(
        f"±{ppm:.4g}×10⁻⁶ 矩形分布（已知偏差 {clock.rate_ppm:.4g}×10⁻⁶ 不修正，并入半宽；"
        f"{clock.rate_source.zh}）{end.zh}",
        f"rectangular within {ppm:.4g} ppm (known error {clock.rate_ppm:.4g} ppm, not corrected"
        f" but added to the limit; {clock.rate_source.en}){end.en}",
    )
    found = evaluated(
        _RATE, rectangular(ppm * PPM), _said(clock), how, shared=f"clock:{clock.name}"
    )
    return Term(found, shape, c)


def _said(clock: ClockFacts) -> Txt:
    return Txt(f"时钟 {clock.name}", f"clock {clock.name}")
