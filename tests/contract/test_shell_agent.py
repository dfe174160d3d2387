"""What both agents owe the host, over the shell agent in the shells of devices."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.spool import read_spool
from agent.streams import EVENT_COLUMNS, READ_COLUMNS, TICK_COLUMNS, TOKEN_COLUMNS
from collectors.reading import Kind, Quantity, Unit
from host.align.series import costs_of, sampler_cpu_ratio, series_of
from host.align.streams import read_attempt
from host.run.collect import stream_ends
from tests.fakes.agent_session import alive, check_streams, outcome, streams_of
from tests.fakes.agent_shells import KINDS, Shell, shell_of
from tests.fakes.shell_runs import order_of, script, shell_session, spool_of, wait_until


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


def events(directory: Path) -> list[tuple[str, dict[str, Any]]]:
    spool = spool_of(directory, "events")
    return [(line.fields[1], json.loads(line.fields[2])) for line in spool.lines]


def test_hello_says_clock_pause_and_engine(shell: Shell) -> None:
    with shell_session(shell) as session:
        hello = session.ask("hello", {"version": 1})
    assert hello["engines"] == {"native": "1"}
    assert hello["clock"]["domain"] == f"boottime@{hello['boot_id']}"
    resolution_ns, pause = (10_000_000, "sleep") if shell.kind == "dash" else (1000, "timed-read")
    assert (hello["clock"]["resolution_ns"], hello["pause"]) == (resolution_ns, pause)


def test_doctor_says_what_this_shell_can_do_and_which_sources_are_missing_and_why(
    shell: Shell, device_tree: dict[str, str]
) -> None:
    status, text = shell.run("doctor", more=device_tree)
    assert status == 0
    clock = "no; stamps are /proc/uptime" if shell.kind == "dash" else "yes; stamps are BOOTTIME"
    assert f"EPOCHREALTIME: {clock}" in text
    assert "sha256sum: yes" in text
    assert "tokenize: no" in text
    assert "source thermal.cpu-big.temperature: " in text
    assert "no source rapl: " in text
    assert "intel-rapl:0/energy_uj: not-present" in text


def test_another_version_is_refused(shell: Shell) -> None:
    with shell_session(shell) as session:
        assert session.ask("hello", {"version": 99})["code"] == "wire-version"


def test_a_pong_has_two_stamps_on_the_clock_of_uptime(shell: Shell) -> None:
    with shell_session(shell) as session:
        before_s = float(Path("/proc/uptime").read_text().split()[0])
        pong = session.ask("ping", {"id": 7, "t1_ns": 1})
        after_s = float(Path("/proc/uptime").read_text().split()[0])
    assert pong["id"] == 7
    assert pong["t2_ns"] <= pong["t3_ns"]
    assert before_s - 0.01 <= pong["t2_ns"] * 1e-9 <= pong["t3_ns"] * 1e-9 <= after_s + 0.02


def test_stamps_lie_between_those_of_the_host_within_the_stated_bound(shell: Shell) -> None:
    with shell_session(shell) as session:
        clock = session.ask("hello", {"version": 1})["clock"]
        slack_ns = clock["bound_us"] * 1000 + clock["resolution_ns"]
        for number in range(20):
            t1_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            pong = session.ask("ping", {"id": number, "t1_ns": t1_ns})
            t4_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            assert t1_ns - slack_ns <= pong["t2_ns"] <= pong["t3_ns"] <= t4_ns + slack_ns


def test_unknown_and_damaged_messages_are_answered_and_the_session_goes_on(shell: Shell) -> None:
    with shell_session(shell) as session:
        for raw in (b"nonsense\n", b"\n", b"$(touch /tmp/x)\t`id`\n", b"\xff\x80\n"):
            session.say_raw(raw)
            assert session.hear()["code"] == "unknown-message"
        assert session.ask("device")["type"] == "device"


def test_device_says_kernel_memory_and_boot(shell: Shell) -> None:
    with shell_session(shell) as session:
        device = session.ask("device")
    assert device["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    total_kib = int(Path("/proc/meminfo").read_text().split()[1])
    assert device["memory_bytes"]["total"] == total_kib * 1024
    assert device["cpu_ticks"]["total"] > device["cpu_ticks"]["idle"] > 0
    assert {"kernel", "machine"} <= set(device["system"])


def test_probe_gives_channels_in_the_words_of_the_collectors(
    shell: Shell, device_tree: dict[str, str]
) -> None:
    with shell_session(shell, device_tree) as session:
        sources = session.ask("probe", {"pid": None, "reads": 0})
    names = {c["name"]: c for c in sources["channels"]}
    for channel in names.values():
        Unit(channel["unit"])
        Kind(channel["kind"])
        Quantity(channel["quantity"])
    assert names["thermal.cpu-big.temperature"]["unit"] == "mCel"
    assert names["thermal.cpu-big-2.temperature"]["kind_of_source"] == "thermal"
    assert names["power_supply.battery.current"]["tier"] == "C"
    assert {a["kind"] for a in sources["absent"]} == {"rapl"}


def test_an_attempt_leaves_streams_that_the_host_reads_without_a_fault(
    shell: Shell, tmp_path: Path, device_tree: dict[str, str]
) -> None:
    spool = tmp_path / "001"
    order = order_of(
        spool,
        script("echo loading; echo model loaded; for i in 1 2; do echo tok $i 4; done; sleep 0.4"),
        sampling={"kinds": None},
        settings={"marks": {"load_end": "*loaded*"}, "token": "tok "},
        idle_before_s=0.2,
        idle_after_s=0.1,
    )
    with shell_session(shell, device_tree) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    check_streams(end, spool)
    assert {e.stream for e in stream_ends(end, "local")} == set(streams_of(end))
    assert spool_of(spool, "events").columns == EVENT_COLUMNS
    assert spool_of(spool, "tokens").columns == TOKEN_COLUMNS
    assert spool_of(spool, "ticks").columns[:2] == TICK_COLUMNS
    assert spool_of(spool, "source-thermal").columns[:4] == READ_COLUMNS
    (spool / "attempt.json").write_text(json.dumps(end))
    files = read_attempt(spool, 1)
    assert files.faults == ()
    series = {s.channel: s for s in series_of(files.streams, end["sources"]["channels"])}
    assert set(series["thermal.cpu-big.temperature"].values) == {41.0}
    assert set(series["power_supply.battery.current"].values) == {-0.512}
    assert set(series["power_supply.battery.status"].values) == {4.0}
    assert {g.reason.partition(":")[0] for g in series["thermal.unfitted.temperature"].gaps} == {
        "absent-sensor"
    }
    assert series["process.rss"].values.min() > 4096
    assert all(c.ticks >= 3 for c in costs_of(files.streams, tuple(series.values()), 20.0))
    assert sampler_cpu_ratio(files.streams["ticks"]) is not None
    rates = end["sources"]["rates_hz"]
    assert {f"source-{kind}" for kind in rates} == {s for s in streams_of(end) if "source" in s}
    assert set(rates.values()) == {20.0}


def test_events_stamp_every_line_of_the_runner_and_the_log_has_its_bytes(
    shell: Shell, tmp_path: Path
) -> None:
    spool = tmp_path / "001"
    order = order_of(
        spool,
        script('echo one; printf "%s\\n" "$1" "$2"; printf end'),
        model='/m o/"d$(id)*\\\n.gguf',
        settings={"marks": {"ready": "o[mn]e"}},
    )
    with shell_session(shell) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    log = (spool / "engine.log").read_bytes()
    assert log == b'one\n/m o/"d$(id)*\\\n.gguf\na b\nend'
    said = events(spool)
    lines = [args["size_bytes"] for name, args in said if name == "line"]
    assert lines == [len(line) for line in log.split(b"\n")]
    assert ("mark", {"name": "ready", "run": 0, "line": 1}) in said
    names = [name for name, _ in said if name != "line"]
    assert names[:3] == ["clock", "sampler_start", "runner_start"]
    assert dict(said)["runner_start"]["item"] == "a b"
    stamps = [int(line.fields[0]) for line in spool_of(spool, "events").lines]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exit 3", "engine-crash: exit status 3"),
        (
            r"""printf 'loading\nno \033"such" flag \\n\n\n'; exit 3""",
            'engine-crash: exit status 3; it printed last: no ?"such" flag \\n',
        ),
        ("kill -9 $$", "engine-crash: signal 9"),
        ("exec /no/such/runner", "engine-error: engine-missing"),
    ],
)
def test_how_the_runner_ended_is_the_reason(
    shell: Shell, tmp_path: Path, text: str, reason: str
) -> None:
    with shell_session(shell) as session:
        status, said = outcome(session.attempt(order_of(tmp_path / "001", script(text))))
    assert status == "void"
    assert said.startswith(reason)


def test_stop_ends_the_runner_and_all_it_started(shell: Shell, tmp_path: Path) -> None:
    spool = tmp_path / "001"
    with shell_session(shell) as session:
        session.say("attempt", {"order": order_of(spool, script("sleep 1000 & echo $!; wait"))})
        wait_until(lambda: _has_line(spool / "engine.log"), session.process)
        session.say("ping", {"id": 1, "t1_ns": 1})
        answers = [session.hear()["type"] for _ in range(2)]
        assert "pong" in answers
        session.say("stop")
        end = session.hear_end()
    assert outcome(end) == ("incomplete", "stopped")
    check_streams(end, spool)
    assert not alive(int((spool / "engine.log").read_text()))


def test_a_silent_runner_is_ended_by_the_watchdog(shell: Shell, tmp_path: Path) -> None:
    order = order_of(tmp_path / "001", script("sleep 1000"), watchdog_s=1.0)
    with shell_session(shell) as session:
        status, reason = outcome(session.attempt(order))
    assert (status, reason.partition(":")[0]) == ("void", "engine-hang")


def test_a_second_attempt_at_once_is_busy_and_the_first_goes_on(
    shell: Shell, tmp_path: Path
) -> None:
    spool = tmp_path / "001"
    with shell_session(shell) as session:
        session.say("attempt", {"order": order_of(spool, script("echo x; sleep 1000"))})
        wait_until(lambda: _has_line(spool / "engine.log"), session.process)
        session.say("attempt", {"order": order_of(tmp_path / "002", script("echo"))})
        said = session.hear_end()
        session.say("stop")
        assert outcome(session.hear_end())[1] == "stopped"
    assert (said["type"], said["code"]) == ("error", "busy")


def test_the_end_of_input_ends_a_running_attempt(shell: Shell, tmp_path: Path) -> None:
    spool = tmp_path / "001"
    with shell_session(shell) as session:
        session.say("attempt", {"order": order_of(spool, script("echo $$; sleep 1000"))})
        wait_until(lambda: _has_line(spool / "engine.log"), session.process)
    assert not alive(int((spool / "engine.log").read_text()))
    assert read_spool((spool / "events.tsv").read_bytes()).faults == ()


def test_an_order_that_is_none_is_refused(shell: Shell, tmp_path: Path) -> None:
    good = order_of(tmp_path / "001", script("echo"))
    bad: list[Mapping[str, Any]] = [
        {**good, "directory": "relative"},
        {**good, "directory": "/a/../b"},
        {**good, "number": 0},
        {**good, "requests": []},
    ]
    with shell_session(shell) as session:
        for order in bad:
            session.say("attempt", {"order": order})
            assert session.hear()["code"] == "bad-order"
        (tmp_path / "001").mkdir()
        (tmp_path / "001/events.tsv").write_text("old")
        assert session.attempt(good)["code"] == "spool-unwritable"


def _has_line(path: Path) -> bool:
    return path.exists() and path.read_bytes().endswith(b"\n")


@pytest.fixture
def device_tree(tmp_path: Path) -> dict[str, str]:
    """A phone's sysfs: three thermal zones, a battery, a cpufreq policy."""
    root = tmp_path / "phone"
    texts = {
        "class/thermal/thermal_zone0/type": "cpu-big\n",
        "class/thermal/thermal_zone0/temp": "41000\n",
        "class/thermal/thermal_zone1/type": "CPU big\n",
        "class/thermal/thermal_zone1/temp": "42000\n",
        "class/thermal/thermal_zone2/type": "unfitted\n",
        "class/thermal/thermal_zone2/temp": "0\n",
        "class/power_supply/battery/current_now": "-512000\n",
        "class/power_supply/battery/status": "Not charging\n",
        "devices/system/cpu/cpufreq/policy0/scaling_cur_freq": "1804800\n",
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"INFEROMETER_SYS": str(root)}


def test_the_bundle_is_small_and_the_same_every_time(shell: Shell) -> None:
    from agent.shell import bundle

    data = shell.script.read_bytes()
    assert hashlib.sha256(data).digest() == hashlib.sha256(bundle()).digest()
    assert len(data) < 68 << 10
