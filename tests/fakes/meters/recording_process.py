"""A process that records one meter until its standard input ends: DATA NAME KIND ADDRESS SETTINGS.

Says `recording` once it does, and at the end its CPU time and that of its children in s, and why
it failed, in JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from collectors.clocks import device_clock
from collectors.meters.hookup import Hookup
from collectors.meters.protocol import FastMeter, Meter, Transcript
from collectors.meters.table import opener
from host.run.meters import recording


def main() -> None:
    data, name, kind, address, settings = sys.argv[1:]
    clock = device_clock()

    def open_meter(transcript: Transcript) -> Meter | FastMeter:
        hookup = Hookup(f"meter.{name}", address, json.loads(settings), clock, transcript)
        return opener(kind)(hookup)

    with recording(Path(data), {name: (open_meter, {"driver": kind})}, clock) as found:
        sys.stdout.write("recording\n")
        sys.stdout.flush()
        sys.stdin.read()
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = {
        "cpu_s": found[0].cpu_s,
        "drain_s": others.ru_utime + others.ru_stime,
        "failed": found[0].failed,
    }
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
