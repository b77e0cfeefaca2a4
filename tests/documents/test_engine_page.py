"""docs/engine.md is what the tables say today; `pytest --update` writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.engine.starts import held_rows
from tests.engine.times import timed
from tools.pages.engine import engine_page

from llmstack.engine.cards import CARDS, PRODUCTS
from llmstack.engine.support import CLASSES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "engine.md"


def test_the_page_is_current(expect: Callable[[Path, str], None]) -> None:
    expect(PAGE, engine_page(list(held_rows()), list(held_rows("fresh.tsv")), timed()))


def test_the_page_has_every_card_and_class() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| {name} |" in page for name in CARDS)
    assert all(f"| {each.era} | {each.form} |" in page for each in CLASSES)


def test_a_product_is_of_one_card() -> None:
    assert len(PRODUCTS) == sum(len(card.products) for card in CARDS.values())
