"""The load patterns of a run folder: `data/pulses-*.tsv`, one each, as the device played them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.spool import SpoolFile, SpoolFormatError, read_spool
from host.align.meters import Metered
from host.align.pulse_check import Known, barred, checked
from host.align.pulses import Pattern
from host.errors import FolderError
from host.handover.finding import StreamFault
from host.handover.plan import PulsePlan
from host.handover.pulses import PulseCheck

# More lines than the longest pattern on the largest device has.
MAX_LINES = 1 << 20


def played_in(
    data: Path,
) -> tuple[tuple[Pattern, ...], frozenset[str], tuple[StreamFault, ...]]:
    """Patterns in order of time, the clocks of their stamps, and damaged lines.

    Raises FolderError for a file that is none.
    """
    patterns: list[Pattern] = []
    clocks: set[str] = set()
    faults: list[StreamFault] = []
    for path in sorted(data.glob("pulses-*.tsv")):
        try:
            file = read_spool(path.read_bytes())
            patterns.append(_pattern(path.stem.removeprefix("pulses-"), file))
        except (SpoolFormatError, ValueError, OverflowError) as err:
            raise FolderError(str(path), f"is no load pattern: {err}") from err
        clocks.add(file.clock)
        faults += [StreamFault(f"data/{path.name}", f.number, f.fault) for f in file.faults]
    patterns.sort(key=lambda p: int(p.t_ns[0]))
    return tuple(patterns), frozenset(clocks), tuple(faults)


def _pattern(name: str, file: SpoolFile) -> Pattern:
    """Mean load of all processes over time. Raises ValueError for lines that make none.

    Known is the time in which every process said what it did.
    """
    columns = [file.index(c) for c in ("process", "load", "from_ns", "until_ns")]
    if not 0 < len(file.lines) <= MAX_LINES:
        raise ValueError(f"{len(file.lines)} lines")
    rows = np.array([[int(x.fields[c]) for c in columns] for x in file.lines], dtype=np.int64)
    process, load, since, until = rows.T
    if np.any((load < 0) | (load > 1)) or np.any(until < since):
        raise ValueError("a state is neither load nor rest, or ends before it begins")
    numbers = np.unique(process)
    starts = [int(since[process == p].min()) for p in numbers]
    ends = [int(until[process == p].max()) for p in numbers]
    low, high = max(starts), min(ends)
    if low >= high:
        raise ValueError("the processes have no time in common")
    inner = np.concatenate((since, until))
    t_ns = np.unique(np.concatenate(([low, high], inner[(inner > low) & (inner < high)])))
    changes = np.zeros(len(t_ns))
    np.add.at(changes, np.searchsorted(t_ns, np.clip(since, low, high)), load)
    np.subtract.at(changes, np.searchsorted(t_ns, np.clip(until, low, high)), load)
    busy = np.cumsum(changes)[:-1] / len(numbers)
    return Pattern(name, t_ns, busy, int((until - since).min()))


def judged(
    data: Path, metered: Metered, asked: PulsePlan | None, clock: str, bound_ns: int | None
) -> tuple[Metered, tuple[PulseCheck, ...], tuple[StreamFault, ...]]:
    """The meters less those out of time, the verdicts, and damaged lines.

    clock: of the device. bound_ns: half-width of the offset, None where nothing aligns the clocks.
    """
    if asked is None:
        return metered, checked(metered, None), ()
    patterns, stamped, faults = played_in(data)
    checks = checked(metered, Known(patterns, stamped, clock, bound_ns, asked.least_step_w))
    return barred(metered, checks), checks, faults
