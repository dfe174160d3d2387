"""Dataset files: JSON that can be read one way only, checked into a `Dataset`."""

from __future__ import annotations

from collections import Counter
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import rfc8785

from agent.wire import MAX_MESSAGE_BYTES, WireError, strict_json
from host.artefacts.datasets.dataset import Dataset, Item, canonical_sha256
from host.errors import ArtefactError
from host.handover.text import Txt

# An item travels to the agent as one message; a file no larger than a message always fits.
MAX_FILE_BYTES = MAX_MESSAGE_BYTES
MAX_TOKENS = 1_000_000
MAX_ITEMS = 10_000

Slug = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9-]+\Z", max_length=64)]
Version = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]+(\.[0-9]+)*\Z", max_length=32)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Words = Annotated[str, msgspec.Meta(pattern=r"\S")]
Tokens = Annotated[int, msgspec.Meta(ge=1, le=MAX_TOKENS)]

T = TypeVar("T")


class _ItemEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Slug
    scenario: Slug
    language: Literal["zh", "en"]
    text: Words
    prompt_tokens: Tokens | None = None
    output_tokens: Tokens | None = None


class _TitleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: Words
    en: Words


class _DatasetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Slug
    version: Version
    licence: Words
    title: _TitleEntry
    items: Annotated[tuple[_ItemEntry, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    sha256: Sha256 | None = None


def read_dataset(file: Traversable) -> Dataset:
    """Read and check one dataset file.

    Raises:
        ArtefactError: no such file, too large, not strict JSON, a key unknown, missing or out
            of range, an id twice, or a `sha256` in the file that is not that of its content.
    """
    raw = read_typed(file, _DatasetFile)
    _refuse_twins(file, raw.items)
    items = tuple(Item(**msgspec.structs.asdict(item)) for item in raw.items)
    try:
        sha256 = canonical_sha256(raw.id, raw.version, raw.licence, items)
    except rfc8785.CanonicalizationError as err:
        raise ArtefactError(str(file), "a text holds half a surrogate pair") from err
    require_sha256(str(file), stated=raw.sha256, found=sha256, stated_by="the file")
    title = Txt(zh=raw.title.zh, en=raw.title.en)
    return Dataset(raw.id, raw.version, raw.licence, title, items, sha256)


def read_typed(file: Traversable, kind: type[T]) -> T:
    """A strict JSON file as a msgspec struct; unknown keys and wrong types are refused.

    Raises:
        ArtefactError: see `read_dataset`.
    """
    try:
        return msgspec.convert(_strict(file), kind)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise ArtefactError(str(file), str(err)) from err


def require_sha256(where: str, *, stated: str | None, found: str, stated_by: str) -> None:
    """Refuse content whose hash is not the one that was stated.

    Raises:
        ArtefactError: the hashes differ; the sentence names both.
    """
    if stated is not None and stated != found:
        raise ArtefactError(where, f"the content has sha256 {found}, {stated_by} states {stated}")


def _strict(file: Traversable) -> Any:  # noqa: ANN401
    try:
        if not file.is_file():
            raise ArtefactError(str(file), "there is no such dataset file")
        with file.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as err:
        raise ArtefactError(str(file), f"cannot be read, {err.strerror}") from err
    if len(raw) > MAX_FILE_BYTES:
        raise ArtefactError(str(file), f"is larger than the {MAX_FILE_BYTES} bytes allowed")
    try:
        return strict_json(raw)
    except WireError as err:
        raise ArtefactError(str(file), f"is no strict JSON, {err}") from err


def _refuse_twins(file: Traversable, items: tuple[_ItemEntry, ...]) -> None:
    twins = [name for name, count in Counter(item.id for item in items).items() if count > 1]
    if twins:
        raise ArtefactError(str(file), f"item id {twins[0]!r} stands more than once")
