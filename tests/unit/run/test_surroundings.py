from __future__ import annotations

import json
from pathlib import Path

from host.run.folder import create
from host.run.surroundings import store_in


def test_what_was_seen_stands_by_its_run_or_its_attempt(tmp_path: Path) -> None:
    folder = create(tmp_path, "run")
    store = store_in(folder)
    store(None, "state-before", {"a": 1})
    store(3, "state", {"b": 2})
    assert json.loads((folder.data / "state-before.json").read_text()) == {"a": 1}
    assert json.loads((folder.attempt(3) / "state.json").read_text()) == {"b": 2}


def test_a_run_that_is_resumed_overwrites_nothing(tmp_path: Path) -> None:
    folder = create(tmp_path, "run")
    for value in (1, 2, 3):
        store_in(folder)(None, "state-before", value)
    found = {p.name: json.loads(p.read_text()) for p in folder.data.glob("state*")}
    assert found == {"state-before.json": 1, "state-before-2.json": 2, "state-before-3.json": 3}
