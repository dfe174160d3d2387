"""The time block: to what time stamps and durations are traceable, and what was done to clocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from host.handover.record import Record
from host.handover.text import Txt
from host.report.html_numbers import short
from host.report.html_pulses import pulses
from host.report.html_tables import column, none, table, terms
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text

_UNKNOWN = Txt(zh="不知", en="not known")
_USES = {
    "durations": Txt(zh="时间间隔", en="durations"),
    "labels": Txt(zh="时间标签", en="labels"),
}
_HOW = {
    "compared_to_utc": Txt(zh="与 UTC 比对", en="compared to UTC"),
    "manufacturer": Txt(zh="按制造商或规范的限值", en="limit of a specification"),
}
_CLOCKS = (
    column("时钟", "clock"),
    column("用途", "use"),
    column("分辨力 / ns", "resolution / ns", number=True),
    column("读取耗时 / ns", "read cost / ns", number=True),
    column("受驯", "disciplined"),
    column("可步进", "can step"),
    column("休眠时停走", "stops in suspend"),
)


def time(record: Record) -> Html:
    """What the record says of time; the whole block stands with the facts as well."""
    block: Mapping[str, Any] = record.time
    if not block:
        return none("记录没有时间块。", "The record has no time block.")
    clocks = _list(block.get("clocks"))
    words = Txt(zh="时钟", en="Clocks")
    return join(
        (
            tag("p", _txt(block.get("traceability_text")), class_="lead"),
            terms(_facts(block)),
            table(words, _CLOCKS, (_clock(c) for c in clocks)) if clocks else none(),
        )
    )


def _facts(block: Mapping[str, Any]) -> Iterator[tuple[Html, Html]]:
    yield said("UTC 来源", "source of UTC"), _source(block)
    if block.get("utc_bound_s") is not None:
        yield (
            said("与 UTC 之差的界", "bound of the difference from UTC"),
            join((short(str(block["utc_bound_s"])), text(" s"))),
        )
    yield said("时间间隔用的时钟", "clock of durations"), code(block.get("interval_clock") or "?")
    rate = block.get("rate")
    if isinstance(rate, Mapping):
        yield said("频率偏差", "rate error"), _rate(rate)
    yield said("校时", "corrections"), _corrections(block)
    for name, words in (
        ("sync_before", said("测量前的同步", "synchronisation before")),
        ("sync_after", said("测量后的同步", "synchronisation after")),
    ):
        if isinstance(block.get(name), Mapping):
            yield words, _pairs(block[name])
    if isinstance(block.get("host"), Mapping):
        yield from _host(block["host"])
    for each in _list(block.get("alignment")):
        yield said("时钟对齐", "alignment of clocks"), _alignment(each)
    for each in _list(block.get("pulses")):
        name = code(each.get("channel") or "?")
        yield join((said("负载脉冲", "load pulses"), text(" "), name)), pulses(each)


def _host(found: Mapping[str, Any]) -> Iterator[tuple[Html, Html]]:
    """The wall clock of the labels, where it is not the device's."""
    for name, words in (
        ("sync_before", said("主机测量前的同步", "the host's synchronisation before")),
        ("sync_after", said("主机测量后的同步", "the host's synchronisation after")),
    ):
        if isinstance(found.get(name), Mapping):
            yield words, _pairs(found[name])
    yield said("主机校时", "corrections of the host's clock"), _corrections(found)


def _alignment(each: Mapping[str, Any]) -> Html:
    """The alignment as a whole, then what each set of exchanges proves."""
    whole = {name: value for name, value in each.items() if name != "sets"}
    lines = (
        tag("li", text(f"t = {s.get('at_ns')} ns: {s.get('offset_ns')} ± {s.get('bound_ns')} ns"))
        for s in _list(each.get("sets"))
    )
    return join((_pairs(whole), tag("ul", *lines, class_="plain")))


def _source(block: Mapping[str, Any]) -> Html:
    source = block.get("utc_source")
    if not isinstance(source, Mapping):
        why = block.get("utc_source_reason")
        return join((said("无", "none"), tag("small", _txt(why)) if why else NOTHING))
    return _pairs(source)


def _rate(rate: Mapping[str, Any]) -> Html:
    how = str(rate.get("how", ""))
    numbers = (
        short(str(rate.get("ppm", "0"))),
        text(" ppm, u = "),
        short(str(rate.get("u_ppm", "0"))),
        text(" ppm; "),
        both(_HOW.get(how, Txt(how, how))),
    )
    return join((*numbers, tag("small", _txt(rate.get("source")))))


def _corrections(block: Mapping[str, Any]) -> Html:
    parts = [
        join((said(zh, en), text(": "), _yes(block.get(name))))
        for name, zh, en in (
            ("stepped", "步进", "stepped"),
            ("slewed", "调整", "slewed"),
            ("suspended", "休眠", "suspended"),
            ("durations_void", "时间间隔作废", "durations void"),
        )
        if name in block
    ]
    step = block.get("step_ns")
    if step:
        parts.append(text(f"{step} ns"))
    return join((join(parts, "; "), tag("small", _txt(block.get("corrections_text")))))


def _clock(clock: Mapping[str, Any]) -> list[Html]:
    use = clock.get("use")
    name = code(clock.get("api") or clock.get("id", "?"))
    return [
        join((said("主机", "host"), text(" "), name)) if clock.get("device") == "host" else name,
        both(_USES.get(str(use), Txt(str(use), str(use)))) if use else said("不用", "not used"),
        _known(clock.get("resolution_ns")),
        _known(clock.get("read_cost_ns")),
        _yes(clock.get("disciplined")),
        _yes(clock.get("stepped")),
        _yes(clock.get("stops_in_suspend")),
    ]


def _pairs(found: Mapping[str, Any]) -> Html:
    """A small object of the record as `name value` one after the other."""
    lines = (
        tag("li", code(name), text(" "), _yes(v) if isinstance(v, bool) else text(v))
        for name, v in found.items()
        if v is not None and v != ""
    )
    return tag("ul", *lines, class_="plain")


def _known(found: object) -> Html:
    return both(_UNKNOWN) if found is None else text(found)


def _yes(found: object) -> Html:
    if found is None:
        return both(_UNKNOWN)
    return said("是", "yes") if found else said("否", "no")


def _txt(found: object) -> Html:
    """Prose of a free-form block."""
    if not isinstance(found, Mapping):
        return both(_UNKNOWN)
    return both(Txt(str(found.get("zh", "")), str(found.get("en", ""))))


def _list(found: object) -> list[Mapping[str, Any]]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [each for each in found if isinstance(each, Mapping)]
