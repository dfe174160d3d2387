"""Smart plugs as switches: for a charger, a lamp, a device that must boot anew.

What they say of power is 1 to 2 % at 1 Hz and is not read: they are no evidence of power.
Sources: Shelly API, Gen2 Switch component (`/rpc/Switch.Set`, `/rpc/Switch.GetStatus`); Tasmota
documentation, Commands (`/cm?cmnd=Power`).
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from collectors.meters.protocol import MeterError

MOST_BYTES = 65536
TIMEOUT_S = 5.0
_OK = 200
Answer = Mapping[str, object]


class Switch(Protocol):
    """Something that is on or off. Methods raise MeterError where it does not do or say it."""

    @property
    def name(self) -> str: ...

    def state(self) -> bool: ...

    def switch(self, *, on: bool) -> None:
        """Switch, and ask whether it did."""
        ...


@dataclass(frozen=True, slots=True)
class Make:
    """How plugs of one make are asked: paths, and the state in an answer (None: not told)."""

    on: str
    off: str
    ask: str
    told: Callable[[Answer], bool | None]


def _shelly(answer: Answer) -> bool | None:
    output = answer.get("output")
    return output if isinstance(output, bool) else None


def _tasmota(answer: Answer) -> bool | None:
    word = answer.get("POWER", answer.get("POWER1"))
    return {"ON": True, "OFF": False}.get(word) if isinstance(word, str) else None


MAKES = {
    "shelly": Make(
        "/rpc/Switch.Set?id=0&on=true",
        "/rpc/Switch.Set?id=0&on=false",
        "/rpc/Switch.GetStatus?id=0",
        _shelly,
    ),
    "tasmota": Make("/cm?cmnd=Power%20On", "/cm?cmnd=Power%20Off", "/cm?cmnd=Power", _tasmota),
}


@dataclass(frozen=True, slots=True)
class Plug:
    """A Switch by HTTP on the local network. Untried on hardware."""

    make: str
    host: str
    port: int = 80
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        return f"{self.make}:{self.host}:{self.port}"

    def state(self) -> bool:
        make = self._known()
        told = make.told(self._get(make.ask))
        if told is None:
            raise MeterError(self.name, "does not say whether it is on")
        return told

    def switch(self, *, on: bool) -> None:
        make = self._known()
        self._get(make.on if on else make.off)
        if self.state() is not on:
            raise MeterError(self.name, f"was switched {'on' if on else 'off'}, and is not")

    def _known(self) -> Make:
        if self.make not in MAKES:
            raise MeterError(self.name, f"no make of plug; known: {', '.join(sorted(MAKES))}")
        return MAKES[self.make]

    def _get(self, path: str) -> Answer:
        """One request; redirections are not followed."""
        link = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            link.request("GET", path)
            response = link.getresponse()
            body = response.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException, ValueError) as err:
            raise MeterError(self.name, f"does not answer: {type(err).__name__}") from err
        finally:
            link.close()
        if response.status != _OK or len(body) > MOST_BYTES:
            raise MeterError(self.name, f"answers {response.status} with {len(body)} bytes")
        return _object(self.name, body)


def _object(name: str, body: bytes) -> Answer:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise MeterError(name, "its answer is no JSON") from err
    if not isinstance(found, dict):
        raise MeterError(name, "its answer is no JSON object")
    return found
