"""What a validity rule may look at: the run as read and the record as it lies there."""

from __future__ import annotations

from dataclasses import dataclass

from host.handover.facts import RunFacts
from host.handover.finding import StreamFault
from host.handover.record import Record
from host.handover.signature import SignatureOutcome
from host.handover.trace import AlignedRun


@dataclass(frozen=True, slots=True)
class Case:
    """record: as it lies in the folder, else as it was redone. faults: damaged streams.

    signatures: of this record and of those that it replaced.
    """

    run: AlignedRun
    facts: RunFacts
    record: Record
    faults: tuple[StreamFault, ...] = ()
    signatures: tuple[SignatureOutcome, ...] = ()
