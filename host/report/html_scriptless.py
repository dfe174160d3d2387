"""A page without a script around its sections: one file that opens offline."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from host.report.html_library import policy_hash
from host.report.html_text import Html, said, tag, text

MAKER = "inferometer"


def scriptless(title: str, shown: Html, styles: Iterable[str], sections: Iterable[Html]) -> bytes:
    """UTF-8; the same contents give the same bytes.

    title: of the window. shown: the same as the page shows it. styles: files of `page/`, in order.
    """
    page = files("host.report").joinpath("page")
    style = "\n".join(page.joinpath(name).read_text(encoding="utf-8") for name in styles)
    policy = (
        f"default-src 'none'; style-src {policy_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        tag("title", text(f"{title} · {MAKER}")),
        Html(f"<style>{style}</style>"),
    )
    body = tag(
        "body",
        tag("a", said("跳到内容", "skip to content"), href="#main", class_="skip"),
        tag("header", tag("p", text(MAKER), class_="maker"), tag("h1", shown)),
        tag("main", *sections, id="main", tabindex="-1"),
    )
    return f'<!doctype html>\n<html lang="zh-CN">{head}{body}</html>\n'.encode()
