"""The phone's services answer as Android's do, and keep what they are told."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.phone import tree

Shell = Callable[[str], str]


@pytest.fixture
def state(tmp_path: Path) -> tree.State:
    return tree.fill(tmp_path / "state")


@pytest.fixture
def shell(tmp_path: Path, state: tree.State) -> Shell:
    """Runs a line in the phone's shell, on this machine."""
    if reason := tree.why_not():
        pytest.skip(reason)
    tree.commands(tmp_path / "bin")
    environ = {
        "PATH": str(tmp_path / "bin"),
        "PHONE_STATE": str(state.folder),
        "PHONE_SERVICES": str(tree.HERE / "services"),
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - as a shell has it
    }

    def run(line: str) -> str:
        argv = [str(tmp_path / "bin" / "sh"), "-c", line]
        done = subprocess.run(argv, env=environ, capture_output=True, timeout=60, check=False)
        return done.stdout.decode()

    return run


def test_a_faked_battery_says_so_until_it_is_reset(shell: Shell, state: tree.State) -> None:
    assert "UPDATES STOPPED" not in shell("dumpsys battery")
    faked = shell("dumpsys battery set level 12; dumpsys battery unplug; dumpsys battery")
    assert faked.splitlines()[1] == "  (UPDATES STOPPED -- use 'reset' to restart)"
    assert "  USB powered: false\n" in faked
    assert "  level: 12\n" in faked
    assert state.get("battery/level") == "85"
    assert shell("dumpsys battery get level") == "12\n"
    assert "UPDATES STOPPED" not in shell("dumpsys battery reset; dumpsys battery")
    assert shell("dumpsys battery get level") == "85\n"


def test_battery_follows_what_the_test_sets(shell: Shell, state: tree.State) -> None:
    state.set("battery/temperature", "412")
    state.set("battery/appended", "BatteryInfoBackUp\n  level: 3")
    said = shell("dumpsys battery")
    assert "  temperature: 412\n" in said
    assert said.index("  level: 85") < said.index("  level: 3")


def test_thermal_service_shows_cached_and_real_temperatures_apart(
    shell: Shell, state: tree.State
) -> None:
    state.set("thermal/cached", "Temperature{mValue=37.0, mType=3, mName=skin, mStatus=0}")
    state.set("thermal/temperatures", "Temperature{mValue=66.5, mType=3, mName=skin, mStatus=2}")
    said = shell("dumpsys thermalservice")
    cached, real = said.split("Current temperatures from HAL:")
    assert "mValue=37.0" in cached
    assert "mValue=66.5" in real
    assert said.startswith("IsStatusOverride: false\n")
    faked = shell("cmd thermalservice override-status 4; dumpsys thermalservice")
    assert faked.startswith("IsStatusOverride: true\n")
    assert "\nThermal Status: 4\n" in faked
    assert "IsStatusOverride: false" in shell("cmd thermalservice reset; dumpsys thermalservice")
    state.set("thermal/hal_ready", "false")
    assert "HAL Ready: false" in shell("dumpsys thermalservice")


def test_settings_are_kept_and_missing_ones_are_null(shell: Shell) -> None:
    assert shell("settings get system nothing") == "null\n"
    assert shell("settings put system a 3; settings get system a") == "3\n"
    assert shell("settings delete system a; settings get system a").splitlines()[-1] == "null"


def test_controls_can_be_read_back(shell: Shell) -> None:
    assert "mStayOn=false" in shell("dumpsys power")
    assert "mStayOn=true" in shell("svc power stayon true; dumpsys power")
    assert "Display Power: state=OFF" in shell("input keyevent 223; dumpsys power")
    assert "Display Power: state=ON" in shell("input keyevent 224; dumpsys power")
    airplane = "cmd connectivity airplane-mode"
    assert shell(airplane) == "disabled\n"
    assert shell(f"{airplane} enable; {airplane}") == "enabled\n"
    assert shell("dumpsys deviceidle disable >/dev/null; dumpsys deviceidle enabled") == "0\n"
    assert shell("dumpsys batterystats --reset") == "Battery stats reset.\n"


def test_properties_are_given_one_by_one_and_as_a_list(shell: Shell) -> None:
    assert shell("getprop ro.product.model") == "Double 1\n"
    assert shell("getprop nothing; getprop nothing else") == "\nelse\n"
    assert "[ro.product.model]: [Double 1]\n" in shell("getprop")


def test_what_there_is_not_fails(shell: Shell) -> None:
    assert shell("dumpsys nothing; echo $?") == "1\n"
    assert shell("cmd nothing; echo $?") == "20\n"
    assert shell("settings get nowhere a; echo $?") == "255\n"
