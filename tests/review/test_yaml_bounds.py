"""How deep a text of YAML may be, and that shallow ones cost no look through their events."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
import yaml

from llmstack.yamlio import bounds

SMALL = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b}]}\n"
HALF = "[" * (bounds.MAX_DEPTH // 2 + 10)
BREAK = "\n---\n"


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """What looks through the events of a text."""
    spy = Mock(wraps=bounds.scan)
    monkeypatch.setattr(bounds, "scan", spy)
    bounds._measure.cache_clear()
    return spy


def test_shallow_documents_are_not_looked_through_however_many_they_are(scan: Mock) -> None:
    """A file of 7,000 small objects took a tenth of its review's time for it."""
    bounds.check_bounds(BREAK.join([SMALL] * 100))
    scan.assert_not_called()


def test_one_document_of_many_brackets_is_looked_through(scan: Mock) -> None:
    text = BREAK.join([SMALL, f"a: [{'[], ' * bounds.MAX_DEPTH}]\n", SMALL])
    bounds.check_bounds(text)
    scan.assert_called_once_with(text)


@pytest.mark.parametrize("between", ["\n---x, ", "\n --- , ", "\r---\r", "\n----\n", '"\n---"\n', "# \n---#\n"])
def test_what_only_looks_like_a_new_document_hides_no_depth(between: str) -> None:
    """Either the text is too deep, or it is broken before it is."""
    with pytest.raises(yaml.MarkedYAMLError):
        bounds.check_bounds(HALF + between + HALF)


def test_a_deep_document_is_found_behind_others() -> None:
    deep = "[" * (bounds.MAX_DEPTH + 1)
    with pytest.raises(bounds.TooDeepError):
        bounds.check_bounds(BREAK.join([SMALL, SMALL, deep]))


@pytest.mark.parametrize("ending", ["\n", "\r\n", " # x\n", "\t\n"])
def test_a_new_document_begins_at_no_depth(ending: str) -> None:
    few = "a: " + "[" * (bounds.MAX_DEPTH // 2 - 2) + "]" * (bounds.MAX_DEPTH // 2 - 2)
    bounds.check_bounds(f"\n---{ending}".join([few] * 4))
