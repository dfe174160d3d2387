from __future__ import annotations

from pathlib import Path

import pytest

from host.equipment.dcc import Wanted, import_dcc
from host.equipment.dcc_xml import MAX_XML_BYTES
from host.errors import EquipmentError
from tests.fakes.dcc import dcc

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(2, 10)).replace(
        "&l1;", "&lol;"
    )
    + "]>"
)
PLAIN = dcc()
HEAD, BODY = PLAIN.split("\n", 1)


def refused(tmp_path: Path, data: str | bytes) -> str:
    path = tmp_path / "c.xml"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(EquipmentError) as caught:
        import_dcc(path, Wanted())
    said = str(caught.value)
    assert len(said) < 1000
    return said


@pytest.mark.parametrize(
    "doctype",
    [
        LAUGHS,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
        "<!doctype a>",
    ],
    ids=["laughs", "file", "dtd", "parameter entity", "lower case"],
)
def test_a_document_type_is_refused_before_anything_is_read(tmp_path: Path, doctype: str) -> None:
    text = f"{HEAD}\n{doctype}\n{BODY.replace('C-2026-7', '&x;')}"
    assert "has a document type" in refused(tmp_path, text)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_hides_no_document_type(tmp_path: Path, encoding: str) -> None:
    text = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>{BODY}'
    assert "has a document type" in refused(tmp_path, text.encode(encoding))


def test_a_certificate_in_utf_16_reads(tmp_path: Path) -> None:
    (tmp_path / "c.xml").write_bytes(PLAIN.replace("UTF-8", "UTF-16").encode("utf-16"))
    assert import_dcc(tmp_path / "c.xml", Wanted()).certificate.number == "C-2026-7"


def test_an_include_of_another_file_stays_text(tmp_path: Path) -> None:
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    )
    text = PLAIN.replace("C-2026-7", f"C-2026-7{include}")
    (tmp_path / "c.xml").write_text(text, encoding="utf-8")
    assert import_dcc(tmp_path / "c.xml", Wanted()).certificate.number == "C-2026-7"


def test_a_file_of_100_megabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "c.xml").open("wb") as file:
        file.write(PLAIN.encode())
        file.truncate(100 << 20)
    with pytest.raises(EquipmentError, match="is larger than 8 MiB, so not read"):
        import_dcc(tmp_path / "c.xml", Wanted())


def test_a_file_of_just_the_size_that_is_read_is_read(tmp_path: Path) -> None:
    data = PLAIN.encode()
    (tmp_path / "c.xml").write_bytes(data + b" " * (MAX_XML_BYTES - len(data)))
    assert import_dcc(tmp_path / "c.xml", Wanted()).certificate.number == "C-2026-7"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "is no well-formed XML"),
        ("not xml", "is no well-formed XML"),
        ("<a>", "is no well-formed XML"),
        (b"\xff\xfe\x00", "is no well-formed XML"),
        ("<a/>", "is no DCC: its root element is a"),
        ("<digitalCalibrationCertificate/>", "is no DCC"),
        (PLAIN.replace("https://ptb.de/dcc", "https://ptb.de/other"), "is no DCC"),
        (PLAIN[:900], "is no well-formed XML"),
        ("<a>" * 5000 + "</a>" * 5000, "is no well-formed XML"),
        (PLAIN.replace("C-2026-7", "&nothing;"), "is no well-formed XML"),
        (PLAIN.replace("C-2026-7", "x" * 11_000_000), ""),
    ],
    ids=[
        "empty", "text", "cut", "bytes", "root", "no namespace", "namespace", "half", "deep",
        "entity", "long text",
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_refused_in_one_sentence(
    tmp_path: Path, data: str | bytes, sentence: str
) -> None:
    assert sentence in refused(tmp_path, data)


def test_more_points_than_anybody_calibrates_are_refused(tmp_path: Path) -> None:
    text = PLAIN.replace("1 10 40", "1 " * 10_001)
    assert "more than 10000 values" in refused(tmp_path, text)


def test_control_characters_do_not_come_through(tmp_path: Path) -> None:
    assert "is no well-formed XML" in refused(tmp_path, PLAIN.replace("C-2026-7", "a&#27;[31m"))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(EquipmentError, match=r"none\.xml: cannot be read"):
        import_dcc(tmp_path / "none.xml", Wanted())


SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:si="https://ptb.de/si"
 xmlns="https://ptb.de/dcc" targetNamespace="https://ptb.de/dcc" elementFormDefault="qualified">
 <xs:import namespace="https://ptb.de/si" schemaLocation="{where}/SI_Format.xsd"/>
 <xs:element name="digitalCalibrationCertificate"><xs:complexType><xs:sequence>
  <xs:any processContents="lax" maxOccurs="unbounded"/>
 </xs:sequence><xs:attribute name="schemaVersion" type="si:version"/></xs:complexType></xs:element>
</xs:schema>"""
UNITS = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="https://ptb.de/si">
 <xs:simpleType name="version"><xs:restriction base="xs:string">
  <xs:pattern value="3\\.2\\.1"/></xs:restriction></xs:simpleType>
</xs:schema>"""


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A small schema pair whose import points to an address that nobody may ask."""
    folder = tmp_path / "xsd"
    folder.mkdir()
    text = SCHEMA.format(where="http://127.0.0.1:9/si/v2")
    (folder / "dcc.xsd").write_text(text, encoding="utf-8")
    (folder / "SI_Format.xsd").write_text(UNITS, encoding="utf-8")
    return folder


def test_the_operators_schema_files_validate_with_imports_from_their_folder(
    tmp_path: Path, schemas: Path
) -> None:
    (tmp_path / "c.xml").write_text(PLAIN, encoding="utf-8")
    notes = import_dcc(tmp_path / "c.xml", Wanted(xsd_dir=schemas)).notes
    assert [n.split()[-2] for n in notes if "schema used" in n] == ["SI_Format.xsd", "dcc.xsd"]


def test_what_breaks_the_schema_is_refused_with_its_line(tmp_path: Path, schemas: Path) -> None:
    (tmp_path / "c.xml").write_text(dcc(version="3.2.0"), encoding="utf-8")
    with pytest.raises(EquipmentError, match="breaks its schema in line 2"):
        import_dcc(tmp_path / "c.xml", Wanted(xsd_dir=schemas))


def test_an_import_that_is_not_in_the_folder_is_not_looked_for_elsewhere(
    tmp_path: Path, schemas: Path
) -> None:
    (schemas / "SI_Format.xsd").unlink()
    (tmp_path / "c.xml").write_text(PLAIN, encoding="utf-8")
    with pytest.raises(EquipmentError, match="is no usable schema"):
        import_dcc(tmp_path / "c.xml", Wanted(xsd_dir=schemas))


def test_a_folder_without_the_schema_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.xml").write_text(PLAIN, encoding="utf-8")
    with pytest.raises(EquipmentError, match="holds 0 schemas of https://ptb"):
        import_dcc(tmp_path / "c.xml", Wanted(xsd_dir=tmp_path / "none"))
