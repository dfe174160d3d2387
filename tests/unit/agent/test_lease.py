"""Signs of life of a run that the device does by itself, in a real lease folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.batch import Batch, parse_batch
from agent.facts.files import Roots
from agent.lease import Lease, Setting, parse_lease
from agent.order import OrderError
from agent.throttle import brakes
from tests.fakes.replays import order, write_recording
from tests.fakes.tree import tree

HOLDER = "bench.0123456789abcdef"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"holder": f"{HOLDER}\n", "heartbeat": "0\n", "brightness": "200\n"}
    return tree(tmp_path / "leases", files)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def held(folder: Path, clock: Clock, *settings: Setting) -> Lease:
    return Lease(folder, HOLDER, 10.0, settings, clock)


def brightness(folder: Path, pattern: str = "") -> Setting:
    return Setting("brightness", ("cat", str(folder / "brightness")), pattern, ("200", "full"))


def test_a_sign_is_another_word_each_time_and_given_when_it_is_due(
    folder: Path, clock: Clock
) -> None:
    lease, words = held(folder, clock), []
    for _ in range(3):
        lease.beat()
        words.append((folder / "heartbeat").read_text())
        clock.now_s += 9.0
        lease.beat()
        assert (folder / "heartbeat").read_text() == words[-1]
        assert lease.wait_s() == pytest.approx(1.0)
        clock.now_s += 1.0
    assert len(set(words)) == 3
    assert all(word.split("\n", 1)[0].startswith("agent-") for word in words)
    assert lease.lost == ""


def other_holder(folder: Path) -> None:
    (folder / "holder").write_text("somebody.else\n")


def link_away(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "over").touch(), "lease-lost: the device put its settings back"),
        (lambda f: (f / "over").symlink_to("nowhere"), "lease-lost: the device put"),
        (other_holder, "lease-lost: its folder is another's"),
        (lambda f: f.rename(f.with_name("gone")), "lease-lost: its folder is gone"),
        (link_away, "lease-lost: its folder is gone"),
    ],
)
def test_a_lease_that_is_lost_says_why_and_stays_lost(
    folder: Path,
    clock: Clock,
    spoil: Callable[[Path], object],
    words: str,
) -> None:
    lease = held(folder, clock)
    lease.beat()
    spoil(folder)
    assert lease.check().startswith(words)
    tree(folder if not folder.is_symlink() else folder.with_name("x"), {"holder": HOLDER})
    assert lease.check().startswith(words)


def test_nothing_is_written_but_a_plain_heartbeat_of_this_folder(
    folder: Path, clock: Clock, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    heartbeat = folder / "heartbeat"
    heartbeat.unlink()
    lease = held(folder, clock)
    assert lease.check() == ""
    assert not heartbeat.exists()
    heartbeat.symlink_to(outside)
    assert lease.check() == ""
    assert outside.read_text() == "precious\n"
    heartbeat.unlink()
    os.mkfifo(heartbeat)
    assert lease.check() == ""
    other_holder(folder)
    heartbeat.unlink()
    heartbeat.write_text("0\n")
    assert lease.check() != ""
    assert heartbeat.read_text() == "0\n"


@pytest.mark.parametrize(
    ("now", "pattern", "words"),
    [
        ("200\n", "", ""),
        ("full\r\n", "", ""),
        ("mBrightness=200 mOn=1\n", r"mBrightness=(\d+)", ""),
        ("9\n", "", "control-changed: brightness 200 -> 9"),
        ("\x1b[2J\n", "", "control-changed: brightness 200 -> ?[2J"),
        ("nothing\n", r"mBrightness=(\d+)", "control-changed: brightness is not shown"),
        (None, "", "control-changed: brightness cannot be read (status 1)"),
    ],
)
def test_a_setting_that_is_not_as_it_was_made_voids(
    folder: Path, clock: Clock, now: str | None, pattern: str, words: str
) -> None:
    place = folder / "brightness"
    place.unlink() if now is None else place.write_bytes(now.encode())
    assert held(folder, clock, brightness(folder, pattern)).check() == words


def test_an_answer_without_end_is_cut_off(folder: Path, clock: Clock) -> None:
    endless = (sys.executable, "-c", "while True: print('9' * 4096)")
    setting = Setting("brightness", endless, "", ("200",))
    said = held(folder, clock, setting).check()
    assert said == "control-changed: brightness cannot be read (too-long)"


LEASE = {"folder": "/x", "token": HOLDER, "every_s": 200.0, "settings": []}
SETTING = {"id": "a", "read": ["cat"], "pattern": "", "accepted": ["1"]}


@pytest.mark.parametrize(
    ("over", "word"),
    [
        ({"folder": "x"}, "folder"),
        ({"folder": "/x\0"}, "folder"),
        ({"token": "a b"}, "token"),
        ({"every_s": 0}, "every_s"),
        ({"every_s": True}, "every_s"),
        ({"more": 1}, "lease"),
        ({"settings": [{}]}, "settings"),
        ({"settings": [{**SETTING, "read": []}]}, "read"),
        ({"settings": [{**SETTING, "accepted": [1]}]}, "accepted"),
        ({"settings": [{**SETTING, "pattern": "("}]}, "pattern"),
        ({"settings": [{**SETTING, "pattern": "(a)(b)"}]}, "one group"),
    ],
)
def test_a_lease_that_makes_no_sense_is_refused_by_its_key(
    over: dict[str, Any], word: str
) -> None:
    assert parse_lease({**LEASE, "settings": [SETTING]}).lost == ""
    with pytest.raises(OrderError, match=word):
        parse_lease({**LEASE, **over})


class Device:
    """Answers to `device`, the last one again and again."""

    def __init__(self, *hottest_c: float, charger: str = "0") -> None:
        self.hottest_c, self.charger = list(hottest_c), charger

    def __call__(self) -> dict[str, Any]:
        now = self.hottest_c.pop(0) if len(self.hottest_c) > 1 else self.hottest_c[0]
        supplies = {
            "usb": {"type": "USB", "online": self.charger},
            "battery": {"type": "Battery", "status": "Discharging", "capacity": "60"},
        }
        return {"temperatures_c": {"cpu": now}, "power_supplies": supplies}


def batch(tmp_path: Path, device: Device, clock: Clock, **gates: Any) -> Batch:  # noqa: ANN401
    recording = write_recording(tmp_path / "recording")
    orders = [order(tmp_path / f"{n:03d}", recording, number=n) for n in (1, 2)]
    found = parse_batch({"orders": orders, "gates": {"timeout_s": 60.0, **gates}}, device)
    found.now_s = clock
    return found


def test_a_queue_cools_down_to_what_it_was_before_its_first_attempt(
    tmp_path: Path, clock: Clock
) -> None:
    made = batch(tmp_path, Device(30.0, 45.0, 33.0, 32.0), clock, cooldown_above_start_k=2.0)
    assert made.look() == ("go", "")
    made.take()
    said = []
    for _ in range(3):
        said.append(made.look())
        clock.now_s += 1.0
    assert said[0] == (
        "wait",
        "cooling down: hottest sensor 45.0 °C, must be at most 32.0 °C",
    )
    assert [verdict for verdict, _ in said] == ["wait", "wait", "go"]


def test_a_queue_that_is_charged_meanwhile_is_void(tmp_path: Path, clock: Clock) -> None:
    device = Device(30.0)
    made = batch(tmp_path, device, clock, forbid_charging=True, min_battery_level_ratio=0.5)
    assert made.look() == ("go", "")
    end = {"number": 1, "status": "valid", "reason": ""}
    assert made.judged(end) == end
    device.charger = "1"
    said = "charged: the battery is discharging after the attempt"
    assert made.judged(end) == {**end, "status": "void", "reason": said}
    assert made.judged({**end, "status": "incomplete"})["status"] == "incomplete"


def test_a_queue_that_throttles_is_void_and_so_is_one_that_cannot_tell(
    tmp_path: Path, clock: Clock
) -> None:
    cpu = "sys/devices/system/cpu"
    files = {
        "sys/class/thermal/cooling_device0/type": "Processor\n",
        "sys/class/thermal/cooling_device0/cur_state": "0\n",
        "sys/class/thermal/cooling_device0/stats/total_trans": "4\n",
        "sys/class/thermal/cooling_device1/type": "pwm-fan\n",
        "sys/class/thermal/cooling_device1/cur_state": "3\n",
        f"{cpu}/cpufreq/policy0/scaling_max_freq": "1800000\n",
        f"{cpu}/cpu0/thermal_throttle/core_throttle_count": "7\n",
    }
    root = tree(tmp_path / "device", files)
    made = batch(tmp_path, Device(30.0), clock, forbid_throttle=True)
    made.feel = lambda: brakes(Roots(sys=root / "sys"))
    end = {"number": 1, "status": "valid", "reason": ""}
    made.take()
    assert made.judged(end) == end
    changed = {
        "sys/class/thermal/cooling_device0/stats/total_trans": "6\n",
        f"{cpu}/cpufreq/policy0/scaling_max_freq": "1200000\n",
        f"{cpu}/cpu0/thermal_throttle/core_throttle_count": "9\n",
    }
    tree(root, changed)
    assert made.judged(end)["reason"] == (
        "throttle: cooling device cooling_device0:Processor changed 2 times;"
        " throttle: policy0 limited from 1800000 to 1200000 kHz;"
        " throttle: 2 thermal throttle events of the cores"
    )
    shutil.rmtree(root)
    assert made.judged(end)["reason"].startswith("throttle-unknown: ")


def test_a_queue_whose_lease_is_lost_measures_no_more(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    made = batch(tmp_path, Device(30.0), clock)
    made.lease = held(folder, clock, brightness(folder))
    made.beat()
    assert (made.look(), made.wait_s(running=True)) == (("go", ""), 10.0)
    (folder / "over").touch()
    end = {"number": 1, "status": "valid", "reason": ""}
    lost = "lease-lost: the device put its settings back"
    assert made.judged(end)["reason"] == lost
    assert made.look() == ("void", lost)
    assert made.wait_s(running=True) is None
