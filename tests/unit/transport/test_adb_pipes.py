"""How long a message may be, as a device says it when it is greeted."""

import pytest

pytest.importorskip("adb_shell", reason="adb-direct needs adb-shell")

from host.transport.adbd.pipes import greeted
from host.transport.adbd.wire import CNXN, HEADER, OKAY


@pytest.mark.parametrize(
    ("raw", "most"),
    [
        (HEADER.pack(CNXN, 0x01000001, 1 << 20, 0, 0, CNXN ^ 0xFFFFFFFF), 1 << 20),
        (HEADER.pack(OKAY, 1, 77, 0, 0, OKAY ^ 0xFFFFFFFF), 4096),  # another message
        (b"CNXN" + bytes(8), 4096),  # a part of one
        (b"", 4096),
    ],
)
def test_only_the_greeting_says_how_long_a_message_may_be(raw: bytes, most: int) -> None:
    assert greeted(raw, 4096) == most
