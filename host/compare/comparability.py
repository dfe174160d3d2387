"""Whether records may be compared: one small rule for each condition, in one table.

What is meant to differ (device, model, engine and its settings, software) is in `subject.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from host.compare.common import same_run
from host.compare.fidelity import fidelity_of, has_fidelity, reference_of
from host.compare.leaves import unequal
from host.compare.measured import quantities_of
from host.compare.rules_results import (
    measurand_versions,
    power_boundary,
    power_corrections,
    power_tiers,
    sum_rules,
)
from host.compare.rules_stated import stated_about, stated_by
from host.compare.unlike import Effect, Unlike
from host.handover.record import Record
from host.handover.text import Txt

Records = Sequence[Record]
# Results that do not depend on how a tokenizer cuts text (`shared` reference metrology 6.4).
BYTE_MEASURANDS: Final = (
    "output_byte_rate",
    "output_character_rate",
    "energy_per_output_byte",
    "energy_per_output_byte_above_idle",
)
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition. text: what it asks. find: in what the records break it."""

    id: str
    text: Txt
    find: Callable[[Records], Iterable[Unlike]]


def unlikes(records: Records) -> tuple[Unlike, ...]:
    """Every difference that bears on the comparison, in the order of the rules."""
    return tuple(found for rule in RULES for found in rule.find(records))


def may_compare(result_id: str, found: Iterable[Unlike]) -> Unlike | None:
    """The first difference that forbids to compare this result, None where none does."""
    for each in found:
        if each.effect is Effect.WHOLE:
            return each
        if each.effect is Effect.PART and result_id in each.results:
            return each
    return None


def _schema(records: Records) -> Iterator[Unlike]:
    said = [msgspec.to_builtins(r.schema) for r in records]
    values = tuple(f"{each['name']} {each['version']}" for each in said)
    if len(set(values)) > 1:
        text = Txt("记录的结构版本不同。", "The records are of different schema versions.")
        yield Unlike("schema", "schema", values, Effect.WHOLE, text)


def _one_run(records: Records) -> Iterator[Unlike]:
    for place, other in enumerate(records[1:], 1):
        earlier = [r for r in records[:place] if same_run(r, other)]
        if earlier:
            values = tuple(r.payload_sha256 for r in records)
            text = Txt(
                "两份记录出自同一次运行的原始数据，并非独立结果。",
                "Two records come from the raw data of one run: they are not independent.",
            )
            yield Unlike("same-run", "payload_sha256", values, Effect.WHOLE, text)
            return


def _verdicts(records: Records) -> Iterator[Unlike]:
    values = tuple(r.verdict.status for r in records)
    if any(value != "valid" for value in values):
        text = Txt("有记录不是有效的，不能据以比较。", "Not every record is valid.")
        yield Unlike("verdict", "verdict.status", values, Effect.WHOLE, text)


def _dataset(records: Records) -> Iterator[Unlike]:
    for key in ("id", "version", "sha256"):
        values = tuple(str(r.dataset.get(key, "absent")) for r in records)
        if len(set(values)) > 1:
            text = Txt(f"数据集的 {key} 不同。", f"The datasets differ in {key}.")
            yield Unlike("dataset", f"dataset.{key}", values, Effect.WHOLE, text)


def _tokenizer(records: Records) -> Iterator[Unlike]:
    values = tuple(str(r.settings.get("tokenizer_sha256", "absent")) for r in records)
    unknown = any(value in ("absent", "not-stated") for value in values)
    if len(set(values)) == 1 and not unknown:
        return
    results = {q.id for r in records for q in quantities_of(r) if not _of_bytes(q.measurand_id)}
    text = Txt(
        "分词器不同或未说明：词元不是同一单位，只比较按字节或字符计的结果。",
        "Tokenizers differ or are not stated: a token is not the same unit; only results per byte"
        " or character are compared.",
    )
    path = "settings.tokenizer_sha256"
    yield Unlike("tokenizer", path, values, Effect.PART, text, tuple(sorted(results)))


def _settings(records: Records) -> Iterator[Unlike]:
    """All other entries: each path with the value in each record."""
    ruled = {"dataset", "tokenizer_sha256", "measurands", "timing_boundary"}
    parts = [{k: v for k, v in r.settings.items() if k not in ruled} for r in records]
    for path, values in unequal(parts):
        text = Txt(f"设置 {path} 不同。", f"The setting {path} differs.")
        yield Unlike("settings", f"settings.{path}", values, Effect.WHOLE, text)


