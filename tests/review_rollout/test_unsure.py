"""Units that wait for others whose health is judged by rules which are not read: when they begin is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.conftest import TODAY

from llmstack.review.assess import assess
from llmstack.review.facts import Facts
from llmstack.review.rollout.queue import Held, Queue
from llmstack.review.surroundings import Surroundings

Make = Callable[..., Any]


def bases(names: str, held: Queue, deployment: Make, change: Make, pool: Make) -> dict[str, str]:
    """What the time of each rollout rests on: all restart, each in a unit of its own."""
    pairs = [[deployment(name, image=image) for image in ("v1", "v2")] for name in names]
    sides = zip(*pairs, strict=True)
    facts = Facts(pools=(pool(64, 8),), load_seconds=dict.fromkeys(names, 300))
    changes = [change(*pair, unit=f"models/{pair[0]['metadata']['name']}") for pair in pairs]
    found = assess(changes, *map(list, sides), facts, facts, TODAY, near=Surroundings(queue=held))
    return {each.name: each.basis["seconds"] for each in found.rollouts}


@pytest.mark.parametrize(("judged", "behind"), [(True, "exact"), (False, "assumed")])
def test_those_behind_it(judged: bool, behind: str, deployment: Make, change: Make, pool: Make) -> None:
    awaiting = Held(awaits=frozenset({"models/a"}))
    held = Queue({"models/a": Held(judged=judged), "models/b": awaiting, "models/c": Held()})
    assert bases("abc", held, deployment, change, pool) == {"a": "exact", "b": behind, "c": "exact"}
    assert bases("bc", held, deployment, change, pool) == {"b": "exact", "c": "exact"}, "nothing of `a` changes"


@pytest.mark.parametrize(
    ("names", "judged", "said"), [("abcd", False, "exact"), ("abcde", False, "assumed"), ("abcde", True, "bound")]
)
def test_all_where_it_holds_one_of_too_few_workers(
    names: str, judged: bool, said: str, deployment: Make, change: Make, pool: Make
) -> None:
    held = Queue({f"models/{name}": Held(judged=judged or name != "a") for name in names})
    assert set(bases(names, held, deployment, change, pool).values()) == {said}


def test_those_of_another_environment_keep_what_is_known_of_them() -> None:
    held = Queue({"a": Held(60.0, frozenset({"b"}), judged=False)}).named("dev")
    assert held.units == {"dev/a": Held(60.0, frozenset({"dev/b"}), judged=False)}
