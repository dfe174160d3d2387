"""What a running measurement tells whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a run.

    phase: `prepare`, `score`, `pulses`, `gate`, `load`, `idle`, `warm-up`, `prefill`, `decode`,
    `collect`, `seal`, `evaluate`. attempt of attempts, request of requests: counted from 1, 0 when
    not in one. tokens of the running request; rate in token/s, None before it is known. lasted_s
    of lasting_s: of a load that goes on for so long, None for others and before it begins.
    waiting: what the run waits for, with its limit and its present value.
    """

    phase: str
    attempt: int = 0
    attempts: int = 0
    request: int = 0
    requests: int = 0
    tokens: int = 0
    rate: float | None = None
    waiting: str = ""
    done_ratio: float | None = None
    lasted_s: float | None = None
    lasting_s: float | None = None


Watch = Callable[[Progress], None]
