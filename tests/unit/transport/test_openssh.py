"""Addresses, marks and refusals of the ssh transport, without a connection."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import AccessRefusedError, TransportError, UnreachableError, UsageError
from host.transport.openssh.address import SshOptions, accept, parse
from host.transport.openssh.refusals import last_line, plain, refusal
from host.transport.openssh.session import Marks

ADDRESS = parse("ssh:lab")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ssh:lab", (None, "lab", None)),
        ("ssh:root@10.0.0.7:2222", ("root", "10.0.0.7", 2222)),
        ("ssh:u_1@board-3.local", ("u_1", "board-3.local", None)),
        ("ssh:[fe80::1%eth0]:22", (None, "fe80::1%eth0", 22)),
        ("ssh:me@[::1]", ("me", "::1", None)),
    ],
)
def test_an_address_has_user_host_and_port(
    text: str, parts: tuple[str | None, str, int | None]
) -> None:
    found = parse(text)
    assert (found.user, found.host, found.port) == parts
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        "ssh:",
        "lab",
        "adb:lab",
        "ssh:-oProxyCommand=touch /tmp/x",
        "ssh:-l@lab",
        "ssh:lab:0",
        "ssh:lab:65536",
        "ssh:lab:",
        "ssh:a@b@c",
        "ssh:lab;id",
        "ssh:lab\n",
        "ssh:$(id)",
        "ssh:::1",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"ssh:\[user@\]host"):
        parse(text)


def test_the_command_that_accepts_a_key_can_be_typed_as_it_stands() -> None:
    options = SshOptions(config=Path("/lab/my config"))
    assert accept(parse("ssh:me@board:22"), options) == (
        "ssh -o StrictHostKeyChecking=ask -F '/lab/my config' -p 22 -l me board true"
    )


@given(
    before=st.binary(max_size=40),
    text=st.binary(max_size=200),
    late=st.binary(max_size=40),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_marks_are_found_wherever_the_stream_is_torn(
    before: bytes, text: bytes, late: bytes, cuts: list[int]
) -> None:
    whole = before + b"m4rk:4711\n" + text + b"m4rk=255\n" + late
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    marks = Marks("m4rk", None)
    for start, stop in itertools.pairwise(edges):
        marks.feed(whole[start:stop])
    assert (marks.pid, marks.status) == (4711, 255)
    assert bytes(marks.text) == text + late


def test_without_marks_there_is_no_status_and_little_is_held() -> None:
    marks = Marks("m4rk", 100)
    for _ in range(100):
        marks.feed(bytes(10000))
    assert (marks.pid, marks.status) == (None, None)
    assert len(marks.before) < 100_000
    marks.feed(b"m4rk:2\n")
    for _ in range(100):
        marks.feed(bytes(10000))
    assert len(marks.text) == 100
    marks.feed(b"m4rk=0\n")
    assert marks.status == 0


@pytest.mark.parametrize("pid", [b"0", b"-1", b"01", b"99999999999", b"x"])
def test_what_is_no_process_id_is_none(pid: bytes) -> None:
    marks = Marks("m4rk", None)
    marks.feed(b"m4rk:" + pid + b"\n")
    assert marks.pid is None


LOGS = [
    ("ssh: connect to host lab port 22: Connection timed out", UnreachableError),
    ("ssh: Could not resolve hostname lab: Name or service not known", UnreachableError),
    ("me@lab: Permission denied (publickey).", AccessRefusedError),
    ("Received disconnect from 10.0.0.7: Too many authentication failures", AccessRefusedError),
    ("Unable to negotiate with lab: no matching host key type found.", TransportError),
    ("", UnreachableError),
]


@pytest.mark.parametrize(("log", "error"), LOGS)
def test_a_refusal_is_told_from_silence(log: str, error: type[TransportError]) -> None:
    found = refusal(ADDRESS, SshOptions(), f"debug1: Connecting\n{log}")
    assert type(found) is error
    assert (log or "said nothing") in str(found)


def test_what_a_device_says_steers_no_terminal() -> None:
    assert plain("\x1b[2Jhello\r\n\x07\u202eolleh") == "?[2Jhello???" + "?olleh"
    log = "\x1b]0;owned\x07 Permission denied (publickey)."
    assert "\x1b" not in str(refusal(ADDRESS, SshOptions(), log))


def test_the_last_word_of_a_log_is_no_line_of_a_command_that_was_logged() -> None:
    said = "Timeout, server far not responding.\n"
    command = "debug1: Sending command: exec sh -c '\necho x >&2\nexec \"$@\"\n' sh /a 0 ''\n"
    assert last_line(said + command) == "Timeout, server far not responding."
    assert last_line(command) == last_line(command.splitlines()[-1]) == ""
    assert last_line('Authenticated to far ([::1]:22) using "publickey".\n') == ""
    assert last_line(command + said) == "Timeout, server far not responding."
