"""Opens DCC files as untrusted XML: no document type, no entities, no network, bounded size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from host.errors import EquipmentError

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

DCC = "{https://ptb.de/dcc}"
SI = "{https://ptb.de/si}"
ROOT = f"{DCC}digitalCalibrationCertificate"
# Thousands of points are some MB. libxml2 takes no text above 10 MB, attached documents included.
MAX_XML_BYTES = 8 << 20
# Releases of the schema whose structure is read here; 3.3.0 was the newest one known.
KNOWN_VERSIONS = ("3.0.0", "3.1.0", "3.1.1", "3.1.2", "3.2.0", "3.2.1", "3.3.0")


def read_xml(path: Path) -> bytes:
    """The bytes. Raises EquipmentError before a file that is too large is read as a whole."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_XML_BYTES + 1)
    except (OSError, ValueError) as err:
        raise EquipmentError(str(path), f"cannot be read ({err})") from err
    if len(data) > MAX_XML_BYTES:
        raise EquipmentError(str(path), f"is larger than {MAX_XML_BYTES >> 20} MiB, so not read")
    return data


def root_of(data: bytes, name: str) -> _Element:
    """The root element of a certificate. Raises EquipmentError for whatever else it is."""
    from lxml import etree

    # The NUL bytes of UTF-16 and UTF-32 would hide the word.
    if b"<!DOCTYPE" in data.replace(b"\0", b"").upper():
        raise EquipmentError(name, "has a document type; entities are not read from certificates")
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError, LookupError) as err:
        raise EquipmentError(name, f"is no well-formed XML: {err}") from err
    if root.getroottree().docinfo.doctype:
        raise EquipmentError(name, "has a document type; entities are not read from certificates")
    if root.tag != ROOT:
        raise EquipmentError(name, f"is no DCC: its root element is {root.tag}, not {ROOT}")
    return root


def _parser() -> XMLParser:
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def validate(data: bytes, name: str, xsd_dir: Path) -> tuple[str, ...]:
    """Validate against the operator's schema files; gives `name sha256` of each, to be compared.

    xsd_dir: holds the DCC schema and what it imports, each under the last part of its address. The
    files are the operator's: none is shipped. Raises EquipmentError with the first violation.
    """
    from lxml import etree

    found = sorted(xsd_dir.glob("*.xsd")) if xsd_dir.is_dir() else []
    main = [p for p in found if _target(p) == DCC[1:-1]]
    if len(main) != 1:
        raise EquipmentError(str(xsd_dir), f"holds {len(main)} schemas of {DCC[1:-1]}; one is due")
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    parser.resolvers.add(_local(xsd_dir))
    try:
        schema = etree.XMLSchema(etree.parse(main[0], parser))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as err:
        raise EquipmentError(str(main[0]), f"is no usable schema: {err}") from err
    if not schema.validate(root_of(data, name)):
        first = schema.error_log[0]
        raise EquipmentError(name, f"breaks its schema in line {first.line}: {first.message}")
    return tuple(f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in found)


def _target(path: Path) -> str:
    from lxml import etree

    try:
        root = etree.parse(path, _parser()).getroot()
    except (etree.XMLSyntaxError, OSError) as err:
        raise EquipmentError(str(path), f"is no usable schema: {err}") from err
    return str(root.get("targetNamespace", ""))


def _local(folder: Path) -> object:
    """Every address is looked up by its last part in one folder, and nowhere else."""
    from lxml import etree

    class Local(etree.Resolver):  # type: ignore[misc]  # lxml tells no types
        def resolve(self, system_url: str, public_id: str, context: object) -> object:
            path = folder / system_url.rsplit("/", 1)[-1]
            if path.is_file():
                return self.resolve_string(path.read_bytes(), context, base_url=str(path))
            return self.resolve_string(b"<missing/>", context)

    return Local()


def text_at(element: _Element, path: str) -> str:
    """Text of the first element at a path of DCC names, white space made single; "" without."""
    found = element.find("/".join(f"{DCC}{part}" for part in path.split("/")))
    return "" if found is None else " ".join("".join(map(str, found.itertext())).split())


def content_at(element: _Element, path: str) -> str:
    """A text in several languages: English, else Chinese, else the first one."""
    found = element.find("/".join(f"{DCC}{part}" for part in path.split("/")))
    if found is None:
        return ""
    by_language = {
        str(c.get("lang", "")): " ".join("".join(map(str, c.itertext())).split())
        for c in reversed(list(contents(found)))
    }
    wanted = [by_language.get(language, "") for language in ("en", "zh")]
    return next((t for t in (*wanted, *reversed(list(by_language.values()))) if t), "")


def contents(element: _Element) -> Iterator[_Element]:
    """The `content` children."""
    yield from element.findall(f"{DCC}content")
