"""Why the requests of an attempt ended before all of them were done."""

from __future__ import annotations

from agent.engines.base import EngineError
from agent.order import Request
from agent.streams import disk_reason


class StoppedError(Exception):
    """The attempt was told to stop."""


class TokenCountError(Exception):
    """Another number of tokens than ordered."""


def check_counts(number: int, request: Request, prompt: int, made: int, *, exact: bool) -> None:
    """Raises TokenCountError for other numbers of tokens than ordered.

    prompt, made: tokens of the request's own prompt and of its output. exact: no fewer either.
    """
    if request.prompt_tokens not in {None, prompt}:
        said = f"{prompt} prompt tokens, {request.prompt_tokens} ordered"
        raise TokenCountError(f"request {number}: {said}")
    if made > request.output_tokens or made < (request.output_tokens if exact else 1):
        said = f"{made} output tokens, {request.output_tokens} ordered"
        raise TokenCountError(f"request {number}: {said}")


def outcome_of(err: Exception) -> tuple[str, str]:
    """Status and reason code for what ended an attempt."""
    if isinstance(err, StoppedError):
        return "incomplete", "stopped"
    if isinstance(err, TokenCountError):
        return "void", f"token-count: {err}"
    if isinstance(err, MemoryError):
        return "void", f"engine-out-of-memory: {str(err) or 'no memory for the engine'}"
    if isinstance(err, EngineError):
        return "void", _engine_reason(err)
    if isinstance(err, OSError):
        return "incomplete", disk_reason(err)
    return "void", f"engine-error: {type(err).__name__}: {err}"


def _engine_reason(err: EngineError) -> str:
    """Codes that stand for themselves, and all others as errors of the engine."""
    if err.code == "server-changed":  # no failure of it: nobody knows what was measured
        return f"server-changed: {err.detail}"
    code = "out-of-memory: " if err.code == "out-of-memory" else f"error: {err.code}: "
    return f"engine-{code}{err.detail}"
