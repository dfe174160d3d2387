"""Questions that are asked at once, each in a thread of its own with a deadline of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from host.errors import HostError

T = TypeVar("T")
K = TypeVar("K")

# What a question may fail by; its sentence is the answer then. Anything else is a defect of ours
# and is raised where the answers are taken.
FAILURES = (HostError, ImportError, OSError, ValueError)


class _Question(Generic[T]):
    """One call in a daemon thread: what never answers holds nobody up, not even at exit."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._answer: list[T] = []
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answer(self, until: float) -> T | Exception | None:
        """What came by then: an answer, what went wrong, or None for nothing yet."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._failure is not None:
            if not isinstance(self._failure, FAILURES):
                raise self._failure
            return self._failure
        return self._answer[0] if self._answer else None

    def _run(self) -> None:
        try:
            self._answer.append(self._ask())
        except Exception as err:  # noqa: BLE001 - judged by who takes the answer
            self._failure = err


def ask_all(
    questions: Mapping[K, Callable[[], T]], *, timeout_s: float
) -> dict[K, T | Exception | None]:
    """All answers, at the latest timeout_s after the start; None where none came in time."""
    until = time.monotonic() + timeout_s
    asked = {key: _Question(ask) for key, ask in questions.items()}
    return {key: question.answer(until) for key, question in asked.items()}
