"""A host that sleeps, and two hosts at one run (F2, F3)."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.wire import encode
from host.errors import AgentError, FolderError
from host.run.folder import RunFolder
from tests.fakes.agent_session import check_streams
from tests.faults.case import Case, Seen, need, recovered, reported
from tests.faults.host_cases import check_kept, check_seal, prepared
from tests.faults.kept import hear_until, joined, kept_session
from tests.faults.programs.host_half import go_on
from tests.faults.traced import environment, program


@contextmanager
def host_at(place: Path, kept: int) -> Iterator[tuple[subprocess.Popen[bytes], RunFolder, Path]]:
    """A host that has kept so many attempts of its run."""
    folder, spool = prepared(place)
    argv = program("host_half", folder.path, spool)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        try:
            for _ in range(kept):
                process.stdout.readline()
            yield process, folder, spool
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def paused(place: Path, draw: random.Random) -> Seen:
    """A host is stopped; another one that would take its run is told so, and it then ends well."""
    with host_at(place, 1) as (process, folder, spool):
        process.send_signal(signal.SIGSTOP)
        told = refusal(folder, spool)
        # It may have sealed before the signal came: then the folder is closed to all.
        whole = folder.sealed and (not told or "is sealed" in told)
        need(whole or f"process {process.pid}" in told, f"not named: {told!r}")
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        said = process.stdout.read()
        process.wait(20)
        need(process.returncode == 0 or whole, f"it ended with {process.returncode}: {said!r}")
        check_seal(folder)
        need(folder.sealed, "nobody sealed the run")
        return reported(told.rpartition(": ")[2] or "it had ended already", check_kept(folder))


def refusal(folder: RunFolder, spool: Path) -> str:
    """What a second host is told; "" when it was let in."""
    try:
        go_on(folder.path, spool)
    except FolderError as err:
        return str(err)
    return ""


def two_hosts(place: Path, draw: random.Random) -> Seen:
    """Two hosts start on one folder at once: one fills it, the other is told."""
    with host_at(place, draw.choice((1, 1, 2))) as (process, folder, spool):
        told = refusal(folder, spool)
        process.wait(20)
        check_seal(folder)
        need(folder.sealed, "nobody sealed the run")
        need("in use by process" in told or "sealed" in told or not told, told)
        return reported(told.rpartition(": ")[2] or "the first one had gone", check_kept(folder))


def slept(place: Path, draw: random.Random) -> Seen:
    """A host that slept says its old order to the device: refused, and who took over is named."""
    order = draw.choice(("stop", "bye", "queue"))
    with kept_session(place) as kept, joined(kept.way(by="sleeper-1")) as sleeper:
        with joined(kept.way(by="other-2")) as other:
            other.send(kept.orders(1, idle_before_s=0.4))
            hear_until(other, "progress", "idle")
            sleeper.send(kept.orders(1) if order == "queue" else encode(order))
            try:
                hear_until(sleeper, "never")
            except AgentError as err:
                need(str(err).endswith("has taken the run over: other-2"), str(err))
            found = hear_until(other, "queue_end")
        (end,) = [m for m in found if m["type"] == "attempt_end"]
        need(end["status"] == "valid", f"the order was obeyed: {end}")
        check_streams(end, kept.directory / "001")
        with joined(kept.way(by="third-3")) as third:
            heard = hear_until(third, "queue_end")
        need(heard[-len(found) :] == found, "the third host hears otherwise")
        return recovered(f"old order {order} refused, other-2 named", len(found))


CASES = (
    Case("F2", "host paused in its folder", paused, weight=8),
    Case("F2", "host slept, another took the session", slept, weight=8),
    Case("F3", "two hosts at one folder", two_hosts, weight=8),
)
