"""How the record stands, who answers for it, by what method: absent things with their reason."""

from __future__ import annotations

from collections.abc import Iterator

from host.handover.formal import PersonField
from host.handover.record import Record
from host.handover.text import Txt
from host.report.html_tables import terms
from host.report.html_text import NOTHING, Html, both, code, heading, join, said, tag, text
from host.report.state import SIGNATURES, state_words

_KINDS = {
    "performance_test_report": Txt(zh="性能测试报告", en="performance test report"),
    "comparison": Txt(zh="比较", en="comparison"),
    "intermediate_check": Txt(zh="期间核查", en="intermediate check"),
}
_ROLES = {
    "operator": Txt(zh="测量", en="operator"),
    "checker": Txt(zh="核验", en="checker"),
    "approver": Txt(zh="批准", en="approver"),
}
_ORDERS = {
    "shuffled": Txt(zh="随机排序", en="shuffled"),
    "given": Txt(zh="按数据集顺序", en="as given by the dataset"),
}


def state(record: Record) -> Html:
    """The state in words beside the kind of the record."""
    kind = _KINDS.get(record.kind, Txt(record.kind, record.kind))
    return tag(
        "p",
        both(kind),
        text(" · "),
        tag("span", both(state_words(record.status.state)), class_=f"state {record.status.state}"),
        class_="maker-kind",
    )


def withdrawn(record: Record) -> Html:
    """Before anything else on the page: that nothing on it may be used."""
    if record.status.state != "withdrawn":
        return NOTHING
    reason = record.status.reason
    return tag(
        "section",
        heading(2, state_words("withdrawn"), id="withdrawn"),
        tag("p", text(record.status.date), text(" "), both(reason) if reason else _no_reason()),
        class_="withdrawn",
        aria_labelledby="withdrawn",
    )


def _no_reason() -> Html:
    return said("未给出原因", "no reason given")


def identity(record: Record) -> Html:
    """Number, laboratory, customer, people and dates."""
    return tag("div", terms(_identity(record)), class_="identity")


def _identity(record: Record) -> Iterator[tuple[Html, Html]]:
    draft = record.status.state == "draft"
    yield (
        said("记录编号", "record number"),
        text(record.record_no)
        if record.record_no
        else _absent("草稿没有编号", "a draft has none"),
    )
    yield said("实验室", "laboratory"), _laboratory(record)
    yield said("客户", "customer"), _customer(record)
    yield said("人员", "people"), _people(record)
    when = " – ".join(label for label in (record.performed.start, record.performed.end) if label)
    yield (
        said("测量时间", "performed"),
        join((text(when or "?"), tag("small", both(record.performed.clock)))),
    )
    if record.item_received:
        yield said("样品接收", "item received"), text(record.item_received)
    yield (
        said("签发时间", "issued"),
        text(record.issued)
        if record.issued
        else _absent("尚未签发：inferometer issue", "not issued: inferometer issue"),
    )
    if not draft:
        yield said("状态的依据", "statement"), _statement(record)
    yield said("记录标识", "record id"), code(record.record_id)


def _absent(zh: str, en: str) -> Html:
    return tag("span", said(zh, en), class_="missing")


def _laboratory(record: Record) -> Html:
    found = record.laboratory
    if found is None:
        return _absent(
            "没有实验室文件：inferometer laboratory", "no laboratory file: inferometer laboratory"
        )
    lines = [both(found.name), tag("small", both(found.address))]
    if found.location is not None:
        lines.append(
            tag("small", said("测量地点", "performed at"), text(" "), both(found.location))
        )
    if found.accreditation_no:
        number = text(f" {found.accreditation_no}")
        lines.append(tag("small", said("认可编号", "accreditation"), number))
    return join(lines)


def _customer(record: Record) -> Html:
    found = record.customer
    if found is None:
        if record.laboratory is None:
            return _absent("没有实验室文件", "no laboratory file")
        return _absent("实验室文件未列客户", "the laboratory file names none")
    contact = tag("small", text(found.contact)) if found.contact else NOTHING
    return join((both(found.name), contact))


def _people(record: Record) -> Html:
    if not record.people:
        if record.laboratory is None:
            return _absent("没有实验室文件", "no laboratory file")
        return _absent("实验室文件未列人员", "the laboratory file names none")
    return tag("ul", *(tag("li", _person(p)) for p in record.people), class_="plain")


def _person(person: PersonField) -> Html:
    role = both(_ROLES.get(person.role, Txt(person.role, person.role)))
    return join((text(person.name), text(" · "), role))


def _statement(record: Record) -> Html:
    status = record.status
    parts = [text(status.date)]
    if status.reason is not None:
        parts.append(tag("small", said("原因", "reason"), text(" "), both(status.reason)))
    if status.replaces:
        parts.append(tag("small", said("替代", "replaces"), text(" "), code(status.replaces)))
    return join(parts)


def method(record: Record) -> Html:
    """Method, norms, deviations, then how many of what were measured in what order."""
    found = record.method
    norms = ", ".join(found.norms)
    nothing = ("无：没有评定不确定度", "none: no uncertainty was evaluated")
    purpose = record.intended_use
    opinions = record.opinions
    external = ", ".join(record.external_provider_results)
    return terms(
        [
            (said("方法", "method"), join((both(found.title), tag("small", _version(record))))),
            (said("依据文件", "norms"), text(norms) if norms else _absent(*nothing)),
            (said("偏离", "deviations"), both(found.deviations)),
            (
                said("预期用途", "intended use"),
                both(purpose) if purpose else _absent("未说明", "not stated"),
            ),
            *_sampling(record),
            (
                said("外部提供的结果", "results from others"),
                text(external) if external else said("无", "none"),
            ),
            (
                said("意见与解释", "opinions"),
                both(opinions) if opinions else said("无", "none"),
            ),
        ]
    )


def _version(record: Record) -> Html:
    found = record.method
    words = text(f"{found.id} · {found.version} · ")
    return join(
        (words, said("定义的 SHA-256 ", "SHA-256 of the definitions "), code(found.sha256))
    )


def _sampling(record: Record) -> Iterator[tuple[Html, Html]]:
    plan = record.sampling_plan
    yield (
        said("抽样", "sampling"),
        said(
            f"{plan.devices} 台设备，计划 {plan.runs} 次，每次重新加载",
            f"devices: {plan.devices}; attempts planned: {plan.runs}, each a fresh load",
        ),
    )
    order = both(_ORDERS.get(plan.order, Txt(plan.order, plan.order)))
    seed = text(f" (seed {plan.seed})") if plan.randomised else NOTHING
    yield said("顺序", "order"), join((order, seed))
    yield said("预热", "warm-up"), both(plan.warm_up)
    yield said("冷却规则", "cool-down rule"), both(plan.cool_down_rule)
    left_out = tag("ul", *(tag("li", both(e)) for e in plan.exclusions), class_="plain")
    yield (
        said("排除", "left out of results"),
        left_out if plan.exclusions else said("无", "none"),
    )


def signatures(record: Record) -> Html:
    """One line: they lie beside the record; then the keys that people said to sign with."""
    keys = [
        (text(person.name), join((said("密钥", "key"), text(" "), code(person.key))))
        for person in record.people
        if person.key
    ]
    line = tag("p", both(SIGNATURES))
    return join((line, terms(keys))) if keys else line
