"""Everything between a new run folder and its seal: attempts, and what is asked around them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, NoReturn

from collectors.clocks import device_clock
from collectors.protocol import Clock
from host.align.streams import read_json
from host.errors import AgentError, DeviceError, FolderError, HostError, TransportError
from host.handover.plan import ResolvedPlan
from host.handover.progress import Watch
from host.pipeline.launch import launch_of
from host.pipeline.probes import run_audited
from host.pipeline.reach import Reached
from host.pipeline.scoring import score_first, score_run
from host.pipeline.surroundings import surroundings
from host.pipeline.unattended import left_alone, refuse_unattended, take_back
from host.run.ambient import Look
from host.run.attempts import Bench, StopSwitch
from host.run.detached import Where, hand_over, take_all, take_rest
from host.run.exchange import exchange
from host.run.far_spool import numbers_in, remove
from host.run.folder import RunFolder, write_json
from host.run.journal import Journal
from host.run.link import Link
from host.run.probes import commit_plan
from host.run.pulses import play_pulses
from host.run.salvage import left_behind, salvage
from host.run.timekeeping import begin_timekeeping, end_timekeeping


@dataclass(frozen=True, slots=True)
class Work:
    """What a run is made of."""

    resolved: ResolvedPlan
    folder: RunFolder
    device: Reached
    watch: Watch

    @property
    def run_id(self) -> str:
        """The id under which the device spools."""
        return str(read_json(self.folder.data / "run.json")["id"])

    @property
    def spool(self) -> PurePosixPath:
        return self.device.spool(self.run_id)

    def tidy(self) -> None:
        """Take the run's spool away once its session has ended and all of it was collected."""
        if not numbers_in(self.device.transport, self.spool):
            remove(self.device.transport, self.spool)

    def bench(self) -> Bench:
        """Everything an attempt needs; opens the next journal."""
        clock = device_clock()
        return Bench(
            plan=self.resolved,
            folder=self.folder,
            transport=self.device.transport,
            spool=self.spool,
            clock=clock,
            journal=Journal(self.folder, clock),
            watch=self.watch,
            launch=launch_of(self.device),
            between=self.device.store is not None,
            patience_s=0.0 if self.device.store is None else self.device.patience_s,
        )


def fill(work: Work, link: Link, air: Look | None = None) -> str:
    """Run the attempts that are missing. Gives why the run ended early, or "".

    air: what the ambient meters show, where any is read.
    """
    with disk(work.folder):
        bench = work.bench()
        for number in left_behind(bench):
            salvage(bench, number, "cut-off: the host ended in the middle of the attempt")
        plan = work.resolved.plan
        with (
            interrupts(bench.switch),
            surroundings(work.device, plan, work.folder, bench.clock) as around,
        ):
            ended = _attempts(work, replace(bench, around=around, air=air), link)
        bench.journal.note(ended or "run_end")
        bench.journal.close()
    return ended


def hand_over_all(work: Work) -> None:
    """Queue the attempts on the device and leave them to it."""
    plan = work.resolved.plan
    refuse_unattended(plan, shell_agent=bool(work.device.deployment.shell))
    with disk(work.folder), ExitStack() as undo:
        bench = work.bench()
        numbers = missing(bench)
        bench.journal.note("run_start", {"first": numbers.start, "last": numbers.stop - 1})
        link = work.device.keep(work.run_id, work.watch)
        undo.callback(link.close)
        before(bench, link)
        exchange(link, bench.folder, bench.clock, f"before-{numbers.start:03d}")
        begin_timekeeping(link, bench.folder, apart=bench.between)
        with interrupts(bench.switch):
            score_first(bench, link)
        commit_plan(bench)
        with left_alone(work.device, plan, work.folder, bench.clock) as held:
            hand_over(bench, link, numbers, work.device.name, held)
        bench.journal.note("detached")
        bench.journal.close()
        undo.pop_all()
    link.leave()


def take_over(work: Work, link: Link, left: Where) -> str:
    """Collect the attempts of a detached run; link: to its session, from its beginning on.

    Gives why the run is short, or "". Raises DeviceError where the device is gone or has
    restarted; what it kept is collected then as far as it answers. Where nothing of the run goes
    on there, what was set for it is put back in any case.
    """
    with disk(work.folder):
        bench = work.bench()
        bench.switch.link = link
        try:
            with interrupts(bench.switch):
                ended = take_all(bench, link, left.numbers)
            link.close()
            with work.device.link() as fresh:
                end_timekeeping(fresh, bench.folder, "", apart=bench.between)
                device = _content(fresh.ask("device"))
                write_json(bench.folder.data / "device-after.json", device)
                exchange(fresh, bench.folder, bench.clock, f"after-{left.numbers.start:03d}")
        except DeviceError as err:
            _take_back_of_dead(work, bench.clock, left)
            _keep_what_is_there(bench, err)
        try:
            take_back(work.device, work.resolved.plan, work.folder, bench.clock, left)
        except DeviceError as err:
            _keep_what_is_there(bench, err)
        bench.journal.note(ended or "run_end")
        bench.journal.close()
    return ended


