"""All cells of a campaign looked at before the first visit: what is wrong is known at once.

A campaign takes hours, and each block comes to every cell. So what can be known without measuring
is asked first: the files that plans name, whether engine, load, probes and dataset fit together,
and whether each device has the engine. Nothing is made, pushed or measured. A device that is away
now may be there when its turn comes: that is said, and is no reason not to begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from host.artefacts.fidelity.reference import find_reference
from host.artefacts.models.formats import is_genai_folder, is_graph
from host.artefacts.models.gguf_header import read_header
from host.artefacts.models.store import offered
from host.artefacts.recordings import inspect_recording
from host.campaign.cells import Asked, Cell
from host.errors import ArtefactError, CampaignError, HostError, PlanError, UsageError
from host.handover.plan import Plan
from host.handover.runner import NATIVE, NATIVE_WORDS
from host.pipeline.artefacts import engines_of
from host.pipeline.audit import check_audit, known_outputs
from host.pipeline.campaign_report import read_folder
from host.pipeline.reach import reached
from host.plan.inference import check_inference
from host.plan.resolve import (
    FORMATS,
    check_load,
    check_pairing,
    check_staircase,
    choose_engine,
    dataset_of,
    requests_of,
)
from host.plan.runner import runner

# Names of cells in front of what is wrong with all of them.
_MOST_NAMES = 4

# Engine kind -> version on a device; None where it was not reached.
Engines = Mapping[str, str | None] | None
Place = tuple[str, bool]
# What a device says of its engines, or why it did not.
Said = Mapping[str, str | None] | HostError
Check = Callable[[], object]


@dataclass(slots=True)
class _Files:
    """What was read already, since cells share files: key -> what is wrong with it, or ""."""

    known: dict[tuple[str, ...], str] = field(default_factory=dict)

    def wrong(self, key: tuple[str, ...], check: Check) -> str:
        """What a check of this file raises, "" for nothing; asked once."""
        if key not in self.known:
            self.known[key] = _said(check)
        return self.known[key]


def check_cells(
    asked: Asked, name: str, inventory: Path | None, only: Iterable[str] | None = None
) -> tuple[str, ...]:
    """Look at every cell, or at those named; gives what a user should know and may be meant.

    name: of the campaign file, for the refusal. Raises CampaignError with every cell that cannot
    be measured, and why.
    """
    cells = [c for c in asked.cells if only is None or c.name in set(only)]
    there = _devices({_place(cell) for cell in cells}, inventory)
    files = _Files()
    wrong: dict[str, list[str]] = {}
    for cell in cells:
        for said in dict.fromkeys(_faults(cell, there[_place(cell)], files)):
            wrong.setdefault(said, []).append(cell.name)
    if wrong:
        bad = {each for names in wrong.values() for each in names}
        lines = (f"\n  {_names(names)}: {said}" for said, names in wrong.items())
        head = f"{len(bad)} of {len(cells)} cells cannot be measured, so nothing is begun:"
        raise CampaignError(name, head + "".join(lines))
    return tuple(_warnings(cells, there))


def still_going(asked: Asked, root: Path) -> tuple[str, ...]:
    """Cells that a campaign in this folder will visit: all where none was begun there."""
    try:
        _, state, _ = read_folder(root)
    except CampaignError:
        return asked.names  # none was begun, or `run_campaign` says what is wrong with it
    return () if state.ended else state.going


def _place(cell: Cell) -> Place:
    """A native runner is run by the shell agent, whatever else the device has."""
    return cell.plan.device, cell.plan.engine.kind in NATIVE_WORDS


def _devices(places: Iterable[Place], inventory: Path | None) -> dict[Place, Said]:
    """What each device says of its engines, or why it says nothing.

    One after the other and without threads: devices beside each other are forks of this process.
    """
    return {each: _asked(each, inventory) for each in sorted(places)}


def _asked(place: Place, inventory: Path | None) -> Said:
    try:
        return _engines(place, inventory)
    except HostError as err:
        return err


def _engines(place: Place, inventory: Path | None) -> Mapping[str, str | None]:
    device, native = place
    with (
        reached(device, inventory, lambda _: None, NATIVE if native else "") as there,
        there.link() as link,
    ):
        return engines_of(link)


def _faults(cell: Cell, there: Said, files: _Files) -> Iterator[str]:
    """Everything that is wrong with a cell, as far as it can be known."""
    plan = cell.plan
    if isinstance(there, UsageError):  # a name that nobody knows; away is another thing
        yield str(there)
    engines = there if isinstance(there, Mapping) else None
    try:
        kind = _kind(plan, engines)
    except UsageError as err:
        yield str(err)
        return
    of_plan = (partial(check, plan, kind) for check in _OF_PLAN) if kind else ()
    yield from (said for check in (*of_plan, partial(_requests, plan)) if (said := _said(check)))
    if kind:
        yield from _of_files(plan, kind, files)


def _of_files(plan: Plan, kind: str, files: _Files) -> Iterator[str]:
    """What is wrong with the files that a plan names."""
    checks: dict[tuple[str, ...], Check] = {
        ("model", kind, plan.model.reference): partial(_model, plan, kind)
    }
    if plan.fidelity:
        reference = plan.fidelity.reference
        checks["fidelity", reference] = partial(find_reference, reference)
    if plan.audit and plan.audit.reference:
        checks["audit", plan.audit.reference] = partial(known_outputs, plan.audit)
    if kind == NATIVE and isinstance(named := plan.engine.settings.get("runner"), str):
        checks["runner", named] = partial(runner, named)
    yield from (said for key, check in checks.items() if (said := files.wrong(key, check)))


def _said(check: Check) -> str:
    try:
        check()
    except UsageError as err:
        return str(err)
    return ""


def _kind(plan: Plan, engines: Engines) -> str:
    """The engine that will run; "" where only the device could tell, and it is away.

    Raises PlanError for one that the device has not.
    """
    if engines is None and plan.engine.kind == "auto":
        return ""
    kind = choose_engine(plan, engines or {}).kind
    if engines and kind not in engines:
        known = ", ".join(sorted(engines))
        raise PlanError("engine.kind", f"there is no engine {kind}; {plan.device} knows {known}")
    if engines and kind in FORMATS and engines[kind] is None:  # the others need no library
        raise PlanError("engine.kind", f"{kind} is not installed on {plan.device}")
    return kind


def _requests(plan: Plan) -> None:
    requests_of(plan, dataset_of(plan))


def _model(plan: Plan, kind: str) -> None:
    """The model, as far as a look at its head goes. What is to be made is not made."""
    reference = plan.model.reference
    if kind == "replay":
        inspect_recording(Path(reference))
        return
    path = offered(reference, "int4" if kind == "onnx_genai" else "q4_0")
    if path is None:
        return
    found = "genai" if is_genai_folder(path) else "onnx" if is_graph(path) else "gguf"
    if found == "gguf":
        read_header(path)
    wanted = FORMATS.get(kind, found)
    if found != wanted:
        said = f"{kind} runs {wanted} models, {path.name} is {found}"
        raise ArtefactError(reference, said)


def _warnings(cells: Iterable[Cell], there: Mapping[Place, Said]) -> Iterator[str]:
    """Devices that did not answer, with the cells that could not be looked at there."""
    away: dict[str, list[str]] = {}
    for cell in cells:
        said = there[_place(cell)]
        if not isinstance(said, Mapping):
            away.setdefault(f"{cell.plan.device} did not answer ({said})", []).append(cell.name)
    for why, names in away.items():
        yield f"{why}: its engines were not looked at, for {_names(names)}"


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} (+{len(names) - _MOST_NAMES})"


_OF_PLAN: tuple[Callable[[Plan, str], None], ...] = (
    check_pairing,
    check_staircase,
    check_inference,
    check_load,
    check_audit,
)
