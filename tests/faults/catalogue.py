"""Every kind of injection, by row."""

from __future__ import annotations

from tests.faults import device_cases, host_cases, link_cases, power_cases, spool_cases
from tests.faults.case import Case

CASES: tuple[Case, ...] = (*spool_cases.CASES, *host_cases.CASES, *link_cases.CASES, *device_cases.CASES, *power_cases.CASES)
