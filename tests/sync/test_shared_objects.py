"""Objects that two environments of one cluster state, and what a change makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmstack.review.shared_objects import Trouble, definitions_in, find_twins, stated_by
from tests.sync.repository import environment, model, new_repository

Object = dict[str, Any]
KEPT = {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}


def made(kind: str = "ClusterRole", value: int = 1, namespace: str = "", **metadata: Any) -> Object:
    where = {"namespace": namespace} if namespace else {}
    version = "x/v1" if kind == "Widget" else "rbac.authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a", **where, **metadata}, "value": value}


Sides = tuple[Object | None, Object | None]
ONE, TWO = made(), made(value=2)
ROWS: dict[str, tuple[Sides, Sides, Trouble | None]] = {
    "comes, and is another": ((None, TWO), (ONE, ONE), "fights"),
    "comes, and is the same": ((None, ONE), (ONE, ONE), "doubles"),
    "comes, and whoever prunes keeps it": ((None, made(**KEPT)), (made(**KEPT), made(**KEPT)), None),
    "comes in both": ((None, ONE), (None, ONE), "doubles"),
    "becomes another": ((ONE, TWO), (ONE, ONE), "fights"),
    "becomes the same": ((ONE, TWO), (TWO, TWO), None),
    "changes alike": ((ONE, TWO), (ONE, TWO), None),
    "goes here": ((ONE, None), (ONE, ONE), "leaves"),
    "goes here, and is kept": ((made(**KEPT), None), (ONE, ONE), None),
    "goes from here to there": ((ONE, None), (None, ONE), "leaves"),
    "goes in both": ((ONE, None), (ONE, None), None),
    "stays": ((ONE, ONE), (TWO, TWO), None),
    "changes there alone": ((ONE, ONE), (ONE, TWO), None),  # told of the other environment
    "in two namespaces": ((None, made("Role", namespace="dev")), (None, made("Role", namespace="llm")), None),
    "in one namespace": ((None, made("Role", namespace="llm")), (None, made("Role", 2, namespace="llm")), "fights"),
    "with a namespace that its kind has not": ((None, made(namespace="dev")), (None, made(namespace="llm")), "fights"),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_a_change_makes_of_it(row: str) -> None:
    own, other, trouble = ROWS[row]
    stated = {
        name: tuple(stated_by([each] if each is not None else [], {}) for each in sides)
        for name, sides in (("prod", own), ("dev", other))
    }
    found = [twin.trouble for twin in find_twins("prod", stated, {})]  # type: ignore[arg-type]
    assert [each for each in found if each is not None] == ([trouble] if trouble else [])


@pytest.mark.parametrize(("scope", "told"), [("Cluster", [True]), ("Namespaced", []), (None, [False])])
def test_whether_a_kind_has_namespaces_is_as_its_definition_says(scope: str | None, told: list[bool]) -> None:
    """Without one the two may be one object, or not."""
    spec = {"group": "x", "scope": scope, "names": {"kind": "Widget"}}
    definition = {"kind": "CustomResourceDefinition", "metadata": {"name": "c"}, "spec": spec}
    defined = definitions_in([definition] if scope else [])
    sides = [stated_by([made("Widget", namespace=name)], defined) for name in ("dev", "llm")]
    found = [*find_twins("a", {"a": ({}, sides[0]), "b": ({}, sides[1])}, defined)]
    assert [twin.is_certain for twin in found] == told
    assert all(twin.trouble is not None for twin in found)


def priority(value: int) -> Object:
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": value}


def test_a_class_of_two_environments(tmp_path: Path) -> None:
    dev = environment(model(), namespace="dev") | {"extraObjects": [priority(1)]}
    one = new_repository(tmp_path / "repository", dev=dev, prod=environment(model()))
    for value, severity in ((1, "warning"), (2, "error")):
        one.values(prod=environment(model()) | {"extraObjects": [priority(value)]})
        [risk] = [each for each in one.review()["envs"]["prod"]["risks"] if each["id"] == "sync"]
        assert (risk["object"], risk["severity"], risk["amount"]) == ("PriorityClass/high", severity, 1)
    one.commit()
    one.values(prod=environment(model()))
    review = one.review()
    assert [risk["severity"] for risk in review["envs"]["prod"]["risks"] if risk["id"] == "sync"] == ["error"]
    assert review["clusters"]["c1"]["advice"] == []  # no order of commits for what is meant to go


def test_what_may_be_one_object_of_two_environments_is_a_note(tmp_path: Path) -> None:
    """A kind of an operator that is known stands where its definition says; of any other nothing tells."""
    custom = [
        {"apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass", "metadata": {"name": "gpu"}, "spec": {"a": 1}},
        {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": 1}},
    ]
    dev = environment(model(), namespace="dev") | {"extraObjects": custom}
    one = new_repository(tmp_path / "repository", dev=dev, prod=environment(model()))
    one.values(prod=environment(model()) | {"extraObjects": [{**each, "spec": {"a": 2}} for each in custom]})
    risks = one.review()["envs"]["prod"]["risks"]
    told = {risk["object"]: (risk["id"], risk["severity"]) for risk in risks}
    assert told["EC2NodeClass/gpu"] == ("sync", "error")
    assert told["Widget/w"] == ("not-judged", "note")


def test_a_unit_that_leaves_what_it_had_has_no_order_of_commits(tmp_path: Path) -> None:
    one = new_repository(tmp_path / "repository", prod=environment(model(), createNamespace=True))
    one.values(prod=environment(model()))
    review = one.review()
    [risk] = [each for each in review["envs"]["prod"]["risks"] if each["id"] == "sync"]
    assert (review["clusters"]["c1"]["advice"], risk["advice"].partition(",")[0]) == (
        [], "Delete by hand what shall not stay",
    )  # fmt: skip
