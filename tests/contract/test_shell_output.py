"""Output of a runner that is kept apart from its log, over the shells of devices."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from host.align.streams import read_attempt
from host.run.collect import output_end
from tests.fakes.agent_session import outcome
from tests.fakes.agent_shells import KINDS, Shell, shell_of
from tests.fakes.shell_runs import order_of, script, shell_session, spool_of

LOG_BYTES = 65536


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


def test_output_that_is_kept_apart_says_where_each_run_ends_in_it_and_its_hash(
    shell: Shell, tmp_path: Path
) -> None:
    spool = tmp_path / "001"
    request = {"text": "t", "prompt_tokens": 8, "output_tokens": 3, "warmup": False}
    order = order_of(
        spool,
        script('printf "%s says" "$2"; echo log >&2; [ "$2" != b ] || printf "\\0\\377\\n\\n"'),
        settings={"output": "stdout"},
        requests=[{"item": "a", **request}, {"item": "b", **request}],
    )
    with shell_session(shell) as session:
        end = session.attempt(order)
    assert outcome(end) == ("valid", "")
    output = (spool / "output.log").read_bytes()
    assert output == b"a saysb says\0\xff\n\n"
    assert (spool / "engine.log").read_bytes() == b"log\nlog\n"
    ends = [
        json.loads(line.fields[2])["output_bytes"]
        for line in spool_of(spool, "events").lines
        if line.fields[1] == "runner_end"
    ]
    assert ends == [6, len(output)]
    stated = output_end(end, "local")
    assert stated is not None
    assert (stated.size_bytes, stated.sha256) == (
        len(output),
        hashlib.sha256(output).hexdigest(),
    )
    (spool / "attempt.json").write_text(json.dumps(end))
    assert read_attempt(spool, 1).faults == ()
    (spool / "output.log").write_bytes(output[:-1])
    assert [fault.fault for fault in read_attempt(spool, 1).faults] == ["changed"]


def test_output_without_an_end_is_cut_off_and_voids_the_attempt(
    shell: Shell, tmp_path: Path
) -> None:
    spool = tmp_path / "001"
    settings = {"output": "stdout", "log_bytes": LOG_BYTES}
    order = order_of(spool, script("exec yes"), settings=settings)
    with shell_session(shell) as session:
        end = session.attempt(order)
    assert outcome(end) == ("void", "engine-error: runner-flood: its output was cut off")
    assert (spool / "output.log").stat().st_size <= LOG_BYTES
