"""Text into HTML: escaping that hides nothing, tags, and both languages side by side."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Iterable
from typing import NewType

from host.handover.text import Txt

# Markup that is safe to put into the page. Only this file makes one out of a str, so mypy says
# where text of a device could get in unescaped.
Html = NewType("Html", str)

NOTHING = Html("")
# Control, format (bidi among them), surrogate, private use; line and paragraph separator. Not the
# unassigned ones: which those are depends on the Python that draws the page.
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
# Long texts of a device would blow the page up; the record file has them in full.
_MAX_CHARACTERS = 4000


def visible(text: str, most: int = _MAX_CHARACTERS) -> str:
    r"""Text with every character that hides or reorders others written as `\u202e` or `\x1b`.

    most: characters that are kept.
    """
    cut = text if len(text) <= most else text[:most] + " …"
    # What `str.isprintable` allows holds none of the hidden categories, and it is much quicker.
    return cut if cut.isprintable() else "".join(_shown(char) for char in cut)


def _shown(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN_CATEGORIES:
        return char
    return char.encode("unicode_escape").decode("ascii")


def text(words: object) -> Html:
    """Any value as escaped text."""
    return Html(html.escape(visible(str(words)), quote=True))


def tag(name: str, *children: Html, **attributes: str) -> Html:
    """An element. Attribute names: `class_` is class, other underscores are dashes."""
    given = "".join(f' {_attribute(key)}="{text(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{''.join(children)}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def join(parts: Iterable[Html], between: str = "") -> Html:
    """Markup one after the other."""
    return Html(str(text(between)).join(parts))


def both(words: Txt) -> Html:
    """Chinese, then English; one of them only where they are the same."""
    if words.zh == words.en:
        return tag("span", text(words.en), class_="same")
    zh = tag("span", text(words.zh), class_="zh")
    en = tag("span", text(words.en), class_="en", lang="en")
    return Html(f"{zh} {en}")


def said(zh: str, en: str) -> Html:
    """Our own fixed words in both languages."""
    return both(Txt(zh=zh, en=en))


def code(words: object) -> Html:
    """A name, path, hash or reason as the machine wrote it."""
    return tag("code", text(words))


def heading(level: int, words: Txt, **attributes: str) -> Html:
    """A heading of level 1 to 6."""
    return tag(f"h{level}", both(words), **attributes)


def embedded_json(value: object) -> Html:
    """JSON for a script element: no character in it can end the element or start a comment."""
    flat = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for char in "<>&":
        flat = flat.replace(char, f"\\u{ord(char):04x}")
    return Html(flat)
