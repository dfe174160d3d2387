"""The shell agent at its worst: hostile runners, kills, runs without a link, and what it costs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.spool import read_spool
from agent.streams import found_ends
from host.run.shell_link import shell_line
from tests.fakes.agent_session import alive, check_streams, outcome
from tests.fakes.agent_shells import KINDS, Shell, shell_of
from tests.fakes.shell_runs import order_of, script, shell_session, spool_of, wait_until

# `read -t` waits in these; dash starts a sleep for every pause and says so.
FORKLESS = ("mksh", "busybox")
LOG_BYTES = 65536
OBSERVED_S = 2.0


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("printf '%10000000d' 0; sleep 1000", "runner-flood"),
        ("cat /dev/zero", "runner-flood"),
        ("trap '' PIPE; cat /dev/urandom; while :; do echo x; done", "runner-flood"),
    ],
)
def test_output_without_an_end_is_cut_off_at_the_limit_of_the_log(
    shell: Shell, tmp_path: Path, text: str, reason: str
) -> None:
    spool = tmp_path / "001"
    order = order_of(spool, script(text), settings={"log_bytes": LOG_BYTES}, watchdog_s=20.0)
    with shell_session(shell) as session:
        end = session.attempt(order)
    status, said = outcome(end)
    assert (status, said.split(": ")[:2]) == ("void", ["engine-error", reason])
    assert (spool / "engine.log").stat().st_size <= LOG_BYTES
    check_streams(end, spool)


def test_noise_and_escapes_of_a_runner_stay_in_its_log(shell: Shell, tmp_path: Path) -> None:
    spool = tmp_path / "001"
    noise = r"\033[2J\033]0;x\007\0\001\377\t\\$(id)`id`\"\n"
    order = order_of(spool, ["printf", f"{noise}{noise}end\\n"])
    with shell_session(shell) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    check_streams(end, spool)
    for stream in ("events", "ticks", "source-memory"):
        data = (spool / f"{stream}.tsv").read_bytes()
        assert data.isascii()
        assert not set(data) & (set(range(32)) - set(b"\t\n"))
    counts = [
        json.loads(s.fields[2]) for s in spool_of(spool, "events").lines if s.fields[1] == "line"
    ]
    assert [one["line"] for one in counts] == [1, 2, 3]


def test_a_kill_of_everything_leaves_whole_lines_and_at_most_a_torn_last_one(
    shell: Shell, tmp_path: Path
) -> None:
    run = tmp_path / "runs/r"
    with detached(shell, run, script("while :; do echo x; sleep 0.01; done")) as process:
        wait_until(lambda: _lines(run / "001/source-memory.tsv") > 5, process)
        _kill_group(process)
    streams = {p.stem: read_spool(p.read_bytes()) for p in (run / "001").glob("*.tsv")}
    assert {"events", "ticks", "source-memory"} <= set(streams)
    for name, stream in streams.items():
        assert {f.fault for f in stream.faults} <= {"torn"}, name
    counted = {end.stream: end.lines for end in found_ends(run / "001", ())}
    assert counted == {name: len(stream.lines) for name, stream in streams.items()}


def test_a_killed_run_is_told_from_one_that_goes_on_and_its_torn_line_is_counted(
    shell: Shell, tmp_path: Path
) -> None:
    run = tmp_path / "runs/r"
    with detached(shell, run, script("sleep 1000")) as process:
        wait_until(lambda: _lines(run / "001/source-memory.tsv") > 5, process)
        assert status_of(shell, run)["state"] == "running"
        _kill_group(process)
    path = run / "001/events.tsv"
    path.write_bytes(path.read_bytes()[:-3])
    said = status_of(shell, run)
    assert (said["state"], [a["torn"] for a in said["attempts"]]) == ("died", [["events"]])
    whole = {s["stream"]: s["lines"] for s in said["attempts"][0]["streams"]}
    assert whole["events"] == len(read_spool(path.read_bytes()).lines)


def test_a_second_run_is_refused_while_the_first_goes_on_and_not_after_its_death(
    shell: Shell, tmp_path: Path
) -> None:
    first, second = tmp_path / "runs/a", tmp_path / "runs/b"
    with detached(shell, first, script("sleep 1000")) as process:
        wait_until(lambda: _lines(first / "001/source-memory.tsv") > 1, process)
        _orders(second, script("echo x"))
        assert shell.run("detached", str(second))[0] == 4
        assert not (second / "001").exists()
        _kill_group(process)
    assert shell.run("detached", str(second))[0] == 0
    assert status_of(shell, second)["state"] == "ended"
    assert outcome(json.loads((second / "001/end.json").read_bytes())) == ("valid", "")


def test_a_detached_run_does_all_its_attempts_and_says_so(shell: Shell, tmp_path: Path) -> None:
    run = tmp_path / "runs/r"
    _orders(run, script("echo x; sleep 0.1"), attempts=2)
    assert shell.run("detached", str(run))[0] == 0
    said = status_of(shell, run)
    assert (said["state"], [a["ended"] for a in said["attempts"]]) == ("ended", [True, True])
    for number in ("001", "002"):
        end = json.loads((run / number / "end.json").read_bytes())
        assert outcome(end) == ("valid", "")
        check_streams(end, run / number)
    assert not (tmp_path / "runs/lock").exists()


def test_a_file_called_stop_ends_a_detached_run(shell: Shell, tmp_path: Path) -> None:
    run = tmp_path / "runs/r"
    with detached(shell, run, script("sleep 1000")) as process:
        wait_until(lambda: _lines(run / "001/source-memory.tsv") > 1, process)
        (run / "stop").touch()
        assert process.wait(30) == 0
    assert outcome(json.loads((run / "001/end.json").read_bytes())) == ("incomplete", "stopped")
    assert status_of(shell, run)["state"] == "ended"


def test_a_run_of_another_boot_is_told(shell: Shell, tmp_path: Path) -> None:
    run = tmp_path / "runs/r"
    _orders(run, script("echo"))
    (run / "process").write_text("1 1 00000000-dead-beef-0000-000000000000\n")
    assert status_of(shell, run)["state"] == "rebooted"


def test_a_supervisor_that_is_killed_takes_runner_and_sampler_with_it(
    shell: Shell, tmp_path: Path
) -> None:
    spool = tmp_path / "001"
    with shell_session(shell) as session:
        session.say(
            "attempt", {"order": order_of(spool, script("echo $PPID $$; exec sleep 1000"))}
        )
        wait_until(lambda: _lines(spool / "engine.log") > 0, session.process)
        supervisor, runner = map(int, (spool / "engine.log").read_text().split())
        sampler = _event(spool, "sampler_start")["pid"]
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: not alive(sampler) and not alive(runner), session.process)
        session.say("device")
        assert session.hear_end()["type"] == "device"


def test_a_full_disk_leaves_whole_lines_and_says_so(shell: Shell, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], check=False
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        (small / "ballast").write_bytes(bytes(24 << 10))
        order = order_of(
            small / "001", script("sleep 1000"), sampling={"rate_hz": 500.0, "kinds": None}
        )
        with shell_session(shell) as session:
            status, reason = outcome(session.attempt(order))
        assert (status, reason.partition(":")[0]) == ("incomplete", "disk-full")
        for path in (small / "001").glob("*.tsv"):
            assert {f.fault for f in read_spool(path.read_bytes()).faults} <= {"torn"}
    finally:
        # Lazily: a process that was just killed may have its last file open for a moment.
        subprocess.run(["/bin/umount", "-l", str(small)], check=True)


def test_the_sampling_loop_starts_no_process(shell: Shell, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    spool = tmp_path / "001"
    with shell_session(shell) as session:
        session.say(
            "attempt", {"order": order_of(spool, script("sleep 1000"), sampling={"kinds": None})}
        )
        wait_until(lambda: _lines(spool / "source-memory.tsv") > 2, session.process)
        before = _lines(spool / "source-memory.tsv")
        calls = tmp_path / "calls"
        tracer = subprocess.Popen(
            [strace, "-f", "-o", str(calls), "-e", "trace=clone,clone3,fork,vfork,execve", "-p",
             str(_event(spool, "sampler_start")["pid"])],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(OBSERVED_S)
        assert tracer.poll() is None, "strace cannot attach"
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        assert _lines(spool / "source-memory.tsv") >= before + 10
        session.say("stop")
        session.hear_end()
    started = [line for line in calls.read_text().splitlines() if "(" in line]
    assert (started == []) == (shell.kind in FORKLESS)


@contextlib.contextmanager
def detached(shell: Shell, run: Path, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process group of its own, ended at the latest here."""
    _orders(run, argv)
    process = subprocess.Popen(
        shell.agent("detached", str(run)),
        stdin=subprocess.DEVNULL,
        env=shell.environment(),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _kill_group(process)
        _end_runner(run / "control/runner")


def _end_runner(noted: Path) -> None:
    """Nobody is left to end the runner of a run whose every process was killed."""
    pid = noted.read_text().strip() if noted.exists() else ""
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(pid), signal.SIGKILL)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills the agent's processes and waits for their end; its runner has a group of its own."""
    members = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _group(p) == process.pid]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while any(alive(pid) for pid in members):
        os.sched_yield()


def _group(process: Path) -> int:
    """Process group (proc_pid_stat(5), field 5), 0 for one that has just ended."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[2])
    except OSError:
        return 0


def _orders(run: Path, argv: list[str], attempts: int = 1) -> None:
    run.mkdir(parents=True)
    orders = [order_of(run / f"{n:03d}", argv, number=n) for n in range(1, attempts + 1)]
    lines = [shell_line("attempt", {"order": order}) for order in orders]
    (run / "orders").write_bytes(b"".join(lines))


def status_of(shell: Shell, run: Path) -> dict[str, Any]:
    status, text = shell.run("status", str(run))
    assert status == 0
    found: dict[str, Any] = json.loads(text)
    return found


def _event(spool: Path, name: str) -> dict[str, Any]:
    lines = spool_of(spool, "events").lines
    found: dict[str, Any] = next(json.loads(s.fields[2]) for s in lines if s.fields[1] == name)
    return found


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
