"""A dataset as the stages use it, its identity, and the order in which its items are run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import rfc8785

from host.handover.text import Txt

# zxx: no linguistic content (ISO 639-2), of inputs that are no text.
Language = Literal["zh", "en", "zxx"]


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt.

    scenario: what a user does here, for example `phone-call-summary`. language: of the prompt;
    a translation asks in the language it translates from. prompt_tokens: the exact count to
    which the engine cuts the tokenized text, or to which it repeats a text that is too short;
    None: the text as it is, whatever its count. output_tokens: how many tokens are asked for;
    None: the plan says so.
    """

    id: str
    scenario: str
    language: Language
    text: str
    prompt_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Items in the order of their file, with unique ids, and the hash that names them.

    sha256: `canonical_sha256` of the content; the title is not part of it. licence: an SPDX
    expression, or the words of whoever made the dataset.
    """

    id: str
    version: str
    licence: str
    title: Txt
    items: tuple[Item, ...]
    sha256: str


def canonical_sha256(dataset_id: str, version: str, licence: str, items: Iterable[Item]) -> str:
    """SHA-256 of the RFC 8785 bytes of id, version, licence and items, in lower-case hex.

    Key order and white space of a file do not change it, the order of the items does. Token
    counts that a file leaves out stand as null.

    Raises:
        rfc8785.CanonicalizationError: a text holds half a surrogate pair, so has no bytes.
    """
    content: dict[str, Any] = {
        "id": dataset_id,
        "version": version,
        "licence": licence,
        "items": [asdict(item) for item in items],
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def order_ids(ids: Iterable[str], seed: int, attempt: int) -> tuple[str, ...]:
    """Ids of items in the order in which one attempt runs them.

    Sorted by SHA-256 of the UTF-8 text `<seed>:<attempt>:<id>`, both numbers in decimal: the
    same on every machine and Python version, whatever order the ids come in, and anyone can
    redo it from the record. Each attempt has an order of its own, so that drift during an
    attempt does not always fall on the same items.
    """

    def place(name: str) -> bytes:
        return hashlib.sha256(f"{seed}:{attempt}:{name}".encode()).digest()

    return tuple(sorted(ids, key=place))
