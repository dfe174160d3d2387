from __future__ import annotations

import pytest

from host.deploy.space import Space, mib, parse_df

COREUTILS = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda         264212084 26886076  79504836      26% /
"""
BUSYBOX = """\
Filesystem           1024-blocks    Used Available Capacity Mounted on
/dev/mapper/a-very-long-name-of-a-volume
                     264212084  26886252  79504660  25% /data
"""
ANDROID = """\
Filesystem      1K-blocks      Used Available Use% Mounted on
/dev/block/dm-8 113263648 104857600   8406048  93% /data/user/0
"""
NAMED_WITH_SPACES = """\
Filesystem     1024-blocks  Used Available Capacity Mounted on
my share 100 200          1024   512       512      50% /mnt/my share
"""
OVERFULL = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 101 -1 101% /x\n"
PETABYTES = (
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    "x 9007199254740993 1 9007199254740992 - /x\n"
)


@pytest.mark.parametrize(
    ("text", "total_kib", "free_kib"),
    [
        (COREUTILS, 264212084, 79504836),
        (BUSYBOX, 264212084, 79504660),
        (ANDROID, 113263648, 8406048),
        (NAMED_WITH_SPACES, 1024, 512),
        (OVERFULL, 100, 0),
        (PETABYTES, 9007199254740993, 9007199254740992),
    ],
)
def test_df_of_every_kind_of_device_is_read(text: str, total_kib: int, free_kib: int) -> None:
    assert parse_df(text) == Space(1024 * total_kib, 1024 * free_kib)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Filesystem 512-blocks Used Available Capacity Mounted on\n/dev/x 100 50 50 50% /\n",
        "Filesystem Size Used Free Blksize\n/data 27.4G 20.1G 7.3G 4096\n",
        "Filesystem 1K-blocks Used Available Use% Mounted on\n",
        COREUTILS + COREUTILS.splitlines()[1] + "\n",
        "1K-blocks\nx " + "9" * 40 + " 1 1 1% /\n",
        "\x1b[2J1K-blocks\n\x00\x00",
    ],
)
def test_what_df_may_not_be_trusted_with_is_not_known(text: str) -> None:
    assert parse_df(text) is None


def test_sizes_are_rounded_up_to_mebibytes() -> None:
    assert [mib(n) for n in (0, 1, 1 << 20, (1 << 20) + 1)] == ["0 MiB", "1 MiB", "1 MiB", "2 MiB"]
