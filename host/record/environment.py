"""The surroundings: what instruments read, what the laboratory states, what nobody measured."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.formal import EnvironmentField
from host.handover.laboratory import EnvironmentTable, txt
from host.handover.record import AMBIENT_TEMPERATURE
from host.handover.text import Txt

NOT_MEASURED = Txt(
    "not-measured: 本次运行没有仪器读取，也没有实验室文件说明",
    "not-measured: no instrument of the run read it and no laboratory file states it",
)
AMBIENT = Txt("环境温度", "ambient temperature")


def environment_of(facts: RunFacts) -> tuple[EnvironmentField, ...]:
    """Readings first; what the laboratory states of a quantity only where nothing read it.

    The ambient temperature always has its entry: without a value it says why.
    """
    stated = facts.laboratory.environment if facts.laboratory else ()
    read = {e.quantity for e in facts.environment}
    found = (*facts.environment, *(_stated(e) for e in stated if e.quantity not in read))
    if any(e.quantity == AMBIENT_TEMPERATURE for e in found):
        return found
    missing = EnvironmentField(
        quantity=AMBIENT_TEMPERATURE, name=AMBIENT, value=None, unit="Cel", missing=NOT_MEASURED
    )
    return (missing, *found)


def _stated(table: EnvironmentTable) -> EnvironmentField:
    return EnvironmentField(
        quantity=table.quantity,
        name=txt(table.name),
        value=table.value,
        unit=table.unit,
        U=table.U,
        k=table.k,
        source=Txt(f"实验室文件：{table.source}", f"laboratory file: {table.source}"),
    )
