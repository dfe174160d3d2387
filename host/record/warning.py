"""What a reader must know beside the verdict: code, number, limit, next step. From the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host.handover.facts import RunFacts
from host.handover.record import Attempts, SourceField, Warning_
from host.handover.result import Result, Results
from host.handover.text import Txt
from host.handover.trace import AlignedRun
from host.record.attempts import outputs_differ
from host.record.audit import audit_warnings
from host.record.pulses import pulse_warnings
from host.record.state import changed_state
from host.record.warning_counters import counter_warnings
from host.record.warning_equipment import equipment_warnings
from host.record.warning_gates import gate_warnings
from host.record.warning_in_step import in_step_warnings
from host.record.warning_inferences import inference_warnings
from host.record.warning_meters import meter_warnings
from host.record.warning_output import output_warnings
from host.record.warning_runner import runner_warnings
from host.record.warning_sampling import sampler_cost, tick_losses
from host.record.warning_served import served_warnings
from host.record.warning_sources import source_warnings
from host.record.warning_throttled import throttled_warnings
from host.schema.canonical import decimal

MIN_ATTEMPTS = 3  # below, t is above 12 and U says little
# Between attempts, standard deviation over value. 5 % is what MLPerf Mobile asks of a replicate.
MAX_SPREAD_RATIO = 0.05
HEADLINE = (
    "load_time@1",
    "time_to_first_token@1",
    "prefill_rate@1",
    "decode_rate@1",
    "request_latency@1",
    "output_byte_rate@1",
    "inference_rate@1",
    "image_latency@1",
    "peak_memory@1",
    "energy@1",
    "energy_per_token@1",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a warning can stand on."""

    run: AlignedRun
    results: Results
    facts: RunFacts
    attempts: Attempts
    sources: tuple[SourceField, ...]


def warnings_of(evidence: Evidence) -> tuple[Warning_, ...]:
    """All that apply, in the order of the rules."""
    found = (warning for rule in _RULES for warning in rule(evidence))
    return (
        *found,
        *output_warnings(evidence.run),
        *audit_warnings(evidence.facts),
        *inference_warnings(evidence.run),
        *equipment_warnings(evidence.facts),
        *gate_warnings(evidence.facts),
        *meter_warnings(evidence.run, evidence.facts),
        *pulse_warnings(evidence.facts),
        *counter_warnings(evidence.run, evidence.results),
        *source_warnings(evidence.results),
        *served_warnings(evidence.run, evidence.facts),
        *runner_warnings(evidence.run, evidence.facts),
    )


def few_attempts(e: Evidence) -> list[Warning_]:
    """Fewer valid attempts than an interval needs to say something."""
    valid = e.attempts.valid
    if valid >= MIN_ATTEMPTS:
        return []
    text = {
        0: Txt("没有有效的尝试，因此没有区间。", "No valid attempt, so there are no intervals."),
        1: Txt(
            "有效次数只有 1 次：各次之间没有离散，多数结果没有区间。",
            "Only 1 valid attempt: the spread is not known, and most results have no interval.",
        ),
    }.get(
        valid,
        Txt(
            f"有效次数只有 {valid} 次，区间很宽。",
            f"Only {valid} valid attempts: intervals are wide.",
        ),
    )
    after = Txt("把计划中的 attempts 设为 3 或更多。", "Set `attempts` in the plan to 3 or more.")
    return [Warning_("few-attempts", text, str(valid), str(MIN_ATTEMPTS), after)]


def wide_spread(e: Evidence) -> list[Warning_]:
    """Headline results whose attempts disagree, the widest first, said together."""
    ratios = {
        " ".join(x for x in (r.measurand, r.source) if x): ratio
        for r in e.results.results
        if r.measurand in HEADLINE and (ratio := _spread_ratio(r) or 0.0) > MAX_SPREAD_RATIO
    }
    if not ratios:
        return []
    worst_first = sorted(ratios.items(), key=lambda item: -item[1])
    named = ", ".join(f"{name} {ratio:.1%}" for name, ratio in worst_first)
    text = Txt(
        f"各次之间的标准偏差与测得值之比：{named}。",
        f"Standard deviation between attempts over the value: {named}.",
    )
    after = Txt(
        "关闭其他程序，检查温度与频率，增加次数。",
        "Stop other programs, look at temperature and frequency, or add attempts.",
    )
    worst = f"{worst_first[0][1]:.3f}"
    return [Warning_("spread", text, worst, decimal(MAX_SPREAD_RATIO), after)]


