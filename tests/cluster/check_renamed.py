"""A renamed environment, on the real Flux: the order of commits that `diff` gives keeps its pods, the change alone does
not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.flux import Storage, ready_at
from tests.cluster.kubectl import Kubectl, rolled_out, wait_until
from tests.cluster.owned import ORPHAN, Owned, owned

MODELS = ({"name": "a"}, {"name": "b"})
KEPT = "clusters/c1/kustomization.yaml"


@pytest.fixture
def prod(kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> Iterator[Owned]:
    with owned("renamed", kubectl, tmp_path, MODELS) as one:
        yield one


def test_the_order_of_commits_for_another_name_restarts_nothing(prod: Owned) -> None:
    """First in the order that the review gives, then without it."""
    pods = prod.pods()
    prod.push(prod.values(*MODELS), {KEPT: ORPHAN.format("prod")})
    commit = _rename(prod, "prod", "live", {KEPT: ORPHAN.format("live")})
    foreseen = prod.foreseen()
    ready_at(prod.kubectl, commit)
    wait_until(lambda: not prod.units(), "no unit of the former name left")
    assert prod.units("live").keys() == {"live.models.a", "live.models.b"}
    assert not _errors(foreseen)
    assert not foreseen["envs"]["prod"]["removed"]
    assert not foreseen["envs"]["live"]["rollouts"]
    commit = _rename(prod, "live", "live", {KEPT: None})
    ready_at(prod.kubectl, commit)
    assert prod.pods() == pods, "no pod was made anew"

    commit = _rename(prod, "live", "main", {})
    foreseen = prod.foreseen()
    wait_until(lambda: not prod.units("live"), "no unit of the former name left")
    ready_at(prod.kubectl, commit)
    rolled_out(prod.kubectl, prod.name)
    assert {each["model"] for each in foreseen["envs"]["live"]["removed"]} == {"a", "b"}
    assert {("live", "removal"), ("main", "sync")} <= _errors(foreseen)
    assert "deletionPolicy: Orphan" in foreseen["clusters"]["c1"]["advice"][0]
    assert not prod.pods().keys() & pods.keys(), "every pod was made anew"


def _rename(prod: Owned, former: str, name: str, files: Mapping[str, str | None]) -> str:
    """Commit the environment under another name, with files beside it (None: removed); the commit."""
    root = prod.repository.root
    (root / "values" / f"{former}.yaml").unlink()
    prod.repository.write({name: prod.values(*MODELS)})
    if name != former:
        prod.repository.llmstack("gen", "--prune-env", former)
    for path, text in files.items():
        if text is None:
            (root / path).unlink()
        else:
            (root / path).write_text(text, encoding="utf-8")
    commit = prod.repository.publish({name: prod.values(*MODELS)})
    prod.look()
    return commit


def _errors(foreseen: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Environments and the errors that the review has for them."""
    return {
        (name, risk["id"])
        for name, review in foreseen["envs"].items()
        for risk in review["risks"]
        if risk["severity"] == "error"
    }
