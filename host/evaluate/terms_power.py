"""Terms of power and energy beside the sensor itself: edges, rule, alignment, baseline."""

from __future__ import annotations

from math import sqrt

from host.evaluate.terms import Measured, Named, Term, evaluated, exact, not_evaluated
from host.evaluate.type_a import TypeA, autocorrelated, mean_of
from host.evaluate.type_b import rectangular
from host.handover.budget import Input
from host.handover.text import Txt

NS = 1e-9
# Independent readings from which `autocorrelated` covers what it states (README, Limits).
CORRELATED_FROM = 20
UNNAMED_RULE = Txt("未指明", "not named")

_READINGS = Txt("读数流", "stream of readings")
_ALIGNMENT = Named("alignment", Txt("时钟对齐", "clock alignment"), "s")


def edge(of: Measured) -> Term:
    """What the cells that an edge cuts leave open, from the bounds of the rule."""
    named = Named("edge", Txt("窗口边缘", "window edges"), of.seen.unit)
    by_rule = of.seen.rule or UNNAMED_RULE
    how = Txt(
        "边缘单元内的分布未知，取值到较远界限的距离为半宽，各边缘线性相加，不因次数而减小"
        f"（规则：{by_rule.zh}）",
        "how a cut cell is split between inside and outside is not known: half-width is the"
        " distance from the value to its farther bound, summed over the edges and not made"
        f" smaller by more attempts (rule: {by_rule.en})",
    )
    by = rectangular(of.channel.edge)
    return Term(evaluated(named, by, _READINGS, how), "add", 1.0)


def rule(of: Measured) -> Term:
    """What the integration rule leaves open between the edges."""
    named = Named("rule", Txt("积分规则", "integration rule"), of.seen.unit)
    if of.channel.rule == 0:
        why = Txt(
            "边缘之间，计数器之差与平均值保持不带形状误差；读数不变时梯形亦无",
            "between the edges a counter's difference and held averages have no error of shape,"
            " nor have trapezoids of a constant reading",
        )
        return Term(exact(named, _READINGS, why), "add", 1.0)
    how = Txt(
        "梯形（平均值：丢失一个更新之处）：两读数间的功率假定在两者之间，取其界限为半宽；"
        "与采样同频的起伏不在其内",
        "trapezoids, and averages where an update was lost: the quantity is taken to stay between"
        " its two readings, whose bounds are the half-width; ripple in step with the sampling is"
        " not in it",
    )
    return Term(evaluated(named, rectangular(of.channel.rule), _READINGS, how), "add", 1.0)


def unobserved(of: Measured) -> Term:
    """What stretches without readings may hold: from nothing to the largest reading."""
    named = Named("unobserved", Txt("未观测的时间", "unobserved time"), of.seen.unit)
    if of.channel.missed == 0:
        why = Txt(
            "没有缺失读数，也没有超过三个读数周期的空缺",
            "no reading is missing, and none is more than three periods after the one before",
        )
        return Term(exact(named, _READINGS, why), "add", 1.0)
    how = Txt(
        "缺失读数的时段按前后读数连接；其中可能为零至最大读数之间的任何值，以此为界限"
        "（占比不超过 1 %，超过则不给出结果）",
        "a stretch without readings is bridged from its neighbours; anything from nothing to the"
        " largest reading may lie in it, which are its bounds (at most 1 % of the time; beyond it"
        " there is no result)",
    )
    return Term(evaluated(named, rectangular(of.channel.missed), _READINGS, how), "add", 1.0)


def noise(of: Measured) -> Term:
    """What momentary readings may have missed between them, from how they scatter (Type A).

    u of one attempt is that of the mean of autocorrelated readings (`type_a.autocorrelated`)
    times the duration. The scatter between attempts holds this effect too, so only what it does
    not show is added: u^2 = u_noise^2 / n - u_repeatability^2, never below 0 (JCGM 100, 4.3.10:
    nothing is counted twice).
    """
    named = Named("noise", Txt("读数的分散", "scatter of the readings"), of.seen.unit)
    if of.channel.quantity != "power" or of.channel.kind != "instant":
        why = Txt(
            "计数器与平均值在两读数之间没有遗漏",
            "counters and averages miss nothing between two readings",
        )
        return Term(exact(named, _READINGS, why), "add", 1.0)
    found = [_mean_of(each) for each in of.channel.scatter]
    known = [(one.u, one.nu) for one in found if one.u is not None and one.nu is not None]
    if not known:
        why = Txt("窗口内读数太少", "too few readings in the windows")
        return Term(not_evaluated(named, _READINGS, why), "add", 1.0)
    within = of.per_watt * sqrt(sum(u**2 for u, _ in known)) / len(known)
    seen = of.spread.u if of.spread is not None and of.spread.u is not None else 0.0
    how = Txt(
        f"各阶段内读数对直线（读数疏于词元起伏时）或对前后读数中点的残差，"
        f"按自相关样本评定平均值的不确定度，乘以时长：{within:.3g}；"
        "次间分散已含其中一部分，此处只计其未显示的部分",
        "residuals of the readings in each phase, about a straight line where they are rarer than"
        " the ripple of the tokens and else about their neighbours, u of their mean as of"
        f" autocorrelated samples, times the duration: {within:.3g}; the scatter between attempts"
        " holds it too, so only what that does not show is counted here",
    )
    made = Input(
        symbol=named.symbol,
        name=named.name,
        source=_READINGS,
        kind="A",
        distribution="t",
        estimate=0.0,
        unit=named.unit,
        u=sqrt(max(0.0, within**2 - seen**2)),
        nu=max(1.0, sum(nu for _, nu in known)),
        evaluation=how,
        n=sum(one.n for one in found),
    )
    return Term(made, "add", 1.0)


