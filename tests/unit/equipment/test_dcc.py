from __future__ import annotations

import datetime
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from host.equipment.dcc import Imported, Wanted, import_dcc
from host.equipment.dcc_units import ucum_of
from host.equipment.dcc_xml import KNOWN_VERSIONS
from host.errors import EquipmentError
from tests.fakes.dcc import INDICATION, REFERENCE, Column, dcc, result

EXPECTED = (("1", "0.010", "0.004"), ("10", "0.030", "0.008"), ("40", "-0.030", "0.02"))


def read(tmp_path: Path, text: str, wanted: Wanted | None = None) -> Imported:
    path = tmp_path / "c.xml"
    path.write_text(text, encoding="utf-8")
    return import_dcc(path, wanted or Wanted())


def refused(tmp_path: Path, text: str, wanted: Wanted | None = None) -> str:
    with pytest.raises(EquipmentError) as caught:
        read(tmp_path, text, wanted)
    return str(caught.value)


def test_the_table_is_reference_less_indication_in_exact_decimals(tmp_path: Path) -> None:
    found = read(tmp_path, dcc()).certificate
    assert found.points == EXPECTED
    assert (found.unit, found.k, found.range) == ("W", "2", ("1", "40"))


def test_who_and_when_are_those_of_the_calibration(tmp_path: Path) -> None:
    found = read(tmp_path, dcc()).certificate
    assert (found.number, found.issuer) == ("C-2026-7", "Example Institute of Metrology")
    assert (found.accreditation, found.calibrated) == ("L0502", datetime.date(2026, 2, 3))


def test_the_file_is_named_by_its_hash(tmp_path: Path) -> None:
    found = read(tmp_path, dcc()).certificate
    assert found.sha256 == hashlib.sha256((tmp_path / "c.xml").read_bytes()).hexdigest()


@pytest.mark.parametrize("form", ["list21", "list22"])
def test_both_list_forms_of_the_uncertainty_are_read(tmp_path: Path, form: str) -> None:
    text = dcc(result([INDICATION, replace(REFERENCE, form=form)]))
    assert read(tmp_path, text).certificate.points == EXPECTED


@pytest.mark.parametrize("form", ["real21", "real22"])
def test_results_of_one_point_each_make_one_table(tmp_path: Path, form: str) -> None:
    rows = [("40", "39.970", "0.02"), ("1", "1.010", "0.004"), ("10", "10.030", "0.008")]
    results = [
        result(
            [
                Column("basic_measuredValue", r"\watt", x, form=form),
                Column("basic_referenceValue", r"\watt", y, u, "2", form),
            ],
            identity=f"r{n}",
        )
        for n, (x, y, u) in enumerate(rows)
    ]
    assert read(tmp_path, dcc(*results)).certificate.points == EXPECTED


def test_one_U_and_one_k_stand_for_a_whole_list(tmp_path: Path) -> None:  # noqa: N802
    text = dcc(result([INDICATION, replace(REFERENCE, U="0.02")]))
    assert [p[2] for p in read(tmp_path, text).certificate.points] == ["0.02"] * 3


@pytest.mark.parametrize(
    ("ref", "values"),
    [
        ("basic_measurementError", "-0.010 -0.030 0.030"),
        ("basic_measurementError_error", "-0.010 -0.030 0.030"),
        ("basic_measurementError_correction", "0.010 0.030 -0.030"),
        ("lab_x basic_measurementError", "-0.010 -0.030 0.030"),
    ],
)
def test_errors_and_corrections_have_their_signs(tmp_path: Path, ref: str, values: str) -> None:
    text = dcc(result([INDICATION, Column(ref, r"\watt", values, "0.004 0.008 0.02", "2")]))
    assert read(tmp_path, text).certificate.points == EXPECTED


def test_a_prefix_is_taken_into_the_unit_of_the_indication(tmp_path: Path) -> None:
    error = Column("basic_measurementError", r"\milli\watt", "-10 -30 30", "4 8 20", "2")
    found = read(tmp_path, dcc(result([INDICATION, error]))).certificate
    assert [tuple(map(float, p)) for p in found.points] == [tuple(map(float, p)) for p in EXPECTED]


def test_differences_in_kelvin_fit_indications_in_celsius(tmp_path: Path) -> None:
    warm = Column("basic_measuredValue", r"\degreecelsius", "20 30")
    error = Column("basic_measurementError", r"\kelvin", "0.1 0.2", "0.05", "2")
    found = read(tmp_path, dcc(result([warm, error]))).certificate
    assert (found.unit, found.points[0]) == ("Cel", ("20", "-0.1", "0.05"))


