"""Selectors that are asked of many objects at once select what they select of each."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmstack.kubernetes.selectors import Labelled, selects

WORDS = st.sampled_from(("a", "b", "c", ""))
LABELS = st.dictionaries(WORDS, WORDS)
EXPRESSION = st.fixed_dictionaries(
    {"key": WORDS, "operator": st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist", "Odd"))},
    optional={"values": st.none() | st.lists(WORDS, max_size=3)},
)
SELECTORS = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": st.none() | LABELS | st.just({"a": 1}),
        "matchExpressions": st.none() | st.lists(EXPRESSION, max_size=3),
    },
)


@given(selector=SELECTORS, objects=st.lists(LABELS, max_size=6))
def test_all_that_are_asked_at_once_are_those_asked_one_by_one(
    selector: dict[str, Any], objects: list[dict[str, str]]
) -> None:
    found = Labelled(objects).select(selector)
    assert [bool(found >> at & 1) for at in range(len(objects))] == [selects(selector, each) for each in objects]
