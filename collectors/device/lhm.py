"""Power and temperature of a Windows PC from the web server of LibreHardwareMonitor.

GET /data.json on port 8085: a tree of nodes, of which sensors have SensorId, Type, Text and Value,
a text in the language of the machine ("45,2 W"). The program needs an administrator and its kernel
driver; its values are new once a second. Written against LibreHardwareMonitorLib's HttpServer;
untried on Windows.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from collectors.device.asked import ANSWER_BYTES, Asked, Question
from collectors.device.text import slug, unique
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "lhm"
LHM_HZ = 1.0
ADDRESS = ("127.0.0.1", 8085)
_TIMEOUT_S = 2.0
_PATH = "/data.json"
# Numbers come by .NET's format F1: no thousands, a point or the comma of the language.
_NUMBER = re.compile(r"\s*([0-9]{1,7})[.,]([0-9]{1,4})\s*(W|\N{DEGREE SIGN}C)\s*")
_UNITS = {"Power": "W", "Temperature": "\N{DEGREE SIGN}C"}
_MOST_SENSORS, _MOST_NODES, _MOST_DEPTH = 256, 20_000, 32
_FIX = "run LibreHardwareMonitor as administrator with its remote web server on; Windows only"
_NONE = "none: it shows no power and no temperature here"
_NOTE = "new once a second, from a text with one decimal"


def open_lhm(scope: Scope, address: tuple[str, int] = ADDRESS) -> Opened:
    """Every power and temperature that the tree shows. address: of the web server."""
    source = f"http://{address[0]}:{address[1]}{_PATH}"
    ask = partial(_get, address)
    answer = ask()
    if isinstance(answer, Missing):
        return Opened(None, (Absent(KIND, source, answer.reason, _FIX),))
    sensors = sensors_of(answer)
    if not sensors:
        return Opened(None, (Absent(KIND, source, "not-present: no sensor", _NONE),))
    names = unique(slug(key.strip("/")) for key in sensors)
    channels = tuple(
        _channel(name, source, key, sensors[key]) for name, key in zip(names, sensors, strict=True)
    )
    question = Question(ask, channels, partial(_values, tuple(sensors)))
    return Opened(Asked(question, scope.clock, LHM_HZ))


def _get(address: tuple[str, int]) -> bytes | Missing:
    connection = http.client.HTTPConnection(*address, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", _PATH)
        response = connection.getresponse()
        data = response.read(ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as err:
        return Missing(f"not-answered: {type(err).__name__}")
    finally:
        connection.close()
    if response.status != http.client.OK:
        return Missing(f"not-answered: status {response.status}")
    if len(data) > ANSWER_BYTES:
        return Missing(f"too-long: more than {ANSWER_BYTES} bytes")
    return data or Missing("empty")


def sensors_of(data: bytes) -> dict[str, tuple[str, str, Value]]:
    """SensorId -> type, text and value of each power and temperature. Never raises."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, tuple[str, str, Value]] = {}
    for node in _nodes(tree):
        key, type_ = node.get("SensorId"), node.get("Type")
        if isinstance(key, str) and type_ in _UNITS and len(found) < _MOST_SENSORS:
            value = number(str(node.get("Value")), _UNITS[type_])
            found.setdefault(key, (type_, str(node.get("Text")), value))
    return found


def _nodes(tree: object) -> Iterator[Mapping[str, Any]]:
    """Every node, bounded in number and depth."""
    open_: list[tuple[int, object]] = [(0, tree)]
    for _ in range(_MOST_NODES):
        if not open_:
            return
        depth, node = open_.pop()
        if isinstance(node, dict):
            yield node
            children = node.get("Children")
            if isinstance(children, list) and depth < _MOST_DEPTH:
                open_ += [(depth + 1, child) for child in reversed(children)]


def number(text: str, unit: str) -> Value:
    """`45,2 W` or `45.2 W` as 45.2; anything else is missing."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[3] != unit:
        return Missing(f"not-a-number: {text[:24]!a}")
    return float(f"{found[1]}.{found[2]}")


def _channel(name: str, source: str, key: str, sensor: tuple[str, str, Value]) -> Channel:
    type_, text, _ = sensor
    power = type_ == "Power"
    return Channel(
        f"lhm.{name}.{'power' if power else 'temperature'}",
        Unit.WATT if power else Unit.CELSIUS,
        Kind.AVERAGE if power else Kind.INSTANT,
        Quantity.POWER if power else Quantity.TEMPERATURE,
        f"{source} {slug(key)}",
        resolution=0.1,
        tier="B" if power else "",
        note=f"{slug(text)}; {_NOTE}",
        averaging_s=1.0 if power else None,
    )


def _values(keys: Sequence[str], data: bytes) -> Sequence[Value]:
    now = sensors_of(data)
    return [now[key][2] if key in now else Missing("no-such-field: sensor") for key in keys]
