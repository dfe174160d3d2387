"""What goes over a serial console, against the programs of the far end."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.transport.serial_frames import BASE64, OCTAL, Code, Speech, cksum, plain, shown

NUMBER = "cafe0001.00000007"
ALL_BYTES = bytes(range(256))


def speech(code: Code = BASE64, sum_name: str = "cksum") -> Speech:
    return Speech("cafe0001", code, sum_name)


def answered(data: bytes, talk: Speech) -> bytes:
    """An answer as the far end writes it: base64 in lines, with CR LF."""
    text = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return f"\r\n=B {NUMBER} {talk.sum(data)}\r\n".encode() + text + f"=E {NUMBER}\r\n".encode()


@pytest.mark.parametrize("name", ["cksum", "md5sum"])
@given(data=st.binary(max_size=300))
def test_a_checksum_is_what_the_program_of_that_name_prints(name: str, data: bytes) -> None:
    program = shutil.which(name)
    assert program is not None
    said = subprocess.run([program], input=data, capture_output=True, check=True).stdout
    assert speech(sum_name=name).sum(data) == said.split()[0].decode()


def test_the_crc_of_nothing_and_of_much_is_that_of_cksum() -> None:
    program = shutil.which("cksum")
    assert program is not None
    for data in (b"", ALL_BYTES * 300):
        said = subprocess.run([program], input=data, capture_output=True, check=True).stdout
        assert str(cksum(data)) == said.split()[0].decode()


@pytest.mark.parametrize("programs", [["od"], ["busybox", "od"]])
def test_octal_is_read_as_od_writes_it(programs: list[str]) -> None:
    program = shutil.which(programs[0])
    if program is None:
        pytest.skip(f"needs {programs[0]}")
    argv = [program, *programs[1:], "-v", "-b"]
    for data in (b"", b"x", ALL_BYTES, b"\0" * 64):
        said = subprocess.run(argv, input=data, capture_output=True, check=True).stdout
        assert OCTAL.decode(said.replace(b"\n", b"\r\n")) == data


def test_octal_is_written_as_printf_reads_it() -> None:
    program = shutil.which("printf")
    assert program is not None
    said = subprocess.run([program, OCTAL.encode(ALL_BYTES)], capture_output=True, check=True)
    assert said.stdout == ALL_BYTES


@given(before=st.binary(max_size=50), data=st.binary(max_size=200), after=st.binary(max_size=50))
def test_an_answer_is_found_among_noise(before: bytes, data: bytes, after: bytes) -> None:
    talk = speech()
    assert talk.answer(before + answered(data, talk) + after, NUMBER) == data


@given(data=st.binary(min_size=1, max_size=200), place=st.integers(0, 10_000))
def test_a_kernel_message_after_any_byte_of_an_answer_is_taken_out(
    data: bytes, place: int
) -> None:
    talk = speech()
    whole = answered(data, talk)
    at = 2 + place % (len(whole) - 2)
    kernel = b"[ 1042.000001] mmc0: Timeout =E of base64 QUJD\r\n"
    assert talk.answer(whole[:at] + kernel + whole[at:], NUMBER) == data


@given(
    data=st.binary(min_size=1, max_size=200),
    place=st.integers(0, 10_000),
    instead=st.binary(max_size=40),
    gone=st.integers(0, 40),
)
def test_a_spoilt_answer_is_none_or_the_right_one(
    data: bytes, place: int, instead: bytes, gone: int
) -> None:
    talk = speech()
    whole = answered(data, talk)
    at = place % len(whole)
    assert talk.answer(whole[:at] + instead + whole[at + gone :], NUMBER) in (None, data)


@given(st.binary(max_size=400))
def test_noise_is_no_answer(noise: bytes) -> None:
    for code in (BASE64, OCTAL):
        assert speech(code).answer(noise, NUMBER) is None


def test_an_answer_to_another_request_is_none() -> None:
    talk = speech()
    assert talk.answer(answered(b"old", talk), "cafe0001.00000008") is None


def test_a_request_says_its_checksum_and_is_no_longer_than_a_tty_holds() -> None:
    talk = speech(sum_name="md5sum")
    line = talk.request(NUMBER, ("A", "1", "QUJD"))
    number, found, rest = line.decode().rstrip("\n").split(" ", 2)
    assert (number, rest) == (NUMBER, "A 1 QUJD")
    said = f"{NUMBER} A 1 QUJD".encode()
    assert found == hashlib.md5(said, usedforsecurity=False).hexdigest()
    with pytest.raises(ValueError, match="a request of"):
        talk.request(NUMBER, ("A", "1", "x" * 4096))


@given(st.binary(max_size=300))
def test_what_is_shown_of_a_console_acts_on_nothing(seen: bytes) -> None:
    text = shown(seen)
    assert len(text) <= 80
    assert all(sign.isprintable() for sign in text.replace("\t", ""))


def test_colours_titles_and_kernel_messages_are_not_read() -> None:
    seen = b"\x1b[1;31mACME\x1b[0m \x1b]0;title\x07login: [   42.613374] usb 1-1: new\r\n\x1b[6n"
    assert plain(seen) == b"ACME login: "


def test_a_password_is_not_shown() -> None:
    assert shown(b"s3cret: not found", "s3cret") == "***: not found"
