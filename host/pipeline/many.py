"""One plan on many devices at once; one that fails never disturbs another."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from host.errors import HostError
from host.handover.plan import Plan
from host.handover.progress import Progress, Watch
from host.pipeline.measure import Files, Measured, measure
from host.plan.load import dump, override
from host.run.attempts import StopSwitch


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one device: a finished run, or the sentence that says why there is none."""

    device: str
    done: Measured | None
    error: str = ""
    exit_code: int = 0


def measure_many(
    plan: Plan, devices: Sequence[str], runs: Path, watches: Mapping[str, Watch], files: Files
) -> list[Outcome]:
    """Measure by the plan on each of these devices, all at the same time.

    watches: device -> who listens to its progress. Outcomes are in the order of `devices`.
    """
    switches = {device: StopSwitch() for device in devices}
    outcomes: dict[str, Outcome] = {}

    def run(device: str) -> None:
        own = override(plan, {"device": device})
        watch = watches[device]

        def job() -> Measured:
            return measure(own, dump(own).encode(), runs, watch, files, switches[device])

        outcomes[device] = tried(device, job)
        watch(Progress("failed" if outcomes[device].error else "done"))

    threads = [threading.Thread(target=run, args=(device,)) for device in devices]
    with _pressed(list(switches.values())):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [outcomes[device] for device in devices]


def tried(device: str, job: Callable[[], Measured]) -> Outcome:
    """One run; whatever goes wrong with it is told and stays with it."""
    try:
        return Outcome(device, job())
    except HostError as err:
        return Outcome(device, None, str(err), err.exit_code)
    except Exception as err:  # noqa: BLE001 - top of this device's thread: the others go on
        return Outcome(device, None, f"this is a defect ({type(err).__name__}: {err})", 3)


@contextmanager
def _pressed(switches: Sequence[StopSwitch]) -> Iterator[None]:
    """Ctrl-C is for all devices: the first ends after their attempts, the second at once."""

    def press(*_: object) -> None:
        for switch in switches:
            switch.press()

    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
