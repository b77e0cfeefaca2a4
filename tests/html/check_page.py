"""The page of a review in a real browser: `make test-html`.

Not among the tests of `make test`, which need no browser. Chromium or axe-core missing is a failure, never a skip.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmstack.report.options import Options
from llmstack.report.review_html import render
from tests.html.browser import Browser, Page, launch
from tests.report import samples

AXE = Path(__file__).resolve().parents[2] / ".tools" / "html" / "node_modules" / "axe-core" / "axe.min.js"
REVIEWS = {
    "small": samples.small,
    "large": lambda: samples.large(500),
    "hostile": samples.hostile,
    "nothing": samples.nothing,
}
SIZES = {"wide": (1280, 900), "narrow": (360, 740)}

CONTROLS = """[...document.querySelectorAll('a[href],button,input,select,textarea,summary,[tabindex="0"]')]
  .filter((each) => each.checkVisibility({checkVisibilityCSS: true}) && !each.disabled)"""
"""Everything that a mouse can use."""
FOCUS = """(() => {
  const at = document.activeElement, style = getComputedStyle(at);
  return {
    index: window.controls.indexOf(at),
    tag: at.tagName,
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: at.getBoundingClientRect().bottom > 0 && at.getBoundingClientRect().top < innerHeight,
  };
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with launch(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    written = {}
    for name, review in REVIEWS.items():
        written[name] = folder / f"{name}.html"
        written[name].write_text(render(review(), Options()), encoding="utf-8")
    return written


def open_all(page: Page) -> None:
    """Unfold the first folds, and those inside them."""
    for _ in range(3):
        page.run("document.querySelectorAll('details').forEach((each, at) => { if (at < 60) each.open = true; })")
        page.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))")


@pytest.mark.parametrize("name", REVIEWS)
def test_the_page_runs_without_a_complaint_and_without_the_network(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    with browser.page() as page:
        page.open(pages[name])
        open_all(page)
        said = page.told(
            "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening"
        )
        assert said == []
        asked = {event["params"]["request"]["url"] for event in page.told("Network.requestWillBeSent")}
        assert asked == {pages[name].as_uri()}
        assert page.run("document.images.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", REVIEWS)
def test_axe_finds_nothing_serious(browser: Browser, pages: dict[str, Path], name: str, size: str, scheme: str) -> None:
    assert AXE.exists(), f"{AXE} is missing: `make test-html` installs it"
    with browser.page(*SIZES[size], scheme=scheme) as page:
        page.open(pages[name])
        open_all(page)
        page.run(AXE.read_text(encoding="utf-8") + "\n;0")
        found: dict[str, Any] = page.run("axe.run(document, {resultTypes: ['violations']})")
        problems = [
            (each["id"], each["impact"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert problems == []
        assert len(found["passes"]) > 10


@pytest.mark.parametrize("name", ["small", "large"])
@pytest.mark.parametrize("opened", [False, True])
def test_every_control_is_reached_by_tab_and_shows_it(
    browser: Browser, pages: dict[str, Path], name: str, opened: bool
) -> None:
    with browser.page() as page:
        page.open(pages[name])
        if opened:
            open_all(page)
        count = page.run(f"(window.controls = {CONTROLS}).length")
        assert count > 10
        reached = []
        for _ in range(count):
            page.press("Tab", 9)
            focus = page.run(FOCUS)
            assert focus["seen"], focus
            assert focus["inside"], focus
            reached.append(focus["index"])
        assert reached == list(range(count)), "in the order of the page"


def test_the_first_tab_is_the_skip_link(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["small"])
        page.press("Tab", 9)
        assert page.run("document.activeElement.className") == "skip"
        page.press("Enter", 13, "\r")
        assert page.run("document.activeElement.id") == "main"


def test_the_keyboard_opens_folds_and_shows_more(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["large"])
        assert page.run("document.querySelectorAll('.model').length") == 25
        page.run("document.querySelector('.changes .model summary').focus()")
        page.press("Enter", 13, "\r")
        page.run("new Promise((done) => setTimeout(done, 50))")
        assert page.run("document.querySelector('.changes .model .object code').textContent").startswith(
            "llmstack-model-"
        )
        page.run("document.querySelector('.changes .next').focus()")
        page.press("Enter", 13, "\r")
        assert page.run("document.querySelectorAll('.model').length") == 50
        assert page.run("document.activeElement.parentElement === document.querySelectorAll('.model')[25]")


def test_search_and_filters(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["large"])
        assert page.run("document.getElementById('found').value") == "500 in all"
        page.run("document.getElementById('search').focus()")
        page.call("Input.insertText", text="model-04 65536")
        page.run("new Promise((done) => setTimeout(done, 200))")
        assert page.run("document.getElementById('found').value") == "1 of 500"
        assert (
            page.run("[...document.querySelectorAll('.model strong')].map((each) => each.textContent)")[0]
            == "model-040"
        )
    with browser.page() as page:
        page.open(pages["small"])
        page.run("document.querySelector('input[value=new]').click()")
        page.run("new Promise((done) => setTimeout(done, 200))")
        shown = "[...document.querySelectorAll('.model > summary > strong')].map((each) => each.textContent)"
        assert page.run(shown) == ["mistral"]
        page.run("document.querySelector('input[value=new]').click()")
        page.run("document.getElementById('environment').value = '1'")
        page.run("document.getElementById('tools').dispatchEvent(new Event('input'))")
        page.run("new Promise((done) => setTimeout(done, 200))")
        assert page.run(
            "[...document.querySelectorAll('.environment:not([hidden]) h2')].map((each) => each.textContent)"
        ) == ["staging"]


def test_the_theme_follows_the_system_until_it_is_chosen(browser: Browser, pages: dict[str, Path]) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    seen = {}
    for scheme in ("light", "dark"):
        with browser.page(scheme=scheme) as page:
            page.open(pages["small"])
            seen[scheme] = page.run(background)
            page.run("document.getElementById('theme').focus()")
            for theme in ("light", "dark", "system"):
                page.press("Enter", 13, "\r")
                assert page.run("document.getElementById('theme-name').textContent") == theme
                assert page.run(background) == seen.get(theme, seen[scheme]) or theme == "dark"
    assert seen["light"] != seen["dark"]


@pytest.mark.parametrize("name", REVIEWS)
def test_nothing_is_wider_than_a_narrow_screen(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with browser.page(*SIZES["narrow"]) as page:
        page.open(pages[name])
        open_all(page)
        assert page.run("document.documentElement.scrollWidth") <= SIZES["narrow"][0]


def test_500_models_are_drawn_soon(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        started = time.monotonic()
        page.open(pages["large"])
        assert time.monotonic() - started < 5
        assert page.run("document.querySelectorAll('*').length") < 10_000
        redrawn = page.run(
            "(() => { const start = performance.now(); document.getElementById('search').value = 'model-1';"
            "document.getElementById('tools').dispatchEvent(new Event('input'));"
            "return new Promise((done) => setTimeout(() => done(performance.now() - start), 100)); })()"
        )
        assert redrawn < 1500


def test_each_pod_has_its_bar(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["small"])
        rows = page.run("[...document.querySelectorAll('[data-environment=\"0\"] .pod')].map((each) => each.innerText)")
        assert len(rows) == 8
        assert any("new-0, 1 GPU" in row and "waits 30 s, loads 12 min, ready from 14 min" in row for row in rows)
        widths = page.run(
            "[...document.querySelectorAll('.pod rect')].map((each) => each.getBoundingClientRect().width)"
        )
        assert all(width > 0.5 for width in widths)


def test_it_prints(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["small"])
        pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
        assert pdf.startswith(b"%PDF")
        page.call(
            "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.run("getComputedStyle(document.getElementById('tools')).display") == "none"


def test_hostile_names_are_shown_as_they_are(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["hostile"])
        open_all(page)
        text = page.run("document.body.innerText")
        for shown in ("<script>alert(1)</script>", "@someone", "\\u202e", "{{ 7*7 }}", "onerror=alert(1)"):
            assert shown in text
        assert page.run("document.scripts.length") == 2
        assert json.loads(page.run("document.getElementById('data').textContent"))
