"""A plan for a native runner: its description, its program, and the argument list it gets.

A runner has no tokenizer that could be asked beforehand. How many tokens a prompt has is read
from what the runner prints; the context is made as long as a prompt could need, a token a byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from host.artefacts.files import sha256_file
from host.artefacts.models.hashing import combined, folder_files, hash_files
from host.deploy.store import put, put_folder
from host.errors import ArtefactError, PlanError, TransportError
from host.handover.pattern import compiled
from host.handover.plan import Plan, ResolvedRequest
from host.handover.progress import Watch
from host.handover.runner import Runner
from host.pipeline.artefacts import Artefacts
from host.pipeline.audit import check_runner, reference_of, room_of
from host.pipeline.divergence import Tool, tool_for
from host.pipeline.reach import Reached, transfers
from host.plan.runner import BRACED, runner
from host.transport.base import output

# What a plan may set of it: which runner, where the host has its program, threads, context, how
# much of its log is kept. Where neither names a runner it is the first of the device's profile.
SETTINGS = ("runner", "program", "n_threads", "n_ctx", "log_bytes")
LOG_BYTES = 4 << 20
# Where neither plan, inventory nor profile names one: that of Debian and of llama.cpp's releases.
USUAL = "llama-completion"
CALL_S = 60.0
# What differs from request to request stays in braces until then.
_LATER = frozenset({"model", "text", "prompt_tokens", "output_tokens"})
# As `host/pipeline/prepare.py` rounds a context up, for the same reason.
CONTEXT_STEP = 256


@dataclass(frozen=True, slots=True)
class Native:
    """settings: of the engine, all of them. software: runner and tool as the record names them."""

    settings: dict[str, Any]
    software: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Program:
    """argv0: how it is called on the device. sha256: "" where it lies there by itself.

    beside: the folder that was pushed with it, and what is in it.
    """

    argv0: str
    sha256: str
    beside: tuple[PurePosixPath, frozenset[str]] | None = None


def native(
    plan: Plan,
    found: Artefacts,
    device: Reached,
    requests: Sequence[ResolvedRequest],
    watch: Watch,
) -> Native:
    """Everything about the runner of a plan. Raises PlanError, ArtefactError, DeviceError."""
    given = {**device.native, **plan.engine.settings}
    for key in given:
        if key not in SETTINGS:
            raise PlanError(f"engine.settings.{key}", f"known are {', '.join(SETTINGS)}")
    how = runner(_named(given, device))
    _check(how, found, requests)
    if plan.audit:
        check_runner(plan.audit, how)
    program = _program(given.get("program"), how, device, watch)
    threads = _count(given, "n_threads") or _threads(device)
    room = room_of(plan, reference_of(plan, found.model))
    context = _count(given, "n_ctx") or _context((*requests, *room))
    argv = [program.argv0, *how.argv[1:], *(how.until_length if plan.run.stop == "length" else ())]
    settings = {
        "runner": how.name,
        "argv": [_filled(word, {"threads": threads, "context": context}) for word in argv],
        "output": how.output,
        "answer": msgspec.to_builtins(how.answers()),
        "spare_tokens": how.spare_tokens,
        "lines": msgspec.to_builtins(how.lines),
        "reads": how.reads,
        "figures": msgspec.to_builtins(how.stated()),
        "n_threads": threads,
        "n_ctx": context,
        "log_bytes": _count(given, "log_bytes") or LOG_BYTES,
    }
    software = {
        "name": how.name,
        "role": "runner",
        "version": _version(how, program, device),
        "sha256": program.sha256,
    }
    tool = _tool(plan, how, program, device, watch)
    if tool is None:
        return Native(settings, (software,))
    argv = [_filled(word, {"threads": threads}) for word in tool.settings["argv"]]
    settings["divergence"] = {**tool.settings, "argv": argv}
    return Native(settings, (software, tool.software))


def _named(given: Mapping[str, Any], device: Reached) -> str:
    listed = device.profile.get("runners") or (USUAL,)
    named = given.get("runner") or next(iter(listed))
    if not isinstance(named, str):
        raise PlanError("engine.settings.runner", f"{named!r} is no name of a runner")
    return named


def _check(how: Runner, found: Artefacts, requests: Sequence[ResolvedRequest]) -> None:
    if found.model.get("format") not in (how.format, None):
        raise PlanError(
            "engine.settings.runner",
            f"{how.name} runs {how.format} models, {found.path.name} is {found.model['format']}",
        )
    words = {word for argument in how.argv for word in BRACED.findall(argument)}
    for request in requests:
        if "text" in words and request.prompt_tokens is not None:
            raise PlanError(
                f"dataset item {request.item}",
                f"wants a prompt of exactly {request.prompt_tokens} tokens, which {how.name}"
                " cannot be told; take a dataset of texts, or a runner with {prompt_tokens}",
            )
        if "prompt_tokens" in words and request.prompt_tokens is None:
            raise PlanError(
                f"dataset item {request.item}",
                f"is a text, and {how.name} makes up prompts of a length; take a dataset of"
                " lengths (`inferometer datasets list`), or a runner with {text}",
            )


def _program(given: object, how: Runner, device: Reached, watch: Watch) -> _Program:
    """Push the program where the plan says that the host has it; else it is on the device."""
    name = how.argv[0]
    if given is None:
        return _Program(name, "")
    if device.store is None:
        raise PlanError("engine.settings.program", f"there is no store for it on {device.name}")
    path = Path(str(given)).expanduser()
    listen = transfers(watch)
    if path.is_dir():
        files = hash_files(path, folder_files(path), lambda *_: None)
        if not any(file.name == name for file in files):
            raise ArtefactError(str(path), f"has no {name} in it")
        placed = put_folder(device.transport, device.store, path, files, listen)
        found = _callable(device, placed.path / name, combined(files))
        return replace(found, beside=(placed.path, frozenset(file.name for file in files)))
    if not path.is_file():
        raise ArtefactError(str(path), "is neither a file nor a folder")
    sha256 = sha256_file(path)
    return _callable(
        device, put(device.transport, device.store, path, sha256, listen).path, sha256
    )


def _tool(
    plan: Plan, how: Runner, program: _Program, device: Reached, watch: Watch
) -> Tool | None:
    """The tool for fidelity beside the program, or in the PATH there; None where it is not."""
    if how.divergence is None:
        return None
    argv0 = how.divergence.argv[0]
    if program.beside is not None and argv0 in program.beside[1]:
        argv0 = _callable(device, program.beside[0] / argv0, "").argv0
    return tool_for(how, argv0, plan, device, watch)


def _callable(device: Reached, path: PurePosixPath, sha256: str) -> _Program:
    output(device.transport, ["chmod", "755", str(path)], timeout_s=CALL_S)
    return _Program(str(path), sha256)


def _threads(device: Reached) -> int:
    """As many as the device has CPUs to run on."""
    said = output(device.transport, ["nproc"], timeout_s=CALL_S).strip()
    if not said.isdigit() or not 0 < int(said) <= 4096:  # noqa: PLR2004 - beyond any device
        raise PlanError(
            "engine.settings.n_threads", "the device does not say how many CPUs it has"
        )
    return int(said)


def _context(requests: Sequence[ResolvedRequest]) -> int:
    """Room for the longest request: no token of a text is shorter than a byte; one begins it."""
    longest = max(
        (1 + len(r.text.encode()) if r.prompt_tokens is None else r.prompt_tokens)
        + r.output_tokens
        for r in requests
    )
    return -(-longest // CONTEXT_STEP) * CONTEXT_STEP


def _count(given: Mapping[str, Any], key: str) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PlanError(f"engine.settings.{key}", f"{value!r} is no whole number from 1 on")
    return value


def _filled(word: str, values: Mapping[str, object]) -> str:
    def value_of(match: re.Match[str]) -> str:
        return match[0] if match[1] in _LATER else str(values[match[1]])

    return BRACED.sub(value_of, word)


def _version(how: Runner, program: _Program, device: Reached) -> str:
    """What the program says; "" where it is not asked. Raises PlanError where it cannot start."""
    if not how.version:
        return ""
    argv = [program.argv0, *how.version[1:]]
    try:
        done = device.transport.call(argv, timeout_s=CALL_S)
    except TransportError as err:
        raise PlanError("engine.settings.runner", f"{program.argv0}: {err}") from err
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if done.status != 0:
        last = " ".join(said.split())[-200:] or f"status {done.status}"
        pushed = "it was pushed there: is it built for this device?"
        hint = "say `program` in the inventory or in engine.settings, and it is pushed there"
        raise PlanError(
            "engine.settings.runner",
            f"{program.argv0} does not run on {device.name} ({last});"
            f" {pushed if program.sha256 else hint}",
        )
    match = compiled(how.version_pattern or r"(\S.*)").search(said)
    return "".join(c for c in (match[1] or "")[:100] if c.isprintable()).strip() if match else ""
