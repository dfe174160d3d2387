"""Fidelity by a tool of a native runner on the device: made ready, run once, its words kept.

The reference goes there in the tool's own form, with its token ids, so that neither tokenizer nor
cutting can differ. It is run as an attempt is: detached from the link, watched, its log bounded.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from host.align.printed import MismatchError
from host.artefacts.fidelity.llama_base import write_base
from host.artefacts.fidelity.reference import Reference, find_reference
from host.artefacts.files import sha256_file
from host.deploy.layout import Store
from host.deploy.store import put
from host.errors import AgentError, TransportError
from host.fidelity.bag import LOG, MAX_LOG_BYTES, REFERENCE, STATED
from host.fidelity.divergence import NotFiniteError
from host.fidelity.stated import UnstatedError, stated_figures
from host.handover.divergence import Divergence, StatedPattern, StatedScores
from host.handover.fidelity import FidelityPlan
from host.handover.pattern import compiled
from host.handover.plan import Plan
from host.handover.progress import Progress, Watch
from host.handover.runner import Runner
from host.pipeline.reach import Reached, transfers
from host.run.attempts import AGENT_GRACE_S, Bench
from host.run.far_spool import SCORING, remove
from host.run.fetch import whole
from host.run.folder import write_json
from host.run.link import Link
from host.run.scoring import ScoringStoppedError

NAME = "reference.kld"
CALL_S = 60.0
# llama-perplexity ends without waiting for its own log. With the tiny model on two busy cores its
# statistics, which come at its very end, were lost in 3 of 5 runs (2026-11).
TRIES = 10
ITEM = "fidelity"


@dataclass(frozen=True, slots=True)
class Tool:
    """settings: `divergence` of the engine's. software: the tool as the record names it."""

    settings: dict[str, Any]
    software: dict[str, str]


def tool_for(how: Runner, argv0: str, plan: Plan, device: Reached, watch: Watch) -> Tool | None:
    """The tool with the plan's reference beside it on the device.

    argv0: how it is called there. None where the plan compares nothing, or the device has no such
    program. `{model}` and `{threads}` stay in braces. Raises UsageError, DeviceError.
    """
    tool, wanted = how.divergence, plan.fidelity
    if tool is None or not isinstance(wanted, FidelityPlan) or device.store is None:
        return None
    version = _version(tool, how.version_pattern, argv0, device)
    if version is None:
        return None
    reference = find_reference(wanted.reference)
    base = _placed(reference, device, device.store, watch)
    words = {"{base}": str(base), "{context}": str(reference.head.n_ctx)}
    settings = {
        "argv": [argv0, *(_filled(word, words) for word in tool.argv[1:])],
        "figures": msgspec.to_builtins(tool.figures),
        "base": tool.base,
    }
    name = PurePosixPath(tool.argv[0]).name
    return Tool(settings, {"name": name, "role": "fidelity", "version": version, "sha256": ""})


def _filled(word: str, words: Mapping[str, str]) -> str:
    for place, value in words.items():
        word = word.replace(place, value)
    return word


def _version(tool: Divergence, pattern: str | None, argv0: str, device: Reached) -> str | None:
    """What the tool says of itself; None where it does not start there."""
    there = ["sh", "-c", 'command -v "$1"', "sh", argv0]
    argv = [argv0, *tool.version[1:]] if tool.version else there
    try:
        done = device.transport.call(argv, timeout_s=CALL_S)
    except TransportError:
        return None
    if done.status != 0:
        return None
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    said = compiled(pattern).search(text) if tool.version and pattern else None
    return "".join(c for c in (said[1] or "")[:100] if c.isprintable()) if said else ""


def _placed(reference: Reference, device: Reached, store: Store, watch: Watch) -> PurePosixPath:
    """The reference in the tool's form, in the device's store."""
    with tempfile.TemporaryDirectory(prefix="inferometer-") as folder:
        path = Path(folder) / NAME
        write_base(reference, path)
        sha256 = sha256_file(path)
        return put(device.transport, store, path, sha256, transfers(watch)).path


