"""The `[audit]` table of a plan: refused early where it could say nothing; its known outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.wire import WireError, strict_json
from host.artefacts.probes import canaries, lengths_of, repeated_bytes
from host.errors import ArtefactError, PlanError
from host.handover.audit import GRAPHS_VERSION, REFERENCE_VERSION, TEXTS_VERSION, Reference
from host.handover.audit_plan import AuditPlan
from host.handover.plan import Plan, ResolvedRequest
from host.handover.runner import NATIVE, Runner
from host.handover.served import SERVED
from host.plan.inference import GRAPH
from host.run.folder import RunFolder, write_bytes
from host.run.probes import reference_path

MAX_REFERENCE_BYTES = 64 << 20
NEED_REFERENCE = ("canary", "length")
# In what outputs are compared: engines that show no token ids are held to their texts.
IDS, TEXTS, OF_GRAPHS = "token ids", "texts", "outputs of a plain graph"
SHOWN = {SERVED: TEXTS, NATIVE: TEXTS, GRAPH: OF_GRAPHS}
# Engines that run a model on what they are asked. A recording is played back whatever is asked.
AUDITED = ("llama_cpp", "onnx_genai", SERVED, GRAPH, NATIVE)


def check_audit(plan: Plan, engine_kind: str) -> None:
    """Refuse probes that could not say anything, before anything runs."""
    audit = plan.audit
    if not audit:
        return
    if engine_kind not in AUDITED:
        raise PlanError(
            "audit",
            f"probes need an engine that runs a model; {engine_kind} plays back what it has,"
            " whatever it is asked",
        )
    if engine_kind == GRAPH and "length" in audit.probes:
        raise PlanError(
            "audit.probes", "length needs outputs that end, and a plain graph has none"
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


def check_runner(audit: AuditPlan, how: Runner) -> None:
    """Refuse probes that a runner cannot be asked, and say which it can. Raises PlanError."""
    can = _of_runner(how)
    beyond = [name for name in audit.probes if name not in can]
    if not beyond:
        return
    if not can:
        said = (
            f"{how.name} makes up its prompts, so nothing can be asked of it: leave the table out"
        )
        raise PlanError("audit", said)
    lacks = "shows no output" if "repeat" in can else "shows no times of its tokens"
    said = f"{' and '.join(beyond)} cannot be asked of {how.name}, which {lacks}"
    raise PlanError("audit.probes", f"{said}; it can be asked {' and '.join(can)}")


def _of_runner(how: Runner) -> tuple[str, ...]:
    """Probes that a runner can be asked: by times it shows, by an output that it shows."""
    if not any("{text}" in word for word in how.argv):
        return ()
    timed = ("repeat", "seed") if how.lines is not None else ()
    shown = ("permuted", "canary", "length") if how.answers() is not None else ()
    return (*timed, *shown)


def room_of(plan: Plan, known: tuple[Reference, bytes] | None) -> tuple[ResolvedRequest, ...]:
    """Requests as long as those that probes ask of a runner, for its context."""
    if not plan.audit:
        return ()
    text = "x" * repeated_bytes(plan.audit)
    asked = canaries(plan.audit, known[0]) if known is not None else ()
    return (
        ResolvedRequest("", text, None, plan.audit.output_tokens),
        *(ResolvedRequest("", one.text, None, one.output_tokens) for one in asked),
    )


def _check_server(audit: AuditPlan, settings: Mapping[str, Any]) -> None:
    """A server that runs by itself serves what it serves."""
    if "permuted" in audit.probes and settings.get("url"):
        said = "permuted needs a server that the run starts: one that runs by itself has its model"
        raise PlanError("audit.probes", said)
    if settings.get("api") == "chat" and {"repeat", "seed"} & set(audit.probes):
        said = "a chat template lengthens prompts, so two of equal length cannot be asked"
        raise PlanError("audit", f'{said}; take api = "completions"')


def reference_of(plan: Plan, model: Mapping[str, Any]) -> tuple[Reference, bytes] | None:
    """The known outputs that the plan names, with their bytes; None where it names none.

    Raises UsageError for a file that is none, that is another one, or that is of another model.
    """
    audit = plan.audit
    if not audit or not audit.reference:
        return None
    found, data = known_outputs(audit)
    path = audit.reference
    if found.model_sha256 != model.get("sha256"):
        raise ArtefactError(
            path,
            f"knows outputs of the model {found.model_sha256[:16]}, and the plan's is"
            f" {str(model.get('sha256'))[:16]}",
        )
    if "length" in audit.probes and found.stop != "natural":
        raise ArtefactError(path, "is of outputs that did not end by themselves: no lengths")
    return found, data


def known_outputs(audit: AuditPlan) -> tuple[Reference, bytes]:
    """The known outputs in the file that a table names, with their bytes.

    Raises ArtefactError for a file that is none, or another one than the plan wants.
    """
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
    return found, data


def check_reference(known: tuple[Reference, bytes] | None, engine_kind: str) -> None:
    """Refuse known outputs in what this engine does not show. Raises PlanError."""
    if known is None:
        return
    has, shows = _kind_of(known[0]), SHOWN.get(engine_kind, IDS)
    if has != shows:
        said = (
            f"knows outputs as {has}, and {engine_kind} shows {shows}: make one of a run with it"
        )
        raise PlanError("audit.reference", said)


def _kind_of(known: Reference) -> str:
    if any(one.graph is not None for one in known.outputs):
        return OF_GRAPHS
    return TEXTS if any(one.output for one in known.outputs) else IDS


def read_reference(data: bytes, name: str) -> Reference:
    """Known outputs out of a file, strictly. Raises ArtefactError."""
    try:
        found = msgspec.convert(strict_json(data), Reference)
    except (WireError, msgspec.ValidationError, UnicodeError) as err:
        raise ArtefactError(name, f"is no file of known outputs: {err}") from err
    if found.reference not in (REFERENCE_VERSION, TEXTS_VERSION, GRAPHS_VERSION):
        raise ArtefactError(name, f"is of version {found.reference}, not read here")
    if not all(known.said and (known.graph or known.output_tokens) for known in found.outputs):
        raise ArtefactError(name, "is no file of known outputs: one of them is empty")
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
