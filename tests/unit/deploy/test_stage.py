from __future__ import annotations

import hashlib
import sys
from pathlib import Path, PurePosixPath

import pytest

from host.deploy.bundle import bundle
from host.deploy.layout import Store
from host.deploy.stage import deploy, deploy_local
from host.errors import StoreError
from host.transport.local import Local

# `shared` design, budgets: the agent is light.
AGENT_LIMIT_BYTES = 250 * 1024


def test_same_sources_give_the_same_bytes() -> None:
    assert bundle() == bundle()


def test_the_agent_is_light() -> None:
    assert len(bundle().data) <= AGENT_LIMIT_BYTES


def test_agent_is_stored_under_its_hash_and_used_again(tmp_path: Path) -> None:
    first = deploy_local(Local(), tmp_path)
    assert hashlib.sha256(Path(first.agent).read_bytes()).hexdigest() == first.agent_sha256
    stamp = Path(first.agent).stat().st_mtime_ns
    assert deploy_local(Local(), tmp_path) == first
    assert Path(first.agent).stat().st_mtime_ns == stamp


def test_a_damaged_agent_is_sent_again(tmp_path: Path) -> None:
    first = deploy_local(Local(), tmp_path)
    Path(first.agent).write_bytes(b"damaged")
    deploy_local(Local(), tmp_path)
    assert hashlib.sha256(Path(first.agent).read_bytes()).hexdigest() == first.agent_sha256


@pytest.mark.parametrize("package", ["agent", "collectors"])
def test_no_host_code_is_shipped(tmp_path: Path, package: str) -> None:
    import zipfile

    deployment = deploy_local(Local(), tmp_path)
    names = zipfile.ZipFile(Path(deployment.agent)).namelist()
    assert any(n.startswith(f"{package}/") for n in names)
    assert not [n for n in names if not n.startswith(("agent/", "collectors/", "__main__"))]


def test_any_device_with_a_python_gets_the_agent_through_its_store(tmp_path: Path) -> None:
    store = Store(PurePosixPath(tmp_path / "store"), 0, python=sys.executable)
    deployment = deploy(Local(), store)
    assert deployment.agent.parent == store.objects / deployment.agent_sha256
    assert (deployment.python, deployment.spool) == (sys.executable, store.spool)
    assert Local().call(deployment.argv(), timeout_s=60).status == 0  # its input ends at once


def test_a_device_without_a_python_gets_no_agent(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no Python is named"):
        deploy(Local(), Store(PurePosixPath(tmp_path)))
