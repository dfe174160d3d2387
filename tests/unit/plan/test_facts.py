from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import CommandFailedError, ProfileError, TransportError
from host.plan.facts import (
    END,
    KNOWN,
    MAX_REFUSED,
    MAX_VALUE_CHARS,
    MAX_VALUES,
    PROPERTIES,
    gather,
    parse,
    read_facts,
)
from host.plan.match import match
from host.plan.profile import all_shipped
from host.transport.local import Local
from tests.fakes.far_shells import SHELLS, far_path, program

TREE = {
    "proc/device-tree/model": b"Raspberry Pi 5 Model B Rev 1.0\0",
    "proc/device-tree/compatible": b"raspberrypi,5-model-b\0brcm,bcm2712\0",
    "proc/driver/nvidia/gpus/0000:01:00.0/information": b"Model: \t\t NVIDIA H100\nIRQ: 1\n",
    "sys/class/dmi/id/sys_vendor": b"LENOVO\n",
    "sys/class/dmi/id/product_name": b"21C1 = odd\\n name\n",
    "sys/class/powercap/intel-rapl:0/name": b"package-0\n",
    "sys/class/hwmon/hwmon0/name": b"ina3221\n",
    "sys/class/hwmon/hwmon1/name": b"ina3221\n",
    "sys/class/hwmon/hwmon2/name": b"nvme",
    "sys/bus/iio/devices/iio:device0/name": b"s2mpg12-odpm\n",
    "sys/class/power_supply/battery/type": b"Battery\n",
    "sys/bus/pci/devices/0000:00:02.0/class": b"0x030000\n",
    "sys/bus/pci/devices/0000:00:02.0/vendor": b"0x10de\n",
    "sys/bus/pci/devices/0000:00:02.0/device": b"0x2330\n",
    "sys/bus/pci/devices/0000:00:03.0/class": b"0x020000\n",
    "sys/bus/pci/devices/0000:00:03.0/vendor": b"0x8086\n",
    "sys/bus/pci/devices/0000:00:03.0/device": b"0x15f2\n",
    "etc/os-release": b'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\nHOME_URL="x"\n',
    "etc/nv_tegra_release": b"# R35 (release), REVISION: 4.1\n",
}
SAID = {
    "devicetree.model": ("Raspberry Pi 5 Model B Rev 1.0",),
    "devicetree.compatible": ("raspberrypi,5-model-b", "brcm,bcm2712"),
    "nvidia.model": ("NVIDIA H100",),
    "nvidia.tegra_release": ("# R35 (release), REVISION: 4.1",),
    "dmi.sys_vendor": ("LENOVO",),
    "dmi.product_name": ("21C1 = odd\\n name",),
    "powercap.name": ("package-0",),
    "hwmon.name": ("ina3221", "nvme"),
    "iio.name": ("s2mpg12-odpm",),
    "power_supply.type": ("Battery",),
    "pci.display": ("10de:2330",),
    "os.id": ("debian",),
    "os.name": ("Debian GNU/Linux",),
    "os.version_id": ("12",),
    "transport.kind": ("local",),
}
OWN = ("uname.", "host.", "env.", "program.")
Shell = Callable[[str], Path]


