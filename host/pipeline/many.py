"""One plan on many devices at once, a process each: one that fails never disturbs another.

Processes and not threads: a library that crashes takes one device along and no other, and msgspec
(0.22) crashes where two threads use a type for the first time.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from host.errors import HostError
from host.handover.plan import Plan
from host.handover.progress import Progress, Watch
from host.pipeline.measure import Files, measure
from host.plan.load import dump, override
from host.report.html_library import library

FAILED = 3
# Imported on use elsewhere: budgets (which need SciPy for their quantiles) and the page.
USED_AT_THE_END = ("GTC", "host.report.html")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one device: its run folder, or the sentence that says why there is none.

    status: of the record. ended: why the run ended early, "" when it did not.
    """

    device: str
    folder: Path | None = None
    status: str = ""
    ended: str = ""
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices that are being measured, a process and a pipe each."""

    children: Mapping[str, tuple[ForkProcess, Connection]]

    def follow(self, watches: Mapping[str, Watch]) -> list[Outcome]:
        """Tell the watches of every device until all have ended; outcomes in their order."""
        outcomes: dict[str, Outcome] = {}
        open_ = {pipe: device for device, (_, pipe) in self.children.items()}
        with _deaf([process for process, _ in self.children.values()]):
            while open_:
                for pipe in wait(list(open_)):
                    device = open_[pipe]  # type: ignore[index]
                    told = _heard(pipe)  # type: ignore[arg-type]
                    if isinstance(told, Progress):
                        watches[device](told)
                        continue
                    del open_[pipe]  # type: ignore[arg-type]
                    outcomes[device] = told or self._died(device)
                    watches[device](_last(outcomes[device]))
            for process, pipe in self.children.values():
                process.join()
                pipe.close()
        return [outcomes[device] for device in self.children]

    def _died(self, device: str) -> Outcome:
        process, _ = self.children[device]
        process.join()
        how = f"signal {-(process.exitcode or 0)}"
        if (process.exitcode or 0) >= 0:
            how = f"status {process.exitcode}"
        error = f"its process on this host died ({how}); what was sampled is kept on the device"
        return Outcome(device, error=error, exit_code=FAILED)


def measure_many(plan: Plan, devices: Sequence[str], runs: Path, files: Files) -> Fleet:
    """Begin to measure by the plan on each of these devices, all at the same time.

    Call it before any thread is started: the processes are forks of this one, which share its
    memory until they write to it.
    """
    load_what_all_need()
    context = multiprocessing.get_context("fork")
    children: dict[str, tuple[ForkProcess, Connection]] = {}
    for device in devices:
        here, there = context.Pipe(duplex=False)
        own = override(plan, {"device": device})
        process = context.Process(target=_child, args=(there, own, runs, files), daemon=False)
        process.start()
        there.close()
        children[device] = (process, here)
    return Fleet(children)


def load_what_all_need() -> None:
    """Load now what every process needs in the end, so that it lies in memory once for all.

    Seen with 10 devices (tests/bench/many.py): 29 MiB a device instead of 51, and 1.7 s of CPU
    time instead of 2.4. What there is now the collector of garbage need never look at, and so
    never write to, in a fork (gc.freeze).
    """
    for name in USED_AT_THE_END:
        importlib.import_module(name)
    library()
    gc.collect()
    gc.freeze()


def _child(pipe: Connection, plan: Plan, runs: Path, files: Files) -> None:
    """One device's process: progress and, last, its outcome go down the pipe."""
    device = plan.device
    try:
        done = measure(plan, dump(plan).encode(), runs, pipe.send, files)
        status = done.redone.record.verdict.status
        outcome = Outcome(device, done.folder.path, status, done.ended)
    except HostError as err:
        outcome = Outcome(device, error=str(err), exit_code=err.exit_code)
    except Exception as err:  # noqa: BLE001 - top of this device's process: the others go on
        said = f"this is a defect ({type(err).__name__}: {err})"
        outcome = Outcome(device, error=said, exit_code=FAILED)
    pipe.send(outcome)
    pipe.close()


def _last(outcome: Outcome) -> Progress:
    """The end of a device as its last moment."""
    return Progress("failed", waiting=outcome.error) if outcome.error else Progress("done")


def _heard(pipe: Connection) -> Progress | Outcome | None:
    """What a child says next; None when it died without its last word."""
    try:
        told = pipe.recv()
    except (EOFError, OSError):
        return None
    return told if isinstance(told, Progress | Outcome) else None


@contextmanager
def _deaf(children: Sequence[ForkProcess]) -> Iterator[None]:
    """Ctrl-C goes to every process of the terminal: the children heed it, this one waits.

    A SIGTERM comes to this one alone, and is handed on.
    """

    def hand_on(number: int, frame: object) -> None:
        for child in children:
            child.terminate()

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, hand_on),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
