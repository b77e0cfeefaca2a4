"""The patch between two objects says what differs and no more, and builds to the goal."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.kustomize.merge import merge_patch
from llmstack.kustomize.patch import NotExpressible, difference

Object = dict[str, Any]
REPLACE = {"$patch": "replace"}


def deployment(pod: Object | None = None, labels: Object | None = None, **spec: Any) -> Object:
    metadata: Object = {"name": "a"} | ({"labels": labels} if labels is not None else {})
    whole = spec | ({"template": {"spec": pod}} if pod is not None else {})
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": whole}


def containers(*items: Object) -> Object:
    return deployment({"containers": list(items)})


CASES: dict[str, tuple[Object, Object, Object]] = {
    "a number": (deployment(replicas=1, x=1), deployment(replicas=2, x=1), deployment(replicas=2)),
    "a text": (deployment(a="x", b=1), deployment(a="y", b=1), deployment(a="y")),
    "a text that becomes a number": (deployment(a="1", b=1), deployment(a=1, b=1), {**deployment(), "spec": {**REPLACE, "a": 1, "b": 1}}),
    "a number that becomes a text": (deployment(a=1, b=1), deployment(a="1", b=1), deployment(a="1")),
    "a field that goes": (deployment(a=1, b=1), deployment(b=1), deployment(a=None)),
    "a field that comes": (deployment(b=1), deployment(a={"x": 1}, b=1), deployment(a={"x": 1})),
    "all fields go": (deployment(a={"x": 1}), deployment(a={}), deployment(a=REPLACE)),
    "a label that goes": (deployment(labels={"a": "1", "b": "2"}), deployment(labels={"b": "2"}), deployment(labels={**REPLACE, "b": "2"})),
    "a label that comes": (deployment(labels={"b": "2"}), deployment(labels={"a": "1", "b": "2"}), deployment(labels={"a": "1"})),
    "a list without a key": (deployment({"tolerations": [1]}), deployment({"tolerations": [2]}), deployment({"tolerations": [2]})),
    "a list with a key": (
        deployment({"volumes": [{"name": "a"}]}), deployment({"volumes": [{"name": "b"}]}), deployment({"volumes": [REPLACE, {"name": "b"}]}),
    ),
    "a list with a key that was empty": (
        deployment({"volumes": []}), deployment({"volumes": [{"name": "b"}]}), deployment({"volumes": [{"name": "b"}]}),
    ),
    "the first of two containers": (
        containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"}),
        containers({"name": "a", "image": "2"}, {"name": "b", "image": "1"}),
        containers({"name": "a", "image": "2"}),
    ),
    "the last of two containers": (
        containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"}),
        containers({"name": "a", "image": "1"}, {"name": "b", "image": "2"}),
        containers({"name": "a"}, {"name": "b", "image": "2"}),
    ),
    "containers in another order": (
        containers({"name": "a"}, {"name": "b"}), containers({"name": "b"}, {"name": "a"}), containers(REPLACE, {"name": "b"}, {"name": "a"}),
    ),
    "a container more": (
        containers({"name": "a"}), containers({"name": "a"}, {"name": "b"}), containers(REPLACE, {"name": "a"}, {"name": "b"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_patch_says_what_differs_and_builds_to_the_goal(case: str) -> None:
    before, after, patch = CASES[case]
    found = difference(before, after)
    assert found is not None
    assert {key: value for key, value in found.items() if value != {}} == {
        key: value for key, value in patch.items() if value != {}
    }
    assert merge_patch(before, found) == after
    assert difference(before, before) is None


def test_a_renamed_object_is_patched_with_its_new_name() -> None:
    before, after = deployment(replicas=1), deployment(replicas=1)
    after["metadata"] = {"name": "b"}
    assert difference(before, after) == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "b"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (deployment(), {**deployment(), "kind": "StatefulSet"}),
        (deployment(), {**deployment(), "apiVersion": "apps/v2"}),
        (deployment(a=1), deployment(a=None)),
        (deployment(a={"x": 1}), deployment(a=[1])),
        (containers({"name": "a"}), containers({"image": "b"})),
    ],
)
def test_what_no_patch_can_say_is_written_whole(before: Object, after: Object) -> None:
    with pytest.raises(NotExpressible):
        difference(before, after)
