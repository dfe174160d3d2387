"""Exact command match: JSON values compared, whatever stands around them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.score.commands import command_match, commands_in

WANTED: list[dict[str, object]] = [
    {"device": "climate", "action": "set_temperature", "value": 23},
    {"device": "media", "action": "off", "value": None},
]
RIGHT = json.dumps(WANTED)


@pytest.mark.parametrize(
    "output",
    [
        RIGHT,
        f"```json\n{RIGHT}\n```\nAnything else?",
        json.dumps(WANTED[::-1], indent=3),
        RIGHT.replace("23", "23.0"),
        RIGHT.replace("23", "2.3e1"),
        f"[sic] {RIGHT} []",
        '[{"value":23,"action":"set_temperature","device":"climate"},'
        '{"value":null,"device":"media","action":"\\u006fff"}]',
    ],
)
def test_the_same_commands_match_however_they_are_written(output: str) -> None:
    assert command_match(output, WANTED) == 1.0


@pytest.mark.parametrize(
    "output",
    [
        "",
        "No.",
        "[]",
        RIGHT[:-1],
        RIGHT.replace("23", "24"),
        RIGHT.replace("23", '"23"'),
        RIGHT.replace("null", "false"),
        RIGHT.replace("null", "NaN"),
        RIGHT.replace("off", "Off"),
        RIGHT.replace('"value": null', '"value": null, "more": 1'),
        json.dumps([*WANTED, WANTED[0]]),
        json.dumps(WANTED[:1]),
        RIGHT.replace('"device": "climate"', '"device": "climate", "device": "climate"'),
        f"[1] {RIGHT}",
        "[" * 15_000,
        f"[{'9' * 1000}]",
        "x" * 30_000 + RIGHT,
        '[{"value": 1e9999999}]',
        "[" * 400 + "]" * 400,
        "[" * 900 + "]" * 900,
    ],
)
def test_anything_else_does_not(output: str) -> None:
    assert command_match(output, WANTED) == 0.0


def test_nothing_to_do_is_an_empty_array_and_not_silence() -> None:
    assert command_match("[]", []) == 1.0
    assert command_match("", []) == 0.0


values = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5)
commands = st.lists(st.dictionaries(st.text(max_size=4), values, max_size=3), max_size=4)


@settings(max_examples=50)
@given(commands.flatmap(lambda c: st.tuples(st.just(c), st.permutations(c))))
def test_any_commands_match_themselves_in_any_order(
    both: tuple[list[dict[str, object]], list[dict[str, object]]],
) -> None:
    found, shuffled = both
    assert command_match(f"Here: {json.dumps(shuffled)}.", found) == 1.0


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_no_output_of_a_model_ends_the_reader(output: str) -> None:
    assert isinstance(commands_in(f"[{output}"), list | None)
