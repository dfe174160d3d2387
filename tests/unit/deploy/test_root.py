from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from host.deploy.root import store_root
from host.errors import HostError, PlanError, StoreError
from host.transport.local import Local
from tests.fakes.toolboxes import boxed


def test_an_absolute_path_is_taken_as_it_is() -> None:
    given = "/data/local/tmp/inferometer"
    assert store_root(Local(), given) == PurePosixPath(given)


def test_a_path_below_the_home_is_made_absolute_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = store_root(Local(), "~/.cache/inferometer")
    assert found == PurePosixPath(tmp_path) / ".cache/inferometer"


@pytest.mark.parametrize("given", ["", "cache", "~", "~root/x", "/a/../b", "~/../x", "/a\n/b"])
def test_any_other_path_is_refused(given: str) -> None:
    with pytest.raises(PlanError, match="neither an absolute path nor one below"):
        store_root(Local(), given)


@pytest.mark.parametrize(
    "home", ["relative", "", "/a/../b", "/x\x1b[2J", "/x\n/y", "/" + "x" * 1100]
)
def test_a_home_that_is_no_plain_path_is_refused(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    with pytest.raises(StoreError, match="the device has no home") as caught:
        store_root(Local(), "~/x")
    assert str(caught.value).isprintable()


def test_a_device_without_a_home_says_so(tmp_path: Path) -> None:
    with pytest.raises(HostError):
        store_root(boxed("coreutils", tmp_path / "bin"), "~/x")
