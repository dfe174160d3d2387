"""A comparison as one JSON value: numbers as decimal strings, prose in both languages."""

from __future__ import annotations

from math import isinf
from typing import Any

from host.compare.against import Against
from host.compare.conformity import RULES, WORDS
from host.compare.consensus import Consensus
from host.compare.difference import P, Stated
from host.compare.limits import Conformity
from host.compare.outliers import Flag
from host.compare.pairs import Pair
from host.compare.reference_value import ReferenceValue
from host.compare.repeatability import Repeatability, condition
from host.handover.text import Txt
from host.pipeline.compare import Compared
from host.schema.canonical import decimal


def as_value(compared: Compared) -> dict[str, Any]:
    """The whole of it. `comparable` is null for a single record: nothing was compared."""
    comparison = compared.comparison
    value: dict[str, Any] = {
        "comparable": None if comparison is None else comparison.comparable,
        "extent": None if comparison is None else comparison.extent,
        "ranked": None if comparison is None else comparison.ranked,
        "records": [
            {
                "label": side.label,
                "file": str(path),
                "record_id": side.record.record_id,
                "status": side.record.status.state,
            }
            for side, path in zip(compared.sides, compared.paths, strict=True)
        ],
        "differences": []
        if comparison is None
        else [
            {
                "rule": d.rule,
                "path": d.path,
                "values": list(d.values),
                "effect": d.effect.value,
                "text": _txt(d.text),
                "results": list(d.results),
            }
            for d in comparison.differences
        ],
        "compared": []
        if comparison is None
        else [
            {"key": s.key, "values": list(s.values), "same": s.same} for s in comparison.subjects
        ],
        "pairs": [] if comparison is None else [_pair(pair) for pair in comparison.pairs],
        "unpaired": []
        if comparison is None
        else [{"label": label, "results": list(ids)} for label, ids in comparison.unpaired],
    }
    return value | _more(compared)


def _more(compared: Compared) -> dict[str, Any]:
    """What was asked for beside the comparison."""
    more: dict[str, Any] = {}
    if compared.against:
        more["scores"] = [_against(each) for each in compared.against]
    if compared.repeatability:
        more["repeatability"] = {
            "condition": condition(compared.sides),
            "results": [_repeatability(each) for each in compared.repeatability],
        }
    if compared.consensus:
        more["consensus"] = [_consensus(each) for each in compared.consensus]
    if compared.conformity:
        more["conformity"] = [_conformity(each) for each in compared.conformity]
    if compared.other_things:
        more["other_things"] = list(compared.other_things)
    return more


def _pair(pair: Pair) -> dict[str, Any]:
    q, d, r = pair.measured_a.quantity, pair.difference, pair.ratio
    return {
        "a": pair.a,
        "b": pair.b,
        "result": q.id,
        "measurand": q.measurand_id,
        "unit": q.unit,
        "value_a": q.value,
        "value_b": pair.measured_b.quantity.value,
        "difference": None if d is None else decimal(d.value),
        "u": None if d is None else decimal(d.u),
        "nu_eff": None if d is None else _degrees(d.nu_eff),
        "nu_used": None if d is None else _degrees(d.nu_used),
        "k": None if d is None else decimal(d.k),
        "p": None if d is None else decimal(P),
        "U": None if d is None else decimal(d.U),
        "ratio": None if r is None else decimal(r.value),
        "ratio_uncertainty": None if r is None else _stated(r),
        "verdict": pair.verdict,
        "better": pair.better or None,
        "reason": pair.reason,
        "text": _txt(pair.text),
        "correlated": list(pair.correlated),
        "open_rows": list(pair.open_rows),
    }


def _stated(stated: Stated) -> dict[str, str]:
    return {
        "u": decimal(stated.u),
        "nu_eff": _degrees(stated.nu_eff),
        "k": decimal(stated.k),
        "U": decimal(stated.U),
    }


