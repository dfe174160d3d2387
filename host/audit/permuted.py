"""The figures of `permuted`: other weights change the output and not the speed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from host.audit.outputs import outputs_of
from host.audit.ratio import Band, Ratio, between, figure
from host.handover.audit import FigureField, Probe
from host.handover.text import Txt
from host.handover.trace import AttemptTrace

# Least share of outputs that must be other ones with permuted weights. Our choice: nearly all are,
# but a short output may be the same by chance; where weights are not looked at, none is.
MIN_CHANGED_RATIO = 0.5
MIN_TOKENS = 2  # that a decode rate can be taken from

_CHANGED = Txt("输出改变的请求所占比例", "share of requests with another output")
_RATES = {
    "decode_rate_ratio": Txt("解码速率之比", "ratio of decode rates"),
    "inference_rate_ratio": Txt("推理速率之比", "ratio of rates of inferences"),
}


def permuted_figures(
    permuted: Probe,
    plain: Probe | None,
    scored: Sequence[AttemptTrace],
    most: float,
    *,
    late: bool,
) -> list[FigureField]:
    """Share of other outputs, and the rate between the last scored attempt and the one after.

    late: probes ran long after the scored attempts, in whatever state the device was in by then.
    Only the one after stands beside them, and drift does not cancel: the speed is left open.
    """
    after = plain.trace if plain is not None and plain.trace.status == "valid" else None
    exact = _changed(permuted.trace, scored, after)
    if exact is None:  # a speed alone says nothing of which model ran
        return []
    name = "changed_output_ratio"
    made = [figure(name, _CHANGED, exact, Band(low=MIN_CHANGED_RATIO))]
    rates = [rate for a in scored if (rate := _rate(a)) is not None]
    beside = None if after is None else _rate(after)
    around = [*([] if late else rates[-1:]), *([] if beside is None else [beside])]
    rate = _rate(permuted.trace)
    ratio = None if rate is None else between(rate, around, rates)
    if ratio is not None:
        ratio = replace(ratio, U=None, k=None) if late else ratio
        graph = any(r.inferences is not None for r in permuted.trace.scored())
        name = "inference_rate_ratio" if graph else "decode_rate_ratio"
        made.append(figure(name, _RATES[name], ratio, Band(1 - most, 1 + most)))
    return made


def _changed(
    permuted: AttemptTrace, scored: Sequence[AttemptTrace], after: AttemptTrace | None
) -> Ratio | None:
    """Of outputs that are the same whenever the model is, the share that changed with it.

    An engine that answers otherwise each time says nothing by it: then there is no spread to judge
    by. None where outputs are not shown; one that an attempt lost is taken of those before it.
    """
    known = {key: said for a in scored for key, said in outputs_of(a) if said}
    again = dict(outputs_of(after)) if after is not None else {}
    shown = [(key, said) for key, said in outputs_of(permuted) if said and known.get(key)]
    steady = [(key, said) for key, said in shown if known[key] == (again.get(key) or known[key])]
    if not steady:
        return Ratio(1.0, None, None, len(shown)) if shown else None
    changed = sum(known[key] != said for key, said in steady)
    return Ratio(changed / len(steady), 0.0, 1.0, len(steady))


def _rate(trace: AttemptTrace) -> float | None:
    """Tokens after the first of all scored requests, or inferences, over the time they took, 1/ns.

    None where there are none, or the stamps show no time.
    """
    graphs = [r.inferences for r in trace.scored() if r.inferences is not None]
    if graphs:
        count = sum(len(g) for g in graphs)
        taken = sum(int((g.end_ns - g.start_ns).sum()) for g in graphs)
    else:
        spans = [r.tokens.t_ns for r in trace.scored() if len(r.tokens) >= MIN_TOKENS]
        count = sum(len(t) - 1 for t in spans)
        taken = sum(int(t[-1]) - int(t[0]) for t in spans)
    return count / taken if count and taken > 0 else None
