"""Conditions and warnings: what the result holds for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from host.handover.record import Record, Warning_
from host.handover.text import Txt
from host.report.html_tables import details, none, reason, terms
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text

_MAX_FACTS = 400  # of one block; the record file has all
_BLOCKS: tuple[tuple[str, Txt], ...] = (
    ("item", Txt(zh="被测设备", en="Device")),
    ("model_artifact", Txt(zh="模型", en="Model")),
    ("runtime", Txt(zh="推理引擎", en="Engine")),
    ("dataset", Txt(zh="数据集", en="Dataset")),
    ("settings", Txt(zh="设置", en="Settings")),
    ("plan", Txt(zh="计划", en="Plan")),
    ("time", Txt(zh="时间块原文", en="Time block as recorded")),
)
# Names of facts in both languages; a fact that is not here keeps the name it came with.
_NAMES: dict[str, Txt] = {
    "name": Txt(zh="名称", en="name"),
    "maker": Txt(zh="制造商", en="maker"),
    "model": Txt(zh="型号", en="model"),
    "soc": Txt(zh="处理器", en="SoC"),
    "cpu": Txt(zh="处理器", en="CPU"),
    "kernel": Txt(zh="内核", en="kernel"),
    "os": Txt(zh="操作系统", en="operating system"),
    "sha256": Txt(zh="SHA-256", en="SHA-256"),
    "bytes": Txt(zh="字节数", en="bytes"),
    "size_bytes": Txt(zh="字节数", en="bytes"),
    "parameters": Txt(zh="参数量", en="parameters"),
    "quantization": Txt(zh="量化", en="quantization"),
    "quantisation": Txt(zh="量化", en="quantisation"),
    "tokenizer": Txt(zh="分词器", en="tokenizer"),
    "architecture": Txt(zh="架构", en="architecture"),
    "engine": Txt(zh="引擎", en="engine"),
    "version": Txt(zh="版本", en="version"),
    "threads": Txt(zh="线程数", en="threads"),
    "context": Txt(zh="上下文长度", en="context length"),
    "launch": Txt(zh="启动方式", en="launch path"),
    "launch_path": Txt(zh="启动方式", en="launch path"),
    "licence": Txt(zh="许可", en="licence"),
    "license": Txt(zh="许可", en="licence"),
    "id": Txt(zh="标识", en="id"),
    "seed": Txt(zh="种子", en="seed"),
    "title": Txt(zh="标题", en="title"),
}


# Where a device and an engine name themselves (agent/device.py, describe() of the engines).
_DEVICE = (
    "name",
    "maker",
    "product",
    "cpu.name",
    "system.name",
    "system.kernel",
)
_ENGINE = (
    "kind",
    "described.name",
    "described.version",
    "described.library",
    "described.library_version",
)


def conditions(record: Record) -> Html:
    """What was measured on what, with what settings, as the record holds it."""
    before = record.item.get("before", record.item)
    device = before if isinstance(before, Mapping) else record.item
    blocks = [_block(_BLOCKS[0][1], device)]
    blocks += [_block(words, getattr(record, name)) for name, words in _BLOCKS[1:]]
    return tag(
        "div",
        terms(_glance(record)),
        *blocks,
        details(
            said("测量期间改变的设备状态", "Device state that changed during the run"),
            _changes(before, record.item.get("after")),
        ),
    )


def _glance(record: Record) -> Iterator[tuple[Html, Html]]:
    """What one asks first."""
    before = record.item.get("before", record.item)
    runtime, dataset = record.runtime, record.dataset
    yield said("设备", "device"), _words(before, *_DEVICE)
    yield said("模型", "model"), _words(record.model_artifact, "name", "quantization", "format")
    yield said("模型 SHA-256", "model SHA-256"), _words(record.model_artifact, "sha256")
    yield said("引擎", "engine"), _words(runtime, *_ENGINE)
    yield said("选用原因", "taken because"), _reason(runtime.get("reason"))
    yield said("线程", "threads"), _threads(runtime)
    yield said("数据集", "dataset"), _words(dataset, "id", "version", "sha256")
    yield said("设置哈希", "settings hash"), code(record.settings_sha256)
    yield said("启动方式", "launch path"), _launch(runtime.get("launch_path"))


def _words(facts: object, *paths: str) -> Html:
    """The leaves under these dotted paths, one after the other."""
    leaves = [leaf for path in paths for _, leaf in _flat((), _at(facts, path))]
    shown = [_value(leaf) for leaf in leaves if leaf not in (None, "", {})]
    return join(shown, " · ") if shown else said("未给出", "not given")


def _reason(found: object) -> Html:
    """Why an engine was taken, in both languages."""
    if not isinstance(found, Mapping):
        return said("未给出", "not given")
    return both(Txt(str(found.get("zh", "")), str(found.get("en", ""))))


def _at(facts: object, path: str) -> object:
    for name in path.split("."):
        facts = facts.get(name) if isinstance(facts, Mapping) else None
    return facts


def _launch(path: object) -> Html:
    """Each process on the way to the engine, and how it is started."""
    if not isinstance(path, Mapping) or not path:
        return _value(path)
    steps = (join((code(name), text(f" {how}"))) for name, how in path.items())
    return tag("ul", *(tag("li", step) for step in steps), class_="plain")


def _threads(runtime: Mapping[str, object]) -> Html:
    """Settings whose names say threads, the resolved ones first."""
    found = {
        path[-1]: value
        for path, value in _flat((), runtime)
        if path and "thread" in path[-1].lower()
    }
    parts = [join((code(name), text(f" {value}"))) for name, value in found.items()]
    return join(parts, ", ") if parts else said("未给出", "not given")


def _changes(before: object, after: object) -> Html:
    """Facts that are not the same before and after, `before → after`."""
    if not after:
        return none("测量后未询问设备。", "The device was not asked after the run.")
    old, new = dict(_flat((), before)), dict(_flat((), after))
    changed = [path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]
    if not changed:
        return none("没有变化。", "Nothing changed.")
    return terms(
        (_path(path), join((_value(old.get(path)), _value(new.get(path))), " → "))
        for path in changed[:_MAX_FACTS]
    )


def _block(words: Txt, facts: Mapping[str, object]) -> Html:
    absent = facts.get("absent")
    given = {name: value for name, value in facts.items() if name != "absent"}
    body = terms(_facts(given)) if given else none()
    return details(both(words), tag("div", body, _unknown(absent) if absent else NOTHING))


def _unknown(absent: object) -> Html:
    """What the device could not say of itself, and why."""
    rows = absent if isinstance(absent, (list, tuple)) else [absent]
    said_so = [row for row in rows if isinstance(row, Mapping)]
    pairs = ((code(row.get("fact", "?")), reason(str(row.get("reason", "")))) for row in said_so)
    return details(said("设备未能说明的", "What the device could not say"), terms(pairs))


def _facts(facts: Mapping[str, object]) -> Iterator[tuple[Html, Html]]:
    flat = list(_flat((), facts))
    for path, value in flat[:_MAX_FACTS]:
        yield _path(path), _value(value)
    if len(flat) > _MAX_FACTS:
        rest = len(flat) - _MAX_FACTS
        yield text("…"), said(f"另有 {rest} 项见记录文件", f"{rest} more in the record file")


def _flat(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat((*path, str(key)), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str) and _has_parts(value):
        for number, inner in enumerate(value, 1):
            yield from _flat((*path, str(number)), inner)
    else:
        yield path, value


def _has_parts(value: Sequence[object]) -> bool:
    return any(isinstance(part, (Mapping, list, tuple)) for part in value)


def _path(path: tuple[str, ...]) -> Html:
    if len(path) == 1 and path[0] in _NAMES:
        return both(_NAMES[path[0]])
    return code(".".join(path))


def _value(value: object) -> Html:
    if isinstance(value, (list, tuple)):
        return text(", ".join(str(part) for part in value) or "[]")
    if value is None or value == {}:
        return said("未给出", "not given")
    if isinstance(value, bool):
        return said("是", "yes") if value else said("否", "no")
    words = str(value)
    return code(words) if " " not in words and len(words) > 20 else text(words)  # noqa: PLR2004


def warnings(record: Record) -> Html:
    """Each warning with what was found, what the limit is, and what to do."""
    if not record.warnings:
        return none("没有警告。", "No warnings.")
    return tag("div", *(_warning(w) for w in record.warnings), class_="warnings")


def _warning(warning: Warning_) -> Html:
    facts = []
    if warning.number:
        facts.append((said("测得", "found"), text(warning.number)))
    if warning.limit:
        facts.append((said("限值", "limit"), text(warning.limit)))
    if warning.next is not None:
        facts.append((said("下一步", "next step"), both(warning.next)))
    return tag(
        "article",
        tag("h3", code(warning.code)),
        tag("p", both(warning.text)),
        terms(facts) if facts else NOTHING,
        class_="warning",
    )