def state_divergence(bench: Bench, link: Link, place: Path) -> None:
    """Run the tool, and keep what it printed in `place`, data/fidelity of the run folder.

    Raises ScoringStoppedError; AgentError with its last lines where it fails, or does not state
    what its description looks for.
    """
    reference = find_reference(str(place / REFERENCE))
    bench.journal.note("score_start", {"windows": len(reference.head.windows)})
    log = _stated(bench, link, place / LOG, reference)
    scores = StatedScores(
        reference_sha256=reference.sha256,
        model_sha256=str(bench.plan.model["sha256"]),
        settings=bench.plan.engine_settings["divergence"],
        log_sha256=hashlib.sha256(log).hexdigest(),
    )
    write_json(place / STATED, msgspec.to_builtins(scores))
    bench.journal.note("score_end", {"windows": len(reference.head.windows)})


def _stated(bench: Bench, link: Link, path: Path, reference: Reference) -> bytes:
    """What the tool printed, with every figure in it."""
    settings = bench.plan.engine_settings["divergence"]
    patterns = msgspec.convert(settings["figures"], dict[str, StatedPattern])
    why = ""
    for number in range(TRIES):
        log = _printed(bench, link, path)
        lines = log.decode("utf-8", "replace").splitlines()
        try:
            stated_figures(lines, patterns, reference.head)
        except UnstatedError as err:
            bench.journal.note("score_again", {"number": number + 1, "why": str(err)})
            why = str(MismatchError(str(err), lines))
        except NotFiniteError:  # kept, and judged from the folder
            return log
        else:
            return log
    raise AgentError(link.device, f"{settings['argv'][0]}: {why}")


def _printed(bench: Bench, link: Link, path: Path) -> bytes:
    """One run of the tool: all that it printed, as it lies in the folder then."""
    spool = bench.spool / str(SCORING)
    remove(bench.transport, spool)  # of a run that was cut off while it scored
    bench.watch(Progress("score", waiting="fidelity"))
    watchdog_s = bench.plan.plan.run.watchdog_s
    end = link.attempt(
        _order(bench, spool),
        lambda _: bench.watch(Progress("score", waiting="fidelity")),
        silence_s=watchdog_s + AGENT_GRACE_S,
    )
    status, reason = str(end.get("status")), str(end.get("reason", ""))[:500]
    if status == "incomplete" and reason.startswith("stopped"):
        raise ScoringStoppedError
    whole(bench.pulls, spool / "engine.log", path, MAX_LOG_BYTES)
    remove(bench.transport, spool)
    log = path.read_bytes()[:MAX_LOG_BYTES]
    if status != "valid":
        lines = log.decode("utf-8", "replace").splitlines()
        said = MismatchError(f"fidelity could not be scored: {reason}", lines)
        raise AgentError(link.device, str(said))
    return log


def _order(bench: Bench, spool: PurePosixPath) -> dict[str, Any]:
    """An attempt of one process, with nothing sampled beside it."""
    settings = bench.plan.engine_settings
    tool = settings["divergence"]
    request = {"item": ITEM, "text": "", "prompt_tokens": 0, "output_tokens": 0, "warmup": False}
    return {
        "number": SCORING,
        "directory": str(spool),
        "engine": {
            "kind": bench.plan.engine_kind,
            "settings": {
                "argv": tool["argv"],
                "figures": tool["figures"],
                "log_bytes": MAX_LOG_BYTES,
            },
        },
        "model": bench.plan.model_path,
        "requests": [request],
        "idle_before_s": 0.0,
        "idle_after_s": 0.0,
        "watchdog_s": bench.plan.plan.run.watchdog_s,
        "sampling": {
            "enabled": False,
            "rate_hz": 1.0,
            "kinds": None,
            "seed": 0,
            "jitter_ratio": 0.0,
        },
    }
