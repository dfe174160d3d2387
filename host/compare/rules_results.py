"""Rules of comparability that look at results: definition, tier, place and rule of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from host.compare.measured import quantities_of
from host.compare.unlike import Effect, Unlike
from host.handover.quantity import Definition, Quantity
from host.handover.record import Record
from host.handover.stated import STATED
from host.handover.text import Txt, one_line

Records = Sequence[Record]
# Units that only power evidence gives (UCUM).
_POWER_UNITS = ("W", "J", "J/{token}", "J/By")


def measurand_versions(records: Records) -> Iterator[Unlike]:
    """A measurand whose definition differs: another version, or other words under one id."""
    said: list[dict[str, str]] = []
    for record in records:
        ids = {q.measurand_id for q in quantities_of(record)}
        models = {d.id: _meaning(d) for d in record.definitions}
        said.append({i.partition("@")[0]: models.get(i, i) for i in sorted(ids)})
    for name in sorted(set.intersection(*(set(each) for each in said))):
        values = tuple(each[name] for each in said)
        if len(set(values)) > 1:
            hit = _ids(records, lambda q, n=name: q.measurand_id.partition("@")[0] == n)  # type: ignore[misc]
            text = Txt(f"被测量 {name} 的定义不同。", f"The definition of {name} differs.")
            path = f"definitions.{name}"
            yield Unlike("measurand-version", path, values, Effect.PART, text, hit)
    grown = tuple(", ".join(map(str, r.settings.get("measurands", ()))) for r in records)
    if len(set(grown)) > 1:
        text = Txt(
            "被测量目录不同；共有被测量的定义逐一核对。",
            "The catalogues of measurands differ; those in common are checked one by one.",
        )
        yield Unlike("measurand-catalogue", "settings.measurands", grown, Effect.SAID, text)


def _meaning(d: Definition) -> str:
    """A definition in one line, both languages: other words in either are another definition."""
    span = f"{one_line(d.start)} .. {one_line(d.stop)}"
    return f"{d.id}: {one_line(d.model)} [{span}] {d.unit}"


def power_tiers(records: Records) -> Iterator[Unlike]:
    """Results of one id whose evidence is of different tiers (`shared` design, law 5)."""
    yield from by_field(
        records,
        ("power-tier", "tier"),
        lambda q: q.tier,
        Txt(
            "功率证据等级不同，不得混排。", "Tiers of power evidence differ, and are never mixed."
        ),
    )


def power_corrections(records: Records) -> Iterator[Unlike]:
    """Power of one source that only one side corrects to what a meter beside it showed.

    What a rail says of itself and what a meter says of the device are two quantities.
    """
    made = [_corrections(record) for record in records]
    for source in sorted(set().union(*made)):
        values = tuple(each.get(source, "none") for each in made)
        hit = _ids(records, lambda q, s=source: q.source == s and q.unit in _POWER_UNITS)  # type: ignore[misc]
        if len(set(values)) > 1 and hit:
            text = Txt(
                f"{source} 只有一方经转移校准或两点核查修正，或修正的种类不同。",
                f"{source} is corrected on one side only, or by another kind of calibration.",
            )
            path = "equipment.*.kind"
            yield Unlike("power-correction", path, values, Effect.PART, text, hit)


def _corrections(record: Record) -> dict[str, str]:
    """Source -> kind of the calibration that corrected it."""
    return {
        channel: each.kind
        for each in record.equipment
        if each.kind in ("transfer_calibration", "two_point_check")
        for channel in each.channels
    }


def sum_rules(records: Records) -> Iterator[Unlike]:
    """Results of one id that were computed by different rules, or stand in different units."""
    yield from by_field(
        records,
        ("integration-rule", "rule"),
        lambda q: one_line(q.rule) if q.rule and q.measurand_id not in STATED else "",
        Txt("计算或积分规则不同。", "Rules of computing or integration differ."),
    )
    yield from by_field(
        records, ("unit", "unit"), lambda q: q.unit, Txt("单位不同。", "Units differ.")
    )


def power_boundary(records: Records) -> Iterator[Unlike]:
    """Power and energy of the same span, taken at different places on each side."""
    places = [_places(record) for record in records]
    for key in sorted(set.intersection(*(set(each) for each in places))):
        found = [each[key] for each in places]
        if set.intersection(*found):
            continue
        values = tuple(", ".join(sorted(each)) for each in found)
        hit = _ids(records, lambda q, k=key: _span(q) == k)  # type: ignore[misc]
        text = Txt(
            f"{key} 的测点不同：不经换算不能比较。",
            f"{key} was taken at different places: not comparable without a conversion.",
        )
        yield Unlike("power-boundary", f"results.{key}.source", values, Effect.PART, text, hit)


def _places(record: Record) -> dict[str, set[str]]:
    places: dict[str, set[str]] = {}
    for q in record.results:
        if q.unit in _POWER_UNITS and q.value is not None and q.source:
            places.setdefault(_span(q), set()).add(q.source)
    return places


def _span(q: Quantity) -> str:
    return "/".join(part for part in (q.measurand_id, q.statistic, q.scope) if part)


def by_field(
    records: Records,
    rule: tuple[str, str],
    field: Callable[[Quantity], str],
    text: Txt,
    effect: Effect = Effect.PART,
) -> Iterator[Unlike]:
    """One difference for each combination of values, with the results that have it."""
    held = [{q.id: q for q in quantities_of(r) if q.value is not None} for r in records]
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in held[0]:
        if all(key in each for each in held):
            values = tuple(field(each[key]) or "none" for each in held)
            if len(set(values)) > 1:
                groups.setdefault(values, []).append(key)
    for values, keys in groups.items():
        path = f"results.*.{rule[1]}"
        yield Unlike(rule[0], path, values, effect, text, tuple(keys))


def _ids(records: Records, wanted: Callable[[Quantity], bool]) -> tuple[str, ...]:
    return tuple(sorted({q.id for r in records for q in quantities_of(r) if wanted(q)}))
