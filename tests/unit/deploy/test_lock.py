from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from host.deploy.layout import Site, Store, Watch
from host.deploy.lock import HOLD, LEASE_S, held
from host.deploy.lock_owner import owner
from host.deploy.shell import argv
from host.errors import StoreError
from tests.fakes.toolboxes import BOXES, boxed

BOOT = Path("/proc/sys/kernel/random/boot_id")


@pytest.fixture(params=BOXES)
def box(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["stream", "console"])
def site(request: pytest.FixtureRequest, box: str, tmp_path: Path) -> Site:
    one_channel = request.param == "console"
    store = Store(PurePosixPath(tmp_path / "it's"), one_channel=one_channel, wait_s=0)
    return Site(boxed(box, tmp_path / "bin"), store)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:  # noqa: S607
        yield process
        process.kill()


def start_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


def lock(site: Site, owner: str) -> Path:
    """A lock that somebody else has made."""
    folder = Path(site.store.lock)
    folder.mkdir(parents=True)
    (folder / "owner").write_text(owner + "\n", encoding="utf-8")
    return folder


def test_a_store_has_one_writer_and_is_free_again_afterwards(site: Site) -> None:
    with held(site):
        assert Path(site.store.lock).is_dir()
        with pytest.raises(StoreError, match=r"another writer uses the store: .* pid \d+$"):
            held(site).__enter__()
    assert not Path(site.store.lock).exists()
    with held(site):
        pass


def test_a_lock_of_a_process_that_lives_is_kept(
    site: Site, sleeper: subprocess.Popen[bytes]
) -> None:
    boot = BOOT.read_text(encoding="utf-8").strip()
    folder = lock(site, f"{boot} {sleeper.pid} {start_of(sleeper.pid)} ann on bench pid 7 abcd")
    with pytest.raises(StoreError, match=r"another writer uses the store: ann on bench pid 7$"):
        held(site).__enter__()
    assert folder.is_dir()


@pytest.mark.parametrize("why", ["reboot", "gone", "other process"])
def test_a_lock_that_is_left_over_is_taken_over_and_told(
    site: Site, sleeper: subprocess.Popen[bytes], why: str
) -> None:
    boot = "another-boot" if why == "reboot" else BOOT.read_text(encoding="utf-8").strip()
    pid = 4194304 if why == "gone" else sleeper.pid  # beyond the kernel's largest (pid_max)
    start = int(start_of(sleeper.pid)) + (why == "other process")
    lock(site, f"{boot} {pid} {start} ann on bench pid 7 abcd")
    told: list[str] = []
    with held(Site(site.transport, site.store, Watch(tell=told.append))):
        assert "ann" not in (Path(site.store.lock) / "owner").read_text(encoding="utf-8")
    assert told == ["local: took over a lock that ann on bench pid 7 left"]
    assert sorted(p.name for p in Path(site.store.root).iterdir()) == []


def test_a_lock_that_is_just_being_made_is_kept(site: Site) -> None:
    Path(site.store.lock).mkdir(parents=True)
    with pytest.raises(StoreError, match="another writer uses the store: unknown"):
        held(site).__enter__()


def test_a_lock_without_an_owner_is_left_over_after_a_minute(site: Site) -> None:
    folder = Path(site.store.lock)
    folder.mkdir(parents=True)
    os.utime(folder, (0, 0))
    with held(site):
        pass


def test_what_an_owner_says_reaches_no_terminal(site: Site) -> None:
    boot = BOOT.read_text(encoding="utf-8").strip()
    lock(site, f"{boot} 1 {start_of(1)} \x1b[2J\x07evil\r{'x' * 5000} nonce")
    with pytest.raises(StoreError) as caught:
        held(site).__enter__()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_an_error_inside_frees_the_store(site: Site) -> None:
    def fail() -> None:
        with held(site):
            raise StoreError("local", "x", "y")

    with pytest.raises(StoreError, match="y"):
        fail()
    assert not Path(site.store.lock).exists()


def test_the_holder_that_loses_its_link_frees_the_store(site: Site) -> None:
    if site.store.one_channel:
        return  # there the lease ends by itself
    Path(site.store.root).mkdir()
    stream = site.transport.open(argv(HOLD, site.store.lock, "me", ""))
    assert stream.receive_line(timeout_s=30) == b"held\n"
    stream.close(timeout_s=30)
    with held(site):
        pass


@contextmanager
def left_standing(site: Site, text: str) -> Iterator[None]:
    """The far end of a connection that is gone: it holds the lock, and nothing told it."""
    Path(site.store.root).mkdir()
    if site.store.one_channel:
        said = site.transport.call(argv(HOLD, site.store.lock, text, LEASE_S), timeout_s=30)
        assert said.stdout == b"held\n"
        yield
        left = Path(site.store.lock) / "owner"
        if left.exists():
            os.kill(int(left.read_text(encoding="utf-8").split()[1]), signal.SIGKILL)
        return
    stream = site.transport.open(argv(HOLD, site.store.lock, text, ""))
    assert stream.receive_line(timeout_s=30) == b"held\n"
    yield
    stream.close(timeout_s=30)


def given_up(pid: int | None = None) -> str:
    """What a lock says that this process has given up, or another one of this machine holds."""
    with owner() as text:
        return text if pid is None else re.sub(r" pid \d+ ", f" pid {pid} ", text)


def ended() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


@pytest.mark.parametrize("whose", ["ours", "an ended process's"])
def test_a_lock_that_a_lost_connection_of_this_machine_holds_is_taken_over(
    site: Site, whose: str
) -> None:
    text = given_up(None if whose == "ours" else ended())
    with left_standing(site, text), held(site):
        assert text not in (Path(site.store.lock) / "owner").read_text(encoding="utf-8")
    assert not Path(site.store.lock).exists()


@pytest.mark.parametrize("whose", ["a living process's", "another machine's"])
def test_a_lock_that_may_still_be_wanted_is_kept(
    site: Site, sleeper: subprocess.Popen[bytes], whose: str
) -> None:
    text = given_up(sleeper.pid)
    if whose == "another machine's":
        text = re.sub(r"[0-9a-f]{16}-", "0" * 16 + "-", given_up(ended()))
    with left_standing(site, text):
        with pytest.raises(StoreError, match="another writer uses the store"):
            held(site).__enter__()
        assert text in (Path(site.store.lock) / "owner").read_text(encoding="utf-8")


def test_no_two_locks_say_the_same() -> None:
    with owner() as one, owner() as other:
        assert one != other
