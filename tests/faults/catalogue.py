"""Every kind of injection, by row."""

from __future__ import annotations

from tests.faults import (
    adb_cases,
    clock_cases,
    device_cases,
    disk_cases,
    host_cases,
    line_cases,
    link_cases,
    meter_cases,
    owner_cases,
    power_cases,
    run_cases,
    serial_cases,
    spool_cases,
    store_cases,
)
from tests.faults.case import Case

CASES: tuple[Case, ...] = (
    *spool_cases.CASES,
    *host_cases.CASES,
    *link_cases.CASES,
    *device_cases.CASES,
    *power_cases.CASES,
    *clock_cases.CASES,
    *disk_cases.CASES,
    *line_cases.CASES,
    *meter_cases.CASES,
    *owner_cases.CASES,
    *run_cases.CASES,
    *store_cases.CASES,
    *adb_cases.CASES,
    *serial_cases.CASES,
)

SLOW: tuple[Case, ...] = run_cases.SLOW