@pytest.fixture
def root(tmp_path: Path) -> PurePosixPath:
    for name, data in TREE.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return PurePosixPath(tmp_path / "root")


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Makes the programs of a kind of device the whole PATH of what is called."""

    def make(kind: str) -> Path:
        folder = far_path(tmp_path / "bin", kind)
        monkeypatch.setenv("PATH", str(folder))
        return folder

    return make


def test_facts_of_this_machine_are_what_the_kernel_says() -> None:
    found = gather(Local())
    release = Path("/proc/sys/kernel/osrelease").read_text(encoding="ascii").strip()
    assert found.facts["uname.kernel"] == ("Linux",)
    assert found.facts["uname.release"] == (release,)
    assert found.facts["transport.kind"] == ("local",)
    assert not found.refused


@pytest.mark.parametrize("kind", SHELLS)
def test_every_shell_reads_the_same_facts_from_a_tree(
    kind: str, far: Shell, root: PurePosixPath
) -> None:
    far(kind)
    found = gather(Local(), root=root)
    read = {name: v for name, v in found.facts.items() if not name.startswith(OWN)}
    assert read == SAID
    assert not found.refused
    assert found.facts["uname.kernel"] == ("Linux",)


@pytest.mark.parametrize("kind", SHELLS)
def test_every_shell_asks_a_phone_for_its_properties(
    kind: str, far: Shell, tmp_path: Path
) -> None:
    folder = far(kind)
    program(
        folder, "getprop", 'case $1 in ro.soc.model) echo "Tensor G3";; ro.*) echo "a b";; esac'
    )
    program(folder, "dumpsys", "exit 1")
    found = gather(Local(), root=PurePosixPath(tmp_path / "nothing"))
    assert found.facts["getprop.ro.soc.model"] == ("Tensor G3",)
    others = {f"getprop.{name}" for name in PROPERTIES if name != "ro.soc.model"}
    assert all(found.facts[name] == ("a b",) for name in others)
    assert "dumpsys" in found.facts["program.present"]
    assert not found.refused


def test_a_fact_that_is_asked_for_is_known() -> None:
    assert set(SAID) <= KNOWN


def test_a_device_without_a_shell_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandFailedError, match="sh ended with 127"):
        gather(Local())


def test_a_device_that_says_gigabytes_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "sh", "exec yes getprop.ro.product.model=Pixel")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(TransportError, match="more than is taken"):
        gather(Local())


def test_a_device_cannot_say_by_which_way_it_was_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "sh", f"echo transport.kind=serial; echo {END}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert gather(Local()).facts == {"transport.kind": ("local",)}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"uname.kernel=\x1b[2JLinux", "holds control characters"),
        (b"uname.kernel=Li\rnux", "holds control characters"),
        ("uname.kernel=Li\u202enux".encode(), "holds control characters"),
        (b"uname.kernel=\xff\xfe", "is no UTF-8 text"),
        (b"uname.kernel=" + b"x" * 501, "is longer than 500 characters"),
        (b"../../etc/passwd=x", "is no fact that was asked for"),
        (b"getprop.ro.secret=x", "is no fact that was asked for"),
        (b"no equals sign", "is no fact that was asked for"),
        (b"\x1b]0;title\x07=x", "is no fact that was asked for"),
        (bytes(range(128, 256)) + b"=x", "is no fact that was asked for"),
    ],
)
def test_what_is_no_fact_is_refused_with_its_reason(line: bytes, why: str) -> None:
    found = parse(line + b"\nuname.machine=aarch64\n" + END.encode())
    assert found.facts == {"uname.machine": ("aarch64",)}
    ((name, said),) = found.refused
    assert said == why
    assert name.isprintable()


def test_a_path_in_a_value_stays_a_text() -> None:
    found = parse(f"dmi.board_name=../../../etc/passwd\n{END}".encode())
    assert found.facts["dmi.board_name"] == ("../../../etc/passwd",)
    assert not any(one.matches for one in match(found.facts, all_shipped()))


def test_an_answer_that_was_cut_says_so() -> None:
    found = parse(b"uname.kernel=Linux\nuname.mach")
    assert found.facts == {"uname.kernel": ("Linux",)}
    assert found.refused[0] == ("", "the answer has no end within 65536 B")


def test_a_fact_has_no_more_values_than_are_taken() -> None:
    lines = [f"hwmon.name=chip{n}" for n in range(MAX_VALUES + 5)]
    found = parse("\n".join([*lines, END]).encode())
    assert len(found.facts["hwmon.name"]) == MAX_VALUES
    assert found.refused[0] == ("hwmon.name", f"has more than {MAX_VALUES} values")


@given(st.binary(max_size=2000))
def test_any_bytes_give_bounded_facts(data: bytes) -> None:
    for noise in (data, b"uname.kernel=" + data, data + b"\n" + END.encode()):
        found = parse(noise)
        assert set(found.facts) <= KNOWN
        assert all(len(v) <= MAX_VALUE_CHARS for vs in found.facts.values() for v in vs)
        assert all(v.isprintable() for vs in found.facts.values() for v in vs)
        assert len(found.refused) <= MAX_REFUSED


def test_a_facts_file_is_lines_or_json(tmp_path: Path) -> None:
    lines, said = tmp_path / "lines", tmp_path / "said.json"
    lines.write_text("transport.kind=adb\nuname.kernel=Linux\n", encoding="utf-8")
    said.write_text(json.dumps({"transport.kind": "adb", "uname.kernel": ["Linux"]}))
    assert read_facts(lines) == read_facts(said)
    assert read_facts(lines).facts == {"transport.kind": ("adb",), "uname.kernel": ("Linux",)}


@pytest.mark.parametrize("text", ['{"uname.kernel": 1}', "{", '{"a": null}'])
def test_a_facts_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "facts.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match="is no JSON object of names and texts"):
        read_facts(path)
