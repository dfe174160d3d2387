"""Puts a certificate into the text of an equipment file, whose comments and order stay."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import msgspec
import tomli_w

from host.equipment.load import parse
from host.errors import EquipmentError
from host.handover.equipment import Certificate, Instrument

_ODD = "is laid out in a way that nothing can be put into; do it by hand"
_HEADER = re.compile(r"^\s*\[\[?\s*(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*\]\]?\s*(#.*)?$")


def as_toml(certificate: Certificate) -> str:
    """One `[[instrument.certificate]]`, what is not stated left out."""
    said = {
        key: value
        for key, value in _builtins(certificate).items()
        if value not in (None, "", (), [])
    }
    points = said.pop("points", [])
    text = f"[[instrument.certificate]]\n{tomli_w.dumps(said)}"
    if points:  # a row a line, as people read tables; decimals need no escapes
        rows = "".join(f'  ["{x}", "{c}", "{u}"],\n' for x, c, u in points)
        text += f"points = [\n{rows}]\n"
    return text


def _builtins(certificate: Certificate) -> dict[str, Any]:
    fields = msgspec.structs.asdict(certificate)
    return {k: _listed(v) for k, v in fields.items()}


def _listed(value: Any) -> Any:  # noqa: ANN401
    return [_listed(v) for v in value] if isinstance(value, tuple) else value


def instrument_of(text: str, name: str, wanted: str) -> Instrument:
    """The instrument with an id. Raises EquipmentError that names those there are."""
    found = {i.id: i for i in parse(text.encode(), name).instrument}
    if wanted not in found:
        known = ", ".join(found) or "none"
        raise EquipmentError(name, f"has no instrument {wanted}; there are: {known}")
    return found[wanted]


def inserted(text: str, name: str, wanted: str, certificate: Certificate) -> str:
    """The text with the certificate at the end of its instrument.

    Raises EquipmentError where the result would not read back as the old file and this one more.
    """
    before = parse(text.encode(), name)
    place = [i.id for i in before.instrument].index(instrument_of(text, name, wanted).id)
    lines = text.splitlines(keepends=True)
    headers = [
        (n, m["name"].strip()) for n, line in enumerate(lines) if (m := _HEADER.match(line))
    ]
    starts = [n for n, header in headers if header == "instrument"]
    if len(starts) != len(before.instrument):
        raise EquipmentError(name, _ODD)
    after = [
        n for n, header in headers if n > starts[place] and not header.startswith("instrument.")
    ]
    end = after[0] if after else len(lines)
    while after and lines[end - 1].lstrip()[:1] in ("", "#"):  # comments belong to what follows
        end -= 1
    head, tail = "".join(lines[:end]).rstrip("\n"), "".join(lines[end:]).lstrip("\n")
    made = f"{head}\n\n{as_toml(certificate)}" + (f"\n{tail}" if tail else "")
    expected = tomllib.loads(text)
    own = expected["instrument"][place].setdefault("certificate", [])
    own += tomllib.loads(as_toml(certificate))["instrument"]["certificate"]
    try:
        found = tomllib.loads(made)
    except tomllib.TOMLDecodeError as err:
        raise EquipmentError(name, _ODD) from err
    if found != expected:
        raise EquipmentError(name, _ODD)
    parse(made.encode(), name)
    return made
