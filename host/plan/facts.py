"""What a device says of itself, for telling which product it is.

One `sh -c` script over any transport prints `fact=value` lines. It uses what mksh with toybox,
BusyBox ash, dash and bash share (not every toybox has dd), changes nothing, and asks no network.
The answer is hostile input: bounded, and every line that is no fact which was asked for is
refused with its reason.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from host.errors import ProfileError
from host.plan.typed import read
from host.transport.base import Transport, output

Facts = Mapping[str, tuple[str, ...]]

# Our choices: what the script says of a machine full of sensors is below 8 KiB.
MAX_ANSWER_BYTES: Final = 64 << 10
MAX_VALUE_CHARS: Final = 500
MAX_VALUES: Final = 64
MAX_REFUSED: Final = 32
# A phone starts a program in some 10 ms, a serial line moves 11 kB/s (sources 6.6): seconds.
GATHER_S: Final = 30.0

# Android's system properties, source.android.com/docs/core/architecture/configuration.
PROPERTIES: Final = (
    "ro.product.manufacturer",
    "ro.product.brand",
    "ro.product.model",
    "ro.product.device",
    "ro.soc.manufacturer",
    "ro.soc.model",
    "ro.board.platform",
    "ro.hardware",
    "ro.build.version.release",
    "ro.build.version.sdk",
    "ro.build.characteristics",
    "ro.build.fingerprint",
    "ro.serialno",
)
# Programs whose presence tells the product or what can be asked of it.
PROGRAMS: Final = (
    "dumpsys",
    "nvidia-smi",
    "nvpmodel",
    "python3",
    "sha256sum",
    "tegra-power-sensing.linux",
    "tegra-power-sensing.qnx",
    "termux-info",
    "vcgencmd",
)
KNOWN: Final = frozenset(
    {
        "uname.kernel",
        "uname.machine",
        "uname.release",
        "host.name",
        "env.prefix",
        "devicetree.model",
        "devicetree.compatible",
        "dmi.sys_vendor",
        "dmi.product_name",
        "dmi.board_vendor",
        "dmi.board_name",
        "os.id",
        "os.id_like",
        "os.version_id",
        "os.name",
        "pci.display",
        "nvidia.model",
        "nvidia.tegra_release",
        "powercap.name",
        "hwmon.name",
        "iio.name",
        "power_supply.type",
        "program.present",
        "transport.kind",
        *(f"getprop.{name}" for name in PROPERTIES),
    }
)
END: Final = "gather.end=here"

_SCRIPT: Final = r"""
r=$1
say() { if [ -n "$2" ]; then printf '%s=%s\n' "$1" "$2"; fi; }
line() {
  v=
  if [ -f "$2" ] && [ -r "$2" ]; then IFS= read -r v < "$2"; say "$1" "$v"; fi
}
block() {
  if [ -f "$2" ] && [ -r "$2" ]; then
    printf '%s=' "$1"; cat "$2"; printf '\n'
  fi
}
say uname.kernel "$(uname -s)"
say uname.machine "$(uname -m)"
say uname.release "$(uname -r)"
say host.name "$(uname -n)"
say env.prefix "$PREFIX"
for p in PROGRAMS; do
  if command -v "$p" >/dev/null 2>&1; then say program.present "$p"; fi
done
if command -v getprop >/dev/null 2>&1; then
  for p in PROPERTIES; do say "getprop.$p" "$(getprop "$p" </dev/null)"; done
fi
block devicetree.model "$r/proc/device-tree/model"
block devicetree.compatible "$r/proc/device-tree/compatible"
for n in sys_vendor product_name board_vendor board_name; do
  line "dmi.$n" "$r/sys/class/dmi/id/$n"
done
if [ -r "$r/etc/os-release" ]; then
  while IFS='=' read -r k v; do
    case $k in
      ID) say os.id "$v" ;;
      ID_LIKE) say os.id_like "$v" ;;
      VERSION_ID) say os.version_id "$v" ;;
      NAME) say os.name "$v" ;;
    esac
  done < "$r/etc/os-release"
