"""Environments made by a real venv and a real pip, with no network."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

import pytest

from host.deploy.environment import environment
from host.deploy.layout import Store, Watch
from host.deploy.wheelhouse import Wheelhouse, open_wheelhouse
from host.errors import StoreError
from tests.fakes.wheels import Offline, pip_wheel, wheel


@pytest.fixture
def house(tmp_path: Path) -> Wheelhouse:
    return house_in(tmp_path / "wheels")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Wheelhouse]:
    """A store whose environment every test leaves whole: to make one takes seconds."""
    place = tmp_path_factory.mktemp("shared")
    store = Store(PurePosixPath(place / "store"), reserve_bytes=0, wait_s=0)
    return store, house_in(place / "wheels")


def house_in(folder: Path) -> Wheelhouse:
    folder.mkdir()
    pip_wheel(folder)
    wheel(folder, "apple", "1.0", needs="pear>=2")
    wheel(folder, "pear", "2.5")
    return open_wheelhouse(folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(PurePosixPath(tmp_path / "store"), reserve_bytes=0, wait_s=0)


def runs(python: PurePosixPath, code: str) -> str:
    done = Offline().call([str(python), "-I", "-c", code], timeout_s=60)
    assert done.status == 0, done.stderr
    return done.stdout.decode().strip()


def test_an_environment_holds_the_wheels_and_is_used_again(
    shared: tuple[Store, Wheelhouse],
) -> None:
    store, house = shared
    python = environment(Offline(), store, house, sys.executable)
    assert python == store.environments / house.sha256 / "bin" / "python"
    assert runs(python, "import apple, pear; print(apple.VERSION, pear.VERSION)") == "1.0 2.5"
    module = Path(runs(python, "import apple; print(apple.__file__)"))
    made = module.stat().st_ctime_ns
    told: list[str] = []
    assert environment(Offline(), store, house, sys.executable, Watch(tell=told.append)) == python
    assert (module.stat().st_ctime_ns, told) == (made, [])


@pytest.mark.parametrize("how", ["other marker", "no python"])
def test_an_environment_that_was_left_half_made_is_made_anew(
    shared: tuple[Store, Wheelhouse], how: str
) -> None:
    store, house = shared
    python = Path(environment(Offline(), store, house, sys.executable))
    marker = python.parents[1] / ".complete"
    if how == "no python":
        python.unlink()
    else:
        marker.write_text("env-1 \x1b[2J\n", encoding="utf-8")
    (stray,) = python.parents[1].glob("lib/python*/site-packages/pear.py")
    stray.unlink()
    told: list[str] = []
    environment(Offline(), store, house, sys.executable, Watch(tell=told.append))
    assert stray.exists()
    assert ["was left half-made" in said for said in told] == [True]


def test_a_list_that_lacks_what_a_wheel_needs_is_one_sentence(
    tmp_path: Path, store: Store
) -> None:
    pip_wheel(tmp_path)
    wheel(tmp_path, "apple", "1.0", needs="pear>=2")
    with pytest.raises(StoreError, match=r"cannot be installed there: .*pear") as caught:
        environment(Offline(), store, open_wheelhouse(tmp_path), sys.executable)
    assert "\n" not in str(caught.value)
    (left,) = Path(store.environments).iterdir()
    assert not (left / ".complete").exists()


def test_a_wheel_that_was_changed_after_the_list_was_made_is_refused(
    tmp_path: Path, store: Store, house: Wheelhouse
) -> None:
    with (tmp_path / "wheels" / house.wheels[0].file.name).open("ab") as file:
        file.write(b"more")
    with pytest.raises(Exception, match="is not the file with SHA-256"):
        environment(Offline(), store, house, sys.executable)
    assert not Path(store.environments).exists()


def test_a_python_without_venv_says_what_to_install(
    tmp_path: Path, store: Store, house: Wheelhouse
) -> None:
    stub = tmp_path / "python"
    stub.write_text(
        f'#!/bin/sh\n[ "$3" = venv ] && {{ echo "No module named venv" >&2; exit 1; }}\n'
        f'exec {sys.executable} "$@"\n',
        encoding="utf-8",
    )
    stub.chmod(0o755)
    with pytest.raises(StoreError, match=r"No module named venv\); install its venv module"):
        environment(Offline(), store, house, str(stub))


@pytest.mark.parametrize("python", ["/nowhere/python3", "true", "echo"])
def test_what_is_no_python_is_refused(store: Store, house: Wheelhouse, python: str) -> None:
    with pytest.raises(StoreError, match="is no Python 3 on the device"):
        environment(Offline(), store, house, python)


def test_a_real_compiled_wheel_runs_there(store: Store) -> None:
    folder = Path(os.environ.get("INFEROMETER_WHEELS", "nowhere"))
    if not list(folder.glob("psutil-*.whl")):
        pytest.skip("INFEROMETER_WHEELS names no folder with the wheels of psutil and pip")
    python = environment(Offline(), store, open_wheelhouse(folder), sys.executable)
    assert int(runs(python, "import psutil; print(psutil.Process().pid)")) > 0
