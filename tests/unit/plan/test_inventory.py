from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import InventoryError, UsageError
from host.handover.inventory import Inventory
from host.pipeline.inventory import inventory
from host.plan.address import Address, parse_address
from host.plan.inventory import load_inventory, parse_inventory

GOOD = """\
inventory = 1

[[device]]
name = "phone-1"
address = "adb:28251FDH200001"
profile = "pixel-6-plus"
maker = "Google"
model = "Pixel 7"
serial_number = "28251FDH200001"

[[device]]
name = "orin"
address = "ssh:nvidia@orin.lab"
profile = "jetson-orin"
options = { identity_file = "~/.ssh/bench", password_env = "ORIN_PASSWORD" }

[[device]]
name = "unit"
address = "serial:/dev/ttyUSB0@115200"
profile = "car-unit-serial"
"""


def test_an_inventory_reads() -> None:
    found = parse_inventory(GOOD.encode(), "devices.toml")
    assert [device.name for device in found.device] == ["phone-1", "orin", "unit"]
    assert "ORIN_PASSWORD" in str(found.device[1].options)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("inventory = 1", "", "the key inventory is missing"),
        ("inventory = 1", "inventory = 7", "inventory = 7, this version reads inventory = 1"),
        ('name = "orin"', 'name = "phone-1"', "device 2 (phone-1), name: stands there twice"),
        ('name = "orin"', 'name = "../x"', "device 2, name: empty, too long, or with characters"),
        ("ssh:nvidia@orin.lab", "adb:28251FDH200001", "is that of phone-1, too"),
        ("ssh:nvidia@orin.lab", "telnet:orin", "address 'telnet:orin': is none of local, adb:SER"),
        ("ssh:nvidia@orin.lab", "ssh:-oProxyCommand=x", "is not of the form ssh:[user@]host"),
        ("ssh:nvidia@orin.lab", "ssh:a:99999", "has a port outside 1 to 65535"),
        ("/dev/ttyUSB0@115200", "/dev/../ttyUSB0", "names a port by way of .."),
        ('"pixel-6-plus"', '"pixel-6"', "profile: pixel-6 is no device profile; known are pixel"),
        ('"pixel-6-plus"', '"jetson-orin"', "jetson-orin is reached by local or ssh, not by adb"),
        ("password_env =", "password =", "unknown key password in device 2, options; did you"),
        ('"ORIN_PASSWORD"', '"a b"', "device 2, options, password_env: empty, too long"),
        (
            'password_env = "ORIN_PASSWORD"',
            'password_env = "A", password_file = "b"',
            "name password_file or password_env, not both",
        ),
        (
            'password_env = "ORIN_PASSWORD"',
            'user = "root"',
            "options.user: is root, the address says nvidia",
        ),
        (
            'model = "Pixel 7"',
            'options = { identity_file = "x" }',
            "identity_file and ssh_config are of ssh addresses",
        ),
        ('maker = "Google"', 'maker = "Goo\\u001bgle"', "device 1, maker"),
    ],
)
def test_a_bad_inventory_is_refused_with_file_key_and_fix(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(InventoryError) as caught:
        parse_inventory(GOOD.replace(old, new, 1).encode(), "devices.toml")
    assert str(caught.value).startswith("devices.toml: ")
    assert words in str(caught.value)


def test_two_spellings_of_one_address_are_one_address() -> None:
    text = GOOD.replace("serial:/dev/ttyUSB0@115200", "ssh:nvidia@orin.lab:22")
    text = text.replace('profile = "car-unit-serial"', "")
    with pytest.raises(InventoryError, match=r"ssh:nvidia@orin\.lab:22 is that of orin, too"):
        parse_inventory(text.encode(), "devices.toml")


def test_without_an_inventory_there_are_no_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("INFEROMETER_INVENTORY", raising=False)
    assert inventory() == Inventory(inventory=1)
    (tmp_path / "inferometer").mkdir()
    (tmp_path / "inferometer" / "devices.toml").write_text(GOOD, encoding="utf-8")
    assert len(inventory().device) == 3


def test_an_inventory_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="is not there"):
        inventory(tmp_path / "none.toml")
    with pytest.raises(InventoryError, match="is no file"):
        load_inventory(tmp_path)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("local", Address("local")),
        ("adb:emulator-5554", Address("adb", "emulator-5554")),
        ("adb:192.168.1.5:5555", Address("adb", "192.168.1.5:5555")),
        ("adb-direct:phone", Address("adb-direct", "phone", 5555)),
        ("adb-direct:10.0.0.2:5037", Address("adb-direct", "10.0.0.2", 5037)),
        ("ssh:host", Address("ssh", "host")),
        ("ssh:host:22", Address("ssh", "host", 22)),
        ("ssh:me@host:2222", Address("ssh", "host", 2222, user="me")),
        ("ssh:me@[fe80::1%eth0]:8022", Address("ssh", "fe80::1%eth0", 8022, user="me")),
        ("serial:/dev/ttyUSB0", Address("serial", "/dev/ttyUSB0", baud=115_200)),
        (
            "serial:/dev/serial/by-id/usb-X@9600",
            Address("serial", "/dev/serial/by-id/usb-X", baud=9600),
        ),
        ("serial:COM3", Address("serial", "COM3", baud=115_200)),
    ],
)
def test_an_address_reads_and_its_text_reads_the_same(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", "adb:", "adb:-s", "ssh:", "ssh:a b", "ssh:@h", "serial:ttyUSB0", "serial:/dev/x@y", "x"],
)
def test_what_is_no_address_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"is (not of the form|none of)"):
        parse_address(text)


@given(st.text(max_size=60), st.sampled_from(["adb", "adb-direct", "ssh", "serial", "local", ""]))
def test_any_text_is_an_address_or_refused(text: str, way: str) -> None:
    try:
        found = parse_address(f"{way}:{text}")
    except UsageError:
        return
    assert parse_address(str(found)) == found
    assert not found.target.startswith("-")
