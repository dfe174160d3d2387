"""What was asked for beside a comparison, on a terminal: limits, scores, ISO 5725, consensus."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from host.cli.console import plain
from host.compare.against import Against
from host.compare.conformity import RULES, WORDS
from host.compare.consensus import Consensus
from host.compare.limits import Conformity
from host.compare.repeatability import Repeatability, condition
from host.compare.scores import MEANINGS
from host.handover.quantity import Quantity
from host.pipeline.compare import Compared
from host.report.terminal import safe
from host.schema.rounding import Display, alone, display_of, significant, with_uncertainty
from host.schema.rounding import plain as digits

# From 30 degrees of freedom on, k = 2 and Student's t agree within 2.1 % (2.042 at 95 %).
FEW_DEGREES = 30
_CONDITIONS = {
    "reproducibility": "再现性",
    "intermediate precision": "期间精密度",
}


def show(console: Console, compared: Compared) -> None:
    """Each part that was asked for, conformity first."""
    items = set(compared.sides[0].record.settings.get("items", ()))
    for statement in compared.conformity:
        _conformity(console, statement)
    if compared.other_things:
        _line(console, "")
        names = ", ".join(map(safe, compared.other_things))
        _line(console, f"! 并非同一对象 not one thing: {names}", "bold red")
    _scores(console, compared.against, items)
    if compared.repeatability:
        kind = condition(compared.sides)
        _line(console, "")
        _line(console, f"ISO 5725-2, s_R: {_CONDITIONS[kind]} {kind}", "bold")
        for each in compared.repeatability:
            if each.quantity.scope not in items:
                _repeatability(console, each)
    for value in compared.consensus:
        if value.quantity.scope not in items:
            _consensus(console, value)


def _conformity(console: Console, each: Conformity) -> None:
    """A word of conformity only with specification, limit, rule, guard band and probability."""
    q, s = each.measured.quantity, each.statement
    name = f"{each.label}  {q.name.zh} {q.name.en} ({safe(q.id)})"
    if s is None:
        said = each.refused
        _line(console, f"{name}: 无判定 no statement", "bold yellow")
        if said is not None:
            _line(console, f"    {said.zh} {said.en}")
        return
    words = WORDS[s.outcome]
    style = {"pass": "bold green", "fail": "bold red"}.get(s.outcome, "bold yellow")
    _line(console, f"{name}: {words.zh} {words.en}", style)
    display = _display(q)
    sides = [
        f"{sign} {digits(display.of(x).normalize())} {display.unit}".rstrip()
        for sign, x in ((">=", s.limit.low), ("<=", s.limit.high))
        if x is not None
    ]
    rule = RULES[s.rule.name]
    band = "w = U" if s.rule.alpha is None else f"w = k_w u, alpha = {s.rule.alpha:g}"
    width = (
        ""
        if s.rule.name == "simple"
        else (f"; {band} = {digits(significant(display.of(s.w), 2))} {display.unit}".rstrip())
    )
    value = q.reported.text if q.reported else None
    if value is not None:
        _line(console, f"    测得值 measured: {value.en}")
    _line(console, f"    规范 specification: {safe(s.specification)}; {' , '.join(sides)}{width}")
    _line(console, f"    {rule.zh}")
    _line(console, f"    {rule.en}")
    _line(
        console,
        f"    符合概率 p_c = {s.p_c:.4f} ({s.distribution});"
        f" 本判定的风险 risk of this decision = {s.specific_risk:.2g}",
    )
    if q.open_rows:
        names = ", ".join(map(safe, q.open_rows))
        _line(console, f"    未评定、不在 U 中 not evaluated, not in U: {names}")


def _scores(console: Console, scores: tuple[Against, ...], items: set[str]) -> None:
    if not scores:
        return
    _line(console, "")
    _line(console, f"相对参考 against the reference {scores[0].reference}", "bold")
    refused: dict[tuple[str, str], list[str]] = {}
    for each in scores:
        if any(each.result_id.endswith(f"/{item}") for item in items):
            continue
        said = "; ".join(
            f"{s.name} = {s.value:.2f} {MEANINGS[s.outcome]} {s.outcome}" for s in each.scores
        )
        name = f"{each.label} {safe(each.result_id)}"
        if said:
            _line(console, f"  {name}: {said}")
        if each.text is not None:
            refused.setdefault((each.text.zh, each.text.en), []).append(name)
    for (zh, en), names in refused.items():
        _line(console, f"  无分数 no score: {', '.join(names)}", "dim")
        _line(console, f"      {zh} {en}", "dim")
    rules = sorted({s.rule for each in scores for s in each.scores})
    for rule in rules:
        _line(console, f"  {rule}", "dim")


def _repeatability(console: Console, each: Repeatability) -> None:
    q, p, display = each.quantity, each.precision, _display(each.quantity)

    def said(x: float | None) -> str:
        return "-" if x is None else digits(significant(display.of(x), 3))

    _line(console, f"  {q.name.zh} {q.name.en} ({safe(q.id)}), {display.unit or '1'}")
    _line(
        console,
        f"    p = {p.p}, n = {p.n}, m = {alone(display.of(p.m))}, s_r = {said(p.s_r)},"
        f" s_L = {said(p.s_L)}, s_R = {said(p.s_R)}, r = {said(p.r)}, R = {said(p.R)}",
    )
    for flag in each.flags:
        labels = ", ".join(each.groups[place][0] for place in flag.groups)
        level = {"outlier": "离群 outlier", "straggler": "歧离 straggler"}[flag.level]
        _line(
            console,
            f"    ! {labels}: {level} ({flag.test} = {flag.statistic:.4g}, 5 %:"
            f" {flag.critical[1]:.4g}, 1 %: {flag.critical[0]:.4g}); 未剔除 not removed",
        )


def _consensus(console: Console, each: Consensus) -> None:
    q, display = each.quantity, _display(each.quantity)

    def said(x: float) -> str:
        return digits(significant(display.of(x), 3))

    _line(console, "")
    _line(console, f"{q.name.zh} {q.name.en} ({safe(q.id)}), {display.unit or '1'}", "bold")
    _line(
        console,
        f"  稳健均值 robust x* = {alone(display.of(each.robust.x))}, s* = {said(each.robust.s)},"
        f" u = {said(each.robust.u)} (ISO 13528 C.3)",
    )
    if each.reference is None:
        if each.refused is not None:
            _line(console, f"  {each.refused.zh} {each.refused.en}")
        return
    r = each.reference
    verdict = "一致 consistent" if r.consistent else "不一致 inconsistent"
    _line(
        console,
        f"  参考值 reference = {alone(display.of(r.value))}, u = {said(r.u)} (k = 1);"
        f" chi2 = {r.chi2:.3g}, nu = {r.nu}, Pr = {r.probability:.2g}: {verdict};"
        f" Birge = {r.birge:.2f}",
    )
    if each.least_nu < FEW_DEGREES:
        _line(
            console,
            f"  ! nu = {each.least_nu:.3g}: chi2、D、U 视各 u 为已知，少数几次运行不足以给出"
            " chi2, D and U take each u as known, which so few runs do not give",
        )
    for e in r.equivalences:
        mark = "  ! |D|/u > 2.5" if e.outlier else ""
        distance, expanded = with_uncertainty(display.of(e.D), display.of(e.U))
        _line(console, f"    {e.label}  D = {distance} ± {expanded} (k = 2){mark}")


def _display(q: Quantity) -> Display:
    return display_of(q.unit, float(q.value or 0.0))


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(plain(text), style=style), soft_wrap=True)
