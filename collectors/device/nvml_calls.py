"""The NVML calls that are made for each GPU, and what each one gives.

Source of units and traps: NVML API reference, device queries and field value enums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from collectors.reading import Kind, Missing, Quantity, Unit, Value

_DUTY = "some boards look at a quarter of the time only (A100, H100: arXiv 2312.02741)"
_ENERGY_STEP_MJ = 1.0  # NVML API reference: nvmlDeviceGetTotalEnergyConsumption gives mJ

# A query: the module and a device handle to one value for each of its channels.
Query = Callable[[ModuleType, object], Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Field:
    """A channel of a query: last word of its name, and what it gives."""

    word: str
    unit: Unit
    kind: Kind
    quantity: Quantity
    note: str
    tier: str = ""
    resolution: float | None = None
    averaging_s: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the driver."""

    source: str
    query: Query
    fields: tuple[Field, ...]


def _power(nvml: ModuleType, handle: object) -> Sequence[Value]:
    return (int(nvml.nvmlDeviceGetPowerUsage(handle)),)


def _field_power(field: str, nvml: ModuleType, handle: object) -> Sequence[Value]:
    found = nvml.nvmlDeviceGetFieldValues(handle, [getattr(nvml, field)])[0]
    if found.nvmlReturn != nvml.NVML_SUCCESS:
        return (Missing(f"not-answered: NVML code {int(found.nvmlReturn)}"),)
    if found.valueType != nvml.NVML_VALUE_TYPE_UNSIGNED_INT:
        return (Missing(f"not-a-number: NVML value type {int(found.valueType)}"),)
    return (int(found.value.uiVal),)


def _energy(nvml: ModuleType, handle: object) -> Sequence[Value]:
    return (int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)),)


def _temperature(nvml: ModuleType, handle: object) -> Sequence[Value]:
    return (int(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),)


def _clock(which: str, nvml: ModuleType, handle: object) -> Sequence[Value]:
    return (int(nvml.nvmlDeviceGetClockInfo(handle, getattr(nvml, which))),)


def _memory(nvml: ModuleType, handle: object) -> Sequence[Value]:
    return (int(nvml.nvmlDeviceGetMemoryInfo(handle).used),)


def _utilisation(nvml: ModuleType, handle: object) -> Sequence[Value]:
    found = nvml.nvmlDeviceGetUtilizationRates(handle)
    return int(found.gpu), int(found.memory)


def _event_reasons(nvml: ModuleType, handle: object) -> Sequence[Value]:
    """By its new name, else by the one that packages and drivers before 535 have."""
    old_query = getattr(nvml, "nvmlDeviceGetCurrentClocksThrottleReasons", None)
    try:
        return (int(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle)),)
    except (nvml.NVMLError, AttributeError):
        if old_query is None:
            raise
        return (int(old_query(handle)),)


CALLS: tuple[Call, ...] = (
    Call(
        "nvmlDeviceGetTotalEnergyConsumption",
        _energy,
        (
            Field(
                "energy",
                Unit.MILLIJOULE,
                Kind.COUNTER,
                Quantity.ENERGY,
                f"since the driver was loaded; steps of 10 to 100 ms; {_DUTY}",
                "B",
                _ENERGY_STEP_MJ,
            ),
        ),
    ),
    Call(
        "nvmlDeviceGetPowerUsage",
        _power,
        (
            Field(
                "power",
                Unit.MILLIWATT,
                Kind.AVERAGE,
                Quantity.POWER,
                "a mean over 1 s on Ampere and later; of the moment on GA100 and before; +-5 % "
                f"stated for Fermi and Kepler, nothing for later ones; {_DUTY}",
                "B",
            ),
        ),
    ),
    Call(
        "field NVML_FI_DEV_POWER_INSTANT",
        partial(_field_power, "NVML_FI_DEV_POWER_INSTANT"),
        (Field("power_instant", Unit.MILLIWATT, Kind.INSTANT, Quantity.POWER, _DUTY, "B"),),
    ),
    Call(
        "field NVML_FI_DEV_POWER_AVERAGE",
        partial(_field_power, "NVML_FI_DEV_POWER_AVERAGE"),
        (
            Field(
                "power_average",
                Unit.MILLIWATT,
                Kind.AVERAGE,
                Quantity.POWER,
                f"a mean over 1 s; {_DUTY}",
                "B",
                averaging_s=1.0,  # NVML API reference, NVML_FI_DEV_POWER_AVERAGE
            ),
        ),
    ),
    Call(
        "nvmlDeviceGetTemperature",
        _temperature,
        (
            Field(
                "temperature",
                Unit.CELSIUS,
                Kind.INSTANT,
                Quantity.TEMPERATURE,
                "of the GPU die, whole degrees",
                "",
                1.0,
            ),
        ),
    ),
    Call(
        "nvmlDeviceGetClockInfo SM",
        partial(_clock, "NVML_CLOCK_SM"),
        (Field("sm_clock", Unit.MEGAHERTZ, Kind.INSTANT, Quantity.FREQUENCY, "of the SMs"),),
    ),
    Call(
        "nvmlDeviceGetClockInfo MEM",
        partial(_clock, "NVML_CLOCK_MEM"),
        (
            Field(
                "memory_clock", Unit.MEGAHERTZ, Kind.INSTANT, Quantity.FREQUENCY, "of the memory"
            ),
        ),
    ),
    Call(
        "nvmlDeviceGetMemoryInfo used",
        _memory,
        (
            Field(
                "memory_used",
                Unit.BYTE,
                Kind.INSTANT,
                Quantity.MEMORY,
                "of the whole board, all processes, and what the driver keeps for itself",
            ),
        ),
    ),
    Call(
        "nvmlDeviceGetUtilizationRates",
        _utilisation,
        (
            Field(
                "utilisation",
                Unit.PERCENT,
                Kind.AVERAGE,
                Quantity.UTILISATION,
                "share of the last 1/6 s to 1 s in which any kernel ran, however small",
            ),
            Field(
                "memory_utilisation",
                Unit.PERCENT,
                Kind.AVERAGE,
                Quantity.UTILISATION,
                "share of the last 1/6 s to 1 s in which memory was read or written",
            ),
        ),
    ),
    Call(
        "nvmlDeviceGetCurrentClocksEventReasons",
        _event_reasons,
        (
            Field(
                "clock_event_reasons",
                Unit.ONE,
                Kind.STATE,
                Quantity.THROTTLE,
                "bit field: 0x1 idle, 0x4 power cap, 0x8 hardware slowdown, 0x20 and 0x40 heat, "
                "0x80 power brake",
            ),
        ),
    ),
)
