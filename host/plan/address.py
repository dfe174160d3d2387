"""Addresses of devices, as people write them.

`local` · `adb:SERIAL` · `adb-direct:HOST:PORT` · `ssh:[user@]host[:port]` ·
`serial:/dev/ttyUSB0[@baud]`. IPv6 hosts stand in brackets; `adb:tid=NN` is the transport of adb
where two devices have one serial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from host.errors import UsageError
from host.handover.profile import Way

SSH_PORT = 22
ADB_PORT = 5555
BAUD = 115_200
MAX_PORT = 65_535
_HOST = r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\]|[A-Za-z0-9][A-Za-z0-9._-]{0,252})"
_FORMS = {
    "adb": (r"(?P<serial>tid=[0-9]{1,9}|[A-Za-z0-9][A-Za-z0-9._:\[\]-]{0,126})", "adb:SERIAL"),
    "adb-direct": (rf"{_HOST}(:(?P<port>[0-9]{{1,5}}))?", "adb-direct:HOST:PORT"),
    "ssh": (
        rf"((?P<user>[A-Za-z0-9_][A-Za-z0-9._-]{{0,63}})@)?{_HOST}(:(?P<port>[0-9]{{1,5}}))?",
        "ssh:[user@]host[:port]",
    ),
    "serial": (
        r"(?P<path>/[A-Za-z0-9_./:+-]{1,200}|COM[0-9]{1,3})(@(?P<baud>[0-9]{2,7}))?",
        "serial:/dev/ttyUSB0[@baud]",
    ),
}
WAYS = ("local", *_FORMS)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device is. target: serial, host or port file; the rest where the way has it.

    port: 0 where an ssh address states none, so that an ssh config may.
    """

    way: Way
    target: str = ""
    port: int = 0
    user: str = ""
    baud: int = 0

    @property
    def key(self) -> str:
        """The same text for two spellings of one place."""
        return str(replace(self, port=self.port or SSH_PORT) if self.way == "ssh" else self)

    def __str__(self) -> str:
        host = f"[{self.target}]" if ":" in self.target else self.target
        match self.way:
            case "local":
                return "local"
            case "adb":
                return f"adb:{self.target}"
            case "adb-direct":
                return f"adb-direct:{host}:{self.port}"
            case "ssh":
                user = f"{self.user}@" if self.user else ""
                return f"ssh:{user}{host}" + (f":{self.port}" if self.port else "")
            case "serial":
                return f"serial:{self.target}@{self.baud}"


def parse_address(text: str) -> Address:
    """Raises UsageError with the form that is wanted."""
    if text == "local":
        return Address("local")
    way, _, rest = text.partition(":")
    if way not in _FORMS:
        forms = ", ".join(("local", *(form for _, form in _FORMS.values())))
        raise UsageError(f"address {text!r}", f"is none of {forms}")
    pattern, form = _FORMS[way]
    found = re.fullmatch(pattern, rest)
    if found is None:
        raise UsageError(f"address {text!r}", f"is not of the form {form}")
    return _address(way, found, text)


def _address(way: str, found: re.Match[str], text: str) -> Address:
    said = found.groupdict()
    if way == "adb":
        return Address("adb", said["serial"])
    if way == "adb-direct":
        return Address("adb-direct", said["host"].strip("[]"), _port(said, ADB_PORT, text))
    if way == "ssh":
        host, port = said["host"].strip("[]"), _port(said, 0, text)
        return Address("ssh", host, port, user=said["user"] or "")
    if ".." in said["path"].split("/"):
        raise UsageError(f"address {text!r}", "names a port by way of ..")
    return Address("serial", said["path"], baud=int(said["baud"] or BAUD))


def _port(said: dict[str, str | None], usual: int, text: str) -> int:
    port = usual if said["port"] is None else int(said["port"])
    if said["port"] is not None and not 1 <= port <= MAX_PORT:
        raise UsageError(f"address {text!r}", f"has a port outside 1 to {MAX_PORT}")
    return port
