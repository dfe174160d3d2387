from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

from host.plan.profile import names
from tests.fakes.command import Command
from tests.fakes.property_texts import PIXEL_8_PRO, RISC_V_BOARD


def facts(folder: Path, text: str, way: str) -> Path:
    path = folder / "facts"
    path.write_text(f"{text}transport.kind={way}\n", encoding="utf-8")
    return path


def test_profiles_are_listed_in_both_languages(command: Command) -> None:
    said = command("profiles", "list").stdout
    for words in ("pixel-6-plus", "untried", "树莓派 5", "Raspberry Pi 5"):
        assert words in said
    rows = json.loads(command("profiles", "list", "--json").stdout)["profiles"]
    assert [row["name"] for row in rows] == names()


def test_a_profile_is_shown_as_toml_that_can_be_checked(command: Command, tmp_path: Path) -> None:
    shown = command("profiles", "show", "jetson-orin")
    assert shown.returncode == 0, shown.stderr
    copy = tmp_path / "jetson-orin.toml"
    copy.write_text(shown.stdout, encoding="utf-8")
    assert command("profiles", "check", copy).stdout == f"{copy}: good\n"
    assert json.loads(command("profiles", "show", "jetson-orin", "--json").stdout)["profile"] == 1


def test_an_unknown_profile_is_a_wrong_use(command: Command) -> None:
    done = command("profiles", "show", "jetson-orion")
    assert done.returncode == 2
    assert "known are jetson-orin" in done.stderr


def test_shipped_profiles_check(command: Command) -> None:
    done = command("profiles", "check", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["holds"] is True


def test_every_file_is_checked_and_a_wrong_one_named(command: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("profile = 1\n", encoding="utf-8")
    done = command("profiles", "check", bad, tmp_path / "none.toml")
    assert done.returncode == 2
    assert f"{bad}: the key product is missing" in done.stdout
    assert "none.toml: cannot be read" in done.stdout


def test_facts_of_a_phone_find_its_profile(command: Command, tmp_path: Path) -> None:
    done = command("profiles", "match", facts(tmp_path, PIXEL_8_PRO, "adb"))
    assert done.returncode == 0
    assert done.stdout.startswith("pixel-6-plus  fits")
    assert "+ getprop.ro.soc.model is Tensor G3" in done.stdout


def test_a_device_that_no_profile_fits_is_told_the_closest(
    command: Command, tmp_path: Path
) -> None:
    path = facts(tmp_path, RISC_V_BOARD, "ssh")
    done = command("profiles", "match", path)
    assert done.returncode == 1
    assert done.stdout.startswith("no profile fits; the closest:\nlinux-arm-board  does not fit")
    assert "- uname.machine is riscv64" in done.stdout
    said = json.loads(command("profiles", "match", path, "--json").stdout)
    assert said["profiles"][0]["name"] == "linux-arm-board"
    assert said["profiles"][0]["fits"] is False


def test_this_machine_is_matched_without_a_file(command: Command) -> None:
    said = json.loads(command("profiles", "match", "--json").stdout)
    assert "local" in [row["name"] for row in said["profiles"] if row["fits"]]


def test_the_script_runs_from_stdin_and_its_answer_is_matched(
    command: Command, tmp_path: Path
) -> None:
    printed = command("profiles", "script").stdout
    answer = subprocess.run(["/bin/sh"], input=printed.encode(), capture_output=True, check=True)
    assert answer.stderr == b""
    facts_file = tmp_path / "facts"
    facts_file.write_bytes(answer.stdout)
    said = json.loads(command("profiles", "match", facts_file, "--json").stdout)
    assert said["facts"]["uname.kernel"] == ["Linux"]
    assert said["refused"] == []


def test_devices_of_an_inventory_are_listed(command: Command, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        inventory = tmp_path / "devices.toml"
        inventory.write_text(
            'inventory = 1\n[[device]]\nname = "here"\naddress = "local"\nprofile = "local"\n'
            f'[[device]]\nname = "dead"\naddress = "ssh:127.0.0.1:{silent.getsockname()[1]}"\n',
            encoding="utf-8",
        )
        argv = ("devices", "--inventory", inventory, "--timeout", "0.5")
        said = json.loads(command(*argv, "--json").stdout)
        shown = command("devices", "list", "--inventory", inventory, "--timeout", "0.5")
    named = {row["name"]: row for row in said["devices"]}
    assert (named["here"]["state"], named["dead"]["state"]) == ("online", "unreachable")
    assert said["inventory"] == str(inventory)
    assert shown.returncode == 0
    assert "unreachable" in shown.stdout


def test_a_bad_inventory_is_a_wrong_use(command: Command, tmp_path: Path) -> None:
    inventory = tmp_path / "devices.toml"
    inventory.write_text('inventory = 1\n[[device]]\naddress = "adb:1"\n', encoding="utf-8")
    done = command("devices", "--inventory", inventory)
    assert done.returncode == 2
    assert "the key name is missing in device 1" in done.stderr
    assert "Traceback" not in done.stderr
