from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from host.deploy.bundle import bundle
from host.deploy.stage import deploy_local
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
