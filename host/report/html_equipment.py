"""Surroundings, instruments and their certificates."""

from __future__ import annotations

from host.handover.formal import CertificateField, EnvironmentField, EquipmentField, ReadingsField
from host.handover.record import Record
from host.handover.text import Txt
from host.report.charts_data import symbol
from host.report.html_tables import column, none, table
from host.report.html_text import NOTHING, Html, both, code, heading, join, said, tag, text

_KINDS = {
    "external_meter": Txt(zh="外接仪表", en="external meter"),
    "on_board": Txt(zh="板载传感器", en="on-board sensor"),
    "fuel_gauge": Txt(zh="电量计", en="fuel gauge"),
    "transfer_calibration": Txt(zh="转移校准", en="transfer calibration"),
    "two_point_check": Txt(zh="两点核查", en="two-point check"),
    "ambient": Txt(zh="环境仪器", en="ambient"),
}
_ENVIRONMENT = (
    column("条件", "condition"),
    column("值", "value", number=True),
    column("U", "U", number=True),
    column("k", "k", number=True),
    column("来源或原因", "source or reason"),
)
_INSTRUMENTS = (
    column("仪器", "instrument"),
    column("类别", "kind"),
    column("序列号、固件", "serial, firmware"),
    column("地点", "location"),
    column("通道", "channels"),
    column("等级", "tier"),
    column("说明", "note"),
)
_CERTIFICATES = (
    column("证书", "certificate"),
    column("仪器", "instrument"),
    column("签发机构", "issuer"),
    column("认可", "accreditation"),
    column("校准日期", "calibrated"),
    column("到期", "due"),
    column("有效期内", "in validity"),
    column("范围内", "in range"),
    column("说明", "note"),
)


def equipment(record: Record) -> Html:
    """Conditions of the surroundings, instruments, certificates."""
    surroundings = Txt(zh="环境条件", en="Surroundings")
    rows = (_condition(each) for each in record.environment)
    return join(
        (
            heading(3, surroundings),
            table(surroundings, _ENVIRONMENT, rows, titled=True),
            heading(3, Txt(zh="仪器与证书", en="Instruments and certificates")),
            _instruments(record),
        )
    )


def _condition(found: EnvironmentField) -> list[Html]:
    if found.value is None:
        shown = said("未测得", "not measured")
        return [both(found.name), shown, NOTHING, NOTHING, _why(found.missing)]
    unit = symbol(found.unit)
    source = [both(found.source)] if found.source else []
    source += [code(found.equipment_ref)] if found.equipment_ref else []
    source += [_readings(found.readings, unit)] if found.readings else []
    return [
        both(found.name),
        text(f"{found.value} {unit}".strip()),
        text(f"{found.U} {unit}".strip()) if found.U is not None else _unknown(),
        text(found.k) if found.k is not None else _unknown(),
        join(source, " ") if source else _unknown(),
    ]


def _readings(found: ReadingsField, unit: str) -> Html:
    """Start and end of the run, and what lay between."""
    numbers = f"{found.first} → {found.last} {unit}, [{found.least}, {found.most}] {unit}"
    words = said("首末读数与范围：", "first, last and range: ")
    return tag("small", words, text(f"{numbers}, n = {found.n} "), code(found.channel))


def _why(missing: Txt | None) -> Html:
    """The reason code once, then the words after its colon in both languages."""
    if missing is None:
        return _unknown()
    word, _, zh = missing.zh.partition(":")
    en = missing.en.partition(":")[2]
    words = both(Txt(zh.strip(), en.strip()))
    return tag("span", code(word), text(" "), words, class_="missing")


def _instruments(record: Record) -> Html:
    found = record.equipment
    if not found:
        return none(
            "没有设备文件：读数来自设备自身的计数器，没有仪器证书（measure --equipment）。",
            "No equipment file: readings are the device's own counters, without certificates"
            " (measure --equipment).",
        )
    instruments = Txt(zh="仪器", en="instruments")
    certificates = Txt(zh="校准证书", en="calibration certificates")
    rows = [_certificate(e, c) for e in found for c in e.certificates]
    return join(
        (
            table(instruments, _INSTRUMENTS, (_instrument(e) for e in found)),
            table(certificates, _CERTIFICATES, rows)
            if rows
            else none("没有校准证书。", "No calibration certificates."),
        )
    )


def _instrument(e: EquipmentField) -> list[Html]:
    names = " ".join(part for part in (e.maker, e.model) if part)
    serial = " · ".join(part for part in (e.serial, e.firmware) if part)
    return [
        join((text(names), tag("small", code(e.id)))),
        both(_KINDS.get(e.kind, Txt(e.kind, e.kind))),
        text(serial) if serial else _unknown(),
        text(e.location) if e.location else _unknown(),
        tag("ul", *(tag("li", code(c)) for c in e.channels), class_="plain")
        if e.channels
        else said("无", "none"),
        text(e.tier) if e.tier else said("无", "none"),
        both(e.reason) if e.reason else NOTHING,
    ]


def _certificate(e: EquipmentField, c: CertificateField) -> list[Html]:
    return [
        join((text(c.number), tag("small", code(c.sha256)))),
        code(e.id),
        text(c.issuer),
        text(c.accreditation) if c.accreditation else said("未给出", "not given"),
        _day(c.calibrated),
        _day(c.due) if c.due else said("未给出", "not given"),
        _holds(c.in_validity),
        _holds(c.in_range),
        both(c.reason) if c.reason else NOTHING,
    ]


def _day(day: str) -> Html:
    return tag("span", text(day), class_="day")


def _holds(found: bool | None) -> Html:  # noqa: FBT001 - three answers
    """Yes, no or not known, by sign and words."""
    if found is None:
        return said("不知", "not known")
    sign = tag("span", text("✓ " if found else "✕ "), aria_hidden="true")
    words = said("是", "yes") if found else said("否", "no")
    return tag("span", sign, words, class_="status valid" if found else "status void")


def _unknown() -> Html:
    return said("未给出", "not given")
