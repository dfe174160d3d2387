"""Plays injections and prints the table.

python -m tests.faults [--seed N] [--count N] [--class F4] [--number N] [--jobs N] [--slow]
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.faults.catalogue import CASES, SLOW
from tests.faults.run import lines_of, play_all


def main() -> int:
    """1 when anything was lost or wrongly sealed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--count", type=int, default=20, help="injections")
    parser.add_argument("--class", dest="fault", default="", help="one row, such as F4")
    parser.add_argument("--case", default="", help="kinds whose name has this in it")
    parser.add_argument("--number", type=int, default=-1, help="play this injection again, alone")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--slow", action="store_true", help="also those that take minutes")
    asked = parser.parse_args()
    say(f"seed {asked.seed}")
    known = [*CASES, *SLOW] if asked.slow else CASES
    cases = [c for c in known if asked.fault in ("", c.fault) and asked.case in c.name]
    begun_s = time.monotonic()
    table = play_all(cases, asked.seed, asked.count, say, jobs=asked.jobs, only=asked.number)
    for line in lines_of(table):
        say(line)
    say(f"{table.injections} injections in {time.monotonic() - begun_s:.0f} s")
    for line in table.failed:
        say(f"FAILED {line}")
    return 1 if table.failed else 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