fi
for d in "$r"/sys/bus/pci/devices/*; do
  c=
  if [ -r "$d/class" ]; then IFS= read -r c < "$d/class"; fi
  case $c in
    0x03*|0x12*)
      IFS= read -r a < "$d/vendor"; IFS= read -r b < "$d/device"
      say pci.display "${a#0x}:${b#0x}" ;;
  esac
done
for f in "$r"/proc/driver/nvidia/gpus/*/information; do
  if [ -r "$f" ]; then
    while IFS=: read -r k v; do
      case $k in Model) say nvidia.model "$v" ;; esac
    done < "$f"
  fi
done
line nvidia.tegra_release "$r/etc/nv_tegra_release"
for d in "$r"/sys/class/powercap/*; do line powercap.name "$d/name"; done
for d in "$r"/sys/class/hwmon/*; do line hwmon.name "$d/name"; done
for d in "$r"/sys/bus/iio/devices/*; do line iio.name "$d/name"; done
for d in "$r"/sys/class/power_supply/*; do line power_supply.type "$d/type"; done
"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """facts: name -> its values. refused: (name, why) of what the device said beside them."""

    facts: Facts
    refused: tuple[tuple[str, str], ...]


def script() -> str:
    """What the device's shell runs; its first argument is a prefix of every path, mostly ""."""
    filled = _SCRIPT.replace("PROGRAMS", " ".join(PROGRAMS))
    return f"{filled.replace('PROPERTIES', ' '.join(PROPERTIES))}printf '{END}\\n'\n"


def gather(transport: Transport, *, root: PurePosixPath | None = None) -> Gathered:
    """Ask a device for its facts. root: a folder that stands for its `/`.

    Raises TransportError when it does not answer, has no shell, or says more than is taken.
    """
    argv = ["sh", "-c", script(), "sh", "" if root is None else str(root)]
    found = parse(output(transport, argv, timeout_s=GATHER_S))
    kind = transport.device.partition(":")[0]
    return Gathered({**found.facts, "transport.kind": (kind,)}, found.refused)


def read_facts(path: Path) -> Gathered:
    """Facts from a file: `fact=value` lines, or a JSON object of names and texts.

    Raises ProfileError for a file that cannot be read. Whoever wrote it may state transport.kind.
    """
    data = read(path, ProfileError)
    if data.lstrip()[:1] != b"{":
        return parse(data if END.encode() in data else data + f"\n{END}\n".encode())
    try:
        said = msgspec.json.decode(data, type=dict[str, str | list[str]])
    except msgspec.DecodeError as err:
        raise ProfileError(str(path), f"is no JSON object of names and texts: {err}") from err
    lines = [
        f"{name}={value}"
        for name, values in said.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return parse("\n".join([*lines, END]).encode())


def parse(data: bytes) -> Gathered:
    """Facts from `fact=value` lines of any bytes; raises nothing."""
    facts: dict[str, tuple[str, ...]] = {}
    refused: list[tuple[str, str]] = []
    lines = data[:MAX_ANSWER_BYTES].split(b"\n")
    if END.encode() not in lines:
        refused.append(("", f"the answer has no end within {MAX_ANSWER_BYTES} B"))
    for raw in lines:
        name, _, value = raw.partition(b"=")
        key = name.decode("ascii", "replace").strip()
        if raw.strip() in (b"", END.encode()):
            continue
        if key not in KNOWN:
            refused.append((shown(key), "is no fact that was asked for"))
            continue
        for part in value.strip(b"\0").split(b"\0"):
            _take(facts, refused, key, part)
    return Gathered(facts, tuple(refused[:MAX_REFUSED]))


def _take(
    facts: dict[str, tuple[str, ...]], refused: list[tuple[str, str]], key: str, raw: bytes
) -> None:
    """Put one value to its fact, or say why not."""
    kept = facts.get(key, ())
    try:
        text = raw.decode("utf-8").strip().strip("\"'").strip()
    except UnicodeDecodeError:
        refused.append((key, "is no UTF-8 text"))
        return
    if len(text) > MAX_VALUE_CHARS:
        refused.append((key, f"is longer than {MAX_VALUE_CHARS} characters"))
    elif any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in text):
        refused.append((key, "holds control characters"))
    elif len(kept) >= MAX_VALUES:
        refused.append((key, f"has more than {MAX_VALUES} values"))
    elif text and text not in kept:
        facts[key] = (*kept, text)


def shown(key: str) -> str:
    """A name that nobody asked for, short and without anything that moves a cursor."""
    return "".join(c if c.isprintable() else "?" for c in key[:60])
