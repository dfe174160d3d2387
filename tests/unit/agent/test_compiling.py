"""The agent is compiled once where it lies, and starts from that as long as it is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.packed_main import compiled_name
from agent.wire import WIRE_VERSION, encode
from host.deploy.bundle import bundle
from host.deploy.stage import deploy_local
from host.transport.local import Local

HELLO = encode("hello", {"version": WIRE_VERSION}) + encode("bye")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed agent that was compiled."""
    path = tmp_path_factory.mktemp("agent") / "agent.pyz"
    path.write_bytes(bundle().data)
    subprocess.run([sys.executable, "-I", path, "compile"], check=True)
    return path


def _started(packed: Path) -> str:
    """The archive that a session takes its modules from, as Python says; it must have answered."""
    argv = [sys.executable, "-I", "-v", str(packed)]
    done = subprocess.run(argv, input=HELLO, capture_output=True, check=True)
    assert json.loads(done.stdout.splitlines()[0])["type"] == "hello"
    said = done.stderr.decode().splitlines()
    (line,) = (one for one in said if one.startswith("import 'agent.session'"))
    return line.partition('"')[2].partition("/agent/")[0]


def test_a_compiled_agent_starts_from_its_bytecode(packed: Path) -> None:
    assert _started(packed) == compiled_name(str(packed))


def test_a_torn_or_changed_compilation_is_not_started(packed: Path, tmp_path: Path) -> None:
    whole = Path(compiled_name(str(packed))).read_bytes()
    copy = tmp_path / "agent.pyz"
    copy.write_bytes(packed.read_bytes())
    for damaged in (b"", whole[:-1], whole[:1000] + b"\0" + whole[1001:]):
        Path(compiled_name(str(copy))).write_bytes(damaged)
        assert _started(copy) == str(copy)


def test_a_folder_that_takes_no_file_is_told_and_leaves_the_agent_as_it_is(tmp_path: Path) -> None:
    packed = tmp_path / "agent.pyz"
    packed.write_bytes(bundle().data)
    Path(compiled_name(str(packed))).mkdir()
    argv = [sys.executable, "-I", str(packed), "compile"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:12]) == (1, "not compiled")
    assert _started(packed) == str(packed)
    assert len(list(tmp_path.iterdir())) == 2


def test_tracebacks_still_show_the_sources(packed: Path) -> None:
    argv = [sys.executable, "-I", str(packed), "sampler"]
    done = subprocess.run(argv, input=b"no line\n", capture_output=True, check=False)
    assert b"agent.pyz/agent/sampler.py" in done.stderr
    assert b"decode(" in done.stderr


def test_an_agent_is_compiled_when_it_is_put_there(tmp_path: Path) -> None:
    agent = Path(deploy_local(Local(), tmp_path).agent)
    assert _started(agent) == compiled_name(str(agent))
