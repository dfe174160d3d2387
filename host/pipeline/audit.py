"""The `[audit]` table of a plan: refused early where it could say nothing; its known outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.wire import WireError, strict_json
from host.artefacts.probes import lengths_of
from host.errors import ArtefactError, PlanError
from host.handover.audit import REFERENCE_VERSION, Reference
from host.handover.audit_plan import AuditPlan
from host.handover.plan import Plan
from host.handover.served import SERVED
from host.run.folder import RunFolder, write_bytes
from host.run.probes import reference_path

MAX_REFERENCE_BYTES = 64 << 20
NEED_REFERENCE = ("canary", "length")
# Engines that take a prompt as tokens, so that two of equal length can be asked, and run a model.
AUDITED = ("llama_cpp", "onnx_genai", SERVED)


def check_audit(plan: Plan, engine_kind: str) -> None:
    """Refuse probes that could not say anything, before anything runs."""
    audit = plan.audit
    if not audit:
        return
    if engine_kind not in AUDITED:
        raise PlanError(
            "audit",
            f"probes need an engine that runs a model and is asked by tokens, as"
            f" {' and '.join(AUDITED)} do; {engine_kind} does not",
        )
    if engine_kind == SERVED:
        _check_server(audit, plan.engine.settings)
    if plan.run.pairing != "none":
        said = "a run in pairs measures the sampling, not the model: leave the table out"
        raise PlanError("audit", said)
    lacking = [name for name in NEED_REFERENCE if name in audit.probes and not audit.reference]
    if lacking:
        raise PlanError(
            "audit.reference",
            f"is needed by {' and '.join(lacking)}: `inferometer audit reference RUN` makes one",
        )
    if "length" in audit.probes and plan.run.stop != "natural":
        said = 'length says nothing of outputs that do not end by themselves: run.stop is "length"'
        raise PlanError("audit.probes", said)


def _check_server(audit: AuditPlan, settings: Mapping[str, Any]) -> None:
    """A server shows text in chunks, and one that runs by itself serves what it serves."""
    beyond = [name for name in NEED_REFERENCE if name in audit.probes]
    if beyond:
        said = f"{' and '.join(beyond)} need token ids, which a server does not show"
        raise PlanError("audit.probes", said)
    if "permuted" in audit.probes and settings.get("url"):
        said = "permuted needs a server that the run starts: one that runs by itself has its model"
        raise PlanError("audit.probes", said)
    if settings.get("api") == "chat":
        said = "a chat template lengthens prompts, so two of equal length cannot be asked"
        raise PlanError("audit", f'{said}; take api = "completions"')


def reference_of(plan: Plan, model: Mapping[str, Any]) -> tuple[Reference, bytes] | None:
    """The known outputs that the plan names, with their bytes; None where it names none.

    Raises UsageError for a file that is none, that is another one, or that is of another model.
    """
    audit = plan.audit
    if not audit or not audit.reference:
        return None
    path = Path(audit.reference).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REFERENCE_BYTES + 1)
    except OSError as err:
        raise ArtefactError(str(path), f"cannot be read ({err.strerror})") from err
    if len(data) > MAX_REFERENCE_BYTES:
        raise ArtefactError(str(path), f"is larger than {MAX_REFERENCE_BYTES} bytes")
    found = read_reference(data, str(path))
    sha256 = hashlib.sha256(data).hexdigest()
    if audit.reference_sha256 not in ("", sha256):
        said = f"has SHA-256 {sha256}, the plan wants {audit.reference_sha256}"
        raise ArtefactError(str(path), said)
    if found.model_sha256 != model.get("sha256"):
        raise ArtefactError(
            str(path),
            f"knows outputs of the model {found.model_sha256[:16]}, and the plan's is"
            f" {str(model.get('sha256'))[:16]}",
        )
    if "length" in audit.probes and found.stop != "natural":
        raise ArtefactError(str(path), "is of outputs that did not end by themselves: no lengths")
    return found, data


def read_reference(data: bytes, name: str) -> Reference:
    """Known outputs out of a file, strictly. Raises ArtefactError."""
    try:
        found = msgspec.convert(strict_json(data), Reference)
    except (WireError, msgspec.ValidationError, UnicodeError) as err:
        raise ArtefactError(name, f"is no file of known outputs: {err}") from err
    if found.reference != REFERENCE_VERSION:
        raise ArtefactError(name, f"is of version {found.reference}, not read here")
    return found


def longest_probe(plan: Plan, known: tuple[Reference, bytes] | None) -> int:
    """Tokens of the longest prompt of a probe with its output, 0 where there is none."""
    if not plan.audit:
        return 0
    return max(lengths_of(plan.audit, known[0] if known else None), default=0)


def keep_reference(folder: RunFolder, known: tuple[Reference, bytes] | None) -> None:
    """Keep the known outputs in the run, as they were given."""
    if known is not None:
        path = reference_path(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, known[1])
