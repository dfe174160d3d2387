from pathlib import Path

from tests.workers import SLOWEST, file_of, next_of, place_of

ROOT = Path(__file__).parents[2]


def test_every_file_that_is_begun_early_is_there() -> None:
    assert [name for name in SLOWEST if not (ROOT / name).is_file()] == []
    assert len(set(SLOWEST)) == len(SLOWEST)


def test_a_test_goes_with_its_file_and_the_slowest_files_first() -> None:
    assert file_of("tests/flow/test_measure.py::test_x[a::b]") == "tests/flow/test_measure.py"
    assert place_of(SLOWEST[0]) < place_of(SLOWEST[1]) < place_of("tests/unit/test_workers.py")


def test_a_worker_begins_with_its_own_kind_and_helps_with_the_other_in_the_end() -> None:
    waits, computes, late = SLOWEST[0], "tests/unit/check/test_rules.py", "tests/unit/test_x.py"
    files = [late, computes, waits]
    assert next_of(files, computing=False) == waits
    assert next_of(files, computing=True) == computes
    assert next_of([late, computes], computing=False) == computes