def test_a_hybrid_gives_the_form_that_fits(tmp_path: Path) -> None:
    kelvin = Column("", r"\kelvin", "293.2 303.3", "0.05", "2").inner()
    celsius = Column("", r"\degreecelsius", "20.05 30.15", "0.05", "2").inner()
    reference = (
        f'<dcc:quantity refType="basic_referenceValue"><si:hybrid>{kelvin}{celsius}</si:hybrid>'
        "</dcc:quantity>"
    )
    warm = Column("basic_measuredValue", r"\degreecelsius", "20 30")
    found = read(tmp_path, dcc(result([warm, reference]))).certificate
    assert found.points == (("20", "0.05", "0.05"), ("30", "0.15", "0.05"))


def test_a_descending_table_is_put_in_order(tmp_path: Path) -> None:
    down = replace(INDICATION, values="40 10 1")
    error = Column(
        "basic_measurementError", r"\watt", "0.030 -0.030 -0.010", "0.02 0.008 0.004", "2"
    )
    assert read(tmp_path, dcc(result([down, error]))).certificate.points == EXPECTED


def test_odd_words_of_a_laboratory_get_their_role_from_the_operator(tmp_path: Path) -> None:
    odd = replace(INDICATION, ref="lab_reading")
    text = dcc(result([odd, REFERENCE]))
    assert "say which is which with --role" in refused(tmp_path, text)
    found = read(tmp_path, text, Wanted(roles={"lab_reading": "indication"}))
    assert found.certificate.points == EXPECTED


def test_single_points_in_two_units_make_no_table(tmp_path: Path) -> None:
    results = [
        result(
            [
                Column("basic_measuredValue", unit, "1", form="real21"),
                Column("basic_referenceValue", unit, "2", "0.1", "2", "real21"),
            ],
            identity=f"r{n}",
        )
        for n, unit in enumerate((r"\watt", r"\volt"))
    ]
    assert "2 results hold a table (r0, r1)" in refused(tmp_path, dcc(*results))


def test_a_quantity_of_two_roles_is_refused(tmp_path: Path) -> None:
    both = replace(INDICATION, ref="basic_measuredValue basic_referenceValue")
    said = refused(tmp_path, dcc(result([both, REFERENCE])))
    assert "a quantity is indication and reference at once" in said


def test_other_identifications_are_no_serial_numbers(tmp_path: Path) -> None:
    inventory = "<dcc:identification><dcc:value>INV-7</dcc:value></dcc:identification>"
    text = dcc().replace("<dcc:identifications>", f"<dcc:identifications>{inventory}")
    assert read(tmp_path, text).serials == ("91K123456",)


def test_one_of_several_tables_is_chosen_by_id_or_number(tmp_path: Path) -> None:
    volts = [replace(c, unit=r"\volt") for c in (INDICATION, REFERENCE)]
    text = dcc(result([INDICATION, REFERENCE]), result(volts, identity="u1"))
    assert "2 results hold a table (r1, u1); choose with --result" in refused(tmp_path, text)
    assert read(tmp_path, text, Wanted(result="u1")).certificate.unit == "V"
    assert read(tmp_path, text, Wanted(result="2")).certificate.unit == "V"
    assert "no result x; there are r1, u1" in refused(tmp_path, text, Wanted(result="x"))