def partial_results(e: Evidence) -> list[Warning_]:
    """Results that some valid attempts could not give, said together for each reason."""
    counted = len(e.run.counted())
    lacking: dict[tuple[str, int], list[str]] = {}
    for r in e.results.results:
        n = len(r.by_attempt)
        if r.value is not None and r.interval is None and n < counted:
            where = " ".join(x for x in (r.measurand, r.scope, r.source) if x)
            lacking.setdefault((r.missing, n), []).append(where)
    made: list[Warning_] = []
    for (missing, n), names in lacking.items():
        listed = ", ".join(names)
        text = Txt(
            f"只来自 {counted} 次有效运行中的 {n} 次：{listed}（{missing}）。",
            f"From {n} of {counted} valid attempts only: {listed} ({missing}).",
        )
        made.append(Warning_("partial-result", text, str(n), str(counted)))
    return made


def no_power(e: Evidence) -> list[Warning_]:
    """No source of power or energy, and what would give one."""
    if any(r.measurand == "energy@1" for r in e.results.results):
        return []
    text = Txt(
        "没有功率或能量来源，因此没有能量结果。",
        "There is no source of power or energy, so there are no energy results.",
    )
    after = Txt(
        "缺失的来源及办法见“来源”表或 inferometer doctor；也可用外接功率计。",
        "See the absent sources and their fixes, or `inferometer doctor`; or use a power meter.",
    )
    return [Warning_("no-power-source", text, next=after)]


def no_fidelity(e: Evidence) -> list[Warning_]:
    """Speed without a fidelity result is measured and not ranked."""
    if e.facts.fidelity is not None and e.facts.fidelity.figures:
        return []
    text = Txt(
        "没有该模型、运行时与设备的保真度结果：已测量，不参与排名。",
        "No fidelity result for this model, runtime and device: measured, not ranked.",
    )
    return [Warning_("no-fidelity-result", text)]


def throttled(e: Evidence) -> list[Warning_]:
    """Throttle counters that moved and throttle states that were on."""
    made: list[Warning_] = []
    for result in e.results.results:
        if result.measurand not in ("throttle_events@1", "throttled_ratio@1"):
            continue
        worst = max((value for _, value in result.by_attempt), default=0.0)
        if worst <= 0:
            continue
        text = Txt(
            f"设备降低了速度：{result.source} 有变化。",
            f"The device slowed itself down: {result.source} moved.",
        )
        after = Txt("降温、检查电源，再测一次。", "Let it cool, check its supply, measure again.")
        made.append(Warning_("throttled", text, decimal(worst), "0", after))
    return made


def state_changed(e: Evidence) -> list[Warning_]:
    """Settings of the device that are not what they were before."""
    made: list[Warning_] = []
    for path, before, after in changed_state(e.facts.device_before, e.facts.device_after):
        text = Txt(
            f"设备状态 {path} 在运行前为 {before}，运行后为 {after}。",
            f"The device's {path} was {before} before the run and {after} after it.",
        )
        made.append(Warning_("device-state-changed", text))
    return made


def output_differs(e: Evidence) -> list[Warning_]:
    """Greedy decoding that did not repeat itself."""
    items = outputs_differ(e.run.valid())
    if not items:
        return []
    named = ", ".join(items[:3]) + (f", … ({len(items)})" if len(items) > 3 else "")  # noqa: PLR2004
    text = Txt(
        f"采用贪心解码，但这些题目的输出词元各次不同：{named}。",
        f"Decoding is greedy, yet output tokens differ between attempts for: {named}.",
    )
    after = Txt(
        "检查线程数与运行时的确定性。", "Look at thread count and the runtime's determinism."
    )
    return [Warning_("output-differs", text, str(len(items)), "0", after)]


def not_sealed(e: Evidence) -> list[Warning_]:
    """Raw data that no manifest protects."""
    if e.facts.sealed:
        return []
    text = Txt(
        "运行文件夹尚未封存，原始数据不受保护。",
        "The run folder is not sealed: nothing protects its raw data.",
    )
    return [Warning_("not-sealed", text)]


def _spread_ratio(result: Result) -> float | None:
    if result.scope not in ("", "request") or not result.value or result.spread is None:
        return None
    return None if result.spread.s is None else result.spread.s / abs(result.value)


def beyond_limit(e: Evidence) -> list[Warning_]:
    """Results that the device cannot have given: something in the measurement is wrong."""
    after = Txt(
        "检查时间戳、模型文件和设备描述文件的限值。",
        "Check the time stamps, the model file and the limits of the profile.",
    )
    return [Warning_("beyond-limit", words, next=after) for words in e.facts.beyond]


_RULES: Sequence[Callable[[Evidence], list[Warning_]]] = (
    beyond_limit,
    few_attempts,
    wide_spread,
    partial_results,
    throttled,
    lambda e: throttled_warnings(e.run),
    lambda e: in_step_warnings(e.run),
    state_changed,
    output_differs,
    lambda e: tick_losses(e.sources),
    lambda e: sampler_cost(e.run.attempts),
    no_power,
    no_fidelity,
    not_sealed,
)
