"""Issues, amends, substitutes and withdraws the record of a sealed run (17025, 7.8.8).

The seal stays as it is: a statement is added beside it, and the record is redone from the data
and all statements. A statement is the only thing written that does not follow from the rest, so a
command that was cut off leaves either nothing or what the next one makes whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from host.align.bag import check_bag
from host.errors import FolderError, LaboratoryError, UsageError
from host.handover.laboratory import Laboratory, Words
from host.handover.statement import (
    FOLLOWING,
    STATEMENT_FORMAT,
    STATEMENT_VERSION,
    Stated,
    Statement,
)
from host.pipeline.laboratory import lacking
from host.pipeline.redo import Redone, redo
from host.pipeline.statements import chain_findings, write_beside, write_derived
from host.pipeline.stored import stored_statements
from host.run.folder import RunFolder
from host.run.lock import locked
from host.schema.canonical import strict_object, to_bytes
from host.schema.statements import FOLDER, moment, statement_bytes
from host.schema.upgrade import version_of

SUFFIXES = {"amended": "A", "substituted": "S"}
_FORMS = {
    "received": "the day of receipt is given as 2026-01-31",
    "record_no": "a record number has 1 to 100 characters and no spaces",
    "external_provider_results": "the id of an external result is one line of text",
    "reason": "a reason has 1 to 2000 characters in each language",
    "opinions": "an opinion has 1 to 2000 characters in each language",
}
# Made again from data and statements by the very next lines, so no reason to stop here.
_REMADE = frozenset({"superseded-missing"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be stated. date: RFC 3339 in UTC, from the clock of whoever calls.

    laboratory: None for that of the last statement, else of the run. record_no: "" for one made
    by the laboratory's pattern. reason: why; needed but for the issue of a valid run.
    """

    state: Stated
    date: str
    laboratory: Laboratory | None = None
    record_no: str = ""
    reason: Words | None = None
    received: str = ""
    opinions: Words | None = None
    external_provider_results: tuple[str, ...] = ()


def state(root: Path, wanted: Wanted) -> Redone:
    """Add one statement to a sealed run; the record as it then stands.

    Raises FolderError for a folder that is not sealed, not intact, or whose record does not come
    out of its data; UsageError for what may not follow; LaboratoryError where who answers for
    the record is not known. Nothing is written then.
    """
    folder = RunFolder(root)
    if not folder.data.is_dir():
        raise FolderError(str(root), "is no run folder (there is no data/ in it)")
    if not folder.sealed:
        raise FolderError(str(root), "is not sealed; `inferometer seal` closes it as it is")
    with locked(root):
        before = _sound(folder)
        _may_follow(before, wanted)
        statement = _statement(before, wanted)
        write_beside(root / FOLDER / statement.name, statement_bytes(statement))
        after = before.followed_by(stored_statements(root))
        write_derived(root, after)
    return after


def _sound(folder: RunFolder) -> Redone:
    """The folder redone, if it is as it was sealed and its record comes out of it again.

    Of the last command that was cut off only the statement may be there: the rest is made.
    """
    for finding in check_bag(folder.path):
        raise FolderError(str(folder.path), f"is not intact: {finding.file}: {finding.text.en}")
    redone = redo(folder.path)
    for finding in chain_findings(folder.path, redone):
        if finding.rule not in _REMADE:
            raise FolderError(str(folder.path / finding.file), finding.text.en)
    _compare(folder, redone)
    return redone


def _compare(folder: RunFolder, redone: Redone) -> None:
    """The record on the disk is the one redone, or the one before a command that was cut off."""
    try:
        stored = folder.record.read_bytes()
    except OSError as err:
        raise FolderError(str(folder.record), f"cannot be read ({err.strerror})") from err
    count = len(redone.stored)
    if stored == redone.record_bytes():
        return
    if count and stored == to_bytes(redone.record_after(count - 1)):
        write_derived(folder.path, redone)
        return
    version = version_of(strict_object(stored, str(folder.record)), str(folder.record))
    if version != redone.record.schema.version:
        raise FolderError(
            str(folder.record),
            f"has the schema version {version}; this program makes {redone.record.schema.version}"
            " and issues no other, so measure again or issue it with the program that made it",
        )
    raise FolderError(
        str(folder.record),
        "does not come out of the raw data again; `inferometer verify` says where it differs",
    )


def _statement(before: Redone, wanted: Wanted) -> Statement:
    """The statement, all of its texts checked. Raises UsageError, LaboratoryError."""
    last = before.stored[-1].statement if before.stored else None
    laboratory = wanted.laboratory or (
        last.laboratory if last else before.reading.facts.laboratory
    )
    if laboratory is None:
        raise LaboratoryError(
            "there is no laboratory file, so nobody answers for the record and it stays a draft",
            "`inferometer laboratory init` writes one to fill in, --laboratory FILE names another",
        )
    for what in lacking(laboratory):
        raise LaboratoryError("the laboratory file", f"lacks {what}, so nothing can be issued")
    number = len(before.stored) + 1
    made = Statement(
        format=STATEMENT_FORMAT,
        version=STATEMENT_VERSION,
        number=number,
        state=wanted.state,
        date=wanted.date,
        replaces=before.record.record_id,
        record_no=wanted.record_no or _record_no(before, laboratory, wanted),
        laboratory=laboratory,
        reason=wanted.reason,
        received=wanted.received or (last.received if last else ""),
        opinions=wanted.opinions or (last.opinions if last else None),
        external_provider_results=wanted.external_provider_results
        or (last.external_provider_results if last else ()),
    )
    try:
        return msgspec.convert(msgspec.to_builtins(made), Statement, strict=True)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise UsageError(_sentence(str(err))) from err


def _record_no(before: Redone, laboratory: Laboratory, wanted: Wanted) -> str:
    """By the pattern; later reports get the number of the first with a letter and a count.

    A report that amends or substitutes has a number of its own (ISO/IEC 17025, 7.8.8.3).
    """
    if before.stored:
        if wanted.state not in SUFFIXES:
            return before.record.record_no
        first = before.stored[0].statement.record_no
        return f"{first}-{SUFFIXES[wanted.state]}{len(before.stored)}"
    day = wanted.date[:10].replace("-", "")
    digits = before.record.record_id.removeprefix("urn:sha256:")[:8]
    return laboratory.record_no.replace("{date}", day).replace("{id}", digits)


def _may_follow(before: Redone, wanted: Wanted) -> None:
    """Raises UsageError, with what to do instead, for a statement that may not follow."""
    now = before.record.status.state
    if wanted.state not in FOLLOWING[now]:
        can = ", ".join(FOLLOWING[now]) or "nothing else any more"
        article = "a draft" if now == "draft" else now
        raise UsageError(
            before.record.record_no or "the record",
            f"is {article}, so it cannot become {wanted.state}; it can become {can}",
        )
    verdict = before.record.verdict.status
    if wanted.reason is None and (now != "draft" or verdict != "valid"):
        why = f"the run is {verdict}" if now == "draft" else f"the record is {now}"
        raise UsageError(
            f"{why}, so a reason must be stated in both languages (--reason-zh, --reason-en)"
        )
    earliest = max(
        [before.record.performed.end, *(s.statement.date for s in before.stored)],
        key=moment,
    )
    if moment(wanted.date) < moment(earliest):
        raise UsageError(
            f"the clock says {wanted.date}, which lies before {earliest}, when the run ended or"
            " was last stated upon; set the clock and try again"
        )


def _sentence(message: str) -> str:
    """The library's message about a field, in words where it is one that people give."""
    return next((words for field, words in _FORMS.items() if f"$.{field}" in message), message)
