"""The parts of a text are where they say, and mean what the reader says they mean."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack.finding import Route
from llmstack.values.edit import CannotEdit, Edit, apply_edits
from llmstack.values.source import read_source
from llmstack.values.syntax import Document, read_document
from tests.migrate.test_random import QUICK
from tests.migrate.values import random_values
from tests.migrate.writer import Writer


def routes(data: object, route: Route = ()) -> Iterator[tuple[Route, object]]:
    """Yield every route with a scalar at it."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from routes(value, (*route, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from routes(item, (*route, index))
    else:
        yield route, data


@QUICK
@given(st.integers(0, 2**32), st.booleans())
def test_each_value_stands_where_its_route_leads(seed: int, anchors: bool) -> None:
    """The text of the value alone, read again, is the value."""
    rng = Random(seed)
    data = random_values(rng)
    text = Writer(rng, anchors=anchors).write(data)
    document = read_document(text)
    for route, value in routes(data):
        spot = document.find(route)
        assert spot is not None
        part = spot.value.resolved
        alone = read_source("alone", f"value: {text[part.body : part.end]}\n".encode())
        assert alone.findings == ()
        assert alone.data == {"value": value}


def at(text: str) -> Document:
    return read_document(text)


def test_comments_are_found_and_nothing_else() -> None:
    text = "a: 'x # no' # one\nb: |  # two\n  # text\nc: http://x#no\n# three\nd: [1, # four\n 2]\ne: \"#\"\n"
    document = at(text)
    assert document.comments_in(0, len(text)) == ["# one", "# two", "# three", "# four"]


def test_before_passes_over_comments() -> None:
    text = "a:   # one\n  # two\n\n  b: 1\n"
    assert at(text).before(text.index("b:")) == 2


def test_the_maps_own_key_goes_before_a_merged_one() -> None:
    document = at("x: &x {a: 1, b: 2}\ny: {<<: *x, a: 3}\n")
    own, merged = document.find(("y", "a")), document.find(("y", "b"))
    assert own is not None
    assert merged is not None
    assert (own.value.text, merged.value.text) == ("3", "2")
    assert document.find(("y", "c")) is None
    assert document.find(("y", "a", "deeper")) is None


def test_overlapping_edits_are_refused() -> None:
    assert apply_edits("abc", [Edit(1, 2, "x"), Edit(2, 2, "y")]) == "axyc"
    with pytest.raises(CannotEdit):
        apply_edits("abc", [Edit(0, 2, "x"), Edit(1, 3, "y")])
