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
    "fleet": samples.fleet,
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


@pytest.mark.parametrize("name", ["small", "fleet"])
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


WAIT = "new Promise((done) => setTimeout(done, 200))"
NAMES = "[...document.querySelectorAll('.environment:not([hidden]) .model .name')].map((each) => each.textContent)"


def search(page: Page, text: str) -> None:
    page.run("(document.getElementById('search').focus(), document.getElementById('search').select())")
    page.call("Input.insertText", text=text)
    page.run(WAIT)


def test_the_keyboard_opens_folds_and_shows_more(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["large"])
        assert page.run("document.querySelectorAll('.bundle').length") == 2
        assert page.run("document.querySelectorAll('.model').length") == 0
        page.run("document.querySelectorAll('.bundle > summary')[1].focus()")
        page.press("Enter", 13, "\r")
        page.run(WAIT)
        assert page.run("document.querySelectorAll('.model').length") == 25
        page.run("document.querySelector('.bundle .next').focus()")
        page.press("Enter", 13, "\r")
        assert page.run("document.querySelectorAll('.model').length") == 50
        assert page.run("document.activeElement.parentElement === document.querySelectorAll('.model')[25]")
        page.press("Enter", 13, "\r")
        page.run(WAIT)
        assert page.run("document.querySelector('.model[open] .object code').textContent").startswith("llmstack-model-")


def test_a_search_shows_its_result(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["large"])
        assert page.run("document.getElementById('found').value") == "500 in all"
        search(page, "model-04 65536")
        assert page.run("document.getElementById('found').value") == "1 of 500"
        assert page.run(NAMES) == ["model-040"]
        assert page.run("document.querySelector('.model').getBoundingClientRect().top < innerHeight")
        search(page, "65536")
        assert page.run("document.querySelector('.model mark').textContent") == "65536"
        page.press("Enter", 13, "\r")
        assert page.run("document.activeElement.tagName") == "SUMMARY"
        search(page, "no such thing")
        assert page.run("document.getElementById('found').value") == "0 of 500"
        assert page.run("document.getElementById('nothing').textContent").startswith(
            "Nothing found for “no such thing”."
        )
        page.run("document.querySelector('#nothing button').click()")
        assert page.run("document.getElementById('found').value") == "500 in all"
        assert page.run("document.getElementById('nothing').hidden")


def test_a_search_from_far_down_scrolls_to_its_result(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["large"])
        page.run("document.querySelectorAll('.bundle > summary')[1].click()")
        page.run("scrollTo(0, document.body.scrollHeight)")
        search(page, "model-123")
        top = page.run("document.querySelector('.model').getBoundingClientRect().top")
        assert 0 < top < 900


def test_filters(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["fleet"])
        page.run("document.querySelector('input[value=removed]').click()")
        page.run(WAIT)
        assert page.run(NAMES) == ["qwen-72b"]
        assert page.run("document.getElementById('found').value") == "1 of 502"
        page.run("document.querySelector('input[value=removed]').click()")
        page.run("document.getElementById('environment').value = '0'")
        page.run("document.getElementById('tools').dispatchEvent(new Event('input'))")
        page.run(WAIT)
        assert page.run(
            "[...document.querySelectorAll('.environment:not([hidden]) h3')].map((each) => each.textContent)"
        ) == ["dev"]


def test_a_link_opens_its_model(browser: Browser, pages: dict[str, Path]) -> None:
    opened = "document.activeElement.querySelector('.name')?.textContent"
    with browser.page() as page:
        page.open(pages["fleet"])
        page.run("location.hash = '#prod/model-377'")
        page.run(WAIT)
        assert page.run(opened) == "model-377"
        assert page.run("document.activeElement.parentElement.open")
        box = page.run("document.activeElement.getBoundingClientRect().top")
        assert 0 < box < 900
        fails = page.run("document.activeElement.parentElement.querySelector('.fails').textContent")
        assert fails.startswith("If the new pods never get ready: 1 ready")
        search(page, "nothing that is there")
        page.run("document.querySelector('#removed + ul a').click()")
        page.run(WAIT)
        assert page.run(opened) == "qwen-72b"
        page.run("document.activeElement.parentElement.querySelector('.link button').click()")
        assert page.run("location.hash") == "#prod/qwen-72b"
    with browser.page() as page:
        page.open(pages["hostile"])
        links = page.run("[...document.querySelectorAll('.where a')].map((each) => each.getAttribute('href'))")
        assert len(set(links)) > 10
        for link in sorted(set(links))[:6]:
            page.run(f"location.hash = {json.dumps(link)}")
            page.run(WAIT)
            assert page.run("document.activeElement.parentElement.open")


def test_a_word_is_explained_in_place(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["small"])
        page.run("document.querySelector('[popovertarget=term-peak]').focus()")
        page.press("Enter", 13, "\r")
        assert page.run("document.getElementById('term-peak').matches(':popover-open')")
        assert "run, load or wait" in page.run("document.getElementById('term-peak').innerText")
        page.press("Escape", 27)
        assert not page.run("document.getElementById('term-peak').matches(':popover-open')")
        page.run("document.querySelector('[popovertarget=risk-gpu-deadlock]').click()")
        assert "llmstack explain gpu-deadlock" in page.run("document.getElementById('risk-gpu-deadlock').innerText")


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
    assert pages["fleet"].stat().st_size < 1_500_000
    with browser.page() as page:
        started = time.monotonic()
        page.open(pages["fleet"])
        assert time.monotonic() - started < 5
        assert page.run("document.querySelectorAll('*').length") < 4_000
        redrawn = page.run(
            "(() => { const start = performance.now(); document.getElementById('search').value = 'model-1';"
            "document.getElementById('tools').dispatchEvent(new Event('input'));"
            "return new Promise((done) => setTimeout(() => done(performance.now() - start), 100)); })()"
        )
        assert redrawn < 1500


def test_each_pod_has_its_bar(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["small"])
        page.run(
            "document.querySelectorAll('[data-environment=\"0\"] .model > summary').forEach((each) => each.click())"
        )
        page.run(WAIT)
        rows = page.run("[...document.querySelectorAll('[data-environment=\"0\"] .pod')].map((each) => each.innerText)")
        assert len(rows) == 8
        assert any("new-0, 1 GPU: waits 30 s, loads 12 min, ready from 14 min" in row for row in rows)
        widths = page.run(
            "[...document.querySelectorAll('.pod rect')].map((each) => each.getBoundingClientRect().width)"
        )
        assert all(width > 0.5 for width in widths)


def test_tracks_inside_a_fold_keep_to_the_axis(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.page() as page:
        page.open(pages["large"])
        page.run("document.querySelector('.bundle > summary').click()")
        page.run(WAIT)
        page.run("document.querySelector('.model > summary').click()")
        page.run(WAIT)
        edges = page.run(
            "[...document.querySelectorAll('.ticks, .track')].map((each) => each.getBoundingClientRect())"
            ".map((box) => [Math.round(box.left), Math.round(box.right)].join())"
        )
        assert len(set(edges)) == 1


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
