"""Prints the light-weight budgets of this machine: agent, start, help, sampler, verify.

    python tests/bench/budgets.py [RUN_FOLDER ...]

With run folders it also times `verify` on each and says how long the run was. Times are medians
of repeats with their range; the machine's noise is in them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from host.deploy.stage import deploy_local
from host.pipeline.redo import redo
from host.pipeline.verify import verify
from host.run.link import AgentLink
from host.transport.local import Local

REPEATS = 15


def timed(what: str, work: Callable[[], object], repeats: int = REPEATS) -> None:
    """Print median and range of the seconds that some work takes."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    middle = statistics.median(found)
    say(f"{what}: median {middle:.3f} s ({min(found):.3f} to {max(found):.3f}, n = {repeats})")


def say(line: str) -> None:
    """One line of result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def help_() -> None:
    """What a user waits for `inferometer --help`."""
    command = [str(Path(sys.executable).with_name("inferometer")), "--help"]
    subprocess.run(command, capture_output=True, check=True)


def bare_python() -> None:
    """The same without us."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def main() -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as store:
        deployment = deploy_local(Local(), Path(store))
        say(f"agent: {deployment.agent_size_bytes} bytes of 256000")

        def start() -> None:
            AgentLink.start(Local(), deployment).close()

        timed("agent, start to hello to end", start)
    timed("bare python", bare_python)
    timed("inferometer --help", help_)
    for name in sys.argv[1:]:
        root = Path(name)
        run = redo(root).reading.run
        times = [e for a in run.attempts for r in a.requests for e in (r.start_ns, r.end_ns)]
        span_s = (max(times) - min(times)) * 1e-9
        tokens = sum(len(r.tokens) for a in run.attempts for r in a.requests)
        say(f"{root.name}: {span_s:.0f} s, {tokens} tokens")
        ratios = [a.sampler_cpu_ratio for a in run.attempts if a.sampler_cpu_ratio is not None]
        say(f"  sampler: {json.dumps([round(r, 5) for r in ratios])} of one core by attempt")
        timed("  verify", lambda root=root: verify(root), repeats=5)  # type: ignore[misc]


if __name__ == "__main__":
    main()
