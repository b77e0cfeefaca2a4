"""The page, as text: self-contained, its policy allows its own script alone, and no name ends up as
markup."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from llmstack.report.options import Options
from llmstack.report.page_chart import HEIGHT, WIDTH, Chart, draw_demand, time_ticks
from llmstack.report.page_data import timeline_end
from llmstack.report.page_engines import engine_cards
from llmstack.report.page_pools import page_pools
from llmstack.report.review_html import render
from llmstack.review.forecast import Demand, GpuPool, PodPhase
from llmstack.review.result import Review
from tests.report import samples

REVIEWS: dict[str, Callable[[], Review]] = {
    "small": samples.small,
    "fleet": samples.fleet,
    "large": lambda: samples.large(500),
    "hostile": samples.hostile,
    "nothing": samples.nothing,
}
OURS = {
    "html", "head", "meta", "title", "style", "script", "noscript", "body", "header", "main", "section",
    "footer", "form", "h1", "h2", "h3", "p", "span", "a", "code", "strong", "ins", "del", "ul", "li",
    "dl", "div", "dt", "dd", "details", "summary", "figure", "figcaption", "svg", "rect", "line", "text",
    "path", "button", "label", "input", "select", "option", "fieldset", "legend", "output", "ol", "article",
}  # fmt: skip


class Reader(HTMLParser):
    """Elements, attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.raw:
            self.raw[self.inside][-1] += data


def page(name: str) -> tuple[str, Reader]:
    text = render(REVIEWS[name](), Options())
    return text, Reader(text)


def data(reader: Reader) -> Any:
    return json.loads(reader.raw["script"][0])


@pytest.mark.parametrize("name", REVIEWS)
def test_the_page_loads_nothing(name: str) -> None:
    _, reader = page(name)
    for tag, attributes in reader.elements:
        assert tag in OURS
        assert not {"src", "style", "onclick", "onload", "onerror", "srcset", "action"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(
        r"url\(|@import|@font-face|fetch\(|XMLHttpRequest|innerHTML|eval\(",
        "".join([*reader.raw["style"], *reader.raw["script"][1:]]),
    )


@pytest.mark.parametrize("name", REVIEWS)
def test_the_policy_allows_the_page_own_script_and_style_alone(name: str) -> None:
    _, reader = page(name)
    [policy] = [each["content"] for tag, each in reader.elements if tag == "meta" and "http-equiv" in each]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    [_, script], [style] = reader.raw["script"], reader.raw["style"]
    for directive, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


def test_hostile_names_are_text() -> None:
    text, reader = page("hostile")
    assert len(reader.raw["script"]) == 2
    assert len(data(reader)["environments"]) == len(samples.HOSTILE)
    assert "<img" not in text
    assert "{{ 7*7 }}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff]", text)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\u200b\u202a-\u202e\u2066-\u2069]", json.dumps(data(reader), ensure_ascii=False)
    )


def test_ids_and_their_references() -> None:
    for name in REVIEWS:
        _, reader = page(name)
        models = {
            f"{quote(environment['name'], safe='')}/{quote(model['name'], safe='')}"
            for environment in data(reader)["environments"]
            for model in environment["models"]
        }
        ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in reader.elements:
            for reference in (
                attributes.get("aria-labelledby"),
                attributes.get("popovertarget"),
                (attributes.get("href") or "").removeprefix("#"),
            ):
                assert not reference or reference in ids or reference in models


def test_the_data_holds_every_model_once_the_worst_first() -> None:
    _, reader = page("small")
    prod, staging = data(reader)["environments"]
    assert [model["name"] for model in prod["models"]] == [
        "qwen",
        "llama",
        "mistral",
        "Deployment/llmstack-deployment-router",
        "phi",
        "stack",
    ]
    assert [model["name"] for model in staging["models"]] == ["llama"]
    qwen = prod["models"][0]
    assert [risk["id"] for risk in qwen["risks"]] == ["gpu-deadlock", "restart"]
    assert len(qwen["pods"]) == 4
    assert prod["end"] == 1617
    assert qwen["objects"][0]["diff"]
    assert all(stop <= prod["end"] for model in prod["models"] for pod in model["pods"] for _, _, stop in pod["phases"])


def test_a_page_of_500_models_is_of_moderate_size() -> None:
    text, reader = page("large")
    assert len(data(reader)["environments"][0]["models"]) == 500
    assert len(text) < 1_500_000


def test_a_rollout_that_never_ends_has_an_end_on_the_axis() -> None:
    never = PodPhase(("Deployment", "", "a"), "new-0", "new", "waiting", 30, float("inf"), 1, None)
    assert timeline_end([never]) == 30
    assert timeline_end([]) == 0


