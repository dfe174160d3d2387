from pathlib import Path

from tests.workers import SLOWEST, file_of, place_of

ROOT = Path(__file__).parents[2]


def test_every_file_that_is_begun_early_is_there() -> None:
    assert [name for name in SLOWEST if not (ROOT / name).is_file()] == []
    assert len(set(SLOWEST)) == len(SLOWEST)


def test_a_test_goes_with_its_file_and_the_slowest_files_first() -> None:
    assert file_of("tests/flow/test_measure.py::test_x[a::b]") == "tests/flow/test_measure.py"
    assert place_of(SLOWEST[0]) < place_of(SLOWEST[1]) < place_of("tests/unit/test_workers.py")
