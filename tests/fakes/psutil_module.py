"""A psutil module of a laptop that is not Linux, with the calls that its platform has."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any


class PsutilError(Exception):
    """Stands for psutil.Error."""


class NoSuchProcessError(PsutilError):
    """Stands for psutil.NoSuchProcess."""


class FakePsutil(ModuleType):
    """What each call gives can be changed between reads; an exception is raised instead."""

    def __init__(self) -> None:
        super().__init__("psutil")
        self.answers: dict[str, Any] = {
            "cpu_times": SimpleNamespace(user=10.5, system=4.25, idle=100.0, interrupt=3.0),
            "virtual_memory": SimpleNamespace(available=1 << 33),
            "memory_info": SimpleNamespace(rss=1 << 20),
            "sensors_temperatures": {
                "smc": [
                    SimpleNamespace(label="CPU die", current=51.5),
                    SimpleNamespace(label="", current=None),
                    SimpleNamespace(label="CPU die", current=52.5),
                ]
            },
            "sensors_battery": SimpleNamespace(percent=88, power_plugged=False),
        }
        calls: dict[str, Any] = {name: self._call(name) for name in self.answers}
        memory_info = calls.pop("memory_info")
        calls["Process"] = lambda _pid: SimpleNamespace(memory_info=memory_info)
        calls["Error"], calls["NoSuchProcess"] = PsutilError, NoSuchProcessError
        for name, value in calls.items():
            setattr(self, name, value)

    def _call(self, name: str) -> Any:  # noqa: ANN401 - as psutil itself
        def call() -> Any:  # noqa: ANN401
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
