"""The plotting library, packed into the page from its own wheel.

The packed bytes depend on the installed plotly and on the zlib that packs it. Everything else in
a page depends on record and trace only: `without_library` is what two machines can compare.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files

from platformdirs import user_cache_path

from host.report.html_packed import packed

_BUNDLE = "package_data/plotly.min.js"
# The bundle adds a style element for its maps unless an element of this id is there. We draw no
# maps, and the page's policy takes no style that it does not know.
_STYLE_GUARD = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')
_PACKED = re.compile(rb'<script type="text/plain" id="library"[^>]*>[^<]*</script>')
_POLICY = re.compile(rb"(script-src 'sha256-[^']*') 'sha256-[^']*'")
_GUARDS = re.compile(rb'<div id="library-guards" hidden="">.*?</div>')
_NAME = re.compile(rb'<div id="library-name">.*?</div></dl></div>')


@dataclass(frozen=True, slots=True)
class Library:
    """packed: base64 of gzip of the script. policy_hash: of the script, for the CSP."""

    name: str
    packed: str
    sha256: str
    policy_hash: str
    style_guards: tuple[str, ...]


@lru_cache(maxsize=1)
def library() -> Library:
    """plotly.js as the installed plotly package carries it."""
    raw = files("plotly").joinpath(_BUNDLE).read_bytes()
    digest = hashlib.sha256(raw)
    return Library(
        name=f"plotly {version('plotly')}",
        packed=base64.b64encode(
            packed(raw, digest.hexdigest(), user_cache_path("inferometer") / "page")
        ).decode("ascii"),
        sha256=digest.hexdigest(),
        policy_hash=_source(digest.digest()),
        style_guards=tuple(dict.fromkeys(g.decode() for g in _STYLE_GUARD.findall(raw))),
    )


def policy_hash(source: str) -> str:
    """A script or style as a source expression of the Content Security Policy."""
    return _source(hashlib.sha256(source.encode("utf-8")).digest())


def _source(digest: bytes) -> str:
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def without_library(page: bytes) -> bytes:
    """A page with the packed library and all that depends on its version taken out."""
    bare = _PACKED.sub(b"", page, count=1)
    for part, kept in ((_POLICY, rb"\1"), (_GUARDS, b""), (_NAME, b"")):
        bare = part.sub(kept, bare, count=1)
    return bare
