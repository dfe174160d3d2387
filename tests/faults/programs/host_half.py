"""The host's half of a run without an agent: journal, collecting, `attempt.json`, seal.

    host_half.py RUN SPOOL

RUN is a run folder with its plan, SPOOL holds one folder of streams an attempt, and what the
agent would say of each in NNN.json. Says `kept N` after each attempt, `sealed` in the end.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path, PurePosixPath

from collectors.clocks import device_clock
from host.align.streams import read_json
from host.errors import HostError
from host.handover.plan import resolved_of
from host.run.attempts import Bench, keep
from host.run.folder import RunFolder
from host.run.journal import Journal
from host.run.lock import owned
from host.run.salvage import left_behind, salvage
from host.run.seal import seal
from host.transport.base import Transport
from host.transport.local import Local


def bench_of(
    run: Path, spool: Path, transport: Transport | None = None, patience_s: float = 0.0
) -> Bench:
    folder, clock = RunFolder(run), device_clock()
    return Bench(
        plan=resolved_of(read_json(folder.data / "plan.json")),
        folder=folder,
        transport=transport or Local(),
        spool=PurePosixPath(spool),
        clock=clock,
        journal=Journal(folder, clock),
        watch=lambda _: None,
        launch={},
        patience_s=patience_s,
    )


def go_on(run: Path, spool: Path) -> None:
    """What a start in a folder does that an earlier one left; raises HostError or OSError."""
    with owned(run / "data"):
        bench = bench_of(run, spool)
        for number in left_behind(bench):
            salvage(bench, number, "cut-off: the host ended in the middle of the attempt")
        bench.journal.note("run_end")
        bench.journal.close()
        seal(bench.folder, made_by="test")


def first(run: Path, spool: Path) -> None:
    """A run whose attempts have all been made."""
    bench = bench_of(run, spool)
    for path in sorted(spool.glob("*.json")):
        number = int(path.stem)
        bench.journal.note("attempt_start", {"number": number})
        keep(bench, number, json.loads(path.read_bytes()), "local")
        os.write(1, f"kept {number}\n".encode())
    bench.journal.note("run_end")
    bench.journal.close()
    seal(bench.folder, made_by="test")
    os.write(1, b"sealed\n")


def main() -> int:
    try:
        with owned(Path(sys.argv[1]) / "data"):
            first(Path(sys.argv[1]), Path(sys.argv[2]))
    except (OSError, HostError) as err:
        os.write(1, f"error {err}\n".encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
