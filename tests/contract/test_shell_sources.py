"""Sources as the shell agent is told them, and nodes as devices have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.agent_session import outcome
from tests.fakes.agent_shells import KINDS, Shell, shell_of
from tests.fakes.shell_runs import order_of, script, shell_session, spool_of


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


@pytest.mark.parametrize(
    "source",
    [
        "name|mCel|instant|/etc/passwd",
        "a.b|mCel|instant|/sys/../etc/passwd",
        "a.b|$(id)|instant|/sys/x",
        "a.b|mCel|never|/sys/x",
        "A.b|mCel|instant|/sys/x",
        "a.b",
    ],
)
def test_a_source_that_is_none_voids_before_anything_runs(
    shell: Shell, tmp_path: Path, source: str
) -> None:
    order = order_of(tmp_path / "001", script("echo"), sampling={"sources": [source]})
    with shell_session(shell) as session:
        status, reason = outcome(session.attempt(order))
    assert (status, reason.partition(":")[0]) == ("void", "bad-order")
    names = [line.fields[1] for line in spool_of(tmp_path / "001", "events").lines]
    assert "runner_start" not in names


def test_whatever_a_node_holds_is_a_number_or_a_gap_with_its_reason(
    shell: Shell, tmp_path: Path
) -> None:
    texts = {
        "good": "42\n", "negative": "-7\n", "decimal": "1.5\n", "bare": "8", "zero": "0\n",
        "empty": "", "word": "high\n", "long": "1" * 30 + "\n", "twice": "1.2.3\n", "minus": "-\n",
        "binary": "\x01\x02\n", "quote": '"\'$(id)\n',
    }  # fmt: skip
    node = tmp_path / "sys"
    node.mkdir()
    for name, text in texts.items():
        (node / name).write_text(text)
    sources = [f"odd.{name}|1|instant|{node}/{name}" for name in (*texts, "missing")]
    order = order_of(tmp_path / "001", script("sleep 0.2"), sampling={"sources": sources})
    with shell_session(shell, {"INFEROMETER_SYS": str(node)}) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    spool = spool_of(tmp_path / "001", "source-odd")
    assert spool.faults == ()
    fields = dict(zip([c.name for c in spool.columns], spool.lines[0].fields, strict=True))
    found = {name: fields[f"odd.{name}"].partition(":")[0] for name in (*texts, "missing")}
    bad = "!not-a-number"
    assert found == {
        "good": "42", "negative": "-7", "decimal": "1.5", "bare": "8", "zero": "0",
        "empty": "!empty", "word": bad, "long": "!too-long", "twice": bad, "minus": bad,
        "binary": bad, "quote": bad, "missing": "!unreadable",
    }  # fmt: skip
