"""Answers to `timekeeping` with round numbers, and what daemons print."""

from __future__ import annotations

from typing import Any

# Fields as chronyc(1) lists them: id, name, stratum, reference time, system time, last offset, RMS
# offset, frequency, residual frequency, skew, root delay, root dispersion, interval, leap.
TRACKING = (
    "A9FEA97B,203.0.113.5,2,1795491009.676453313,0.000010000,0.000000004,0.000000036,"
    "20.000,0.100,0.400,0.004000000,0.000500000,64.2,Normal\n"
)
# As timedatectl(1) of systemd 252 prints them; layout of NTPMessage: org.freedesktop.timesync1(5).
SHOW = """\
SystemNTPServers=ntp.example.org
ServerName=ntp.example.org
ServerAddress=192.168.1.5
RootDistanceMaxUSec=5s
PollIntervalUSec=1min 4s
NTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-23, RootDelay=1.129ms, \
RootDispersion=30.349ms, Reference=11FD227B, OriginateTimestamp=Tue 2026-08-24 17:16:48 UTC, \
Ignored=no PacketCount=1, Jitter=0 }
Frequency=-211336
"""
STATUS = """\
       Server: 192.168.1.5 (ntp.example.org)
Poll interval: 1min 4s (min: 32s; max 34min 8s)
         Leap: normal
Root distance: 30.913ms (max: 5s)
       Offset: -2.123ms
        Delay: 201.234ms
       Jitter: 10month 2w 1d 13h 28min 23.169258s
"""
START_NS = 1_795_491_000_000_000_000
BRACKET_NS = 200


def printed(text: str, status: int = 0, fault: str = "") -> dict[str, Any]:
    return {"argv": [], "status": status, "stdout": text, "stderr": "", "fault": fault}


def chrony(text: str = TRACKING) -> dict[str, Any]:
    version = "chronyc (chrony) version 4.3 (+READLINE)\n"
    return {"tracking": printed(text), "version": printed(version)}


def timesyncd(show: str = SHOW, status: str = STATUS) -> dict[str, Any]:
    return {
        "synchronized": True,
        "show": printed(show),
        "status": printed(status),
        "version": printed("systemd 252 (252.39)\n+PAM\n"),
    }


def kernel(adjustment_ppm: float = -20.0, maxerror_us: int = 2000) -> dict[str, Any]:
    return {
        "synchronised": True,
        "frequency_ppm": adjustment_ppm,
        "tick_us": 10_000,
        "maxerror_us": maxerror_us,
    }


def pair(
    raw_ns: int, adjustment_ppm: float = 0.0, step_ns: int = 0, suspended_ns: int = 0
) -> dict[str, str]:
    """The clocks `raw_ns` after the first reading, when the wall clock ran by that adjustment."""
    moved = raw_ns + round(raw_ns * adjustment_ppm * 1e-6)
    half = BRACKET_NS // 2
    stamps = {
        "raw0_ns": 10**12 + raw_ns - half,
        "raw1_ns": 10**12 + raw_ns + half,
        "monotonic_ns": 10**12 + moved,
        "boottime_ns": 2 * 10**12 + moved + suspended_ns,
        "realtime_ns": START_NS + moved + suspended_ns + step_ns,
    }
    return {name: str(stamp) for name, stamp in stamps.items()}


def said(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of any shape
    """A whole answer of a device that follows chronyd; fields replace its parts."""
    apis = ("CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME", "CLOCK_REALTIME")
    return {
        "interval_clock": "monotonic_raw",
        "boot_id": "boot-1",
        "clocks": [{"api": a, "resolution_ns": 1, "read_cost_ns": 40} for a in apis],
        "chrony": chrony(),
        "kernel": kernel(),
        "pair": pair(0),
        "absent": [],
        **fields,
    }
