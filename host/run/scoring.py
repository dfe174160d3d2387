"""Has the device's own model score windows of token ids, and brings the logits here, proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from agent.spool import StreamEnd
from agent.wire import Message
from host.errors import AgentError
from host.handover.fidelity import ReferenceWindow, ScoredFile, ScoredOutput
from host.handover.progress import Progress, Watch
from host.run.collect import collect_logs
from host.run.far_spool import remove
from host.run.fetch import Pulls, proven
from host.run.link import Link, error_of

# The agent's own watchdog ends a hung engine; the host waits a little longer for the agent.
AGENT_GRACE_S = 60.0
# Of all windows of one run; a reference file is no larger (host/artefacts/fidelity/reference.py).
MAX_SCORES_BYTES = 8 << 30
ROW_ITEM_BYTES = 4


class ScoringStoppedError(Exception):
    """The user ended it: what there is of the scores are none."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be scored, where on the device, and with what.

    directory: a folder there that is made and taken away again. requests: as orders have them.
    """

    engine_kind: str
    settings: Mapping[str, Any]
    model: str
    directory: PurePosixPath
    windows: Sequence[ReferenceWindow]
    first: int
    watchdog_s: float
    requests: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of it: the files that lie here now, greedy outputs as said, describe()."""

    files: tuple[ScoredFile, ...]
    outputs: tuple[ScoredOutput, ...]
    engine: dict[str, Any]


def score(link: Link, pulls: Pulls, ask: Ask, goal: Path, watch: Watch) -> Scored:
    """Ask, wait, collect into the folder `goal`.

    Raises AgentError, UsageError for bad input, ScoringStoppedError where it was told to stop.
    """
    remove(pulls.transport, ask.directory)  # of a run that was cut off while it scored
    link.send(
        "score",
        {
            "engine": {"kind": ask.engine_kind, "settings": dict(ask.settings)},
            "model": ask.model,
            "directory": str(ask.directory),
            "windows": [list(window.ids) for window in ask.windows],
            "first": ask.first,
            "watchdog_s": ask.watchdog_s,
            "requests": [dict(each) for each in ask.requests],
        },
    )
    said = _answer(link, ask, watch)
    goal.mkdir(parents=True, exist_ok=True)
    files, outputs = _files(said, ask, link.device), _outputs(said, ask, link.device)
    for file in files:
        end = StreamEnd(file.file, file.rows, file.size_bytes, file.sha256)
        if not proven(pulls, ask.directory / file.file, goal / file.file, end):
            raise AgentError(link.device, f"{file.file} is not what the agent wrote")
    collect_logs(pulls, ask.directory, goal)
    remove(pulls.transport, ask.directory)
    engine = said.get("engine")
    return Scored(files, outputs, dict(engine) if isinstance(engine, dict) else {})


def _answer(link: Link, ask: Ask, watch: Watch) -> Message:
    while True:
        message = link.receive(timeout_s=ask.watchdog_s + AGENT_GRACE_S)
        if message["type"] == "scored":
            return message
        if message["type"] == "error":
            if message.get("code") == "stopped":
                raise ScoringStoppedError
            raise error_of(link.device, message)
        if message["type"] == "progress":
            done = message.get("request")
            if type(done) is int and ask.windows:
                ratio = min(max(done / len(ask.windows), 0.0), 1.0)
                watch(Progress("score", waiting="fidelity", done_ratio=ratio))


def _files(said: Message, ask: Ask, device: str) -> tuple[ScoredFile, ...]:
    """The files that the agent says it wrote: one a window, each of the size that it must have."""
    try:
        files = msgspec.convert(said.get("files"), tuple[ScoredFile, ...])
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise AgentError(device, f"scored lists its files badly: {err}") from err
    names = [f"logits-{number:04d}.f32" for number in range(len(ask.windows))]
    if [file.file for file in files] != names:
        raise AgentError(device, f"scored lists {len(files)} files for {len(names)} windows")
    for file, window in zip(files, ask.windows, strict=True):
        rows = len(window.ids) - 1 - ask.first
        if file.rows != rows or file.size_bytes != rows * file.n_vocab * ROW_ITEM_BYTES:
            raise AgentError(device, f"scored states {file.size_bytes} bytes of {file.file}")
    if sum(file.size_bytes for file in files) > MAX_SCORES_BYTES:
        raise AgentError(device, f"scored states more than {MAX_SCORES_BYTES >> 30} GiB")
    return files


def _outputs(said: Message, ask: Ask, device: str) -> tuple[ScoredOutput, ...]:
    """The greedy outputs, one for each request in order."""
    try:
        outputs = msgspec.convert(said.get("outputs"), tuple[ScoredOutput, ...])
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise AgentError(device, f"scored states its outputs badly: {err}") from err
    if [output.item for output in outputs] != [request["item"] for request in ask.requests]:
        raise AgentError(device, "scored states outputs of other requests")
    return outputs
