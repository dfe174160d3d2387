"""Records from files and folders, read strictly and compared as asked."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from host.check.archive import is_archive, unpacked
from host.compare.against import Against, against
from host.compare.conformity import DecisionRule, Limit, RuleName
from host.compare.consensus import Consensus, consensus
from host.compare.limits import Conformity, Wanted, conformity, find
from host.compare.pairs import Side
from host.compare.repeatability import Repeatability, other_things, repeatability
from host.compare.run import MIN_RECORDS, Comparison, compare, sides_of
from host.errors import FolderError, UsageError
from host.handover.record import Record
from host.report.compare_page import Page, page
from host.run.folder import write_bytes
from host.schema.upgrade import read_unchanged

RECORD = "record.json"
# A record of an hour's run takes a few MiB; what is larger is no record of ours.
MAX_RECORD_BYTES = 256 << 20
MAX_LIMITS_BYTES = 1 << 20
PAGE_SUFFIXES = (".html", ".htm")


class LimitField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One limit of a specification file; at least one of low and high."""

    result: str
    unit: str
    low: float | None = None
    high: float | None = None


class Specification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A specification file: its id, the decision rule, and limits by result.

    alpha: of the guard band w = k_w u; left out, w = U.
    """

    specification: str
    rule: RuleName
    limit: tuple[LimitField, ...]
    alpha: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What to state beside the comparison. reference: letter of a record, "" for no scores."""

    reference: str = ""
    sigma_pt: tuple[tuple[str, float], ...] = ()
    repeatability: bool = False
    consensus: bool = False
    limits: tuple[Wanted, ...] = ()
    specification: str = ""
    rule: DecisionRule | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it. comparison None: one record, judged against limits only.

    other_things: traits that keep records from being of one thing, where that was asked.
    """

    paths: tuple[Path, ...]
    sides: tuple[Side, ...]
    comparison: Comparison | None
    against: tuple[Against, ...] = ()
    repeatability: tuple[Repeatability, ...] = ()
    consensus: tuple[Consensus, ...] = ()
    conformity: tuple[Conformity, ...] = ()
    other_things: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Comparable as a whole, of one thing where that was asked, and every limit passed.

        A conditional pass is none; under guarded rejection the good outcome is `noFail`.
        """
        comparable = self.comparison is None or self.comparison.comparable
        passed = all(
            each.statement is not None and each.statement.outcome in ("pass", "noFail")
            for each in self.conformity
        )
        return comparable and passed and not self.other_things


def read(path: Path) -> Record:
    """The record at `path`: a run folder, an archive of one, or a record file, of any version.

    Raises FolderError for what is no record, or one whose identity is not that of its contents.
    """
    name, raw = read_raw(path)
    return record_of(raw, name)


def read_raw(path: Path) -> tuple[str, bytes]:
    """(what to call it, bytes) of the record at `path`. Raises FolderError."""
    if not _is_archive(path):
        file = path / RECORD if path.is_dir() else path
        return str(file), _bytes(file, str(file))
    with unpacked(path) as folder:
        name = f"{path}: {RECORD}"
        return name, _bytes(folder / RECORD, name)


def _is_archive(path: Path) -> bool:
    try:
        return is_archive(path)
    except OSError as err:
        raise FolderError(str(path), f"cannot be read ({err.strerror})") from err


def _bytes(file: Path, name: str) -> bytes:
    """What is in `file`; errors speak of `name`."""
    try:
        plain = file.is_file() or not file.exists()  # a pipe may never end
        raw = _front(file) if plain else b""
    except OSError as err:
        raise FolderError(name, f"cannot be read ({err.strerror})") from err
    except ValueError as err:  # a NUL in it: a path out of a database can be any text
        raise FolderError(name, f"is no path ({err})") from err
    if not plain:
        raise FolderError(name, "is no plain file")
    if len(raw) > MAX_RECORD_BYTES:
        raise FolderError(name, f"is no record: larger than {MAX_RECORD_BYTES} bytes")
    return raw


