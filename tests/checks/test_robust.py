"""A rule may find anything in odd values, but it never crashes: mutations of real files run through all of them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.checks.examples import FOLDER

from llmstack import yamlio
from llmstack.checks import run_checks, settle
from llmstack.checks.neighbour import describe
from llmstack.checks.subject import Subject
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

ROOT = Path(__file__).parents[2]
FACTS = (".facts.yaml", ".cluster.yaml")
EXAMPLES = [file for file in FOLDER.glob("*/*/*.yaml") if not file.name.endswith(FACTS)]
FILES = sorted([*(ROOT / "values").glob("*.yaml"), *EXAMPLES])
ODD: tuple[Any, ...] = (
    None, "", " ", "x", "x" * 300, "0", "-1", "1e3", "$(X)", "ü", "a/b", "1.5", "latest", "--", "--a=b", 0, 1, -1, 65536, 2**40,
    1.5, True, False, [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": [1, {"c": None}]}}, [{"name": None}], [{"name": "a"}, {"name": "a"}],
    {"name": "a", "value": 1}, {"matchLabels": {"a": 1}}, {"requests": None}, {"rollingUpdate": 1}, {"containers": [None, 1, {"env": 3}]},
)  # fmt: skip


def routes(value: Any, route: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value below `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, item in items:
        found += [(*route, key), *routes(item, (*route, key))]
    return found


def holder(value: Any, route: tuple[Any, ...]) -> Any:
    for step in route[:-1]:
        value = value[step]
    return value


SEEDS = [yamlio.load(file.read_text()) for file in FILES]
PIECES = [piece for seed in SEEDS for route in routes(seed) for piece in [holder(seed, route)[route[-1]]]]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A real values file with a few values replaced by odd ones, by pieces of others, given twice, or gone."""
    values: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        places = routes(values)
        if not places:
            break
        route = draw(st.sampled_from(places))
        held, key = holder(values, route), route[-1]
        what = draw(st.sampled_from(("odd", "piece", "twice", "gone")))
        if what == "odd":
            held[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
        elif what == "piece":
            held[key] = copy.deepcopy(draw(st.sampled_from(PIECES)))
        elif what == "twice" and isinstance(held, list):
            held.append(copy.deepcopy(held[key]))
        else:
            del held[key]
    return values


def check(values: dict[str, Any]) -> int | None:
    """How many findings all checks have on values; None where the model refuses them."""
    layers, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(values).encode())])
    if stack is None:
        return None
    found = [*findings, *run_checks(Subject("prod", stack, layers, {"other": describe(stack)}))]
    return len(list(settle(found, layers, {})))


def test_the_seeds_themselves_pass_the_model() -> None:
    assert all(check(seed) is not None for seed in SEEDS)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_no_rule_crashes(values: dict[str, Any]) -> None:
    check(values)
