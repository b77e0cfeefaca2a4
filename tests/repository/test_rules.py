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
