"""What time daemons printed, read as facts. Pure; everything printed is untrusted.

chronyc -c tracking: fields in the order of the report in chronyc(1), section "tracking"; in chrony
4.3 a positive frequency is fast and a positive system time is slow, as its plain report says.
timedatectl show-timesync, timesync-status: timedatectl(1) and org.freedesktop.timesync1(5); time
spans as in systemd.time(7).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from host.handover.timekeeping import Kernel, Sync, UtcSource

MAX_NAME = 200
# Reference ids of chrony without a source, and of its `local` mode (127.127.1.1).
UNSYNCHRONISED, LOCAL = "00000000", "7F7F0101"
MAX_STRATUM = 15  # 16 means unsynchronised (RFC 5905, section 7.3)
TRACKING_FIELDS = 14
LEAPS = {
    "normal": "normal",
    "insert second": "insert",
    "delete second": "delete",
    "not synchronised": "unsynchronised",
    "0": "normal",
    "1": "insert",
    "2": "delete",
    "3": "unsynchronised",
}
# Reference clocks by their usual ids (RFC 5905, figure 12; chrony.conf(5), refclock).
REFCLOCKS = {"GPS": "gnss", "PPS": "gnss", "NMEA": "gnss", "GNSS": "gnss", "GAL": "gnss"}
SPAN_S = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "month": 2629800.0,
    "y": 31557600.0,
}
SPAN_PART = re.compile(r"(\d+(?:\.\d+)?) ?(us|ms|min|month|s|h|d|w|y)(?:\s+|$)")


class UnusableError(ValueError):
    """An answer that names no source of UTC, or cannot be understood; says why."""


def chrony_of(said: Mapping[str, Any], time: str) -> tuple[UtcSource, Sync]:
    """Source and state from `chronyc -c tracking`. Raises UnusableError."""
    fields = _printed(said.get("tracking")).strip().split(",")
    if len(fields) != TRACKING_FIELDS:
        raise UnusableError(f"chronyc printed {len(fields)} fields, {TRACKING_FIELDS} are known")
    ref_id, provider = _name(fields[0]), _name(fields[1])
    leap = LEAPS.get(fields[13].strip().lower())
    if leap in (None, "unsynchronised") or ref_id in ("", UNSYNCHRONISED):
        raise UnusableError("chronyd is not synchronised")
    if ref_id == LOCAL:
        raise UnusableError("chronyd serves its own clock (`local`), it follows no source")
    if not provider:
        raise UnusableError("chronyd names no source")
    sync = Sync(
        time=time,
        offset_s=-_number(fields[4]),
        root_delay_s=_size(fields[10]),
        root_dispersion_s=_size(fields[11]),
        freq_ppm=_number(fields[7]),
        residual_ppm=_number(fields[8]),
        skew_ppm=_size(fields[9]),
        leap=str(leap),
    )
    source = UtcSource(
        name=f"chronyd, {provider}",
        provider=provider,
        ref_id=ref_id,
        stratum=_stratum(fields[2]),
        path=_path(provider),
        daemon="chronyd",
        version=_version(said.get("version")),
    )
    return source, sync


def timesyncd_of(
    said: Mapping[str, Any], kernel: Kernel | None, time: str
) -> tuple[UtcSource, Sync]:
    """Source and state from timedatectl. Raises UnusableError.

    The root delay is the server's and the way to it; what the clock may have drifted since the
    last answer is the kernel's maxerror, which timesyncd sets to 0 at each answer and the kernel
    lets grow by 500 ppm (Linux, kernel/time/ntp.c, second_overflow).
    """
    show = dict(_lines(_printed(said.get("show")), "="))
    status = dict(_lines(_printed(said.get("status")), ":"))
    message = dict(_lines(show.get("NTPMessage", "").strip("{} ").replace(",", "\n"), "="))
    leap = LEAPS.get(message.get("Leap", ""))
    if not said.get("synchronized") or leap in (None, "unsynchronised"):
        raise UnusableError("systemd-timesyncd is not synchronised")
    if kernel is None or not kernel.synchronised:
        raise UnusableError("the kernel does not confirm that systemd-timesyncd set the clock")
    provider = _name(show.get("ServerName", "")) or _name(show.get("ServerAddress", ""))
    if not provider:
        raise UnusableError("systemd-timesyncd names no server")
    sync = Sync(
        time=time,
        offset_s=_span(status.get("Offset", "")),
        root_delay_s=_positive(message.get("RootDelay", "")) + _positive(status.get("Delay", "")),
        root_dispersion_s=_positive(message.get("RootDispersion", "")) + kernel.maxerror_s,
        freq_ppm=None,
        residual_ppm=None,
        skew_ppm=None,
        leap=str(leap),
    )
    source = UtcSource(
        name=f"systemd-timesyncd, {provider}",
        provider=provider,
        ref_id=_name(message.get("Reference", "")),
        stratum=_stratum(message.get("Stratum", "")),
        path=_path(_name(show.get("ServerAddress", ""))),
        daemon="systemd-timesyncd",
        version=_version(said.get("version")),
    )
    return source, sync


def _printed(answer: Any) -> str:  # noqa: ANN401 - untrusted JSON
    """What a program printed, if it ended well. Raises UnusableError."""
    if not isinstance(answer, Mapping):
        raise UnusableError("it was not asked")
    if answer.get("fault"):
        raise UnusableError(_name(str(answer["fault"])[:MAX_NAME]) or "fault")
    if answer.get("status") != 0:
        words = str(answer.get("stdout") or answer.get("stderr") or "").strip()
        first = words.splitlines()[0] if words else f"status {answer.get('status')}"
        raise UnusableError(_plain(first)[:MAX_NAME])
    return str(answer.get("stdout", ""))


def _lines(text: str, mark: str) -> list[tuple[str, str]]:
    parts = (line.partition(mark) for line in text.splitlines())
    return [(key.strip(), value.strip()) for key, found, value in parts if found]


def _plain(text: str) -> str:
    """Without control characters, whatever a terminal would do with them."""
    return "".join(c for c in text if c.isprintable())


def _name(text: str) -> str:
    """A name as printed. Raises UnusableError for one that is none."""
    text = text.strip()
    if len(text) > MAX_NAME or not text.isprintable():
        raise UnusableError("a name holds control characters or is too long")
    return text


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise UnusableError(f"{_plain(text)[:40]!r} is no number")
    return value


def _size(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise UnusableError(f"{_plain(text)[:40]!r} is below zero where that cannot be")
    return value


def _span(text: str) -> float:
    """A time span as systemd prints it, in s: `-2.123ms`, `1min 4s`, `0`."""
    bare = text.strip().lstrip("+-")
    parts = SPAN_PART.findall(bare)
    if bare != "0" and (not parts or SPAN_PART.sub("", bare)):
        raise UnusableError(f"{_plain(text)[:40]!r} is no time span")
    value = sum(_number(digits) * SPAN_S[unit] for digits, unit in parts)
    return -value if text.strip().startswith("-") else value


def _positive(text: str) -> float:
    value = _span(text)
    if value < 0:
        raise UnusableError(f"{_plain(text)[:40]!r} is below zero where that cannot be")
    return value


def _stratum(text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text.strip()[:4]) <= MAX_STRATUM:
        raise UnusableError(f"{_plain(text)[:40]!r} is no stratum of a synchronised clock")
    return int(text)


def _version(answer: Any) -> str:  # noqa: ANN401 - untrusted JSON
    """First line of what `--version` printed, "" where it said nothing fit to print."""
    try:
        lines = _printed(answer).splitlines()
        return _name(lines[0]) if lines else ""
    except UnusableError:
        return ""


def _path(provider: str) -> str:
    """How UTC comes here, where the name alone tells it; "" elsewhere."""
    try:
        address = ipaddress.ip_address(provider)
    except ValueError:
        upper = provider.upper()
        ptp = upper.startswith(("PHC", "PTP"))
        return "ptp" if ptp else REFCLOCKS.get(upper, "")
    if address.is_loopback:
        return ""
    return "lan" if address.is_private or address.is_link_local else "internet"
