"""What a change does to the rules is told wherever it weakens one, and nothing is told of what it leaves or tightens."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from llmstack.review.facts import Acknowledgement, Pool
from llmstack.review.rules import Ignored, Rules, rule_changes

POOL = Pool("p", "nvidia.com/gpu", 8, 8)
ENTRY = Acknowledgement("restart", "Deployment/x", date(2026, 12, 31), "planned", 2)
START = Rules(
    acknowledgements=((ENTRY, "values/prod.yaml:3"),),
    pools=((POOL, "values/prod.yaml:4"),),
    levels={"mutable-tag": "warning", "bad-name": "error"},
    ignored=(Ignored("mutable-tag", "tag: latest", "values/prod.yaml:9"),),
    allowed=frozenset(("Thing",)),
    pod_security="restricted",
)


def told(after: Rules, before: Rules = START) -> list[str]:
    return [f"{each.kind}: {each.text}" for each in rule_changes("prod", before, after)]


def entry(**fields: object) -> Rules:
    return replace(START, acknowledgements=((replace(ENTRY, **fields), "values/prod.yaml:3"),))  # type: ignore[arg-type]


def pool(**fields: object) -> Rules:
    return replace(START, pools=((replace(POOL, **fields), "values/prod.yaml:4"),))  # type: ignore[arg-type]


ALTERED = {
    "acknowledgement: acknowledges outage at Deployment/x until 2026-12-31 up to 2": entry(risk="outage"),
    "acknowledgement: acknowledges restart at Deployment/y until 2026-12-31 up to 2": entry(object="Deployment/y"),
    "acknowledgement: changes the acknowledgement of restart at Deployment/x until 2027-12-31 up to 2": entry(until=date(2027, 12, 31)),
    "acknowledgement: changes the acknowledgement of restart at Deployment/x up to 2": entry(until=None),
    "acknowledgement: changes the acknowledgement of restart at Deployment/x until 2026-12-31": entry(up_to=None),
    "capacity: changes the pool p from 8 nvidia.com/gpu at 8 per node to 16 nvidia.com/gpu at 8 per node": pool(count=16),
    "capacity: changes the pool p from 8 nvidia.com/gpu at 8 per node to 8 nvidia.com/gpu": pool(per_node=None),
    "capacity: changes the pool p from 8 nvidia.com/gpu at 8 per node to 8 nvidia.com/gpu at 8 per node where a=b": pool(node_selector={"a": "b"}),
    "capacity: declares the pool p no more: 8 nvidia.com/gpu at 8 per node": replace(START, pools=()),
    "capacity: declares the pool q: 1 x/gpu": replace(START, pools=(*START.pools, (Pool("q", "x/gpu", 1), ""))),
    "check: turns the check mutable-tag off: it was a warning": replace(START, levels={**START.levels, "mutable-tag": "off"}),
    "check: makes a note of the check mutable-tag: it was a warning": replace(START, levels={**START.levels, "mutable-tag": "note"}),
    "check: makes a warning of the check bad-name: it was an error": replace(START, levels={**START.levels, "bad-name": "warning"}),
    "check: holds pods to the standard baseline: it was restricted": replace(START, pod_security="baseline"),
    "check: lets 1 kind pass without a schema: Other": replace(START, allowed=frozenset(("Thing", "Other"))),
    "ignore: ignores bad-name in place": replace(START, ignored=(*START.ignored, Ignored("bad-name", "tag: latest", "values/prod.yaml:9"))),
    "ignore: ignores mutable-tag in place": replace(START, ignored=(Ignored("mutable-tag", "tag: main", "values/prod.yaml:9"),)),
}  # fmt: skip


@pytest.mark.parametrize("text", ALTERED)
def test_what_is_weaker_or_other_is_told(text: str) -> None:
    assert told(ALTERED[text]) == [text]


@pytest.mark.parametrize(
    "after",
    [
        START,
        replace(START, acknowledgements=()),
        replace(START, levels={"mutable-tag": "error", "bad-name": "error"}),
        replace(START, ignored=()),
        replace(START, ignored=(Ignored("mutable-tag", "tag: latest", "values/prod.yaml:90"),)),
        replace(START, allowed=frozenset()),
    ],
)
def test_what_stays_moves_or_is_stricter_is_not(after: Rules) -> None:
    assert told(after) == []


def test_a_second_ignore_of_the_same_line_is_told_once() -> None:
    twice = replace(START, ignored=START.ignored * 2)
    assert told(twice) == ["ignore: ignores mutable-tag in place"]
    assert told(START, twice) == []


def test_each_says_where_it_stands_and_whose_it_is() -> None:
    (change,) = rule_changes("prod", START, pool(count=16))
    assert (change.environment, change.place) == ("prod", "values/prod.yaml:4")
