"""Devices of a campaign beside each other: a visit at a time on each, a process each.

Processes and not threads, as in `many.py`. This process alone writes the journal and looks; the
others measure and send how it ended. At the end of a block all wait for the slowest, so that a
block is the same hour for every cell and the looks are those of the file.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from host.campaign.cells import Cell
from host.campaign.state import Slot
from host.errors import CampaignError, HostError, Interrupted
from host.handover.progress import Progress, Watch
from host.pipeline.campaign_visit import GOES_ON, Ended, make_visit
from host.pipeline.campaign_worker import Campaigner
from host.pipeline.many import load_what_all_need
from host.pipeline.measure import Files

# So often the watcher is told that time goes on, where no device says anything.
LOOK_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Going:
    """A visit in a process of its own."""

    slot: Slot
    watch: Watch
    process: ForkProcess
    pipe: Connection
    began_s: float


@dataclass(slots=True)
class Crew:
    """All visits that are going on, by lane. pressed: how often the user asked to stop.

    why: the first reason to stop that came from a visit; the others end by themselves then.
    """

    worker: Campaigner
    going: dict[int, Going] = field(default_factory=dict)
    pressed: int = 0
    why: HostError | None = None

    @property
    def stopping(self) -> bool:
        return bool(self.pressed) or self.why is not None

    def begin(self, lane: int, slot: Slot) -> None:
        """Start the visit that is due on a lane."""
        cell, watch = self.worker.begin(slot), self.worker.watcher.visit(slot)
        here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
        argv = (there, cell, self.worker.place(slot), self.worker.files)
        process = multiprocessing.get_context("fork").Process(target=_child, args=argv)
        with _held_back():  # so that no signal finds the child with this process's handlers
            process.start()
        there.close()
        self.going[lane] = one = Going(slot, watch, process, here, time.monotonic())
        if self.pressed:  # between the look at it and the start
            self._tell(one)

    def hear(self) -> None:
        """Wait for what any of them says next, and note the visits that have ended."""
        lanes = {each.pipe: lane for lane, each in self.going.items()}
        for pipe in wait(list(lanes), LOOK_S):
            lane = lanes[pipe]  # type: ignore[index]
            told = _heard(pipe)  # type: ignore[arg-type]
            if isinstance(told, Progress):
                self.going[lane].watch(told)
            else:
                self._ended(self.going.pop(lane), told)
        self.worker.watcher.changed(self.worker.state)

    def _ended(self, one: Going, told: Ended | None) -> None:
        one.process.join()
        one.pipe.close()
        ended = told or Ended(failed=_died(one.process))
        try:
            self.worker.end(one.slot, ended, time.monotonic() - one.began_s)
        except HostError as err:
            self.why = self.why or err

    def press(self) -> None:
        """Once: each visit ends after its attempt. Twice: at once, as `cli.main` hears SIGTERM."""
        self.pressed += 1
        for one in self.going.values():
            self._tell(one)

    def _tell(self, one: Going) -> None:
        if one.process.pid is not None:
            os.kill(one.process.pid, signal.SIGINT if self.pressed == 1 else signal.SIGTERM)

    def abandon(self) -> None:
        """End all visits at once, where this process cannot go on; each is resumed later."""
        self.pressed = 1
        self.press()
        for one in self.going.values():
            while isinstance(_heard(one.pipe), Progress):
                pass  # a child whose pipe is full would wait for ever
            one.process.join()
            one.pipe.close()
        self.going.clear()


def go_beside(worker: Campaigner) -> None:
    """Every device its own order, to the end of the campaign.

    Raises Interrupted where the user stopped it, CampaignError where this host's disk failed or
    meters were asked for; every visit that was going on has ended then, or is left open.
    """
    if worker.files.equipment is not None:
        said = 'devices = "beside": meters of this host are read for one visit at a time'
        raise CampaignError(str(worker.root), f"{said}; leave the key out, or the equipment")
    load_what_all_need()
    crew = Crew(worker)
    with _pressing(crew):
        try:
            _to_the_end(crew)
        except BaseException:
            crew.abandon()
            raise


def _to_the_end(crew: Crew) -> None:
    worker, state = crew.worker, crew.worker.state
    while not state.ended:
        for lane in range(len(state.asked.lanes)):
            slot = None if crew.stopping or lane in crew.going else state.due(lane)
            if slot is not None:
                crew.begin(lane, slot)
        if crew.going:
            crew.hear()
        elif crew.stopping:
            raise crew.why or Interrupted(f"stopped; {GOES_ON}")
        else:
            worker.close_block()


def _child(pipe: Connection, cell: Cell, place: Path, files: Files) -> None:
    """One visit's process: progress and, last, how it ended go down the pipe."""
    os.setpgid(0, 0)  # a terminal's Ctrl-C comes by the parent, which counts how often
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _twice)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        ended = make_visit(cell, place, pipe.send, files)
    except KeyboardInterrupt:
        ended = Ended(interrupted=True)
    except HostError as err:
        ended = Ended(stopped=str(err))
    except Exception as err:  # noqa: BLE001 - top of this process: the others go on to their end
        ended = Ended(stopped=f"this is a defect ({type(err).__name__}: {err})")
    with suppress(OSError):  # the campaign's own process may have been killed
        pipe.send(ended)
    pipe.close()


def _twice(number: int, frame: object) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def _heard(pipe: Connection) -> Progress | Ended | None:
    """What a child says next; None when it died without its last word."""
    try:
        told = pipe.recv()
    except (EOFError, OSError):
        return None
    return told if isinstance(told, Progress | Ended) else None


def _died(process: ForkProcess) -> str:
    code = process.exitcode or 0
    how = f"signal {-code}" if code < 0 else f"status {code}"
    return f"device-failed: the process of this visit on this host died ({how})"


@contextmanager
def _held_back() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _pressing(crew: Crew) -> Iterator[None]:
    """Ctrl-C is counted here and handed on."""
    before = signal.signal(signal.SIGINT, lambda *_: crew.press())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
