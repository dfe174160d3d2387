import re

import pytest

from host.handover.conventions import CONVENTIONS
from host.handover.measurands import MEASURANDS
from host.handover.quantity import Definition

ALL = [*MEASURANDS.values(), *CONVENTIONS.values()]
UNITS = {"s", "{token}/s", "By/s", "1", "By", "W", "J", "J/{token}", "J/By", "K", "Hz", "{count}"}


@pytest.mark.parametrize("definition", ALL, ids=lambda d: d.id)
def test_every_definition_says_what_it_is_in_both_languages(definition: Definition) -> None:
    assert definition.model
    assert definition.start
    assert definition.stop
    assert definition.origin
    assert definition.unit in UNITS
    assert definition.name.en.isascii()
    assert re.search("[\u4e00-\u9fff]", definition.name.zh)


def test_measurands_carry_a_version_and_conventions_their_tool() -> None:
    assert all(re.fullmatch(r"[a-z_]+@[1-9]\d*", name) for name in MEASURANDS)
    assert all(re.fullmatch(r"convention:[a-z0-9-]+\.[a-z_]+", name) for name in CONVENTIONS)
