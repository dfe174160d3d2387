from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import ControlError, FolderError
from host.state.controls import ANDROID
from host.state.ledger import Held, Ledger, name_of

BRIGHTNESS = next(c for c in ANDROID if c.id == "brightness")


def held(number: int) -> Held:
    return Held(number, "host.token", "a-boot", BRIGHTNESS, "102", "200")


def test_what_was_taken_and_not_settled_is_still_held_by_the_next_one(tmp_path: Path) -> None:
    with Ledger(tmp_path, "adb:X") as book:
        book.begin("host.token")
        for number in (1, 2, 3):
            book.take(held(number))
        book.settle(2, "restored", "")
        book.settle(3, "failed", "no link")
    with Ledger(tmp_path, "adb:X") as book:
        assert book.held == (held(1), held(3))
        assert book.tokens == {"host.token"}
        assert book.next_number() == 4
        assert book.damaged_lines == 0


def test_a_torn_last_line_is_counted_and_spoils_no_other(tmp_path: Path) -> None:
    with Ledger(tmp_path, "adb:X") as book:
        book.take(held(1))
        path = book.path
    path.write_bytes(path.read_bytes() + b'{"type":"taken","held":{"num')
    with Ledger(tmp_path, "adb:X") as book:
        assert (book.held, book.damaged_lines) == ((held(1),), 1)
        book.take(held(2))
    with Ledger(tmp_path, "adb:X") as book:
        assert book.held == (held(1), held(2))


@given(noise=st.binary(max_size=200))
def test_any_bytes_in_between_lose_no_lease(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    folder = tmp_path_factory.mktemp("book")
    with Ledger(folder, "adb:X") as book:
        book.take(held(1))
        path = book.path
    path.write_bytes(noise + b"\n" + path.read_bytes())
    with Ledger(folder, "adb:X") as book:
        assert book.held == (held(1),)


def test_two_devices_have_two_books_and_odd_names_stay_in_the_folder(tmp_path: Path) -> None:
    names = ["adb:../../x", "adb:..-..-x", "adb:x/y", "ssh:设备", "serial:/dev/ttyUSB0"]
    assert len({name_of(n) for n in names}) == len(names)
    for name in names:
        with Ledger(tmp_path, name) as book:
            assert book.path.parent == tmp_path


def test_a_book_in_use_is_refused_and_free_once_closed(tmp_path: Path) -> None:
    with Ledger(tmp_path, "adb:X"), pytest.raises(ControlError, match="another run"):
        Ledger(tmp_path, "adb:X")
    Ledger(tmp_path, "adb:X").close()


def test_a_book_that_cannot_be_kept_is_said_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match="file"):
        Ledger(tmp_path / "file", "adb:X")


def test_a_book_that_is_a_link_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f"{name_of('adb:X')}.jsonl").symlink_to(victim)
    with pytest.raises(FolderError):
        Ledger(tmp_path, "adb:X")
    assert victim.read_text() == "precious"
