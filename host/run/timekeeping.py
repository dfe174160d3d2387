"""Asks the device for its timekeeping around the attempts of one session.

Kept as it was said: `data/time-before.json` and `data/time-after.json`, in later sessions of a
resumed run with `-2`, `-3` and so on, so that no reading replaces another one.
"""

from __future__ import annotations

from host.errors import AgentError
from host.run.folder import RunFolder, write_json
from host.run.link import Link

BEFORE, AFTER = "time-before", "time-after"


def begin_timekeeping(link: Link, folder: RunFolder) -> str:
    """Ask before the attempts. Gives the suffix of this session's files."""
    number = len(list(folder.data.glob(f"{BEFORE}*.json"))) + 1
    suffix = "" if number == 1 else f"-{number}"
    _keep(link, folder, f"{BEFORE}{suffix}")
    return suffix


def end_timekeeping(link: Link, folder: RunFolder, suffix: str) -> None:
    """Ask after the attempts of the session that `begin_timekeeping` named."""
    _keep(link, folder, f"{AFTER}{suffix}")


def _keep(link: Link, folder: RunFolder, name: str) -> None:
    try:
        said = link.ask("timekeeping")
    except AgentError as err:
        if "unknown-message" not in str(err):
            raise
        # An agent that does not know the question; the file says so, and nothing is earned.
        said = {"absent": [{"fact": "timekeeping", "reason": "unknown-message"}]}
    content = {key: value for key, value in said.items() if key != "type"}
    write_json(folder.data / f"{name}.json", content)
