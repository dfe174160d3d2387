"""Whole runs on a phone without Python: a real adbd, mksh and toybox, cables that are cut."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from host.errors import AgentGoneError, PlanError, UnreachableError, UsageError
from host.handover.progress import Progress
from host.pipeline.fill import (
    Work,
    fill,
    finish_rest,
    first_missing,
    hand_over_all,
    take_over,
)
from host.pipeline.reach import Reached, reached
from host.run.detached import where
from host.transport.adbd.server_socket import Address, query
from tests.fakes.command import Command, environment
from tests.fakes.ends.adbd_end import other_server, running
from tests.fakes.phone.phone import Phone
from tests.fakes.shell_benches import attempts_of, inventory, native_plan, unwatched, work_of

SPOOL = "/data/local/tmp/inferometer/spool"
QUICK = "echo one; sleep 0.3; echo two"
COUNTING = "for i in 1 2 3 4; do echo $i; sleep 0.3; done"
# What the first look shows, before the run has said more of itself.
WORKING = ("begin", "idle", "decode")
SLOW = "while :; do echo x; sleep 0.2; done"


@dataclass(frozen=True)
class Bench:
    """A host with one phone. spool: where its runs lie, from here."""

    phone: Phone
    server: Address
    inventory: Path
    spool: Path

    @contextmanager
    def device(self) -> Iterator[Reached]:
        with reached("unit", self.inventory, unwatched) as found:
            yield found

    def answers(self) -> bool:
        """Whether the phone can be reached: for a moment after a boot it cannot."""
        try:
            with self.device():
                return True
        except UnreachableError:
            return False

    def lines(self) -> int:
        """How much has been sampled by runs that lie there."""
        return sum(p.read_bytes().count(b"\n") for p in self.spool.glob("*/001/source-memory.tsv"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    place = tmp_path_factory.mktemp("bench")
    with running(place / "phone") as phone, other_server(place) as server:
        before = os.environ.get("ADB_SERVER_SOCKET")
        os.environ["ADB_SERVER_SOCKET"] = str(server)
        listed = inventory(
            place / "devices.toml",
            address=f"adb:{phone.address}",
            profile="android",
            store="/data/local/tmp/inferometer/store",
            spool=SPOOL,
        )
        yield Bench(phone, server, listed, phone.temporary / "inferometer/spool")
        del os.environ["ADB_SERVER_SOCKET"]
        if before is not None:
            os.environ["ADB_SERVER_SOCKET"] = before


def attended(device: Reached, work: Work) -> str:
    """Run as `measure` does."""
    with device.link() as link, device.session(link, work.run_id, work.watch) as session:
        ended = fill(work, session)
    work.tidy()
    return ended


def until(holds: Callable[[], bool]) -> None:
    """The test's own time limit ends what never is."""
    while not holds():
        threading.Event().wait(0.02)


def test_a_detached_run_is_collected_over_a_cable_that_falls_out_in_the_middle(
    bench: Bench, tmp_path: Path
) -> None:
    told: list[str] = []

    def watch(progress: Progress) -> None:
        if progress.phase in WORKING and not told:
            told.append("cut")
            bench.phone.net.cut()
            query("adb", bench.server, f"host:disconnect:{bench.phone.address}", timeout_s=10)
        elif progress.phase == "link":
            told.append(progress.waiting)
            bench.phone.net.mend()

    with bench.device() as device:
        work = work_of(tmp_path, native_plan(COUNTING), device)
        hand_over_all(work)
    with bench.device() as device:
        later = replace(work, device=device, watch=watch)
        link = device.overhear(work.run_id, watch, first_missing(work.folder))
        assert take_over(later, link, where(work.folder)) == ""
        later.tidy()
    assert "lost" in told[1]
    attempts = attempts_of(work.folder)
    assert [a["status"] for a in attempts] == ["valid", "valid"]
    for number, stated in enumerate(attempts, 1):
        assert {s["stream"] for s in stated["streams"]} == {"events", "ticks", "source-memory"}
        log = (work.folder.attempt(number) / "engine.log").read_text()
        assert log == "1\n2\n3\n4\n"
    assert not list(bench.spool.iterdir())


