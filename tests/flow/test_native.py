"""Requests and tokens of Debian's real llama-completion, read from lines that a shell stamped."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from host.align.native import native_attempt
from host.align.requests import Did, events_of
from host.plan.runner import runner
from host.reduce.throughput import decode_rate, prefill_rate
from tests.fakes.agent_session import outcome
from tests.fakes.agent_shells import shell_of
from tests.fakes.native import completion_argv
from tests.fakes.runner_figures import perf_times
from tests.fakes.shell_runs import order_of, shell_session, spool_of

OUTPUT_TOKENS = 8


@pytest.fixture(params=["mksh", "busybox"])
def did(request: pytest.FixtureRequest, tmp_path: Path, tiny_gguf: Path) -> tuple[Did, Path]:
    """One attempt of two requests, the first a warm-up."""
    folder, spool = tmp_path / "device", tmp_path / "001"
    folder.mkdir()
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
        spool, completion_argv(), settings=settings, model=str(tiny_gguf), requests=requests
    )
    with shell_session(shell_of(request.param, folder)) as session:
        assert outcome(session.attempt(order)) == ("valid", "")
    events = events_of(spool_of(spool, "events"))
    log = (spool / "engine.log").read_bytes()
    return native_attempt(events, log, settings, {"tea": OUTPUT_TOKENS}), spool


def test_tokens_of_a_native_runner_have_times_of_their_own(did: tuple[Did, Path]) -> None:
    found, spool = did
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
    assert b"Turn on" not in (spool / "output.log").read_bytes()
    last = found.requests[-1]
    said = perf_times((spool / "engine.log").read_bytes())
    if said is not None:  # its last lines may be lost
        rate = said.prompt_tokens / (said.prompt_ns * 1e-9)
        assert prefill_rate([last]).value == pytest.approx(rate, rel=0.1)
        # The runner counts its evaluations alone, the trace all that lies between two tokens.
        own = said.decode_runs / (said.decode_ns * 1e-9)
        assert decode_rate([last]).value < 1.1 * own
        assert said.decode_runs == OUTPUT_TOKENS - 1 + runner("llama-completion").spare_tokens
