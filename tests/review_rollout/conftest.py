"""Builders of workloads, changes and whole environments, small enough to read in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from llmstack.review.assess import assess
from llmstack.review.change import ObjectChange
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from llmstack.review.restarts import template_causes
from llmstack.review.result import EnvironmentReview
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

Object = dict[str, Any]
TODAY = date(2026, 6, 1)


def _deployment(
    name: str = "llama", replicas: int | None = 1, gpus: int = 1, image: str = "v1", surge: Any = None,
    unavailable: Any = None, **spec: Any,
) -> Object:  # fmt: skip
    strategy: Object = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
    }
    if surge is None and unavailable is None:
        strategy = {"type": "Recreate"}
    container = {
        "name": "vllm",
        "image": image,
        "resources": {"limits": {"nvidia.com/gpu": str(gpus)} if gpus else {}},
    }
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "engine"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            **({} if replicas is None else {"replicas": replicas}),
            "strategy": strategy,
            "selector": {"matchLabels": labels},
            "progressDeadlineSeconds": 3600,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def _stateful(replicas: int | None = 1, gpus: int = 1, **spec: Any) -> Object:
    made = _deployment(replicas=replicas, gpus=gpus)
    kept = {key: value for key, value in made["spec"].items() if key not in ("strategy", "progressDeadlineSeconds")}
    return {**made, "kind": "StatefulSet", "spec": {**kept, **spec}}


def _change(before: Object | None, after: Object | None, *, unit: str = "models/llama") -> ObjectChange:
    one = after if after is not None else before
    assert one is not None
    both = before is not None and after is not None
    causes = template_causes(before, after) if before is not None and after is not None else ()
    return ObjectChange(
        api_version=one["apiVersion"],
        kind=one["kind"],
        namespace=one["metadata"].get("namespace") or "",
        name=one["metadata"]["name"],
        unit=unit,
        action="change" if both else "add" if after is not None else "remove",
        changes=(),
        restarts=bool(causes),
        causes=causes,
        before=before,
        after=after,
    )


def _review(
    *pairs: tuple[Object | None, Object | None], pools: Sequence[Pool] = (),
    loads: Mapping[str, int] | None = None, stays: Sequence[Object] = (),
    facts: Mapping[str, Any] | None = None, today: date = TODAY,
) -> EnvironmentReview:  # fmt: skip
    known = Facts(pools=tuple(pools), load_seconds=loads or {}, **(facts or {}))
    changes = [_change(before, after) for before, after in pairs if before != after]
    before = [obj for obj, _ in pairs if obj is not None]
    after = [obj for _, obj in pairs if obj is not None]
    return assess(changes, [*before, *stays], [*after, *stays], known, known, today)


def _pool(count: int, per_node: int | None = None, name: str = "h100", **selector: str) -> Pool:
    return Pool(name, "nvidia.com/gpu", count, per_node, selector)


def _workload(
    name: str = "a", move: str = "restart", before: int = 1, after: int = 1, gpus: tuple[int, ...] = (1,),
    surge: int = 0, unavailable: int = 1, recreate: bool = False, new_gpus: tuple[int, ...] | None = None,
    pool: str = "h100", new_pool: str | None = None, load: int = 600,
) -> Workload:  # fmt: skip
    def template(sizes: tuple[int, ...], of: str) -> Template:
        return Template(sizes, (of, "nvidia.com/gpu"), load, None, None, 30, 0)

    return Workload(
        kind="Deployment", name=name, model=name, move=move, before=before, after=after,
        old=template(gpus, pool) if move != "new" else None,
        new=template(new_gpus or gpus, new_pool or pool) if move != "remove" else None,
        surge=min(surge, after), unavailable=min(unavailable, after), recreate=recreate, deadline=600,
    )  # fmt: skip


@pytest.fixture(scope="session")
def deployment() -> Callable[..., Object]:
    """A Deployment of one model; neither surge nor unavailable: Recreate."""
    return _deployment


@pytest.fixture(scope="session")
def stateful() -> Callable[..., Object]:
    """A StatefulSet of one model, its strategy the API's default."""
    return _stateful


@pytest.fixture(scope="session")
def change() -> Callable[..., ObjectChange]:
    """The change from one object to another; it restarts where its controller replaces the pods."""
    return _change


@pytest.fixture(scope="session")
def review() -> Callable[..., EnvironmentReview]:
    """The review of pairs (before, after) of objects, the same facts on both sides."""
    return _review


@pytest.fixture(scope="session")
def compared() -> Callable[..., EnvironmentReview]:
    """The review of two lists of objects, compared as those of an environment are; the same facts on both sides."""

    def assessed(before: Sequence[Object], after: Sequence[Object], **facts: Any) -> EnvironmentReview:
        changes = compare({"unit": before}, {"unit": after})
        known = Facts(**facts)
        return assess(changes, before, after, known, known, TODAY)

    return assessed


@pytest.fixture(scope="session")
def pool() -> Callable[..., Pool]:
    """A pool of nvidia.com/gpu."""
    return _pool


@pytest.fixture(scope="session")
def workload() -> Callable[..., Workload]:
    """A workload as the simulation sees it."""
    return _workload
