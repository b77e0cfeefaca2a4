"""The rules that a change alters, and those that an environment only takes over from values/base.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sync.repository import POOL, Repository, environment, new_repository

BASE = {"gitops": {"capacity": [POOL], "checks": {"mutable-tag": "off"}}}


def _without_pools(**gitops: Any) -> dict[str, Any]:
    values = environment(**gitops)
    del values["gitops"]["capacity"]
    return values


def _rules(repository: Repository) -> list[tuple[str | None, str]]:
    return [(each["environment"], each["text"]) for each in repository.review()["rules"]]


def test_a_new_environment_brings_none_of_the_rules_of_all(tmp_path: Path) -> None:
    one = new_repository(tmp_path / "repository", base=BASE, prod=_without_pools())
    one.values(dev=_without_pools(namespace="dev", checks={"unpinned-model": "off"}))
    assert [name for name, _ in _rules(one)] == ["dev"]
    one.commit()
    one.values(base={"gitops": {"capacity": [{**POOL, "count": 16}]}}, live=_without_pools(namespace="live"))
    assert {name for name, _ in _rules(one)} == {None}


def test_a_pool_that_all_declare_no_more_is_told_once(tmp_path: Path) -> None:
    both = {name: _without_pools(namespace=name) for name in ("dev", "prod")}
    one = new_repository(tmp_path / "repository", base=BASE, **both)
    one.values(base={"gitops": {"checks": {"mutable-tag": "off"}}})
    assert _rules(one) == [(None, "declares the pool h100 no more: 8 nvidia.com/gpu at 8 per node")]
    one.values(dev=environment(namespace="dev", capacity=[POOL]))
    assert [name for name, text in _rules(one) if "no more" in text] == ["prod"]
