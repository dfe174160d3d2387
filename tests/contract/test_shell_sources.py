"""Sources as the shell agent is told them, and nodes as devices have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.agent_session import outcome
from tests.fakes.agent_shells import KINDS, Shell, shell_of
from tests.fakes.shell_runs import order_of, script, shell_session, spool_of
from tests.fakes.tree import tree

DATA = Path(__file__).parents[1] / "data/power"
HAL_2 = DATA.parent / "dumpsys/power-stats-hal2.txt"
DEVICE = "bus/iio/devices/iio:device0"
ODPM = {
    f"{DEVICE}/name": "s2mpg10-odpm\n",
    f"{DEVICE}/energy_value": (DATA / "odpm-energy_value.txt").read_text(),
}


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


def test_rails_of_a_phone_are_found_and_read_with_their_own_stamp(
    shell: Shell, tmp_path: Path
) -> None:
    node = tree(tmp_path, {f"sys/{name}": text for name, text in ODPM.items()}) / "sys"
    order = order_of(tmp_path / "001", script("sleep 0.2"), sampling={"kinds": ["odpm"]})
    with shell_session(shell, {"INFEROMETER_SYS": str(node)}) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    channels = {c["name"]: c for c in end["sources"]["channels"]}
    assert channels["odpm.s5m_vdd_int.energy"]["stamped_by"] == "odpm.s2mpg10-odpm.stamp"
    assert channels["odpm.s5m_vdd_int.energy"]["tier"] == "B"
    spool = spool_of(tmp_path / "001", "source-odpm")
    assert spool.faults == ()
    columns = [c.name for c in spool.columns][4:]
    assert dict(zip(columns, spool.lines[0].fields[4:], strict=True)) == {
        "odpm.s2mpg10-odpm.stamp": "251237",
        "odpm.s10m_vdd_tpu.energy": "23416810",
        "odpm.vsys_pwr_modem.energy": "11084503",
        "odpm.vsys_pwr_rffe.energy": "0",
        "odpm.s2m_vdd_cpucl2.energy": "905117020",
        "odpm.s3m_vdd_cpucl1.energy": "401234567",
        "odpm.s4m_vdd_cpucl0.energy": "300200100",
        "odpm.s5m_vdd_int.energy": "120034000",
        "odpm.s1m_vdd_mif.energy": "99000111",
    }


def test_a_rail_that_is_not_shown_leaves_a_gap_and_the_others_stay(
    shell: Shell, tmp_path: Path
) -> None:
    path = tree(tmp_path, {"sys/e": "t=5\nCH0(T=5)[A], 7\nCH2(T=5)[C], 9\n"}) / "sys/e"
    words = {"t": "#t=", "a": "#CH0", "b": "#CH1"}
    sources = [f"odpm.{name}.x|1|counter|{path}{word}" for name, word in words.items()]
    order = order_of(tmp_path / "001", script("sleep 0.2"), sampling={"sources": sources})
    with shell_session(shell, {"INFEROMETER_SYS": str(path.parent)}) as session:
        assert outcome(session.attempt(order)) == ("valid", "")
    fields = spool_of(tmp_path / "001", "source-odpm").lines[0].fields[4:]
    assert fields == ("5", "7", "!no-such-field: CH1")


def dumpsys(shell: Shell, root: Path, text: str) -> dict[str, str]:
    """What puts a dumpsys with this text before the tools of the device; it counts its calls."""
    bin_ = tree(root, {"far/dumpsys": text, "far/says": HAL_2.read_text()}) / "far"
    (bin_ / "dumpsys").chmod(0o755)
    return {"PATH": f"{bin_}:{shell.path}"}


def test_rails_of_a_phone_without_root_are_asked_beside_the_sampler_and_at_the_end(
    shell: Shell, tmp_path: Path
) -> None:
    path = dumpsys(shell, tmp_path, '#!/bin/sh\necho >>"$0.calls"; exec cat "${0%/*}/says"\n')
    order = order_of(tmp_path / "001", script("sleep 0.2"), sampling={"kinds": ["power_stats"]})
    with shell_session(shell, path) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    channels = {c["name"]: c for c in end["sources"]["channels"]}
    assert channels["power_stats.s10m_vdd_tpu.energy"]["unit"] == "mJ"
    assert channels["power_stats.s10m_vdd_tpu.energy"]["tier"] == "B"
    assert end["sources"]["rates_hz"]["power_stats"] == 0.5
    spool = spool_of(tmp_path / "001", "source-power_stats")
    assert spool.faults == ()
    assert len(spool.lines) >= 2
    for row in spool.lines:
        assert row.fields[4:] == ("23416.81", "11084.50", "29.18", "905117.02")
        assert int(row.fields[2]) <= int(row.fields[3])  # dash has a clock of 10 ms
    ends = [e for e in spool_of(tmp_path / "001", "events").lines if e.fields[1] == "runner_end"]
    assert int(spool.lines[-1].fields[2]) > int(ends[-1].fields[0])


def test_an_answer_without_rails_is_absent_and_one_that_changes_leaves_gaps(
    shell: Shell, tmp_path: Path
) -> None:
    text = '#!/bin/sh\necho >>"$0.calls"\n[ $(wc -l <"$0.calls") -gt 2 ] || cat "${0%/*}/says"\n'
    path = dumpsys(shell, tmp_path, text)
    order = order_of(tmp_path / "001", script("sleep 0.2"), sampling={"kinds": ["power_stats"]})
    with shell_session(shell, path) as session:
        assert outcome(session.attempt(order)) == ("valid", "")
        found = session.ask("probe", {"reads": 0})
    last = spool_of(tmp_path / "001", "source-power_stats").lines[-1].fields[4:]
    assert set(last) == {"!no-such-field: the service names other rails"}
    reasons = {a["reason"] for a in found["absent"] if a["kind"] == "power_stats"}
    assert reasons == {"not-present: no rail in the answer"}
