from pathlib import Path

from tests.workers import ENGINE_FILES, ENGINES, group_of

ROOT = Path(__file__).parents[2]


def test_every_file_of_the_group_of_engines_is_there() -> None:
    assert [name for name in sorted(ENGINE_FILES) if not (ROOT / name).is_file()] == []


def test_a_test_goes_with_its_file_or_with_the_engines() -> None:
    assert group_of("tests/flow/test_measure.py::test_x[a::b]") == ENGINES
    assert group_of("tests/unit/align/test_fit.py::test_y") == "tests/unit/align/test_fit.py"
