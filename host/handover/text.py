"""Prose in Chinese and English."""

from __future__ import annotations

import msgspec


class Txt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prose in both languages."""

    zh: str
    en: str


def one_line(words: Txt) -> str:
    """Both languages in one line, once where they are alike."""
    return words.en if words.zh == words.en else f"{words.zh} {words.en}"


def same(words: Txt | str) -> Txt:
    """A str reads alike in both languages: a formula, a name, words that somebody else wrote."""
    return words if isinstance(words, Txt) else Txt(words, words)