@pytest.mark.parametrize("form", ["list21", "list22"])
def test_an_uncertainty_without_k_is_refused(tmp_path: Path, form: str) -> None:
    text = dcc(result([INDICATION, replace(REFERENCE, k="", form=form)]))
    assert "an expanded uncertainty has no coverage factor k" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ([replace(INDICATION, unit="tokens/s"), REFERENCE], "'tokens/s' is no D-SI unit"),
        (
            [replace(INDICATION, unit=r"\watt\watt\volt"), REFERENCE],
            "is no D-SI unit of the table",
        ),
        ([INDICATION, replace(REFERENCE, unit=r"\volt")], "indications are in W, their reference"),
        ([INDICATION, replace(REFERENCE, k="0.5")], "k = 0.5 is below 1"),
        ([INDICATION, replace(REFERENCE, k="2 2 2.1")], "has several coverage factors"),
        ([INDICATION, replace(REFERENCE, U="")], "states no expanded uncertainty with its k"),
        ([INDICATION, replace(REFERENCE, U="0.1 0.1")], "3 values and 2 uncertainties"),
        ([INDICATION, replace(REFERENCE, U="-0.1")], "U = -0.1"),
        ([INDICATION, replace(REFERENCE, values="1 2", U="1")], "has lists of [2, 3] values"),
        ([INDICATION, replace(REFERENCE, values="1 NaN 2")], "'NaN' is no finite number"),
        ([INDICATION, replace(REFERENCE, values="1 INF 2")], "'INF' is no finite number"),
        ([INDICATION, replace(REFERENCE, values="1 1e999999999 2")], "is no finite number"),
        ([replace(INDICATION, U="0.1", k="2"), REFERENCE], "uncertainties of indication and"),
        ([INDICATION, INDICATION, REFERENCE], "two quantities that are its indication"),
        ([replace(INDICATION, values="1 1 40"), REFERENCE], "the point 1 is there twice"),
        ([replace(INDICATION, values=""), REFERENCE], "has no value"),
        ([replace(INDICATION, unit=r"\watt \volt"), REFERENCE], "a list is in 2 units"),
        (
            [INDICATION, replace(REFERENCE, ref="basic_nominalValue")],
            "no result pairs indications",
        ),
        ([INDICATION], "no result pairs indications"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_not_plain_is_refused(
    tmp_path: Path, columns: list[Column], sentence: str
) -> None:
    assert sentence in refused(tmp_path, dcc(result(columns)))


def test_one_point_alone_is_refused(tmp_path: Path) -> None:
    pair = [replace(INDICATION, values="1"), replace(REFERENCE, values="1.01", U="0.1")]
    assert "one point makes no table" in refused(tmp_path, dcc(result(pair)))


def test_a_standard_uncertainty_is_refused(tmp_path: Path) -> None:
    bare = (
        '<dcc:quantity refType="basic_referenceValue"><si:realListXMLList>'
        "<si:valueXMLList>1 10 40</si:valueXMLList><si:unitXMLList>\\watt</si:unitXMLList>"
        "<si:measurementUncertaintyUnivariateXMLList><si:standardMUXMLList>"
        "<si:valueStandardMUXMLList>0.1</si:valueStandardMUXMLList></si:standardMUXMLList>"
        "</si:measurementUncertaintyUnivariateXMLList></si:realListXMLList></dcc:quantity>"
    )
    text = dcc(result([INDICATION, bare]))
    assert "in a form without coverage factor k" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (dcc(number=""), "has no uniqueIdentifier"),
        (dcc(end="soon"), "has no date of calibration ('soon')"),
        (dcc().replace("dcc:calibrationLaboratory>", "dcc:other>"), "name of the calibration lab"),
        (dcc().replace("dcc:administrativeData>", "dcc:other>"), "has no administrativeData"),
    ],
    ids=["number", "date", "laboratory", "administrative data"],
)
def test_a_certificate_that_does_not_say_who_or_when_is_refused(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert sentence in refused(tmp_path, text)


@pytest.mark.parametrize("version", ["2.4.0", "4.0.0", "", "3.9.9"])
def test_an_unknown_version_of_the_schema_is_noted(tmp_path: Path, version: str) -> None:
    assert any("schemaVersion" in n for n in read(tmp_path, dcc(version=version)).notes)


@pytest.mark.parametrize("version", KNOWN_VERSIONS)
def test_a_known_version_is_not_noted(tmp_path: Path, version: str) -> None:
    assert not any("schemaVersion" in n for n in read(tmp_path, dcc(version=version)).notes)


def test_what_a_dcc_has_no_place_for_comes_from_the_operator(tmp_path: Path) -> None:
    wanted = Wanted(due=datetime.date(2027, 2, 2), nu="16")
    found = read(tmp_path, dcc(), wanted)
    assert (found.certificate.due, found.certificate.nu) == (datetime.date(2027, 2, 2), "16")
    assert found.notes == ()
    assert len(read(tmp_path, dcc()).notes) == 2


def test_a_certificate_without_a_serial_number_is_noted(tmp_path: Path) -> None:
    found = read(tmp_path, dcc(serials=()))
    assert found.serials == ()
    assert any("no serial number is named" in n for n in found.notes)


def test_the_serial_numbers_of_the_items_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, dcc(serials=("A1", "B2"))).serials == ("A1", "B2")


def test_a_k_of_few_degrees_of_freedom_is_noted(tmp_path: Path) -> None:
    text = dcc(result([INDICATION, replace(REFERENCE, k="2.13")]))
    assert any("k = 2.13 hints at few degrees" in n for n in read(tmp_path, text).notes)


@pytest.mark.parametrize(
    ("dsi", "ucum"),
    [
        (r"\watt", "W"),
        (r"\milli\watt", "mW"),
        (r"\kilo\joule", "kJ"),
        (r"\micro\ampere", "uA"),
        (r"\volt", "V"),
        (r"\kelvin", "K"),
        (r"\degreecelsius", "Cel"),
        (r"\one", "1"),
        (r"\percent", "%"),
        ("tokens/s", None),
        ("W", None),
        (r"\milli", None),
        (r"\token", None),
        (r"\watt\tothe{2}", None),
        (r"\watt\second", None),
        (r"\milli\milli\watt", None),
        ("", None),
        (r"\milli\one", None),
    ],
)
def test_units_come_from_a_fixed_table(dsi: str, ucum: str | None) -> None:
    assert ucum_of(dsi) == ucum
