"""Text sets for fidelity: fixed, hashed, in Chinese and English."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import rfc8785

from host.artefacts.datasets.files import Slug, Version, Words, read_typed
from host.errors import ArtefactError
from host.handover.text import Txt

SHELF: Traversable = files("host.artefacts.fidelity") / "data"
DEFAULT = "fidelity-plain"
LANGUAGES = ("zh", "en")

_Passages = Annotated[tuple[Words, ...], msgspec.Meta(min_length=1, max_length=10_000)]


class _Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: Words
    en: Words


class _TextsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Slug
    version: Version
    licence: Words
    title: _Title
    texts: dict[str, _Passages]


@dataclass(frozen=True, slots=True)
class Texts:
    """A text set. texts: language -> the whole text. sha256: names the content, title left out."""

    id: str
    version: str
    licence: str
    title: Txt
    texts: dict[str, str]
    sha256: str


def load_texts(reference: str = DEFAULT) -> Texts:
    """A text set by shipped id, or by the path of a `.json` file of the same form.

    sha256 is over the RFC 8785 bytes of {"id", "version", "licence", "texts"}; passages are
    joined by an empty line. Raises ArtefactError.
    """
    if reference.endswith(".json"):
        file: Traversable = Path(reference)
    elif reference == DEFAULT:
        file = SHELF / f"{DEFAULT}.json"
    else:
        raise ArtefactError(reference, f"no such text set is shipped, there is {DEFAULT}")
    raw = read_typed(file, _TextsFile)
    unknown = sorted(set(raw.texts) - set(LANGUAGES))
    if unknown or not raw.texts:
        raise ArtefactError(reference, f"texts: {unknown or 'nothing'}, known are zh and en")
    content: dict[str, Any] = {
        "id": raw.id,
        "version": raw.version,
        "licence": raw.licence,
        "texts": {language: list(raw.texts[language]) for language in raw.texts},
    }
    try:
        sha256 = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    except rfc8785.CanonicalizationError as err:
        raise ArtefactError(reference, "a text holds half a surrogate pair") from err
    return Texts(
        id=raw.id,
        version=raw.version,
        licence=raw.licence,
        title=Txt(raw.title.zh, raw.title.en),
        texts={name: "\n\n".join(raw.texts[name]) for name in LANGUAGES if name in raw.texts},
        sha256=sha256,
    )
