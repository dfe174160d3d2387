"""One visit of a campaign, from nothing or from where it was left: a run folder, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from host.campaign.cells import Cell
from host.errors import DeviceError, FolderError, TakenError, UsageError
from host.handover.progress import Watch
from host.pipeline.campaign_folder import begun_in
from host.pipeline.measure import Files, Measured, measure
from host.pipeline.resume import resume
from host.plan.load import dump
from host.run.folder import RunFolder

GOES_ON = "the same `inferometer campaign run` goes on"


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a visit. Plain data, since it may come through a pipe.

    run: the sealed run folder. failed: `code: detail`, why the visit has none. stopped: why the
    whole campaign stops here, with the visit left open. interrupted: by the user.
    """

    run: Path | None = None
    failed: str = ""
    stopped: str = ""
    interrupted: bool = False


def make_visit(cell: Cell, place: Path, watch: Watch, files: Files) -> Ended:
    """Measure a cell in this place, or go on with what was begun there.

    A failure of this host's disk, or of a folder that another process has, is no cell's fault.
    """
    begun = begun_in(place)
    if begun is not None and RunFolder(begun).sealed:
        return Ended(begun)
    try:
        if begun is None:
            done = measure(cell.plan, dump(cell.plan).encode(), place, watch, files)
        else:
            done = resume(begun, watch, files.inventory)
    except DeviceError as err:
        return Ended(failed=f"device-failed: {err}")
    except FolderError as err:
        return Ended(stopped=str(err))
    except TakenError as err:  # a run of somebody else's there ends some time
        return Ended(failed=f"device-taken: {err}")
    except UsageError as err:
        return Ended(failed=f"bad-input: {err}")
    return _of(done, cell)


def _of(done: Measured, cell: Cell) -> Ended:
    if done.ended == "interrupted":
        return Ended(interrupted=True)
    if done.ended:
        return Ended(stopped=f"{done.ended} on the device of {cell.name}; make room there")
    return Ended(done.folder.path)