def _mean_of(scatter: tuple[float, ...]) -> TypeA:
    """Of few readings nothing can be told of how they resemble their neighbours."""
    return mean_of(scatter) if len(scatter) < CORRELATED_FROM else autocorrelated(scatter)


def averaging(of: Measured) -> Term:
    """A source that averages over longer than the reading period shows an earlier window."""
    named = Named("averaging", Txt("源的平均时间", "averaging time of the source"), "s")
    if of.channel.lag_s == 0:
        why = Txt(
            "计数器或瞬时值没有平均时间；平均时间不长于读数周期者已在边缘项内",
            "counters and momentary values have none; one no longer than the reading period is"
            " in the edge term",
        )
        return Term(exact(named, _READINGS, why), "add", of.per_second, "ΣΔP/K")
    how = Txt(
        f"平均值取至多 1 s（NVML；hwmon power*_average），其中点比所保持的区间早 "
        f"{of.channel.lag_s:.3g} s，窗口随之偏移；不修正，取为半宽",
        f"an average over up to 1 s (NVML; hwmon power*_average): its middle lies"
        f" {of.channel.lag_s:.3g} s before that of the stretch it is held over, which shifts the"
        " window; not corrected but taken as half-width",
    )
    found = evaluated(named, rectangular(of.channel.lag_s), _READINGS, how)
    return Term(found, "add", of.per_second, "ΣΔP/K")


def bracket(of: Measured) -> Term:
    """A reading was taken somewhere between its two stamps."""
    named = Named("read_bracket", Txt("读数的时标间隔", "bracket of a reading"), "s")
    if of.channel.quantity == "energy":
        why = Txt(
            "边缘项已按每次读数的前后时标取界",
            "the edge term takes its bounds from the outer stamps of each reading",
        )
        return Term(exact(named, _READINGS, why), "add", of.per_second, "ΣΔP/K")
    how = Txt(
        f"边缘处读数的前后时标至多相隔 {of.channel.bracket_s:.3g} s，取中点，半宽为其一半",
        f"stamps around readings at an edge are up to {of.channel.bracket_s:.3g} s apart; the"
        " middle is used, half of it is the half-width",
    )
    found = evaluated(named, rectangular(of.channel.bracket_s / 2), _READINGS, how)
    return Term(found, "add", of.per_second, "ΣΔP/K")


def alignment(of: Measured) -> Term:
    """Offset between the meter's clock and the device's: shifts all windows by as much.

    A window shifted by d loses d of its own power and takes in d of what lies outside:
    |error| = d * |step| at one of its two edges (`shared` reference, peers 4.2).
    """
    # An external meter has a clock of its own. All others are read by the agent on the device,
    # with the clock that stamps the events.
    if not of.external:
        why = Txt(
            "读数与事件由同一设备时钟打时标，无需对齐",
            "readings and events are stamped by one clock of the device: nothing to align",
        )
        return Term(exact(_ALIGNMENT, _READINGS, why), "add", of.per_second, "ΣΔP/K")
    source = Txt("时钟交换", "clock exchange")
    bound_s = of.conditions.alignment_bound_ns * NS
    if bound_s == 0 and of.conditions.one_clock:
        why = Txt(
            "设备的时钟就是主机的时钟，读数与事件由同一时钟打时标，无需对齐",
            "the device's clock is that of the host, which stamps the readings: nothing to align",
        )
        return Term(exact(_ALIGNMENT, _READINGS, why), "add", of.per_second, "ΣΔP/K")
    if bound_s == 0:
        why = Txt("没有两时钟之差的界限", "there is no bound of the offset of both clocks")
        return Term(not_evaluated(_ALIGNMENT, source, why), "add", of.per_second, "ΣΔP/K")
    how = Txt(
        f"时钟差的界限 ±{bound_s:.3g} s（最短往返时间之半），所有窗口同向偏移，"
        "乘以边缘处较大的功率阶跃",
        f"offset known to {bound_s:.3g} s (half the quickest round trip), all windows shift"
        " together, times the larger power step at their edges",
    )
    found = evaluated(_ALIGNMENT, rectangular(bound_s), source, how)
    return Term(found, "add", of.per_second, "ΣΔP/K")


def baseline(of: Measured) -> Term:
    """Idle power that was taken off: its bounds, and how it changed from before to after."""
    idle = of.channel.idle
    if idle is None:
        raise ValueError(f"{of.seen.measurand} has no baseline")
    named = Named("P_idle", Txt("空闲功率", "idle power"), "W", idle.power_w)
    if not idle.both:
        why = Txt(
            "只在请求之前或之后测了空闲功率，其变化未知",
            "idle power was measured only before or only after the requests: its drift is open",
        )
        return Term(not_evaluated(named, _READINGS, why), "add", -of.per_watt, "-T/K")
    how = Txt(
        "前后空闲窗口平均；半宽为其积分界限与前后之差的一半之和",
        "mean over the windows before and after; half-width: bounds of their integral plus half"
        " of what they differ",
    )
    found = evaluated(named, rectangular(idle.half_width_w), _READINGS, how)
    return Term(found, "add", -of.per_watt, "-T/K")
