from __future__ import annotations

from pathlib import Path

import pytest

from host.errors import PlanError, ProfileError
from host.handover.profile import Profile
from host.plan.profile import all_shipped, load_profile, names, parse_profile, profile, shipped
from host.schema.canonical import canonical_bytes, quoted

SHIPPED = {one.product.name: one for one in all_shipped()}
WANTED = {
    "android",
    "android-termux",
    "car-unit-serial",
    "jetson-orin",
    "linux-arm-board",
    "linux-pc",
    "local",
    "nvidia-drive",
    "nvidia-edge-server",
    "pixel-6-plus",
    "qualcomm-android",
    "raspberry-pi-5",
}
GOOD = """\
profile = 1

[product]
name = "mine"
category = "phone"
description = { zh = "我的", en = "mine" }
maker = "Me"

[match]
specificity = 3
all = [{ fact = "uname.kernel", patterns = ["Linux"] }]

[transport]
kinds = ["adb"]

[agent]
kind = "shell"
store = "/data/local/tmp/s"
spool = "/data/local/tmp/p"

[status]
tried = "untried"

[[source]]
kind = "node"
channel = "power_supply.battery.current"
path = "/sys/class/power_supply/battery/current_now"
unit = "uA"
scale = "detect"
sign = "detect"
tier = "C"
document = "Linux kernel, Documentation/ABI/testing/sysfs-class-power"

[[control]]
id = "brightness"
read = ["settings", "get", "system", "screen_brightness"]
set = ["settings", "put", "system", "screen_brightness", "{value}"]
restore = ["settings", "put", "system", "screen_brightness", "{value}"]
value = "0"
persists = true
needs_root = false
document = "android.provider.Settings.System"

[limits]
temperature_c = { max = 90.0, document = "its data sheet" }
"""


def changed(old: str, new: str) -> bytes:
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1).encode()


def test_every_product_of_the_list_is_shipped() -> None:
    assert set(names()) == WANTED


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_shipped_profile_is_good_and_named_as_its_file(name: str) -> None:
    assert shipped(name).product.name == name


@pytest.mark.parametrize("name", WANTED - {"local", "linux-pc"})
def test_what_nobody_ran_says_so(name: str) -> None:
    assert shipped(name).status.tried == "untried"


@pytest.mark.parametrize("one", SHIPPED.values(), ids=SHIPPED)
def test_no_tier_of_a_device_is_that_of_an_external_meter(one: Profile) -> None:
    assert {source.tier for source in one.source} <= {"B", "C", ""}


@pytest.mark.parametrize("one", SHIPPED.values(), ids=SHIPPED)
def test_a_phone_is_measured_from_its_battery(one: Profile) -> None:
    if one.product.category == "phone":
        assert one.gates.forbid_charging is True
        assert one.gates.min_battery_level_ratio is not None


@pytest.mark.parametrize(
    ("name", "bytes_per_s"),
    [
        ("raspberry-pi-5", 4267e6 * 4),  # LPDDR4X-4267 on 32 bit
        ("jetson-orin", 6400e6 * 32),  # LPDDR5-6400 on 256 bit
        ("qualcomm-android", 10600e6 * 8),  # LPDDR5X-10600 on 64 bit
        ("pixel-6-plus", 8533e6 * 8),  # LPDDR5X-8533 on 64 bit
    ],
)
def test_a_bandwidth_is_transfers_a_second_times_the_width(name: str, bytes_per_s: float) -> None:
    limit = shipped(name).limits.memory_bandwidth_bytes_per_s
    assert limit is not None
    assert limit.value == pytest.approx(bytes_per_s, rel=0.005)


def test_local_is_kept_as_its_file_has_it() -> None:
    found = profile("local")
    assert found["product"]["name"] == "local"
    assert found["transport"]["kinds"] == ["local"]


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_profile_can_stand_in_a_record(name: str) -> None:
    assert b'"specificity":' in canonical_bytes(quoted(profile(name)))


def test_an_unknown_profile_names_the_near_ones() -> None:
    with pytest.raises(PlanError, match="pixel-6 is no device profile; known are pixel-6-plus"):
        profile("pixel-6")


