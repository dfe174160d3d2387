"""Terms that every measurand has: repeatability, what was counted, the agent's own load."""

from __future__ import annotations

from math import hypot, inf

from host.evaluate.terms import Measured, Named, Term, exact, not_evaluated
from host.handover.budget import Input
from host.handover.conditions import Perturbation, ratio_name
from host.handover.text import Txt

REPEATABILITY = "repeatability"
_ATTEMPTS = Txt("本次运行的有效次数", "valid attempts of this run")
_TRACE = Txt("词元轨迹", "token trace")
_CALLS = Txt("推理轨迹", "trace of inferences")
_READINGS = Txt("读数流", "stream of readings")


def repeatability(of: Measured) -> Term:
    """The mean over attempts with s / sqrt(n), nu = n - 1 (JCGM 100, 4.2.3); none for n = 1."""
    named = Named(
        REPEATABILITY, Txt("各次测量的平均值", "mean over attempts"), of.seen.unit, of.value
    )
    spread = of.spread
    if spread is None:
        why = Txt(
            "单个间隔的分散由顺序统计量区间给出，不用平均值的标准偏差",
            "the scatter of single intervals is in the interval between order statistics,"
            " which is not that of a mean",
        )
        return Term(not_evaluated(named, _ATTEMPTS, why), "mean")
    if spread.u is None or spread.nu is None:
        why = Txt(
            f"只有 {spread.n} 次，没有分散性；至少需要 2 次",
            f"{spread.n} attempt has no spread; at least 2 are needed",
        )
        return Term(not_evaluated(named, _ATTEMPTS, why), "mean")
    how = Txt(
        f"n = {spread.n} 次的平均值，u = s/√n，s 的除数为 n−1（JCGM 100，4.2.3）；"
        f"每次取整次的值，次内样本不作重复测量",
        f"mean of n = {spread.n} attempts, u = s/sqrt(n), s with divisor n - 1 (JCGM 100, 4.2.3);"
        " one value an attempt, samples within one are no replicates",
    )
    found = Input(
        symbol=named.symbol,
        name=named.name,
        source=_ATTEMPTS,
        kind="A",
        distribution="t",
        estimate=of.value,
        unit=of.seen.unit,
        u=spread.u,
        nu=float(spread.nu),
        evaluation=how,
        n=spread.n,
    )
    return Term(found, "mean")


def _count(symbol: str, name: Txt, unit: str, estimate: float, source: Txt) -> Input:
    why = Txt(
        "逐条计数，各流的条数与写入者声明的一致，u = 0",
        "counted one by one; streams hold as many lines as their writer stated; u = 0",
    )
    return exact(Named(symbol, name, unit, estimate), source, why)


def prompt_tokens(of: Measured) -> Term:
    """Prompt tokens an attempt, exact."""
    name = Txt("每次的提示词元数", "prompt tokens of an attempt")
    return _in_rate(_count("m", name, "{token}", of.basis.amount, _TRACE))


def steps(of: Measured) -> Term:
    """Decode steps an attempt, sum of n - 1, exact."""
    name = Txt("每次的解码步数 Σ(n−1)", "decode steps of an attempt, sum of n - 1")
    return _in_rate(_count("n", name, "{token}", of.basis.amount, _TRACE))


def output_tokens(of: Measured) -> Term:
    """Output tokens an attempt in a rate, exact."""
    name = Txt("每次的输出词元数 Σn", "output tokens of an attempt, sum of n")
    return _in_rate(_count("n", name, "{token}", of.basis.amount, _TRACE))


def counted_tokens(of: Measured) -> Term:
    """Tokens behind a quotient of counts; their number does not enter the equation."""
    name = Txt("所计的词元数", "tokens that were counted")
    return Term(_count("tokens", name, "{token}", float(of.seen.count), _TRACE), "cancels")


def _in_rate(count: Input) -> Term:
    """A factor of the rate; of nothing counted the rate is 0 whatever else is in it."""
    return Term(count, "times" if count.estimate else "cancels")


def per_token(of: Measured) -> Term:
    """Tokens that an energy is divided by, exact."""
    name = Txt("每次的词元数", "tokens of an attempt that the energy is divided by")
    return Term(_count("n", name, "{token}", of.basis.amount, _TRACE), "over")


def rate_bytes(of: Measured) -> Term:
    """Output bytes an attempt in a rate, exact."""
    return _in_rate(_bytes(of))


def per_byte(of: Measured) -> Term:
    """Output bytes that an energy is divided by, exact."""
    return Term(_bytes(of), "over")


def _bytes(of: Measured) -> Input:
    name = Txt("每次的输出字节数", "output bytes of an attempt")
    return _count("bytes", name, "By", of.basis.amount, _TRACE)