def _boundary(records: Records) -> Iterator[Unlike]:
    values = tuple(str(r.settings.get("timing_boundary", "absent")) for r in records)
    if len(set(values)) > 1:
        text = Txt("计时边界不同。", "The boundaries of timing differ.")
        yield Unlike("timing-boundary", "settings.timing_boundary", values, Effect.WHOLE, text)


def _uncertainty(records: Records) -> Iterator[Unlike]:
    """Results evaluated more or less fully on one side than on the other."""
    first, *others = ({q.id: q for q in quantities_of(r) if q.u is not None} for r in records)
    shared = [key for key in first if all(key in other for other in others)]
    kinds: dict[tuple[str, ...], list[str]] = {}
    for key in shared:
        status: tuple[str, ...] = tuple(each[key].uncertainty_status for each in (first, *others))
        if len(set(status)) > 1:
            kinds.setdefault(status, []).append(key)
    for status, keys in kinds.items():
        text = Txt(
            f"{len(keys)} 个结果的不确定度评定程度不同。",
            f"The uncertainty of {len(keys)} results is not evaluated to the same extent.",
        )
        path = "results.*.uncertainty_status"
        yield Unlike("uncertainty-status", path, status, Effect.SAID, text, tuple(keys))


def _states(records: Records) -> Iterator[Unlike]:
    """`amended` and `substituted` are states of a new record that stands for an older one."""
    values = tuple(r.status.state for r in records)
    if WITHDRAWN in values:
        text = Txt(
            "有记录已被撤回，不能据以比较。",
            "A record was withdrawn by those who issued it: nothing can rest on it.",
        )
        yield Unlike("state", "status.state", values, Effect.WHOLE, text)
    elif "draft" in values:
        text = Txt("有记录仍是草稿，未签发。", "A record is a draft: it is not issued.")
        yield Unlike("state", "status.state", values, Effect.SAID, text)


def _fidelity(records: Records) -> Iterator[Unlike]:
    if not all(has_fidelity(r) for r in records):
        values = tuple(fidelity_of(r) for r in records)
        text = Txt(
            "缺少保真度结果：只述测得的差，不作名次。",
            "No fidelity result: what was measured is stated, and nothing is ranked.",
        )
        yield Unlike("fidelity", "fidelity", values, Effect.SAID, text)
    elif len({reference_of(r) for r in records}) > 1:
        values = tuple(reference_of(r) for r in records)
        text = Txt(
            "保真度的参考不同，各自的保真度不能互相比较。",
            "The references of fidelity differ: one fidelity says nothing beside the other.",
        )
        yield Unlike("fidelity", "fidelity.reference.data_sha256", values, Effect.SAID, text)


def _of_bytes(measurand_id: str) -> bool:
    return measurand_id.partition("@")[0] in BYTE_MEASURANDS


RULES: Final = (
    Rule("schema", Txt("结构版本相同", "one schema version"), _schema),
    Rule("same-run", Txt("出自不同的运行", "of different runs"), _one_run),
    Rule("verdict", Txt("记录均有效", "every record valid"), _verdicts),
    Rule("measurand-version", Txt("被测量定义相同", "one definition"), measurand_versions),
    Rule("dataset", Txt("数据集相同", "one dataset"), _dataset),
    Rule("tokenizer", Txt("分词器相同", "one tokenizer"), _tokenizer),
    Rule("settings", Txt("设置相同", "the same settings"), _settings),
    Rule("timing-boundary", Txt("计时边界相同", "one boundary of timing"), _boundary),
    Rule("power-tier", Txt("功率证据等级相同", "one tier of power evidence"), power_tiers),
    Rule("power-boundary", Txt("功率测点相同", "power taken at one place"), power_boundary),
    Rule("power-correction", Txt("修正方式相同", "corrected alike"), power_corrections),
    Rule("integration-rule", Txt("计算规则相同", "one rule of computing"), sum_rules),
    Rule("stated-by", Txt("自述定义者相同", "own words of one runner"), stated_by),
    Rule("stated-about", Txt("自述条件相同", "stated of the same things"), stated_about),
    Rule("uncertainty-status", Txt("不确定度评定程度相同", "U of one extent"), _uncertainty),
    Rule("state", Txt("记录已签发、未撤回", "issued and not withdrawn"), _states),
    Rule("fidelity", Txt("有保真度结果", "a fidelity result"), _fidelity),
)
