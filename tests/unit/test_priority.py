import os
import subprocess
import sys

from tests.fakes.priority import COMPUTING, give_way
from tests.workers import computes

PROGRAM = f"""
import os
from tests.fakes.priority import give_way
give_way({COMPUTING})
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


def test_who_gives_way_has_the_lower_priority() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert int(done.stdout) == COMPUTING


def test_the_priority_that_one_has_can_be_asked_for() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    give_way(before)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_tests_with_deadlines_wait_and_those_of_pure_functions_compute() -> None:
    assert computes("tests/unit/evaluate/test_ratio.py")
    assert not computes("tests/unit/state/test_lease.py")
    assert not computes("tests/flow/test_measure.py")
