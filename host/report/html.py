"""The report page: one file that opens offline, with everything a record says and its charts."""

from __future__ import annotations

from importlib.resources import files

from host.handover.record import Record
from host.handover.text import Txt, one_line
from host.handover.trace import AlignedRun
from host.report import (
    html_audit,
    html_budgets,
    html_equipment,
    html_facts,
    html_fidelity,
    html_formal,
    html_provenance,
    html_results,
    html_scores,
    html_side_by_side,
    html_time,
)
from host.report.charts import Charts, charts
from host.report.charts_data import drawing_data
from host.report.html_figures import figures
from host.report.html_headline import headline
from host.report.html_library import library, policy_hash
from host.report.html_text import (
    Html,
    both,
    embedded_json,
    heading,
    join,
    said,
    tag,
    text,
)

_SCRIPTS = ("library", "theme", "draw", "layout", "legend", "keys", "start")
# The style element that plotly adds and fills rule by rule is empty when the policy sees it.
_EMPTY_STYLE = policy_hash("")


def page(record: Record, run: AlignedRun) -> bytes:
    """One self-contained HTML file, UTF-8.

    The same record, run and plotly package give the same bytes (see `html_library` for what of
    them does not depend on plotly). Nothing is fetched: the page's own policy forbids it.
    """
    drawn = charts(record, run)
    style, script = _style(), _script()
    head = tag(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        tag("title", text(f"{one_line(record.title)} · inferometer")),
        Html(f"<style>{style}</style>"),
    )
    body = tag(
        "body", *_body(record, drawn, run), _data(drawn), Html(f"<script>{script}</script>")
    )
    return f'<!doctype html>\n<html lang="zh-CN">{head}{body}</html>\n'.encode()


def _read(name: str) -> str:
    return files("host.report").joinpath("page", name).read_text(encoding="utf-8")


def _style() -> str:
    return _read("page.css")


def _script() -> str:
    parts = "\n".join(_read(f"{name}.js") for name in _SCRIPTS)
    return f'"use strict";(() => {{\n{parts}\n}})();'


def _policy(style: str, script: str) -> str:
    """Nothing may load; scripts and styles only by their hash."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {policy_hash(script)} {library().policy_hash}",
            f"style-src {policy_hash(style)} {_EMPTY_STYLE}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _data(drawn: Charts) -> Html:
    guards = [tag("span", id=guard) for guard in library().style_guards]
    packed = library().packed
    return join(
        (
            tag("div", id="live", class_="unseen", role="status", aria_live="polite"),
            tag("div", *guards, id="library-guards", hidden=""),
            tag(
                "script",
                embedded_json(drawing_data(drawn)),
                type="application/json",
                id="charts-data",
            ),
            Html(f'<script type="text/plain" id="library">{packed}</script>'),
        )
    )


def _body(record: Record, drawn: Charts, run: AlignedRun) -> list[Html]:
    items = frozenset(r.item for a in run.attempts for r in a.requests)
    sections = (
        ("quantities", Txt("全部量", "All quantities"), html_results.results(record, items)),
        ("fidelity", Txt("保真度", "Fidelity"), html_fidelity.fidelity(record)),
        ("scores", Txt("场景得分", "Scenario scores"), html_scores.scores(record)),
        ("items", Txt("按数据项", "By dataset item"), html_results.item_results(record, items)),
        (
            "budgets",
            Txt("不确定度预算", "Uncertainty budgets"),
            html_budgets.budgets(record, items),
        ),
        ("conditions", Txt("条件", "Conditions"), html_facts.conditions(record)),
        ("method", Txt("方法与抽样", "Method and sampling"), html_formal.method(record)),
        (
            "equipment",
            Txt("环境与设备", "Surroundings and equipment"),
            html_equipment.equipment(record),
        ),
        (
            "side-by-side",
            Txt("来源并列", "Sources side by side"),
            html_side_by_side.side_by_side(record),
        ),
        ("audit", Txt("审查探针", "Audit probes"), html_audit.audit(record)),
        ("time", Txt("时间", "Time"), html_time.time(record)),
        ("warnings", Txt("警告", "Warnings"), html_facts.warnings(record)),
        ("charts", Txt("图表", "Charts"), figures(record, drawn)),
        (
            "conventions",
            Txt("同类工具的约定", "Peer conventions"),
            html_provenance.conventions(record),
        ),
        ("attempts", Txt("尝试", "Attempts"), html_provenance.attempts(record)),
        ("sources", Txt("来源", "Sources"), html_provenance.sources(record)),
        ("definitions", Txt("定义", "Definitions"), html_provenance.definitions(record)),
        ("files", Txt("文件与复核", "Files and how to check"), html_provenance.files(record)),
    )
    links = [(name, words) for name, words, _ in sections]
    return [
        tag("a", said("跳到内容", "skip to content"), href="#main", class_="skip"),
        _top(record),
        _contents(links),
        tag(
            "main",
            html_formal.withdrawn(record),
            html_results.verdict(record),
            tag(
                "section",
                heading(2, Txt("主要结果", "Headline"), id="headline"),
                headline(record),
                aria_labelledby="headline",
            ),
            *(_section(*section) for section in sections),
            _end(record),
            id="main",
            tabindex="-1",
        ),
    ]


def _top(record: Record) -> Html:
    return tag(
        "header",
        tag("p", text("inferometer"), class_="maker"),
        tag("h1", both(record.title)),
        html_formal.state(record),
        html_formal.identity(record),
    )


def _contents(links: list[tuple[str, Txt]]) -> Html:
    items = (tag("li", tag("a", both(words), href=f"#{name}")) for name, words in links)
    return tag("nav", tag("ul", *items), aria_label="目录 contents")


def _section(name: str, words: Txt, content: Html) -> Html:
    return tag("section", heading(2, words, id=name), content, aria_labelledby=name)


def _end(record: Record) -> Html:
    return tag(
        "section",
        heading(2, Txt("适用范围与局限", "Scope and limits"), id="scope"),
        tag("p", both(record.scope_statement)),
        tag("p", both(record.limitations)),
        html_formal.signatures(record),
        tag("p", said("记录结束", "end of record"), class_="end"),
        aria_labelledby="scope",
    )
