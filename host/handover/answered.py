"""What a native runner answered to a prompt, as bytes: it shows no token ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of one process of a runner. number: in the attempt, from 0.

    text: its bytes, cut out of the kept output by the runner's description. It may go on for the
    spare tokens that the runner was asked for beyond the plan's.
    """

    number: int
    item: str
    warmup: bool
    text: bytes
