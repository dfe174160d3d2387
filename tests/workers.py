"""How `.ci/run` shares the tests between its workers.

A file is never split: what it makes once is made once. Files that take longest begin first, so
that what is left for the end is short and all workers end together.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

# Slowest first, by `--durations` on two cores. A file that is missing here is begun later, and
# only makes the tests longer where it is slow.
SLOWEST: Final = (
    "tests/faults/test_faults.py",
    "tests/flow/test_endings.py",
    "tests/flow/test_far_run.py",
    "tests/flow/test_page.py",
    "tests/unit/check/test_rules.py",
    "tests/flow/test_perturbation.py",
    "tests/flow/test_calibrate.py",
    "tests/flow/test_measure.py",
    "tests/contract/test_shell_agent.py",
    "tests/contract/test_transport.py",
    "tests/contract/test_adb.py",
    "tests/unit/evaluate/test_budget_coverage.py",
    "tests/unit/pipeline/test_issue.py",
    "tests/flow/test_kept.py",
    "tests/flow/test_ssh_faults.py",
    "tests/flow/test_agent_endings.py",
    "tests/flow/test_sign.py",
    "tests/unit/deploy/test_environment.py",
    "tests/unit/artefacts/models/test_store.py",
    "tests/flow/test_timekeeping.py",
    "tests/flow/test_issue.py",
    "tests/flow/test_campaign.py",
)
_PLACES: Final = {file: place for place, file in enumerate(SLOWEST)}


def file_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]


def place_of(file: str) -> int:
    """Where a file stands in the queue; files of the same place stay as they are."""
    return _PLACES.get(file, len(SLOWEST))


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # the plugin offers no other way
    """Gives whole files to workers, the slowest first and then the largest."""

    def _split_scope(self, nodeid: str) -> str:
        return file_of(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=place_of), last=False)
        super()._assign_work_unit(node)