def _take_back_of_dead(work: Work, clock: Clock, left: Where) -> None:
    """Put back what was set for a detached run that has failed, where nothing of it lives there.

    A session of the run can be started only then. Where this fails too, the watchdog lives.
    """
    with suppress(HostError):
        work.device.keep(work.run_id, work.watch).close()
        take_back(work.device, work.resolved.plan, work.folder, clock, left)


def finish_rest(work: Work) -> None:
    """Take over from a session of this run that went on after the host was cut off from it.

    Waits for an attempt that is running there, keeps what was told, and ends the session.
    """
    with disk(work.folder):
        bench = work.bench()
        try:
            link = work.device.overhear(work.run_id, work.watch, first_missing(work.folder))
        except AgentError:
            return  # no session of this run was ever kept there, or nothing is left of it
        with interrupts(bench.switch):
            bench.switch.link = link
            take_rest(bench, link)
        link.close()
        bench.journal.note("caught-up")
        bench.journal.close()


def _attempts(work: Work, bench: Bench, link: Link) -> str:
    """The attempts that are still missing, between two looks at the device.

    A stop that is asked for after the last attempt counts, too: a campaign shall not go on.
    """
    numbers = missing(bench)
    bench.journal.note("run_start", {"first": numbers.start, "last": numbers.stop - 1})
    ended = ""
    try:
        before(bench, link)
        exchange(link, bench.folder, bench.clock, f"before-{numbers.start:03d}")
        session = begin_timekeeping(link, bench.folder, apart=bench.between)
        ended = score_run(bench, link) or _measured(work, bench, link, numbers)
        end_timekeeping(link, bench.folder, session, apart=bench.between)
        write_json(bench.folder.data / "device-after.json", _content(link.ask("device")))
        exchange(link, bench.folder, bench.clock, f"after-{numbers.start:03d}")
    except DeviceError as err:
        _keep_what_is_there(bench, err)
    return ended or ("interrupted" if bench.switch.level else "")


def _measured(work: Work, bench: Bench, link: Link, numbers: range) -> str:
    play_pulses(bench, link, f"before-{numbers.start:03d}")
    ended = run_audited(bench, link, numbers, work.device)
    play_pulses(bench, link, f"after-{numbers.start:03d}", ended)
    return ended


def _keep_what_is_there(bench: Bench, err: DeviceError) -> NoReturn:
    """The device failed: collect what can be, say so, and go on failing."""
    kept = "what was sampled is kept"
    try:
        for number in left_behind(bench):
            salvage(bench, number, f"agent-died: {err}")
    except TransportError:
        kept = "what was sampled is kept on the device; what came before is"
    bench.journal.note("device-failed", {"detail": str(err)})
    raise type(err)(
        *err.args,
        f"{kept} in {bench.folder.path}; `inferometer measure --resume` goes on from there",
    ) from err


def first_missing(folder: RunFolder) -> int:
    """The number of the first attempt that has not been collected."""
    number = 1
    while (folder.attempt(number) / "attempt.json").exists():
        number += 1
    return number


def missing(bench: Bench) -> range:
    """Numbers of the attempts to run: one for each that has not ended valid or void."""
    taken = bench.folder.attempts()
    states = [read_json(bench.folder.attempt(n) / "attempt.json")["status"] for n in taken]
    ended = sum(state in ("valid", "void") for state in states)
    first = max(taken, default=0) + 1
    return range(first, first + max(0, bench.plan.plan.run.attempts - ended))


def before(bench: Bench, link: Link) -> None:
    """Ask the device for itself and its sources; a resumed run keeps the first answers."""
    for name, message in (
        ("session", {**link.hello, "launch": bench.launch}),
        ("device-before", link.ask("device")),
        ("sources", link.ask("probe", {"reads": 20}, answer="sources")),
    ):
        path = bench.folder.data / f"{name}.json"
        if not path.exists():
            write_json(path, _content(message))


def _content(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "type"}


@contextmanager
def disk(folder: RunFolder) -> Iterator[None]:
    """Say in one sentence that the disk failed; what was written before stays readable."""
    try:
        yield
    except OSError as err:
        raise FolderError(
            str(folder.path),
            f"the disk failed ({err.strerror or err}); what was kept so far is readable, "
            "and `inferometer measure --resume` goes on from there",
        ) from err
    except TransportError as err:
        if "No space left" in str(err):
            raise FolderError(
                str(folder.path),
                "the disk is full; what was kept so far is readable, "
                "and `inferometer measure --resume` goes on from there",
            ) from err
        raise


@contextmanager
def interrupts(switch: StopSwitch) -> Iterator[None]:
    """First Ctrl-C ends after this attempt, the second one ends the attempt at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: switch.press())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
