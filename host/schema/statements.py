"""Statements as files, and the chain that they must make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from host.errors import FolderError
from host.handover.finding import Finding
from host.handover.formal import State
from host.handover.statement import (
    FOLLOWING,
    STATEMENT_FORMAT,
    STATEMENT_VERSION,
    Statement,
)
from host.handover.text import Txt
from host.schema.canonical import canonical_bytes, quoted, strict_object

FOLDER = "statements"
ASPECT = "redone"


@dataclass(frozen=True, slots=True)
class Stored:
    """A statement as it lies in the folder: file name, its bytes, what they say."""

    name: str
    raw: bytes
    statement: Statement


def statement_bytes(statement: Statement) -> bytes:
    """The file: RFC 8785 bytes, one LF at the end."""
    return canonical_bytes(quoted(msgspec.to_builtins(statement))) + b"\n"


def read_statement(raw: bytes, name: str) -> Statement:
    """Read one statement. Raises FolderError with `name` for what is not exactly one."""
    found = strict_object(raw, name)
    version = found.get("version")
    if found.get("format") == STATEMENT_FORMAT and version != STATEMENT_VERSION:
        raise FolderError(
            name, f"has the statement version {version!r}, which is unknown here (known: 1)"
        )
    try:
        return msgspec.convert(found, Statement, strict=True)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(name, f"is no statement: {err}") from err


def moment(date: str) -> str:
    """What dates are ordered by: without the Z, which would sort after a fraction of a second."""
    return date.removesuffix("Z")


def check_chain(
    stored: Sequence[Stored], identities: Sequence[str], performed_end: str
) -> tuple[Finding, ...]:
    """Everything in which the statements of a folder make no chain; an empty tuple means good.

    stored: in order of their names. identities: of the record redone with none, the first, the
    first two and so on of them, one more than there are statements. performed_end: RFC 3339, ""
    where not known; nothing is stated before it.
    """
    found: list[Finding] = []
    state: State = "draft"
    date = performed_end
    for place, each in enumerate(stored):
        found += _of_itself(each, place)
        found += _follows(each, state, identities[place])
        if date and moment(each.statement.date) < moment(date):
            found.append(
                _finding(
                    "statement-date",
                    each.name,
                    f"日期 {each.statement.date} 早于其之前的 {date}。",
                    f"Its date {each.statement.date} lies before {date}, which it follows.",
                )
            )
        state, date = each.statement.state, max(date, each.statement.date, key=moment)
    return tuple(found)


def _of_itself(each: Stored, place: int) -> Iterator[Finding]:
    """Name, number and bytes."""
    if each.statement.number != place + 1:
        yield _finding(
            "statement-hole",
            each.name,
            f"序号应为 {place + 1}，实为 {each.statement.number}：缺少或多出声明。",
            f"Its number is {each.statement.number} where {place + 1} is due:"
            " a statement is missing or too many.",
        )
    if each.name != each.statement.name:
        yield _finding(
            "statement-name",
            each.name,
            f"文件名应为 {each.statement.name}。",
            f"By what it says its name is {each.statement.name}.",
        )
    if each.raw != statement_bytes(each.statement):
        yield _finding(
            "statement-form",
            each.name,
            "字节不是 RFC 8785 形式。",
            "Its bytes are not in the form of RFC 8785, so somebody wrote it anew.",
        )


def _follows(each: Stored, state: State, identity: str) -> Iterator[Finding]:
    """Whether it may follow, and whether the record it replaces is the one before it."""
    if each.statement.state not in FOLLOWING[state]:
        yield _finding(
            "statement-order",
            each.name,
            f"{each.statement.state} 不能接在 {state} 之后。",
            f"A record that is {state} cannot become {each.statement.state}.",
        )
    if each.statement.replaces != identity:
        yield _finding(
            "statement-replaces",
            each.name,
            f"所替代的记录不是重算得到的前一记录 {identity}。",
            f"It replaces {each.statement.replaces}, and the record before it is {identity}:"
            " the data or an earlier statement were changed.",
        )


def _finding(rule: str, name: str, zh: str, en: str) -> Finding:
    return Finding(rule, ASPECT, f"{FOLDER}/{name}", Txt(zh, en))
