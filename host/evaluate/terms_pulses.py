"""What load pulses leave open of the time of a meter, beside what other rows hold already.

The lag of the pulses is the sum of what shifts the readings: the rest of the clock offset, the
read bracket, the age of a reading, a delay of the meter itself, and the time in which power
follows load. The first three stand in the rows `alignment`, `read_bracket` and `edge`, each with
its whole bound, so that the lag beside them would count them twice (JCGM 100:2008, 4.3.10). Only
what of it goes beyond them, by more than its own U, is evidence of something that no row holds.
It is not corrected: a power that follows its load late is no error, a meter that is late is one,
and the pulses cannot tell one from the other.
"""

from __future__ import annotations

from host.evaluate.terms import Measured, Named, Term, evaluated, exact
from host.evaluate.type_b import rectangular
from host.handover.pulses import RESPONSE_NS, K
from host.handover.text import Txt

NS = 1e-9
_NAMED = Named("pulse_lag", Txt("负载脉冲的滞后", "lag of the load pulses"), "s")
_SOURCE = Txt("负载脉冲", "load pulses")


def pulse_terms(of: Measured) -> tuple[Term, ...]:
    """One row where pulses gave this channel a lag, none elsewhere: the warning says why not."""
    check = of.conditions.pulses.get(of.seen.source)
    if check is None or check.lag is None:
        return ()
    lag_s, u_s = check.lag.lag_ns * NS, K * check.lag.u_ns * NS
    # The joint bound without what is no shift of the readings: U of the lag, and the response.
    held_s = (check.high_ns - RESPONSE_NS) * NS - u_s
    said = Txt(
        f"滞后 {lag_s:.3g} s，U = {u_s:.2g} s（k = {K}）",
        f"a lag of {lag_s:.3g} s with U = {u_s:.2g} s (k = {K})",
    )
    if lag_s - u_s <= held_s:
        why = Txt(
            f"{said.zh}，未超出时钟对齐、读数时标间隔与窗口边缘各行已计入的 {held_s:.3g} s；"
            "再计一次即为重复",
            f"{said.en} does not go beyond the {held_s:.3g} s that the rows alignment,"
            " read_bracket and edge hold already; here it would count twice",
        )
        return (Term(exact(_NAMED, _SOURCE, why), "add", of.per_second, "ΣΔP/K"),)
    how = Txt(
        f"{said.zh}，超出时钟对齐、读数时标间隔与窗口边缘各行已计入的 {held_s:.3g} s；"
        "无从区分是功率计延迟还是功率随负载变化的延迟，不修正，超出部分加 U 取为半宽",
        f"{said.en} goes beyond the {held_s:.3g} s that the rows alignment, read_bracket and edge"
        " hold already; whether the meter is late or power follows the load late cannot be told,"
        " so it is not corrected: what goes beyond, and U, are the half-width",
    )
    by = rectangular(lag_s - held_s + u_s)
    return (Term(evaluated(_NAMED, by, _SOURCE, how), "add", of.per_second, "ΣΔP/K"),)