def requests(of: Measured) -> Term:
    """Requests that a time is the mean of, exact."""
    name = Txt("每次的请求数", "requests of an attempt")
    return Term(_count("requests", name, "{count}", of.basis.amount, _TRACE), "over")


def intervals(of: Measured) -> Term:
    """Intervals behind a quantile or a quotient; their number does not enter the equation."""
    name = Txt("词元间隔数", "inter-token intervals")
    return Term(_count("intervals", name, "{count}", float(of.seen.count), _TRACE), "cancels")


def inferences(of: Measured) -> Term:
    """Inferences an attempt in a rate, exact."""
    name = Txt("每次的推理次数", "inferences of an attempt")
    return _in_rate(_count("N", name, "{inference}", of.basis.amount, _CALLS))


def calls(of: Measured) -> Term:
    """Inferences behind a quantile; their number does not enter the equation."""
    name = Txt("推理次数", "inferences")
    return Term(_count("N", name, "{inference}", float(of.seen.count), _CALLS), "cancels")


def per_inference(of: Measured) -> Term:
    """Inferences that an energy is divided by, exact."""
    name = Txt("每次的推理次数", "inferences that the energy is divided by")
    return Term(_count("N", name, "{inference}", of.basis.amount, _CALLS), "over")


def per_image(of: Measured) -> Term:
    """Images that a time or an energy is divided by: N * batch / steps, exact."""
    name = Txt("每次的图像数", "images of an attempt")
    return Term(_count("images", name, "{image}", of.basis.amount, _CALLS), "over")


def readings(of: Measured) -> Term:
    """Readings behind a value; their number does not enter the equation."""
    name = Txt("每次的读数个数", "readings of an attempt")
    return Term(_count("readings", name, "{count}", of.basis.amount, _READINGS), "cancels")


_NO_PAIRS = Txt(
    "没有此量在这台设备、模型和设置下的开/关对比结果",
    "no on/off result for this quantity with this device, model and settings",
)
_READ_BY_SAMPLING = Txt(
    "此量由采样本身读得，停用采样即无读数可比",
    "sampling itself reads this quantity, so without it there is nothing to compare",
)
_READ_OUTSIDE = Txt(
    "没有此仪器对此量在这台设备、模型和设置下的开/关对比结果",
    "no on/off result by this meter for this quantity with this device, model and settings",
)


def agent(of: Measured) -> Term:
    """The ratio by which sampling changes the value: not corrected, its size is in u."""
    named = Named("agent", Txt("采样程序自身的影响", "the agent's own load"), "1", 1.0)
    found = _perturbation(of)
    if found is None:
        source = Txt("成对的开/关采样测量", "attempts in pairs with and without sampling")
        return Term(not_evaluated(named, source, _no_ratio(of)), "over")
    # The larger of both parts decides how well u is known: the bias itself is taken as known.
    u = hypot(found.ratio - 1, found.u)
    nu = found.nu * (u / found.u) ** 4 if found.u > 0 else inf
    source = Txt(
        f"{found.pairs} 对开/关采样的测量，运行 {found.origin}",
        f"{found.pairs} pairs with and without sampling, run {found.origin}",
    )
    how = Txt(
        f"有采样与无采样之比 r = {found.ratio:.6g}，u(r) = {found.u:.2g}。按 JCGM 100 的 3.2.4 "
        "显著的系统影响应予修正；此处不修正（值即带采样时所得），故按 F.2.4.5 将其并入："
        "u² = (r−1)² + u(r)²",
        f"ratio with over without sampling r = {found.ratio:.6g}, u(r) = {found.u:.2g}. JCGM 100,"
        " 3.2.4 asks to correct a significant systematic effect; the value is left as it was"
        " with sampling on, so the effect goes into u as F.2.4.5 has it:"
        " u^2 = (r - 1)^2 + u(r)^2",
    )
    return Term(
        Input(
            symbol=named.symbol,
            name=named.name,
            source=source,
            kind="A",
            distribution="t",
            estimate=1.0,
            unit="1",
            u=u,
            nu=max(1.0, nu),
            evaluation=how,
            n=found.pairs,
        ),
        "over",
    )


def _no_ratio(of: Measured) -> Txt:
    """Why nothing is known of the agent's load on this quantity."""
    if of.basis.channel is None:
        return _NO_PAIRS
    return _READ_OUTSIDE if of.external else _READ_BY_SAMPLING


def _perturbation(of: Measured) -> Perturbation | None:
    """That of the quantity itself; nothing is borrowed from another scope or meter."""
    name = ratio_name(of.seen.measurand, of.seen.scope, of.seen.source)
    return of.conditions.perturbation.get(name)
