"""A pynvml module with GPUs that say what they are told."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

NOT_SUPPORTED, GPU_IS_LOST, DRIVER_NOT_LOADED = "Not Supported", "GPU is lost", "Driver Not Loaded"


def no_pause(_seconds: float) -> None:
    """Stands for time.sleep where nothing changes however long one waits."""


class NvmlError(Exception):
    """Stands for pynvml.NVMLError."""


def answers() -> dict[str, Any]:
    """What a board gives for each call; a text is the error that it gives instead."""
    return {
        "nvmlDeviceGetPowerUsage": 71_500,
        "nvmlDeviceGetTotalEnergyConsumption": 9_000_000_123,
        "nvmlDeviceGetTemperature": 41,
        "nvmlDeviceGetClockInfo": 1980,
        "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=1 << 37, free=1 << 36, used=3 << 30),
        "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=97, memory=12),
        "nvmlDeviceGetCurrentClocksEventReasons": 0x44,
        "nvmlDeviceGetFieldValues": {185: (0, 1, 70_000), 186: (0, 1, 69_000)},
    }


class FakeNvml(ModuleType):
    """The part of pynvml that is called; `boards` can be changed between reads."""

    def __init__(self, boards: list[dict[str, Any]], init_error: str = "") -> None:
        super().__init__("pynvml")
        self.boards = boards
        self.open_sessions = 0
        names = {name for board in boards for name in board}
        constants = {
            "NVMLError": NvmlError,
            "NVML_SUCCESS": 0,
            "NVML_TEMPERATURE_GPU": 0,
            "NVML_CLOCK_SM": 1,
            "NVML_CLOCK_MEM": 2,
            "NVML_VALUE_TYPE_UNSIGNED_INT": 1,
            "NVML_FI_DEV_POWER_AVERAGE": 185,
            "NVML_FI_DEV_POWER_INSTANT": 186,
            "nvmlInit": lambda: self._init(init_error),
            "nvmlShutdown": self._shutdown,
            "nvmlDeviceGetCount": lambda: len(self.boards),
            "nvmlDeviceGetHandleByIndex": lambda number: number,
        }
        for name in names:
            setattr(self, name, self._call(name))
        for name, value in constants.items():
            setattr(self, name, value)

    def _init(self, error: str) -> None:
        if error:
            raise NvmlError(error)
        self.open_sessions += 1

    def _shutdown(self) -> None:
        if not self.open_sessions:
            raise NvmlError("Uninitialized")
        self.open_sessions -= 1

    def _call(self, name: str) -> Callable[..., Any]:
        def call(handle: int, *args: Any) -> Any:  # noqa: ANN401 - as pynvml itself
            answer = self.boards[handle][name] if self.open_sessions else "Uninitialized"
            if isinstance(answer, str):
                raise NvmlError(answer)
            return field_values(answer, args[0]) if name.endswith("FieldValues") else answer

        return call


def field_values(known: dict[int, tuple[int, int, int]], wanted: list[int]) -> list[Any]:
    """One struct per field: its own return code, value type and value."""
    return [
        SimpleNamespace(nvmlReturn=code, valueType=kind, value=SimpleNamespace(uiVal=value))
        for code, kind, value in (known.get(field, (3, 0, 0)) for field in wanted)
    ]
