"""The page in a real browser: offline, by keyboard, dark, on a phone, on paper, without script."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from host.handover.trace import AlignedRun, Gap
from host.report.html import page
from tests.fakes.records import record_of, sample_facts
from tests.fakes.traces import SECOND_NS, example_run, run_of, series

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("INFEROMETER_AXE") or ROOT / ".ci/cache/axe/package/axe.min.js")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
HOSTILE = "<script>globalThis.taken=1</script><a href=x>\u202e\x1b[31m</style>%{x}"
PATIENCE_MS = 300_000  # a busy machine is no fault of a page
FEW = 6  # budgets, which are most of a page: one is built of the same elements as forty
PHONE = {"width": 390, "height": 844}
# Only sums leave the page, and nodes are named for what is violated alone (`resultTypes`): names
# of all that pass are most of the work, in the page and for Python.
AXE_RUN = """axe.run(document, {resultTypes: ["violations"]}).then((found) => ({
    bad: found.violations.map((each) => [each.id, each.impact]), passes: found.passes.length,
}))"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@dataclass
class Opened:
    """A page that is open: playwright's handle, what it asked for, what it complained of."""

    tab: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Draw = Callable[[str], Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Writes the page of a named run once; gives its path. brief: with few budgets."""
    folder = tmp_path_factory.mktemp("pages")
    makers = {
        "sample": example_run,
        "brief": example_run,
        "hostile": hostile_run,
        "gaps": run_of_gaps,
        "void": void_run,
    }

    def draw(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            run = makers[name]()
            record = record_of(run, sample_facts(len(run.attempts)))
            if name == "brief":
                record = msgspec.structs.replace(record, budgets=record.budgets[:FEW])
            path.write_bytes(page(record, run))
        return path

    return draw


def hostile_run() -> AlignedRun:
    attempts = tuple(
        replace(
            a,
            series=tuple(replace(s, channel=f"{s.channel}{HOSTILE}") for s in a.series),
            requests=tuple(replace(r, item=f"{r.item}{HOSTILE}") for r in a.requests),
        )
        for a in example_run(2).attempts
    )
    return run_of(*attempts)


def run_of_gaps() -> AlignedRun:
    """One attempt in which a channel misses every second reading, 8000 times."""
    (one,) = example_run(1).attempts
    times = np.arange(16_000, dtype=np.int64) * SECOND_NS // 100
    like = next(s for s in one.series if s.quantity == "temperature")
    gaps = tuple(Gap(like.channel, int(t), "unreadable: EAGAIN") for t in times[1::2])
    holed = replace(series(times[::2], np.sin(times[::2] * 1e-9), like), gaps=gaps)
    return run_of(replace(one, series=(holed,)))


def void_run() -> AlignedRun:
    return run_of(
        *(replace(a, status="void", reason="gate-timeout") for a in example_run(2).attempts)
    )


@contextmanager
def opened(
    browser: Browser, path: Path, context: dict[str, Any] | None = None
) -> Iterator[Opened]:
    """Open a page from its file, offline, and wait until its charts are there."""
    chosen = context or {}
    around = browser.new_context(offline=True, **chosen)
    around.set_default_timeout(PATIENCE_MS)
    found = Opened(around.new_page())
    found.tab.on("request", lambda request: found.requests.append(request.url))
    found.tab.on("console", lambda message: found.complaints.append(message.text))
    found.tab.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.tab.goto(path.as_uri())
    if chosen.get("java_script_enabled", True):
        found.tab.wait_for_selector("html[data-charts]")
    yield found
    around.close()


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("sample", "light"),
        ("sample", "dark"),
        ("hostile", "dark"),
        ("gaps", "light"),
        ("void", "dark"),
    ],
)
def test_it_draws_all_charts_under_its_policy_without_a_request_or_a_complaint(
    browser: Browser, drawn: Draw, name: str, scheme: str
) -> None:
    path = drawn(name)
    with opened(browser, path, {"color_scheme": scheme}) as it:
        assert it.tab.locator("html").get_attribute("data-charts") == "ready"
        figures = it.tab.locator("section.figure:not(.empty)").count()
        assert it.tab.locator(".plot svg.main-svg:first-child").count() == figures > 0
        assert it.requests == [path.as_uri()]
        assert it.complaints == []
        assert it.tab.evaluate("globalThis.taken") is None
        assert it.tab.locator("main a[href=x], svg a").count() == 0


@pytest.mark.skipif(not AXE.exists(), reason=f"axe-core is not at {AXE}")
# Colours follow the scheme and places the size, so two runs of it see both of each.
@pytest.mark.parametrize(
    ("scheme", "size"), [("light", {"width": 1280, "height": 900}), ("dark", PHONE)]
)
def test_axe_finds_nothing_serious(
    browser: Browser, drawn: Draw, scheme: str, size: dict[str, int]
) -> None:
    context = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with opened(browser, drawn("brief"), context) as it:
        it.tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        it.tab.add_script_tag(content=AXE.read_text(encoding="utf-8"))
        found = it.tab.evaluate(AXE_RUN)
        bad = [each for each, impact in found["bad"] if impact in ("serious", "critical")]
        assert bad == []
        assert found["passes"] > 20


@pytest.mark.parametrize("name", ["sample", "hostile"])
def test_a_phone_needs_no_sideways_scroll(browser: Browser, drawn: Draw, name: str) -> None:
    with opened(browser, drawn(name), {"viewport": PHONE}) as it:
        it.tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert it.tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_charts_are_reached_by_tab_and_arrows_say_what_is_there(
    browser: Browser, drawn: Draw
) -> None:
    with opened(browser, drawn("brief")) as it:
        stage = it.tab.locator("#figure-power .stage")
        reached = set()
        for _ in range(200):
            it.tab.keyboard.press("Tab")
            reached.add(it.tab.evaluate("(document.activeElement.closest('[id]') || {id: ''}).id"))
        assert {f"figure-{name}" for name in ("tokens", "requests", "power", "energy")} <= reached
        stage.focus()
        for _ in range(3):
            it.tab.keyboard.press("ArrowRight")
        readout = it.tab.locator("#readout-power").inner_text()
        assert "hwmon.board.power #1" in readout
        assert "W" in readout
        playwright.expect(it.tab.locator("#live")).to_have_text(readout)


def x_range(it: Opened, name: str) -> tuple[float, float]:
    low, high = it.tab.evaluate(
        f"document.querySelector('#figure-{name} .plot').layout.xaxis.range"
    )
    return low, high


@pytest.mark.parametrize("name", ["power", "requests", "histogram", "share"])
def test_plus_zooms_in_and_escape_goes_back(browser: Browser, drawn: Draw, name: str) -> None:
    with opened(browser, drawn("sample")) as it:
        before = x_range(it, name)
        it.tab.locator(f"#figure-{name} .stage").focus()
        it.tab.keyboard.press("ArrowRight")
        it.tab.keyboard.press("+")
        near = x_range(it, name)
        assert near[1] - near[0] == pytest.approx((before[1] - before[0]) / 2)
        it.tab.keyboard.press("Escape")
        assert x_range(it, name) == pytest.approx(before)
        assert it.tab.locator(f"#readout-{name}").inner_text() == ""


def test_one_attempt_can_be_chosen_and_a_channel_taken_out(browser: Browser, drawn: Draw) -> None:
    with opened(browser, drawn("sample")) as it:
        lines = "#figure-power .plot .scatterlayer .trace"
        overlaid = it.tab.locator(lines).count()
        it.tab.select_option("#attempt", "2")
        assert it.tab.locator(lines).count() < overlaid
        keys = it.tab.locator("#figure-power .legend").inner_text()
        assert "decode" in keys
        button = it.tab.locator("#figure-power .legend button").first
        chosen = it.tab.locator(lines).count()
        button.press("Enter")
        assert button.get_attribute("aria-pressed") == "false"
        assert it.tab.locator(lines).count() == chosen - 1


def test_colours_follow_the_system_also_inside_charts(browser: Browser, drawn: Draw) -> None:
    ground = "getComputedStyle(document.querySelector('#figure-power .main-svg')).backgroundColor"
    with opened(browser, drawn("sample"), {"color_scheme": "light"}) as it:
        assert it.tab.evaluate(ground) == "rgb(255, 255, 255)"
        it.tab.emulate_media(color_scheme="dark")
        drawing = it.tab.locator("#figure-power .main-svg").first
        playwright.expect(drawing).to_have_css("background-color", "rgb(23, 28, 35)")
        it.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert it.tab.evaluate(ground) == "rgb(255, 255, 255)"
        it.tab.evaluate("dispatchEvent(new Event('afterprint'))")
        assert it.tab.evaluate(ground) == "rgb(23, 28, 35)"


def test_it_prints_with_charts_no_wider_than_the_paper(browser: Browser, drawn: Draw) -> None:
    with opened(browser, drawn("sample"), {"color_scheme": "dark"}) as it:
        assert it.tab.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
        it.tab.emulate_media(media="print")
        it.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        widths = "[...document.querySelectorAll('.main-svg')].map((s) => s.clientWidth)"
        assert max(it.tab.evaluate(widths)) <= 690
        assert not it.tab.locator("nav").is_visible()


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, drawn: Draw) -> None:
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    with opened(browser, drawn("sample"), {"reduced_motion": "reduce"}) as it:
        assert it.tab.evaluate(behaviour) == "auto"
    with opened(browser, drawn("sample"), {"reduced_motion": "no-preference"}) as it:
        assert it.tab.evaluate(behaviour) == "smooth"


def test_without_script_the_tables_stand_and_the_page_says_what_is_missing(
    browser: Browser, drawn: Draw
) -> None:
    with opened(browser, drawn("sample"), {"java_script_enabled": False}) as it:
        assert it.tab.locator("table").first.is_visible()
        assert it.tab.get_by_text("without script there are the tables only").is_visible()
        assert not it.tab.locator("#attempt").is_visible()


def test_lonely_readings_between_gaps_are_drawn_as_dots(browser: Browser, drawn: Draw) -> None:
    with opened(browser, drawn("gaps")) as it:
        assert it.tab.locator("#figure-temperature .plot .point").count() > 200
        assert "gap" in it.tab.locator("#figure-temperature .legend").inner_text()
