"""The store over every far end of `tests/fakes/ends/table.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.deploy.garbage import Keep, collect_garbage
from host.deploy.layout import BLOCK_BYTES, Store, Watch
from host.deploy.store import How, adopt, put
from host.errors import StoreError
from host.transport.base import Transport, output
from tests.fakes.ends.base import FarEnd
from tests.fakes.ends.table import ENDS

_SPOIL = 'dd if=/dev/zero of="$1" bs=1 count=9 conv=notrunc 2>/dev/null'


@pytest.fixture(scope="module", params=ENDS)
def end(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FarEnd]:
    with ENDS[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def transport(end: FarEnd) -> Iterator[Transport]:
    made = end.connect()
    yield made
    made.close()


@pytest.fixture
def store(end: FarEnd, request: pytest.FixtureRequest) -> Store:
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]
    step = max(BLOCK_BYTES, end.unit_bytes // 8 // BLOCK_BYTES * BLOCK_BYTES)
    root = end.root / f"a store's {name}"
    return Store(root, 0, one_channel=end.one_channel, wait_s=0, chunk_bytes=step)


@pytest.fixture
def model(end: FarEnd, tmp_path: Path) -> Path:
    file = tmp_path / "model 模型.gguf"
    file.write_bytes(hashlib.shake_128(b"model").digest(end.unit_bytes + 7))
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def far_sha256(transport: Transport, path: object) -> str:
    argv = ["sh", "-c", 'sha256sum < "$1"', "sh", str(path)]
    return output(transport, argv, timeout_s=60).split()[0].decode()


def test_a_file_is_pushed_once_proven_there_and_found_again(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = put(transport, store, model, sha256(model))
    assert (placed.how, placed.repaired_chunks) == (How.PUSHED, 0)
    assert far_sha256(transport, placed.path) == sha256(model)
    assert put(transport, store, model, sha256(model)).how is How.UNCHANGED


def test_a_file_that_was_changed_there_is_sent_again(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = put(transport, store, model, sha256(model))
    output(transport, ["sh", "-c", _SPOIL, "sh", str(placed.path)], timeout_s=30)
    told: list[str] = []
    again = put(transport, store, model, sha256(model), Watch(tell=told.append))
    assert (again.how, len(told)) == (How.PUSHED, 1)
    assert far_sha256(transport, placed.path) == sha256(model)


def test_a_push_goes_on_after_what_is_proven_there(
    transport: Transport, store: Store, model: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    first.write_bytes(model.read_bytes()[: 2 * store.chunk_bytes + 3] + b"garbage")
    transport.push(first, store.part(sha256(model)))
    placed = put(transport, store, model, sha256(model))
    assert placed.resumed_bytes == min(2, model.stat().st_size // store.chunk_bytes) * (
        store.chunk_bytes
    )
    assert far_sha256(transport, placed.path) == sha256(model)


def test_a_file_that_lies_there_is_adopted_or_refused_by_its_hash(
    transport: Transport, store: Store, end: FarEnd, model: Path
) -> None:
    staged = end.root / "staged" / model.name
    transport.push(model, staged)
    with pytest.raises(StoreError, match="has SHA-256"):
        adopt(transport, store, staged, "0" * 64)
    placed = adopt(transport, store, staged, sha256(model))
    assert placed.how is How.ADOPTED
    assert far_sha256(transport, placed.path) == sha256(model)


def test_what_was_just_put_there_is_no_garbage(
    transport: Transport, store: Store, model: Path
) -> None:
    put(transport, store, model, sha256(model))
    assert collect_garbage(transport, store, Keep(0)) == []