def test_the_profile_that_the_others_are_changed_from_is_good() -> None:
    assert parse_profile(GOOD.encode(), "mine.toml").source[0].sign == "detect"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("profile = 1", "", "the key profile is missing"),
        ("profile = 1", "profile = 2", "profile = 2, this version reads profile = 1"),
        ('maker = "Me"', 'makers = "Me"', "unknown key makers in product; did you mean maker?"),
        ('maker = "Me"', "", "the key maker is missing in product"),
        ('"phone"', '"toaster"', "product, category: 'toaster' is none of phone, pc, car"),
        ('zh = "我的"', 'zh = " "', "product.description.zh: write one line"),
        ('["adb"]', '["wifi"]', "'wifi' is none of local, adb, adb-direct, ssh, serial"),
        ('["adb"]', '["serial"]', "transport.baud: state it"),
        ('["adb"]', '["adb"]\nbaud = 9600', "transport.baud: is of a serial line"),
        ('["adb"]', "['adb']\nlogin_prompt = 'x'", "transport.login_prompt: is of a serial line"),
        ("uname.kernel", "uname.kernal", "uname.kernal is nothing that a device is asked for"),
        ("uname.kernel", "uname.kernal", "did you mean uname.kernel"),
        ("all = [", "none = [", "match: needs a rule in all or any"),
        ("specificity = 3", "specificity = 9", "match, specificity"),
        ('kind = "shell"', 'kind = "python"', "agent.python: name the interpreter"),
        ('store = "/data/local', 'store = "/data/../local', "agent.store: write it without .."),
        ('store = "/data', 'store = "data', "agent, store"),
        ('kind = "node"', 'kind = "nod"', "source 1 (power_supply.battery.current), kind: nod is"),
        ('kind = "node"', 'kind = "nod"', "did you mean node"),
        ('kind = "node"', 'kind = "rapl"', "channel: those of kind rapl begin with another word"),
        ('kind = "node"', 'kind = "command"', "argv: goes with kind command"),
        ('unit = "uA"', 'unit = "uAmp"', "source 1, unit: 'uAmp' is none of 1, {count}"),
        ('unit = "uA"', 'unit = "%"', "tier: % is no evidence of power"),
        ('scale = "detect"', "scale = 0.0", "source 1, scale"),
        ('scale = "detect"', "scale = inf", "source 1, scale: inf is no number"),
        ('scale = "detect"', "scale = nan", "source 1, scale: nan is no number"),
        ('scale = "detect"', "", "the key scale is missing in source 1"),
        ('sign = "detect"', "", "sign: evidence of power needs +, - or detect"),
        ('sign = "detect"', 'sign = "both"', "'both' is none of +, -, detect"),
        ('tier = "C"', 'tier = "A"', "tier: A is of external meters"),
        ('tier = "C"', 'tier = "D"', "'D' is none of A, A-, B, C"),
        ('document = "Linux', 'document = ""\nnote = "Linux', "source 1, document: empty"),
        ('path = "/sys', 'path = "/../sys', "path: write it without .."),
        ('tier = "C"', "tier = 'C'\npattern = '('", "pattern: is no regular expression"),
        ('tier = "C"', "tier = 'C'\npattern = '(.)'", "needs the groups (?P<value>...)"),
        ('"brightness"', '"brightnes"', "id: brightnes is no setting that is known; did you mean"),
        ('"brightness"', '"Bright ness"', "control 1, id: empty, too long"),
        ('value = "0"', "value = '0'\nwords = { a = 'b' }", "value: 0 is none of words"),
        ('"{value}"]\nrestore', '"0"]\nrestore', "set: put {value} where the value goes"),
        ('"{value}"]\nvalue', '"{val}"]\nvalue', "restore: knows {value}, not {val}"),
        ('"get", "system"', '"get", "{value}"', "read: takes no {value}"),
        (
            'value = "0"',
            "value = '0'\npattern = 'x'",
            "pattern: needs one group in brackets, has 0",
        ),
        ("profile = 1", 'profile = 1\nrunners = ["llama-bensh"]', "did you mean llama-bench"),
        (
            "[limits]",
            "[gates]\nmin_battery_level_ratio = 90\n[limits]",
            "gates, min_battery_level_ratio",
        ),
        (
            "[limits]",
            "[gates]\nmin_battery_level_ratio = 0.9\nmax_battery_level_ratio = 0.2\n[limits]",
            "gates.min_battery_level_ratio: must be below max_battery_level_ratio",
        ),
        ("[limits]", "[gates]\nsteady_for_s = 1.0\n[limits]", "goes together with max_busy"),
        ("[limits]", "[limits]\nmax_power_w = 5", "limits, max_power_w"),
        (
            "[limits]",
            "[limits]\nmax_power_w = { value = 5.0 }",
            "the key document is missing in limits, max_power_w",
        ),
        ("[status]", "[status", "is no valid TOML"),
    ],
)
def test_a_bad_profile_is_refused_with_file_key_and_fix(old: str, new: str, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(changed(old, new), "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("table", ["source", "control"])
def test_a_channel_or_control_that_stands_there_twice_is_refused(table: str) -> None:
    start = GOOD.index(f"[[{table}]]")
    again = GOOD[start : GOOD.index("\n\n", start)]
    with pytest.raises(ProfileError, match=rf"{table} 2 .*stands there twice"):
        parse_profile(f"{GOOD}\n{again}\n".encode(), "mine.toml")


def test_several_faults_are_said_at_once() -> None:
    data = changed('tier = "C"', 'tier = "A"').replace(b"uname.kernel", b"uname.kernal")
    with pytest.raises(ProfileError, match=r"uname\.kernal.*; source 1"):
        parse_profile(data, "mine.toml")


def test_a_profile_of_ones_own_must_be_named_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "yours.toml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"product\.name is mine, the file must be mine\.toml"):
        load_profile(path)
    path = path.rename(tmp_path / "mine.toml")
    assert load_profile(path).product.maker == "Me"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"x" * (2 << 20), b"[" * 100_000])
def test_what_is_no_profile_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    with pytest.raises(ProfileError, match=r"mine\.toml: (is no valid TOML|is larger than 1 MiB)"):
        load_profile(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path / "none.toml")
    with pytest.raises(ProfileError, match="is no file"):
        load_profile(tmp_path)
