from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

import pytest

from host.deploy.garbage import DAY_S, Keep, collect_garbage
from host.deploy.layout import Site, Store
from host.deploy.lock import held
from host.deploy.store import How, put
from host.errors import StoreError
from host.transport.base import Transport
from tests.fakes.toolboxes import BOXES, boxed


@pytest.fixture(params=BOXES)
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> Transport:
    return boxed(request.param, tmp_path / "bin")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(PurePosixPath(tmp_path / "it's"), reserve_bytes=0, wait_s=0)


def aged(path: PurePosixPath, days: float) -> None:
    """Let it look unused for so long."""
    used = Path(path) / ".used"
    file = used if used.exists() else Path(path)
    then = file.stat().st_mtime - days * DAY_S
    os.utime(file, (then, then))


def placed(transport: Transport, store: Store, tmp_path: Path, name: str) -> str:
    """An object in the store; gives its hash."""
    file = tmp_path / name
    file.write_text(name * 4096, encoding="utf-8")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    put(transport, store, file, sha256)
    return sha256


def test_what_was_not_used_for_long_goes_and_the_rest_stays(
    transport: Transport, store: Store, tmp_path: Path
) -> None:
    old, new, needed = (placed(transport, store, tmp_path, n) for n in ("old", "new", "needed"))
    aged(store.objects / old, 31)
    aged(store.objects / needed, 31)
    aged(store.objects / new, 29)
    keep = Keep(30, in_use=[needed])
    (planned,) = collect_garbage(transport, store, keep, dry_run=True)
    assert (planned.kind, planned.path, planned.removed) == ("object", store.objects / old, False)
    assert planned.unused_s // DAY_S == 31
    assert planned.size_bytes >= 3 * 4096
    assert Path(planned.path).exists()
    (done,) = collect_garbage(transport, store, keep)
    assert (done.path, done.removed) == (planned.path, True)
    assert sorted(p.name for p in Path(store.objects).iterdir()) == sorted([new, needed])
    assert not list(Path(store.root).glob("trash*"))


def test_using_an_object_makes_it_young_again(
    transport: Transport, store: Store, tmp_path: Path
) -> None:
    sha256 = placed(transport, store, tmp_path, "model")
    aged(store.objects / sha256, 400)
    assert put(transport, store, tmp_path / "model", sha256).how is How.UNCHANGED
    assert collect_garbage(transport, store, Keep(30)) == []


def test_what_was_used_within_the_hour_stays_whatever_is_asked(
    transport: Transport, store: Store, tmp_path: Path
) -> None:
    sha256 = placed(transport, store, tmp_path, "model")
    assert collect_garbage(transport, store, Keep(0)) == []
    aged(store.objects / sha256, -1)  # the device's clock was set back
    assert collect_garbage(transport, store, Keep(0)) == []


def test_parts_and_environments_go_by_the_same_rule(transport: Transport, store: Store) -> None:
    part, environment = store.part("a" * 64), store.environments / ("b" * 64)
    Path(part).parent.mkdir(parents=True)
    Path(part).write_bytes(b"x")
    Path(environment).mkdir(parents=True)
    aged(part, 31)
    aged(environment, 31)
    kinds = [one.kind for one in collect_garbage(transport, store, Keep(30))]
    assert sorted(kinds) == ["environment", "part"]
    assert not Path(part).exists()
    assert not Path(environment).exists()


def test_only_spools_of_collected_runs_go(transport: Transport, store: Store) -> None:
    for name in ("collected", "missing"):
        folder = store.spool / name
        Path(folder).mkdir(parents=True)
        (Path(folder) / "tokens.log").write_text("x", encoding="utf-8")
        aged(folder, 400)
    (gone,) = collect_garbage(transport, store, Keep(30, collected=["collected", "../x"]))
    assert gone.path == store.spool / "collected"
    assert (Path(store.spool) / "missing" / "tokens.log").exists()


def test_names_that_are_not_ours_are_left_alone(
    transport: Transport, store: Store, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    objects = Path(store.objects)
    objects.mkdir(parents=True)
    (objects / ("c" * 64)).symlink_to(victim)
    odd = ["notes.txt", "-rf", "a b", "\x1b[2J", "A" * 64, f"0 0 {'d' * 64}", f"x\n0 0 {'e' * 64}"]
    for name in odd:
        (objects / name).mkdir()
        aged(store.objects / name, 400)
    assert collect_garbage(transport, store, Keep(0)) == []
    assert sorted(p.name for p in objects.iterdir()) == sorted([*odd, "c" * 64])


def test_a_store_that_is_not_there_holds_nothing(transport: Transport, store: Store) -> None:
    assert collect_garbage(transport, store, Keep(0), dry_run=True) == []


def test_nothing_is_removed_while_another_writer_works(
    transport: Transport, store: Store, tmp_path: Path
) -> None:
    sha256 = placed(transport, store, tmp_path, "model")
    aged(store.objects / sha256, 400)
    with held(Site(transport, store)), pytest.raises(StoreError, match="another writer"):
        collect_garbage(transport, store, Keep(30))
    assert Path(store.objects / sha256).exists()
