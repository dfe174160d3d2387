"""How `.ci/run` shares the tests between its workers.

A file is never split: what it makes once is made once. One worker begins with files that compute,
the others with those that wait for devices, links and engines. A test that computes gives way to
those that wait (`fakes/priority.py`), so that it fills what these leave of the cores and keeps no
device waiting. Of each kind files that take longest begin first, so that what is left for the end
is short and all workers end together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xdist.scheduler import LoadScopeScheduling

# Slowest first, by what their tests take. A file that is missing here is begun later, and only
# makes the tests longer where it is slow.
SLOWEST: Final = (
    "tests/faults/test_faults.py",
    "tests/flow/test_far_run.py",
    "tests/flow/test_endings.py",
    "tests/flow/test_phone_fidelity.py",
    "tests/flow/test_campaign_devices.py",
    "tests/flow/test_page.py",
    "tests/flow/test_measure.py",
    "tests/flow/test_phone_run.py",
    "tests/flow/test_controls_run.py",
    "tests/flow/test_metered_run.py",
    "tests/flow/test_perturbation.py",
    "tests/flow/test_calibrate.py",
    "tests/contract/test_adb_servers.py",
    "tests/contract/test_transport.py",
    "tests/contract/test_store.py",
    "tests/contract/test_shell_agent.py",
    "tests/contract/test_adb.py",
    "tests/flow/test_kept.py",
    "tests/flow/test_campaign.py",
    "tests/flow/test_audit.py",
    "tests/flow/test_served_run.py",
    "tests/flow/test_streams_run.py",
    "tests/flow/test_ssh_faults.py",
    "tests/flow/test_ssh_commands.py",
    "tests/flow/test_seal_faults.py",
    "tests/flow/test_agent_endings.py",
    "tests/flow/test_shell_endings.py",
    "tests/flow/test_agent_process.py",
    "tests/flow/test_sign.py",
    "tests/flow/test_timekeeping.py",
    "tests/flow/test_issue.py",
    "tests/unit/check/test_rules.py",
    "tests/unit/pipeline/test_issue.py",
    "tests/unit/artefacts/models/test_store.py",
    "tests/unit/deploy/test_environment.py",
    "tests/unit/deploy/test_lock.py",
    "tests/unit/evaluate/test_budget_coverage.py",
    "tests/unit/artefacts/models/test_vocabulary.py",
    "tests/unit/deploy/test_store.py",
    "tests/unit/state/test_left_over.py",
    "tests/unit/artefacts/models/test_tokenizers.py",
    "tests/unit/record/test_warning.py",
    "tests/unit/sign/test_check.py",
    "tests/unit/schema/test_published.py",
    "tests/unit/state/test_endings.py",
    "tests/unit/report/test_html.py",
    "tests/unit/check/test_rules_record.py",
    "tests/unit/state/test_lease_refused.py",
)
# Of the unit tests, those with deadlines: of real agents, shells, lines and clocks.
WAITING: Final = (
    "tests/unit/agent/",
    "tests/unit/collectors/",
    "tests/unit/meters/",
    "tests/unit/run/",
    "tests/unit/state/",
    "tests/unit/transport/",
)
_PLACES: Final = {file: place for place, file in enumerate(SLOWEST)}


def file_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]


def place_of(file: str) -> int:
    """Where a file stands in the queue; files of the same place stay as they are."""
    return _PLACES.get(file, len(SLOWEST))


def computes(file: str) -> bool:
    """Whether a file's tests compute; the others wait for processes of their own."""
    return file.startswith("tests/unit/") and not file.startswith(WAITING)


def next_of(files: Iterable[str], *, computing: bool) -> str:
    """The file that a worker begins: of its own kind while there are any, the slowest first."""
    return min(files, key=lambda file: (computes(file) is not computing, place_of(file)))


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # the plugin offers no other way
    """Gives whole files to workers, the slowest first, then the largest; the last one computes."""

    def _split_scope(self, nodeid: str) -> str:
        return file_of(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        computing = node is self.nodes[-1]
        self.workqueue.move_to_end(next_of(self.workqueue, computing=computing), last=False)
        super()._assign_work_unit(node)
