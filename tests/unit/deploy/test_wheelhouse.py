from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from host.deploy.wheelhouse import Target, ask_target, open_wheelhouse, parse_target
from host.errors import ArtefactError, StoreError
from host.transport.local import Local
from tests.fakes.wheels import wheel


def said(*words: object) -> bytes:
    return json.dumps(words).encode()


def test_platform_tags_go_from_the_newest_glibc_to_the_oldest() -> None:
    target = parse_target(said([3, 12], "cpython", "linux-aarch64", "glibc", "2.19"))
    assert target == Target(
        (3, 12),
        (
            "manylinux_2_19_aarch64",
            "manylinux_2_18_aarch64",
            "manylinux_2_17_aarch64",
            "manylinux2014_aarch64",
            "linux_aarch64",
        ),
    )


def test_a_python_without_a_known_libc_gets_its_own_tag_alone() -> None:
    target = parse_target(said([3, 12], "cpython", "linux-aarch64", "", ""))
    assert target == Target((3, 12), ("linux_aarch64",))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[" * 5000,
        said(),
        said([3], "cpython", "linux-x86_64", "glibc", "2.36"),
        said([2, 7], "cpython", "linux-x86_64", "glibc", "2.36"),
        said([3, 10**9], "cpython", "linux-x86_64", "glibc", "2.36"),
        said([3, 12], "pypy", "linux-x86_64", "glibc", "2.36"),
        said([3, 12], "cpython", "macosx-14.0-arm64", "", ""),
        said([3, 12], "cpython", "linux-../../x", "glibc", "2.36"),
        said([3, 12], "cpython", "linux-x86_64 --index-url=x", "glibc", "2.36"),
        said([3, 12], "cpython", 7, "glibc", "2.36"),
        said([3, 12], "cpython", "linux-x86_64", "glibc", 2.36),
    ],
)
def test_an_answer_that_is_no_cpython_on_linux_chooses_nothing(answer: bytes) -> None:
    assert parse_target(answer) is None


def test_the_python_at_hand_says_what_it_is() -> None:
    assert ask_target(Local(), sys.executable).version == sys.version_info[:2]


def test_a_python_that_says_something_else_is_refused() -> None:
    with pytest.raises(StoreError, match="no CPython on Linux"):
        ask_target(Local(), "echo")


def test_the_list_pins_every_wheel_by_its_hash_and_leaves_pip_out(tmp_path: Path) -> None:
    wheel(tmp_path, "pip", "1.0")
    hashes = [wheel(tmp_path, "An_apple", "2.0", platform=p) for p in ("any", "linux_aarch64")]
    wheel(tmp_path, "Zebra.X", "1!3.0+cpu")
    house = open_wheelhouse(tmp_path)
    first, second = house.requirements.decode().splitlines()
    pinned = " ".join(sorted(f"--hash=sha256:{h}" for h in hashes))
    assert first == f"an-apple==2.0 {pinned}"
    assert second.startswith("zebra-x==1!3.0+cpu --hash=sha256:")
    assert open_wheelhouse(tmp_path).sha256 == house.sha256


def test_a_folder_that_is_no_one_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="needs one wheel of pip, and has 0"):
        open_wheelhouse(tmp_path)
    wheel(tmp_path, "pip", "1.0")
    with pytest.raises(ArtefactError, match="no wheel but that of pip"):
        open_wheelhouse(tmp_path)
    wheel(tmp_path, "apple", "1.0")
    wheel(tmp_path, "apple", "2.0")
    with pytest.raises(ArtefactError, match="several versions of apple"):
        open_wheelhouse(tmp_path)


def test_a_file_that_is_named_like_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "apple.whl").touch()
    with pytest.raises(ArtefactError, match="not named as wheels are"):
        open_wheelhouse(tmp_path)
