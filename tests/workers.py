"""Which tests stay together on one worker when `.ci/run` uses two.

A file is never split: what it makes once is made once. Files whose tests run a real engine are one
group: the threads of an engine spin while they wait, so that two engines on a machine of two cores
starve each other. A file that is missing below only makes the tests slower.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

ENGINES: Final = "engines"
ENGINE_FILES: Final = frozenset(
    {
        "tests/flow/test_agent_endings.py",
        "tests/flow/test_agent_process.py",
        "tests/flow/test_bad_input.py",
        "tests/flow/test_endings.py",
        "tests/flow/test_equipment.py",
        "tests/flow/test_far_run.py",
        "tests/flow/test_issue.py",
        "tests/flow/test_kept.py",
        "tests/flow/test_measure.py",
        "tests/flow/test_perturbation.py",
        "tests/flow/test_sign.py",
        "tests/flow/test_timekeeping.py",
        "tests/unit/agent/test_engines.py",
        "tests/unit/artefacts/models/test_engines_agree.py",
    }
)


def group_of(nodeid: str) -> str:
    """The group of a test: engines, or its file."""
    file = nodeid.partition("::")[0]
    return ENGINES if file in ENGINE_FILES else file


class ByGroup(LoadScopeScheduling):  # type: ignore[misc] # the plugin offers no other way
    """Gives whole groups to workers, the largest first."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