def _against(each: Against) -> dict[str, Any]:
    return {
        "reference": each.reference,
        "label": each.label,
        "result": each.result_id,
        **{
            s.name: {"value": decimal(s.value), "rule": s.rule, "outcome": s.outcome}
            for s in each.scores
        },
        "refused": each.refused,
        "text": None if each.text is None else _txt(each.text),
        "correlated": list(each.correlated),
    }


def _repeatability(each: Repeatability) -> dict[str, Any]:
    p = each.precision
    numbers = {
        "m": p.m,
        "n_bar": p.n_bar,
        "s_r": p.s_r,
        "s_L": p.s_L,
        "s_R": p.s_R,
        "r": p.r,
        "R": p.R,
    }
    return {
        "result": each.quantity.id,
        "unit": each.quantity.unit,
        "p": p.p,
        "n": p.n,
        **{name: None if x is None else decimal(x) for name, x in numbers.items()},
        "groups": [{"label": a, "values": [decimal(x) for x in v]} for a, v in each.groups],
        "h": [decimal(x) for x in each.h],
        "k": [None if x is None else decimal(x) for x in each.k],
        "flags": [_flag(flag, each) for flag in each.flags],
    }


def _flag(flag: Flag, each: Repeatability) -> dict[str, Any]:
    return {
        "test": flag.test,
        "labels": [each.groups[place][0] for place in flag.groups],
        "statistic": decimal(flag.statistic),
        "critical_1_percent": decimal(flag.critical[0]),
        "critical_5_percent": decimal(flag.critical[1]),
        "level": flag.level,
    }


def _consensus(each: Consensus) -> dict[str, Any]:
    return {
        "result": each.quantity.id,
        "unit": each.quantity.unit,
        "reference": None if each.reference is None else _reference(each.reference),
        "refused": None if each.refused is None else _txt(each.refused),
        "least_nu": _degrees(each.least_nu),
        "robust": {
            "x": decimal(each.robust.x),
            "s": decimal(each.robust.s),
            "u": decimal(each.robust.u),
            "p": each.robust.p,
        },
    }


def _reference(value: ReferenceValue) -> dict[str, Any]:
    return {
        "value": decimal(value.value),
        "u": decimal(value.u),
        "chi2": decimal(value.chi2),
        "nu": value.nu,
        "probability": decimal(value.probability),
        "consistent": value.consistent,
        "birge": decimal(value.birge),
        "equivalences": [
            {
                "label": e.label,
                "D": decimal(e.D),
                "u": decimal(e.u),
                "U": decimal(e.U),
                "k": "2",
                "weight": decimal(e.weight),
                "outlier": e.outlier,
            }
            for e in value.equivalences
        ],
    }


def _conformity(each: Conformity) -> dict[str, Any]:
    s, q = each.statement, each.measured.quantity
    if s is None:
        refused = None if each.refused is None else _txt(each.refused)
        return {"label": each.label, "result_ids": [q.id], "outcome": None, "refused": refused}
    low, high = s.limit.low, s.limit.high
    return {
        "label": each.label,
        "result_ids": [s.result_id],
        "specification": s.specification,
        "unit": q.unit,
        "limit": {
            "low": None if low is None else decimal(low),
            "high": None if high is None else decimal(high),
        },
        "decision_rule": {
            "id": s.rule.name,
            "text": _txt(RULES[s.rule.name]),
            "w": decimal(s.w),
            "alpha": None if s.rule.alpha is None else decimal(s.rule.alpha),
        },
        "p_c": decimal(s.p_c),
        "distribution": s.distribution,
        "specific_risk": decimal(s.specific_risk),
        "outcome": s.outcome,
        "text": _txt(WORDS[s.outcome]),
        "open_rows": list(q.open_rows),
    }


def _degrees(nu: float) -> str:
    return "inf" if isinf(nu) else decimal(nu)


def _txt(text: Txt) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
