"""Requests and tokens of Debian's real llama-completion, read from lines that a shell stamped."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from host.align.native import native_attempt
from host.align.printed import MismatchError
from host.align.requests import Did, events_of
from host.handover.trace import RequestTrace
from host.plan.runner import runner
from host.reduce.throughput import decode_rate, prefill_rate
from tests.fakes.agent_session import outcome
from tests.fakes.agent_shells import shell_of
from tests.fakes.native import completion_argv
from tests.fakes.runner_figures import perf_times
from tests.fakes.shell_runs import ShellSession, order_of, shell_session, spool_of

OUTPUT_TOKENS = 8
# Beside busy cores the runner may end before its last lines are out, or stand still for a while in
# the evaluation that it alone counts.
TRIES = 5


def attempt(session: ShellSession, spool: Path, model: Path) -> Did:
    """One attempt of two requests, the first a warm-up.

    Raises MismatchError for a log without its end.
    """
    how = runner("llama-completion")
    settings = {
        "lines": msgspec.to_builtins(how.lines),
        "output": how.output,
        "spare_tokens": how.spare_tokens,
    }
    requests = [
        {"item": "tea", "text": "Turn on the\nair conditioning", "output_tokens": OUTPUT_TOKENS}
        | {"prompt_tokens": None, "warmup": warmup}
        for warmup in (True, False)
    ]
    order = order_of(
        spool,
        completion_argv(),
        settings=settings,
        model=str(model),
        requests=requests,
        number=int(spool.name),
    )
    assert outcome(session.attempt(order)) == ("valid", "")
    events = events_of(spool_of(spool, "events"))
    log = (spool / "engine.log").read_bytes()
    return native_attempt(events, log, settings, {"tea": OUTPUT_TOKENS})


def as_the_runner_says(request: RequestTrace, log: bytes) -> bool:
    """Whether our rates are those that the runner's own last lines tell."""
    said = perf_times(log)
    if said is None:
        return False
    assert said.decode_runs == OUTPUT_TOKENS - 1 + runner("llama-completion").spare_tokens
    rate = said.prompt_tokens / (said.prompt_ns * 1e-9)
    # The runner counts its evaluations alone, the trace all that lies between two tokens.
    own = said.decode_runs / (said.decode_ns * 1e-9)
    near = prefill_rate([request]).value == pytest.approx(rate, rel=0.1)
    return near and decode_rate([request]).value < 1.1 * own


@pytest.mark.parametrize("kind", ["mksh", "busybox"])
def test_tokens_of_a_native_runner_have_times_of_their_own(
    kind: str, tmp_path: Path, tiny_gguf: Path
) -> None:
    device = tmp_path / "device"
    device.mkdir()
    told = False
    with shell_session(shell_of(kind, device)) as session:
        for number in range(1, TRIES + 1):
            spool = tmp_path / f"{number:03d}"
            try:
                found = attempt(session, spool, tiny_gguf)
            except MismatchError:
                continue
            check_requests(found)
            assert b"Turn on" not in (spool / "output.log").read_bytes()
            told = as_the_runner_says(found.requests[-1], (spool / "engine.log").read_bytes())
            if told:
                break
    assert told


def check_requests(found: Did) -> None:
    """Two requests, each with all of its tokens, in order."""
    assert [r.warmup for r in found.requests] == [True, False]
    for request in found.requests:
        assert len(request.tokens) == request.stated_tokens == OUTPUT_TOKENS
        assert request.prompt_tokens > 3
        assert request.stop_reason == "length"
        assert request.start_ns <= request.prefill.start_ns < request.prefill.end_ns
        assert np.all(request.tokens.ready_ns <= request.tokens.t_ns)
        assert np.all(np.diff(request.tokens.t_ns) > 0)
        assert request.end_ns >= request.tokens.t_ns[-1]
    assert found.load is not None
    assert found.load.end_ns <= found.requests[0].start_ns
