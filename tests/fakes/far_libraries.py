"""The far ends that are libraries or drivers of other systems: amdsmi, Apple's, Windows' EMI."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from collectors.device.emi import GET_MEASUREMENT, GET_METADATA, GET_METADATA_SIZE, GET_VERSION


class AmdSmiError(Exception):
    """Stands for amdsmi.AmdSmiException."""


class FakeAmdSmi(ModuleType):
    """The part of amdsmi that is called. Each GPU: the answers of its counter, the last stays."""

    def __init__(self, gpus: list[list[Any]], init_error: str = "") -> None:
        super().__init__("amdsmi")
        self.AmdSmiException = AmdSmiError
        self.gpus = [list(answers) for answers in gpus]
        self.init_error = init_error
        self.open_sessions = 0

    def amdsmi_init(self) -> None:
        if self.init_error:
            raise AmdSmiError(self.init_error)
        self.open_sessions += 1

    def amdsmi_shut_down(self) -> None:
        if not self.open_sessions:
            raise AmdSmiError("not initialised")
        self.open_sessions -= 1

    def amdsmi_get_processor_handles(self) -> list[int]:
        return list(range(len(self.gpus)))

    def amdsmi_get_energy_count(self, handle: int) -> Any:  # noqa: ANN401 - as amdsmi itself
        answers = self.gpus[handle]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not self.open_sessions or isinstance(answer, str):
            raise AmdSmiError("not initialised" if not self.open_sessions else answer)
        return answer


def counts(accumulator: int, resolution: float = 15.3) -> dict[str, Any]:
    """An answer of amdsmi_get_energy_count."""
    return {
        "energy_accumulator": accumulator,
        "counter_resolution": resolution,
        "timestamp": 1_234_567_890,
    }


class FakeZeusApple(ModuleType):
    """zeus_apple_silicon: a monitor whose energies are told; None is a part that it lacks."""

    def __init__(self, metrics: Mapping[str, Any], error: str = "") -> None:
        super().__init__("zeus_apple_silicon")
        self.metrics = dict(metrics)
        self.error = error

    def AppleEnergyMonitor(self) -> Any:  # noqa: ANN401, N802 - as the package has it
        return SimpleNamespace(get_cumulative_energy=self._now)

    def _now(self) -> Any:  # noqa: ANN401
        if self.error:
            raise RuntimeError(self.error)
        return SimpleNamespace(**self.metrics)


def emi_v2(*names: str, unit: int = 0) -> bytes:
    """Metadata of version 2: maker and model, then each channel's unit and name (emi.h)."""
    head = "Maker".ljust(16, "\0").encode("utf-16-le") + "Board".ljust(16, "\0").encode(
        "utf-16-le"
    )
    data = head + struct.pack("<HH", 1, len(names))
    for name in names:
        text = f"{name}\0".encode("utf-16-le")
        data += struct.pack("<IH", unit, len(text)) + text
    return data


def emi_v1(name: str) -> bytes:
    """Metadata of version 1: unit, maker, model, revision, the one name."""
    text = f"{name}\0".encode("utf-16-le")
    return struct.pack("<I", 0) + bytes(64) + struct.pack("<HH", 1, len(text)) + text


class FakeMeter:
    """One device of Windows' energy meter interface, by what it answers to each code."""

    def __init__(self, version: int, metadata: bytes, pairs: list[tuple[int, int]]) -> None:
        self.answers = {
            GET_VERSION: struct.pack("<H", version),
            GET_METADATA_SIZE: struct.pack("<I", len(metadata)),
            GET_METADATA: metadata,
            GET_MEASUREMENT: b"".join(struct.pack("<QQ", *pair) for pair in pairs),
        }
        self.closed = False

    def ask(self, code: int, size_bytes: int) -> bytes:
        if self.closed:
            raise OSError(errno.EBADF, "closed")
        return self.answers[code][:size_bytes]

    def close(self) -> None:
        self.closed = True