def _front(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_RECORD_BYTES + 1)


def record_of(raw: bytes, name: str) -> Record:
    """The record in these bytes. Raises FolderError, also where its identity is another one."""
    return read_unchanged(raw, name)[0]


def specification(path: Path) -> Specification:
    """A specification file, TOML. Raises UsageError with the key."""
    try:
        with path.open("rb") as opened:
            raw = opened.read(MAX_LIMITS_BYTES + 1)
        return msgspec.convert(tomllib.loads(raw.decode()), Specification)
    except OSError as err:
        raise UsageError(str(path), f"cannot be read ({err.strerror})") from err
    except (ValueError, RecursionError, msgspec.ValidationError) as err:
        raise UsageError(str(path), f"is no specification: {err}") from err


def wanted_of(said: Specification) -> tuple[Wanted, ...]:
    """Its limits. Raises UsageError, with the result, for one that bounds nothing."""
    if not said.limit:
        raise UsageError(said.specification, "states no limit")
    return tuple(Wanted(each.result, _limit(each), each.unit) for each in said.limit)


def _limit(said: LimitField) -> Limit:
    try:
        return Limit(said.low, said.high)
    except UsageError as err:
        raise UsageError(said.result, str(err)) from err


def run(paths: Sequence[Path], asked: Asked) -> Compared:
    """Read, compare and state all that is asked for."""
    return compared_of(paths, [read(path) for path in paths], asked)


def compared_of(paths: Sequence[Path], records: Sequence[Record], asked: Asked) -> Compared:
    """The same of records that were read; paths: where they lie."""
    _enough(records, asked)
    sides = sides_of(records)
    stated = conformity(sides, asked.limits, asked.specification, asked.rule) if asked.rule else ()
    if len(records) < MIN_RECORDS:
        return Compared(tuple(paths), sides, None, conformity=stated)
    comparison = compare(records)
    others = other_things(comparison) if asked.repeatability or asked.consensus else ()
    possible = comparison.extent != "none" and not others
    return Compared(
        tuple(paths),
        sides,
        comparison,
        against=_scores(comparison, asked),
        repeatability=repeatability(comparison) if asked.repeatability and possible else (),
        consensus=consensus(comparison) if asked.consensus and possible else (),
        conformity=stated,
        other_things=others,
    )


def _enough(records: Sequence[Record], asked: Asked) -> None:
    alone = asked.rule is not None and not (
        asked.reference or asked.repeatability or asked.consensus
    )
    if len(records) < MIN_RECORDS and not alone:
        raise UsageError("compare", "needs two records, or one with --limit")


def _scores(comparison: Comparison, asked: Asked) -> tuple[Against, ...]:
    if not asked.reference or comparison.extent == "none":
        return ()
    by_label = {side.label: side for side in comparison.sides}
    if asked.reference not in by_label:
        labels = ", ".join(by_label)
        raise UsageError("--reference", f"{asked.reference!r} is none of {labels}")
    reference = by_label.pop(asked.reference)
    sigma = {find(reference, name).id: value for name, value in asked.sigma_pt}
    found = comparison.differences
    return tuple(a for lab in by_label.values() for a in against(reference, lab, found, sigma))


def write_page(output: Path, contents: Page, inputs: Sequence[Path]) -> None:
    """Write the page. Raises UsageError where it would lie over a record that is compared."""
    taken = {file.resolve() for path in inputs for file in (path, path / RECORD)}
    if output.resolve() in taken:
        raise UsageError("--output", f"{output} is one of the records")
    if output.suffix.lower() not in PAGE_SUFFIXES:
        raise UsageError("--output", f"{output} is no page: its name must end in .html")
    try:
        write_bytes(output, page(contents))
    except OSError as err:
        raise FolderError(str(output), f"cannot be written ({err.strerror})") from err
