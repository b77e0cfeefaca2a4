"""Room for pods of one size beside pods whose place is not known."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmstack.review.facts import Pool
from llmstack.review.rollout.deadlock import slot_bounds, slots
from llmstack.review.rollout.nodes import node_sizes, pack


@pytest.mark.parametrize(
    ("count", "per_node", "sizes"),
    [(16, 8, [8, 8]), (20, 8, [8, 8, 4]), (4, 8, [4]), (6, None, [6]), (0, 8, []), (0, None, [])],
)
def test_the_rest_makes_a_smaller_node(count: int, per_node: int | None, sizes: list[int]) -> None:
    assert node_sizes(Pool("a", "nvidia.com/gpu", count, per_node)) == sizes


@pytest.mark.parametrize(
    ("nodes", "fixed", "size", "expected"),
    [
        ([8, 8], {}, 8, (2, 2)),
        ([8, 8], {1: 2}, 8, (0, 1)),
        ([8, 8], {4: 2}, 4, (2, 2)),
        ([8, 8], {2: 2}, 4, (2, 3)),
        ([8, 4], {3: 1}, 4, (2, 2)),
        ([4, 4], {3: 3}, 1, (0, 0)),
    ],
)
def test_slots(nodes: list[int], fixed: dict[int, int], size: int, expected: tuple[int, int]) -> None:
    assert slots(nodes, fixed, size) == expected


@given(
    nodes=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    fixed=st.dictionaries(st.integers(1, 4), st.integers(0, 3), max_size=3),
    size=st.integers(1, 8),
)
def test_bounds_enclose_what_is_exact(nodes: list[int], fixed: dict[int, int], size: int) -> None:
    assume(pack(nodes, fixed) is not None)
    low, high = slots(nodes, fixed, size)
    bounds = slot_bounds(nodes, fixed, size)
    assert bounds[0] <= low <= high <= bounds[1]


def test_a_fleet_is_bounded() -> None:
    nodes, fixed = [8] * 200, {1: 300, 2: 200, 4: 100}
    low, high = slots(nodes, fixed, 8)
    assert (low, high) == (0, 62)
    assert slots(nodes, {8: 190}, 8) == (10, 10)
