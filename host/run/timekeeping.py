"""Asks the device for its timekeeping around the attempts of one session.

Kept as it was said: `data/time-before.json` and `data/time-after.json`, in later sessions of a
resumed run with `-2`, `-3` and so on, so that no reading replaces another one. Wall-clock labels
are the host's, so where it is another machine it is asked too: `data/host-time-before.json` and
`data/host-time-after.json`, with the same endings.
"""

from __future__ import annotations

from typing import Any

from agent.timekeeping import CHRONYC, timekeeping
from host.errors import AgentError, UsageError
from host.run.folder import RunFolder, write_json
from host.run.link import Link

BEFORE, AFTER, HOST = "time-before", "time-after", "host-"


def begin_timekeeping(link: Link, folder: RunFolder, *, apart: bool) -> str:
    """Ask before the attempts. Gives the suffix of this session's files.

    apart: device and host are two machines.
    """
    number = len(list(folder.data.glob(f"{BEFORE}*.json"))) + 1
    suffix = "" if number == 1 else f"-{number}"
    _keep(link, folder, f"{BEFORE}{suffix}", apart=apart)
    return suffix


def end_timekeeping(link: Link, folder: RunFolder, suffix: str, *, apart: bool) -> None:
    """Ask after the attempts of the session that `begin_timekeeping` named."""
    _keep(link, folder, f"{AFTER}{suffix}", apart=apart)


def _keep(link: Link, folder: RunFolder, name: str, *, apart: bool) -> None:
    try:
        said = link.ask("timekeeping")
    except AgentError as err:
        if "unknown-message" not in str(err):
            raise
        # An agent that does not know the question; the file says so, and nothing is earned.
        said = {"absent": [{"fact": "timekeeping", "reason": "unknown-message"}]}
    content = {key: value for key, value in said.items() if key != "type"}
    write_json(folder.data / f"{name}.json", content)
    if apart:
        write_json(folder.data / f"{HOST}{name}.json", _own())


def _own() -> dict[str, Any]:
    """The host's own answer, by the code that an agent answers with.

    Raises UsageError where the variable that names its chronyc is no command line.
    """
    try:
        return timekeeping()
    except ValueError as err:
        raise UsageError(f"{CHRONYC} is no command line: {err}") from err
