"""Prose in Chinese and English."""

from __future__ import annotations

import msgspec


class Txt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prose in both languages."""

    zh: str
    en: str