def drawn(*demand: Demand, before: int = 1, capacity: int | None = 16, **other: Any) -> Chart:
    chart = draw_demand(GpuPool("a", "gpu", capacity, before, 1, 16, False, False, demand, **other))
    assert chart is not None
    return chart


def test_a_chart_stays_inside_its_frame() -> None:
    chart = drawn(*(Demand(float(second), second % 17, second % 5, second % 3) for second in range(5000)))
    for path in (chart.bound, chart.waiting, chart.terminating, chart.line):
        numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
        assert max(numbers) <= WIDTH
        assert len(numbers) < 2500
        heights = [float(number) for number in re.findall(r"V([\d.]+)", path)]
        assert all(chart.top <= height <= chart.bottom for height in heights)
    assert chart.capacity is not None
    assert chart.top <= chart.capacity <= chart.bottom < HEIGHT
    assert len(chart.times) <= 6
    assert len(chart.counts) <= 6


def test_a_pool_in_trouble_is_drawn_although_nothing_moves() -> None:
    chart = drawn(Demand(0, 16, 8), before=16)
    assert chart.endless
    assert chart.waiting
    assert chart.capacity is not None
    assert chart.top < chart.capacity, "what pods wait for stands above the capacity"
    assert chart.named < chart.top, "and the name of the capacity above that"
    assert drawn(Demand(0, 8, 24), Demand(9, 8), Demand(99, 8)).named > chart.top, "not where that was long before"
    assert draw_demand(GpuPool("a", "gpu", 16, 1, 1, 1, False, False)) is None


def test_a_pool_that_stays_as_full_as_it_is_has_a_height() -> None:
    """Of a size that nobody declares, and with as many GPUs as before from the first second on."""
    chart = drawn(Demand(0, 8), Demand(60, 8), before=8, capacity=None)
    heights = {float(number) for number in re.findall(r"V([\d.]+)", chart.line)}
    assert all(chart.top <= height < chart.bottom for height in heights)


def test_what_terminates_stands_below_the_axis() -> None:
    chart = drawn(Demand(0, 2, 2, 2), Demand(30, 4), before=4, capacity=4)
    assert {float(height) for height in re.findall(r"V([\d.]+)", chart.terminating)} - {chart.zero}
    assert all(float(height) >= chart.zero for height in re.findall(r"V([\d.]+)", chart.terminating))
    assert not chart.endless
    assert drawn(Demand(0, 4)).terminating == ""


def test_a_small_change_of_a_large_pool_is_seen() -> None:
    chart = drawn(Demand(0, 1000, 8), Demand(60, 1008), before=1000, capacity=1016)
    assert chart.floor == 968
    assert drawn(Demand(0, 4, 8), before=4).floor == 0


def test_a_shared_pool_is_drawn_once_and_the_worst_first() -> None:
    review = samples.fleet(8)
    pools, still = page_pools(review)
    assert [(pool.name, pool.owner) for pool in pools] == [("h100 (nvidia.com/gpu)", "cluster c1 (dev, prod)")]
    assert pools[0].is_short
    pools, still = page_pools(samples.small())
    assert [pool.row.pool for pool in pools] == ["h100", "a10"]
    assert [pool.row.resource for pool in still] == ["amd.com/gpu"]


def test_what_goes_comes_before_everything() -> None:
    text, reader = page("fleet")
    assert text.index('id="removed"') < text.index('id="risks"') < text.index('id="gpus"')
    assert "1 model goes · 503 warnings" in text
    assert data(reader)["environments"][1]["models"][0]["name"] == "qwen-72b"
    assert len({model["kind"] for model in data(reader)["environments"][1]["models"]}) == 3


def test_a_broken_way_in_is_drawn_at_its_risk() -> None:
    text, _ = page("small")
    [way] = re.findall(r'<ol class="way".*?</ol>', text, re.DOTALL)
    assert re.findall(r'<span class="kind">(\w+)</span>', way) == [
        "host", "Ingress", "Service", "router", "engine", "model"
    ]  # fmt: skip
    assert "gone for 12 min to 12 min 40 s" in way
    assert way.index("Deployment/llmstack-deployment-router") < way.index("gone for") < way.index("engine")


def test_engines_of_which_the_same_becomes_are_one_card() -> None:
    cards = engine_cards(samples.fleet(20))
    assert [(len(card.models), card.change.verdict) for card in cards] == [(1, "does-not-start"), (20, "starts")]
    for bar in cards[1].bars:
        assert sum(part.width for part in bar.segments) <= 1000.5
    assert [cell.after for cell in cards[1].cells] == ["53.69 to 55.49", "449,600", "54.9"]


@pytest.mark.parametrize("end", [0.5, 1, 7, 59, 61, 3600, 90_000, 10_000_000])
def test_the_time_axis_has_few_marks(end: float) -> None:
    assert 1 <= len(time_ticks(end)) <= 6
    assert time_ticks(end)[-1] <= end
