"""One measurement: plan to sealed folder, then record and page."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from collectors.clocks import device_clock
from host.align.streams import read_json
from host.deploy.stage import deploy_local, local_store
from host.errors import DeviceError, FolderError, TransportError
from host.handover.deployment import Deployment
from host.handover.perturbation import Lookup
from host.handover.plan import Plan, ResolvedPlan
from host.handover.progress import Progress, Watch
from host.pipeline.equipment import equipment_for, keep_equipment
from host.pipeline.laboratory import NAME as LABORATORY
from host.pipeline.laboratory import laboratory_bytes
from host.pipeline.perturbation import look_up, write_on_off
from host.pipeline.prepare import artefacts_of, resolve_plan
from host.pipeline.redo import Redone, redo
from host.pipeline.write import write_page, write_record
from host.run.attempts import Bench, StopSwitch, run_attempts
from host.run.exchange import exchange
from host.run.folder import RunFolder, check_writable, create, write_bytes, write_json
from host.run.journal import Journal, wall_label
from host.run.link import AgentLink
from host.run.salvage import left_behind, salvage
from host.run.seal import seal
from host.run.timekeeping import begin_timekeeping, end_timekeeping
from host.transport.local import Local


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished run: its folder, what was redone from it, and why it ended early, if it did.

    lookup: what the search for the agent's own cost gave, where there was one.
    """

    folder: RunFolder
    redone: Redone
    ended: str
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Files of the operator: equipment in use, laboratory. None: the usual one, if any."""

    equipment: Path | None = None
    laboratory: Path | None = None


NO_FILES = Files()


def prepare(plan: Plan, watch: Watch, equipment: Path | None = None) -> ResolvedPlan:
    """Resolve a plan and try it with the agent, without a run (`--dry-run`)."""
    found = artefacts_of(plan, _steps(watch))
    transport = Local()
    deployment = deploy_local(transport, local_store())
    with AgentLink.start(transport, deployment) as link:
        equipment_for(equipment, link)
        return resolve_plan(plan, found, link, deployment)


def measure(
    plan: Plan, given: bytes, runs: Path, watch: Watch, files: Files = NO_FILES
) -> Measured:
    """Measure by a plan. given: the plan file's bytes, kept as they are, and so are `files`.

    Raises UsageError before anything is written, DeviceError when device or engine failed.
    """
    check_writable(runs)
    laboratory = laboratory_bytes(files.laboratory)
    found = artefacts_of(plan, _steps(watch))
    transport = Local()
    deployment = deploy_local(transport, local_store())
    with AgentLink.start(transport, deployment) as link:
        resolved = resolve_plan(plan, found, link, deployment)
        instruments = equipment_for(files.equipment, link)
        folder = create(runs, _name(resolved))
        with _disk(folder):
            write_bytes(folder.data / "plan.toml", given)
            write_json(folder.data / "plan.json", msgspec.to_builtins(resolved))
            keep_equipment(folder, instruments)
            if laboratory is not None:
                write_bytes(folder.data / LABORATORY, laboratory)
        ended = fill(Work(resolved, folder, transport, deployment, watch), link)
    return finish(folder, ended, watch)


def finish(folder: RunFolder, ended: str, watch: Watch) -> Measured:
    """Seal a run that came to its end, and write record and page of whatever is there."""
    lookup = None
    with _disk(folder):
        if not ended:
            lookup = look_up(local_store(), folder, wall_label())
            watch(Progress("seal"))
            seal(folder, made_by="inferometer")
        watch(Progress("evaluate"))
        redone = redo(folder.path)
        write_record(folder.path, redone)
        write_page(folder.path, redone)
        write_on_off(folder.path, redone.reading)
    return Measured(folder, redone, ended, lookup)


@dataclass(frozen=True, slots=True)
class Work:
    """What a run is made of."""

    resolved: ResolvedPlan
    folder: RunFolder
    transport: Local
    deployment: Deployment
    watch: Watch


def fill(work: Work, link: AgentLink) -> str:
    """Everything between the new folder and the seal. Gives why the run ended early, or ""."""
    clock = device_clock()
    folder = work.folder
    with _disk(folder):
        bench = Bench(
            plan=work.resolved,
            folder=folder,
            transport=work.transport,
            spool=work.deployment.spool / str(read_json(folder.data / "run.json")["id"]),
            clock=clock,
            journal=Journal(folder, clock),
            watch=work.watch,
            launch=_launch(work),
        )
        for number in left_behind(bench):
            salvage(bench, number, "cut-off: the host ended in the middle of the attempt")
        with _interrupts(bench.switch):
            ended = _attempts(bench, link)
        bench.journal.note(ended or "run_end")
        bench.journal.close()
        with contextlib.suppress(OSError):  # not empty: an attempt that could not be collected
            Path(bench.spool).rmdir()
    return ended


def _attempts(bench: Bench, link: AgentLink) -> str:
    """The attempts that are still missing, between two looks at the device."""
    numbers = missing(bench)
    bench.journal.note("run_start", {"first": numbers.start, "last": numbers.stop - 1})
    try:
        _before(bench, link)
        exchange(link, bench.folder, bench.clock, f"before-{numbers.start:03d}")
        session = begin_timekeeping(link, bench.folder)
        ended = run_attempts(bench, link, numbers)
        end_timekeeping(link, bench.folder, session)
        write_json(bench.folder.data / "device-after.json", _content(link.ask("device")))
        exchange(link, bench.folder, bench.clock, f"after-{numbers.start:03d}")
    except DeviceError as err:
        for number in left_behind(bench):
            salvage(bench, number, f"agent-died: {err}")
        bench.journal.note("device-failed", {"detail": str(err)})
        raise type(err)(
            *err.args,
            f"what was sampled is kept in {bench.folder.path}; "
            "`inferometer measure --resume` goes on from there",
        ) from err
    return ended


def missing(bench: Bench) -> range:
    """Numbers of the attempts to run: one for each that has not ended valid or void."""
    taken = bench.folder.attempts()
    states = [read_json(bench.folder.attempt(n) / "attempt.json")["status"] for n in taken]
    ended = sum(state in ("valid", "void") for state in states)
    first = max(taken, default=0) + 1
    return range(first, first + max(0, bench.plan.plan.run.attempts - ended))


def _before(bench: Bench, link: AgentLink) -> None:
    """Ask the device for itself and its sources; a resumed run keeps the first answers."""
    folder = bench.folder
    for name, message in (
        ("session", {**link.hello, "launch": bench.launch}),
        ("device-before", link.ask("device")),
        ("sources", link.ask("probe", {"reads": 20}, answer="sources")),
    ):
        path = folder.data / f"{name}.json"
        if not path.exists():
            write_json(path, _content(message))


def _launch(work: Work) -> dict[str, str]:
    """How the engine comes to run: an app, a shell and a service differ in speed on phones."""
    return {
        "transport": work.transport.device,
        "agent": work.deployment.agent.name,
        "session": "child process of the host, isolated Python, JSON lines over stdio",
        "engine": "a fresh child process of the session for every attempt",
        "sampler": "another child process of the session",
    }


def _content(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "type"}


@contextmanager
def _disk(folder: RunFolder) -> Iterator[None]:
    """Say in one sentence that the disk failed; what was written before stays readable."""
    try:
        yield
    except OSError as err:
        raise FolderError(
            str(folder.path),
            f"the disk failed ({err.strerror or err}); what was kept so far is readable, "
            "and `inferometer measure --resume` goes on from there",
        ) from err
    except TransportError as err:
        if "No space left" in str(err):
            raise FolderError(
                str(folder.path),
                "the disk is full; what was kept so far is readable, "
                "and `inferometer measure --resume` goes on from there",
            ) from err
        raise


@contextmanager
def _interrupts(switch: StopSwitch) -> Iterator[None]:
    """First Ctrl-C ends after this attempt, the second one ends the attempt at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: switch.press())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _steps(watch: Watch) -> Any:  # noqa: ANN401
    def step(done: int, total: int, what: str) -> None:
        ratio = done / total if total else None
        watch(Progress("prepare", waiting=what, done_ratio=ratio))

    return step


def _name(resolved: ResolvedPlan) -> str:
    stamp = wall_label()[:19].replace(":", "").replace("-", "")
    return f"{stamp}Z-{resolved.model.get('name', 'model')}-{resolved.engine_kind}"
