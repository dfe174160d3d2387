"""The agent over pipes: real processes, the replay engine, from hello to bye."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.spool import read_spool
from host.deploy.bundle import bundle
from tests.fakes.agent_session import (
    PYTHON,
    ROOT,
    AgentSession,
    check_streams,
    outcome,
    streams_of,
)
from tests.fakes.replays import order, sampled, write_recording


@pytest.fixture
def session() -> Iterator[AgentSession]:
    with AgentSession() as found:
        assert found.hello()["type"] == "hello"
        yield found


def test_hello_names_clock_platform_and_engines() -> None:
    with AgentSession() as session:
        said = session.hello()
        assert said["pid"] == session.process.pid
    assert said["clock"]["domain"] == f"{said['clock']['name']}@{said['boot_id']}"
    assert set(said["engines"]) == set(said["engine_settings"])
    assert said["engines"]["replay"] is None
    assert said["engine_settings"]["llama_cpp"]["n_ctx"] == 2048


def test_another_version_is_refused() -> None:
    with AgentSession() as session:
        said = session.ask("hello", version=999)
        assert (said["type"], said["code"]) == ("error", "wire-version")
        assert session.hello()["type"] == "hello"


def test_pings_come_back_with_their_number_and_two_stamps_in_order(session: AgentSession) -> None:
    stamps = []
    for number in range(3):
        said = session.ask("ping", id=number, t1_ns=1)
        assert (said["type"], said["id"]) == ("pong", number)
        stamps += [said["t2_ns"], said["t3_ns"]]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\n", "bad-message"),
        (b"{\n", "bad-message"),
        (b"[1]\n", "bad-message"),
        (b'{"type":"ping","type":"ping"}\n', "bad-message"),
        (b'{"type":"ping","id":NaN}\n', "bad-message"),
        (b"\xff\xfe\n", "bad-message"),
        (b"[" * 100_000 + b"\n", "bad-message"),
        (b'{"type":"dance"}\n', "unknown-message"),
        (b'{"type":"probe","reads":-1}\n', "bad-message"),
        (b'{"type":"probe","pid":"1"}\n', "bad-message"),
        (b'{"type":"attempt"}\n', "bad-order"),
        (b'{"type":"attempt","order":{"number":1}}\n', "bad-order"),
        (b'{"type":"tokenize"}\n', "bad-order"),
    ],
)
def test_a_bad_message_is_an_error_and_the_session_goes_on(
    session: AgentSession, raw: bytes, code: str
) -> None:
    session.say_raw(raw)
    said = session.hear()
    assert (said["type"], said["code"]) == ("error", code)
    assert said["detail"]
    assert session.ask("ping", id=1, t1_ns=0)["type"] == "pong"


def test_the_device_and_its_sources_are_told(session: AgentSession) -> None:
    device = session.ask("device")
    assert device["cpu_ticks"]["total"] > device["cpu_ticks"]["idle"]
    said = session.ask("probe", reads=2)
    assert said["type"] == "sources"
    kinds = {channel["kind_of_source"] for channel in said["channels"]}
    assert {"cpu", "memory", "process"} <= kinds
    assert {one["kind"] for one in said["probes"]} == kinds


def test_an_attempt_leaves_streams_that_are_as_stated(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, sampling=sampled(), idle_before_s=0.3)
    end = session.attempt(wanted)
    assert outcome(end) == ("valid", "")
    check_streams(end, tmp_path / "1")
    streams = streams_of(end)
    assert {name: one.lines for name, one in streams.items() if name in {"events", "tokens"}} == {
        "events": 15,
        "tokens": 8,
    }
    assert set(streams) == {"events", "tokens", "ticks", "source-cpu", "source-process"}
    assert streams["source-process"].lines > 1
    assert streams["ticks"].lines > 1
    assert end["engine"]["kind"] == "replay"
    channels = {one["name"] for one in end["sources"]["channels"]}
    assert "process.rss" in channels
    # At most 4 Hz for the one: every 13th of 50 slots a second.
    assert end["sources"]["rates_hz"] == {"cpu": 50.0 / 13, "process": 50.0}


def test_process_sources_read_the_engine_and_never_miss_it(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, sampling=sampled(), idle_before_s=0.2)
    end = session.attempt(wanted)
    rss = next(one for one in end["sources"]["channels"] if one["name"] == "process.rss")
    assert f"/{end['engine']['pid']}/" in rss["source"]
    lines = read_spool((tmp_path / "1/source-process.tsv").read_bytes()).lines
    assert [line.fields[4] for line in lines if line.fields[4].startswith("!")] == []


def test_attempts_follow_each_other_in_fresh_processes(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    ends = [session.attempt(order(tmp_path / str(n), model, number=n)) for n in (1, 2)]
    assert [end["number"] for end in ends] == [1, 2]
    assert ends[0]["engine"]["pid"] != ends[1]["engine"]["pid"]
    assert ends[0]["streams"] == ends[1]["streams"]


def test_tokens_are_counted_before_a_run_and_a_bad_model_is_refused(
    session: AgentSession, tmp_path: Path
) -> None:
    engine = {"kind": "replay", "settings": {}}
    model = str(write_recording(tmp_path / "r.json"))
    said = session.ask("tokenize", engine=engine, model=model, texts=["abc", "你"])
    assert (said["type"], said["counts"]) == ("tokens", [3, 3])
    assert said["engine"]["kind"] == "replay"
    bad = session.ask("tokenize", engine=engine, model=str(tmp_path / "none"), texts=["abc"])
    assert (bad["type"], bad["code"]) == ("error", "bad-model")
    other = {"kind": "reply", "settings": {}}
    unknown = session.ask("tokenize", engine=other, model=model, texts=["abc"])
    assert (unknown["type"], unknown["code"]) == ("error", "unknown-engine")
    assert "replay" in unknown["detail"]


def test_an_engine_without_its_library_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "llama_cpp.py").write_text("raise ImportError('not for this machine')\n")
    wanted = order(
        tmp_path / "1", tmp_path / "m.gguf", engine={"kind": "llama_cpp", "settings": {}}
    )
    with AgentSession(environment={"PYTHONPATH": str(tmp_path)}) as session:
        session.hello()
        status, reason = outcome(session.attempt(wanted))
    assert status == "void"
    assert reason.startswith("engine-error: engine-missing: llama-cpp-python is not installed")


def test_what_an_engine_prints_never_reaches_the_host(tmp_path: Path) -> None:
    """A library that writes to stdout while it is imported: the log gets it, the wire does not."""
    (tmp_path / "llama_cpp.py").write_text(
        "import os\nos.write(1, b'to the log\\n')\nraise ImportError('enough')\n"
    )
    wanted = order(
        tmp_path / "1", tmp_path / "m.gguf", engine={"kind": "llama_cpp", "settings": {}}
    )
    with AgentSession(environment={"PYTHONPATH": str(tmp_path)}) as session:
        session.hello()
        assert session.attempt(wanted)["type"] == "attempt_end"
    assert b"to the log" in (tmp_path / "1/engine.log").read_bytes()


def test_placement_is_set_before_the_engine_starts(session: AgentSession, tmp_path: Path) -> None:
    cpu = min(os.sched_getaffinity(0))
    model = write_recording(tmp_path / "r.json")
    end = session.attempt(order(tmp_path / "1", model, affinity=[cpu], nice=3))
    assert outcome(end) == ("valid", "")
    assert (end["engine"]["affinity"], end["engine"]["nice"]) == ([cpu], os.nice(0) + 3)


def test_a_cpu_that_is_not_there_is_an_engine_error(session: AgentSession, tmp_path: Path) -> None:
    end = session.attempt(
        order(tmp_path / "1", write_recording(tmp_path / "r.json"), affinity=[4000])
    )
    status, reason = outcome(end)
    assert status == "void"
    assert reason.startswith("engine-error: placement-refused")


def packed(folder: Path) -> Path:
    path = folder / "agent.pyz"
    path.write_bytes(bundle().data)
    return path


def test_the_packed_agent_runs_attempts_far_from_its_sources(tmp_path: Path) -> None:
    argv = [PYTHON, "-I", str(packed(tmp_path))]
    model = write_recording(tmp_path / "r.json")
    with AgentSession(argv) as session:
        assert session.hello()["type"] == "hello"
        end = session.attempt(order(tmp_path / "1", model, sampling=sampled(), idle_before_s=0.2))
    assert outcome(end) == ("valid", "")
    check_streams(end, tmp_path / "1")


def test_the_packed_agent_is_small(tmp_path: Path) -> None:
    assert packed(tmp_path).stat().st_size <= 250 << 10


def test_an_unknown_role_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "dancer"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"known: engine, sampler" in done.stderr


@pytest.mark.parametrize("kind", ["llama_cpp", "onnx_genai"])
def test_a_real_engine_runs_an_attempt(
    session: AgentSession, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue("tiny_gguf" if kind == "llama_cpp" else "tiny_genai")
    wanted = order(tmp_path / "1", model, engine={"kind": kind, "settings": {}})
    wanted["sampling"] = sampled()
    end = session.attempt(wanted)
    assert outcome(end) == ("valid", "")
    check_streams(end, tmp_path / "1")
    assert streams_of(end)["tokens"].lines == 8
    assert end["engine"]["kind"] == kind
    counted = session.ask(
        "tokenize", engine=wanted["engine"], model=str(model), texts=["hello", "hello hello"]
    )
    assert counted["counts"][1] > counted["counts"][0] > 0
