"""The facts of a device are gathered over every far end of `tests/fakes/ends/table.py`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from host.plan.address import WAYS
from host.plan.facts import gather
from host.plan.match import match
from host.plan.profile import all_shipped
from tests.fakes.ends.table import ENDS


@pytest.mark.parametrize("name", ENDS)
def test_a_far_end_says_who_it_is(name: str, tmp_path: Path) -> None:
    with ENDS[name](tmp_path) as end:
        transport = end.connect()
        try:
            found = gather(transport)
            elsewhere = gather(transport, root=PurePosixPath(end.root / "nothing"))
        finally:
            transport.close()
    assert not found.refused
    assert found.facts["uname.kernel"] == ("Linux",)
    (way,) = found.facts["transport.kind"]
    assert way in WAYS
    assert transport.device.partition(":")[0] == way
    assert "os.id" not in elsewhere.facts
    assert any(one.matches for one in match(found.facts, all_shipped()))
