from importlib.resources import files

import msgspec
import pytest
import tomli_w

from host.errors import LaboratoryError
from host.handover.laboratory import Laboratory
from host.schema.laboratory import MAX_BYTES, parse_laboratory
from tests.fakes.records import sample_laboratory

GOOD = """format = 1
record_no = "EX-{date}-{id}"

[laboratory]
name = { zh = "院", en = "Institute" }
address = { zh = "路", en = "Road" }

[customer]
name = { zh = "客", en = "Customer" }

[[people]]
name = "One"
role = "operator"

[[people]]
name = "Two"
role = "approver"
key = ""

[[environment]]
quantity = "ambient_temperature"
name = { zh = "环境温度", en = "ambient temperature" }
value = "23.0"
unit = "Cel"
U = "1.0"
k = "2"
source = "thermometer"
"""


def parsed(text: str) -> Laboratory:
    return parse_laboratory(text.encode(), "lab.toml")


def refused(text: str) -> str:
    with pytest.raises(LaboratoryError) as caught:
        parsed(text)
    assert str(caught.value).startswith("lab.toml: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_good_file_is_read_with_everything_in_it() -> None:
    found = parsed(GOOD)
    assert found.laboratory.name.zh == "院"
    assert [(p.name, p.role) for p in found.people] == [("One", "operator"), ("Two", "approver")]
    assert found.environment[0].value == "23.0"


def test_what_is_written_as_toml_reads_back() -> None:
    plain = msgspec.to_builtins(sample_laboratory())
    plain["laboratory"] = {k: v for k, v in plain["laboratory"].items() if v is not None}
    assert parse_laboratory(tomli_w.dumps(plain).encode(), "x") == sample_laboratory()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("name = { zh", "nmae = { zh", "laboratory.nmae is unknown"),
        (
            '"路", en = "Road"',
            '"路", en = ""',
            "line 6: laboratory.address.en: expected",
        ),
        ('address = { zh = "路", en = "Road" }', "", "laboratory.address is missing"),
        (', en = "Institute"', "", "laboratory.name.en is missing"),
        ('role = "approver"', 'role = "boss"', "line 17: people[1].role: invalid enum value"),
        ('key = ""', 'key = "abc"', "line 18: people[1].key: expected the id of a public key"),
        ('"23.0"', '"warm"', "environment[0].value: expected a number as a decimal string"),
        ('"23.0"', "23.0", "environment[0].value: expected `str`, got `float`"),
        ('k = "2"', "", "U and k go together"),
        ('k = "2"', 'k = "0.5"', "k is below 1"),
        ("{id}", "{n}", "line 2: record_no: knows {date} and {id}"),
        ("EX-{date}", "EX {date}", "line 2: record_no: expected a pattern without spaces"),
        ("format = 1", "format = 2", "format = 2, this version reads 1"),
        ("format = 1", "", "format is missing"),
        ('"Two"\nrole = "approver"', '"One"\nrole = "operator"', "One stands there twice"),
        ("[customer]", "[custmer]", "custmer is unknown"),
        ("[laboratory]", "[laboratory", "is no valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_key_and_line(old: str, new: str, why: str) -> None:
    assert old in GOOD
    assert why in refused(GOOD.replace(old, new, 1))


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(LaboratoryError, match="no valid TOML"):
        parse_laboratory(b"\xff\xfe", "x")


def test_a_file_that_is_too_large_is_refused() -> None:
    assert "larger than" in refused(GOOD + "#" * MAX_BYTES)


def test_the_template_is_refused_until_it_is_filled_in_and_good_then() -> None:
    template = (files("host.schema") / "laboratory-template.toml").read_text(encoding="utf-8")
    assert "line 10: laboratory.name.zh: expected some text, and it is empty" in refused(template)
    filled = template.replace('zh = ""', 'zh = "甲"').replace('en = ""', 'en = "A"')
    filled = filled.replace('name = ""', 'name = "Somebody"')
    assert {p.role for p in parsed(filled).people} == {"operator", "checker", "approver"}


def test_the_commented_parts_of_the_template_are_good_too() -> None:
    template = (files("host.schema") / "laboratory-template.toml").read_text(encoding="utf-8")
    lines = [
        line.removeprefix("# ") if line.startswith(("# [", "# zh", "# en")) or " = " in line
        else line
        for line in template.splitlines()
    ]  # fmt: skip
    text = "\n".join(lines).replace('zh = ""', 'zh = "甲"').replace('en = ""', 'en = "A"')
    found = parsed(text.replace('name = ""', 'name = "Somebody"'))
    assert found.intended_use is not None
    assert found.laboratory.location is not None
    assert found.environment[0].quantity == "ambient_temperature"