def _host(bench: Bench, work: Work) -> None:
    """A host of its own process; it is killed in the middle."""
    with bench.device() as device:
        attended(device, replace(work, device=device))


def test_what_a_host_that_was_killed_has_begun_is_taken_over_by_another_process(
    bench: Bench, tmp_path: Path
) -> None:
    with bench.device() as device:
        work = work_of(tmp_path, native_plan("echo one; sleep 1; echo two"), device)
    host = multiprocessing.get_context("fork").Process(target=_host, args=(bench, work))
    host.start()
    until(lambda: bench.lines() > 2)
    assert host.pid is not None
    os.kill(host.pid, signal.SIGKILL)
    host.join()
    with bench.device() as device:
        later = replace(work, device=device)
        finish_rest(later)
        assert [a["status"] for a in attempts_of(work.folder)] == ["valid"]
        device.keep(work.run_id, unwatched).close()  # the device was kept for this run
        later.tidy()
    assert not (bench.spool / work.run_id).exists()


def test_what_was_sampled_before_a_reboot_is_salvaged_and_the_attempt_says_why(
    bench: Bench, tmp_path: Path
) -> None:
    with bench.device() as device:
        work = work_of(tmp_path, native_plan(SLOW), device)
        hand_over_all(work)
    until(lambda: bench.lines() > 5)
    bench.phone.reboot()
    until(bench.answers)
    with bench.device() as device:
        later = replace(work, device=device)
        link = device.overhear(work.run_id, unwatched, 1)
        with pytest.raises(AgentGoneError, match=r"boot id is another one.*what was sampled"):
            take_over(later, link, where(work.folder))
    (kept,) = work.folder.attempts()
    stated = msgspec.json.decode((work.folder.attempt(kept) / "attempt.json").read_bytes())
    assert stated["status"] == "incomplete"
    assert "boot id" in stated["reason"]
    assert {s["stream"]: s["lines"] for s in stated["streams"]}["source-memory"] >= 4


def test_a_second_run_is_refused_while_the_first_goes_on(bench: Bench, tmp_path: Path) -> None:
    refused: list[str] = []

    def watch(progress: Progress) -> None:
        if progress.phase in WORKING and not refused:
            with bench.device() as device, pytest.raises(UsageError) as caught:
                device.keep("another", unwatched)
            refused.append(str(caught.value))

    with bench.device() as device:
        work = work_of(tmp_path, native_plan(COUNTING, attempts=1), device)
        assert attended(device, replace(work, watch=watch)) == ""
        assert [a["status"] for a in attempts_of(work.folder)] == ["valid"]
        (said,) = refused
        assert said.startswith(f"unit is taken: run {work.run_id} (process ")
        device.keep("another", unwatched).close()


def test_a_detached_run_with_a_gate_that_nobody_would_look_at_is_refused(
    bench: Bench, tmp_path: Path
) -> None:
    plan = native_plan(QUICK)
    gates = msgspec.structs.replace(plan.plan.gates, max_busy_ratio=0.5)
    gated = msgspec.structs.replace(plan, plan=msgspec.structs.replace(plan.plan, gates=gates))
    with bench.device() as device:
        work = work_of(tmp_path, gated, device)
        with pytest.raises(PlanError, match="max_busy_ratio"):
            hand_over_all(work)
    assert not (bench.spool / work.run_id).exists()


def test_doctor_says_what_a_phone_gives_and_what_its_agent_cannot_do(
    bench: Bench, tmp_path: Path
) -> None:
    command = Command(environment(tmp_path / "models", tmp_path / "store"))
    argv = ("doctor", "--device", "unit", "--inventory", bench.inventory)
    found = json.loads(command(*argv, "--json").stdout)
    assert (found["device"], found["agent"]) == ("unit", "shell")
    assert found["engines"] == {"native": "1"}
    assert "memory.available" in {row["name"] for row in found["channels"]}
    assert "tokenize: no; needs the Python agent" in found["cannot"]
