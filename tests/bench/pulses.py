"""Prints how well load pulses find the time of a meter: bias, spread and coverage, simulated.

    python tests/bench/pulses.py [TRIALS]

Two patterns of four 7-bit words, 200 ms a bit, 3 W steps; offsets of 1, 20, 100 and 400 ms are
put into the meter's stamps, and each row is over all of them: TRIALS of each (125 by default).
`inside`: share of trials with |error| <= U = 2 u. Trials whose pattern would not be judged, for
a correlation below the least or an uncertainty above the most, count apart as `refused`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from host.align.pulse_check import LEAST_CORRELATION, MOST_U_NS
from host.align.pulses import lag_of
from host.handover.pulses import K
from host.handover.trace import FloatArray
from tests.fakes.pulse_bench import Bench, run

OFFSETS_MS = (1, 20, 100, 400)
RATES_HZ = (1.0, 10.0, 100.0, 1000.0)
NOISES_W = (0.05, 0.5)
MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """errors_ms, u_ms: (trials,) of those that would be judged."""

    errors_ms: FloatArray
    u_ms: FloatArray
    refused: int

    @property
    def inside(self) -> float:
        """Share of |error| <= U."""
        return float(np.mean(np.abs(self.errors_ms) <= K * self.u_ms))


def simulated(bench: Bench, trials: int, seed: int, offsets_ms: tuple[int, ...]) -> Row:
    """Trials for each offset; the same seed gives the same row."""
    random = np.random.default_rng(seed)
    errors, us, refused = [], [], 0
    for offset_ms in offsets_ms:
        for _ in range(trials):
            found = lag_of(run(random, bench, offset_ms * MS))
            if (
                found is None
                or found.correlation < LEAST_CORRELATION
                or K * found.u_ns > MOST_U_NS
            ):
                refused += 1
                continue
            errors.append(found.lag_ns / MS - offset_ms)
            us.append(found.u_ns / MS)
    return Row(np.array(errors), np.array(us), refused)


def main() -> None:
    """Print one row for each meter."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 125
    sys.stdout.write("rate/Hz  kind       noise/W  bias/ms   sd/ms  mean u/ms  inside  refused\n")
    for averaging in (True, False):
        for rate_hz in RATES_HZ:
            for noise_w in NOISES_W:
                row = simulated(Bench(rate_hz, noise_w, averaging), trials, 1, OFFSETS_MS)
                kind = "averaging" if averaging else "momentary"
                said = f"{rate_hz:7g}  {kind}  {noise_w:7g}"
                if len(row.errors_ms):
                    said += (
                        f"  {row.errors_ms.mean():7.3f}  {row.errors_ms.std():7.3f}"
                        f"  {row.u_ms.mean():8.3f}  {row.inside:7.3f}"
                    )
                sys.stdout.write(f"{said}  {row.refused:5d} of {trials * len(OFFSETS_MS)}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
