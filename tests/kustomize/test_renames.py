"""Where objects name others: what follows a rename, and which namespaces kustomize states by itself."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.kustomize.renames import references, rewrite, without_namespace

Object = dict[str, Any]


def thing(kind: str, **fields: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "n", "labels": {"a": "b"}},
        **fields,
    }


def pod(**spec: Any) -> Object:
    return thing("Deployment", spec={"template": {"spec": spec}})


NAMED: dict[str, tuple[Object, set[tuple[str, str]]]] = {
    "claims, config maps and secrets of volumes": (
        pod(volumes=[
            {"name": "x", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "y", "configMap": {"name": "m"}},
            {"name": "z", "secret": {"secretName": "s"}},
        ]),
        {("PersistentVolumeClaim", "c"), ("ConfigMap", "m"), ("Secret", "s")},
    ),
    "an account": (pod(serviceAccountName="router", serviceAccount="old"), {("ServiceAccount", "router")}),
    "what scales a Deployment": (
        thing("HorizontalPodAutoscaler", spec={"scaleTargetRef": {"kind": "Deployment", "name": "d"}}),
        {("Deployment", "d")},
    ),
    "what scales something else": (
        thing("HorizontalPodAutoscaler", spec={"scaleTargetRef": {"kind": "Widget", "name": "d"}}), set(),
    ),
    "a role and those who get it": (
        thing("RoleBinding", roleRef={"kind": "Role", "name": "r"}, subjects=[{"kind": "User", "name": "u"}]),
        {("Role", "r"), ("ServiceAccount", "u")},
    ),
    "a cluster's role": (thing("RoleBinding", roleRef={"kind": "ClusterRole", "name": "r"}), {("ClusterRole", "r")}),
    "a backend": (
        thing("Ingress", spec={"rules": [{"http": {"paths": [{"backend": {"service": {"name": "s"}}}]}}]}),
        {("Service", "s")},
    ),
    "a name that is no text": (pod(serviceAccountName=1), set()),
    "a kind that kustomize does not follow": (thing("ScaledObject", spec={"scaleTargetRef": {"name": "d"}}), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMED)
def test_what_an_object_names_follows_a_rename(case: str) -> None:
    object, named = NAMED[case]
    assert references(object) == named
    renamed = rewrite(object, {each: f"new-{each[1]}" for each in named})
    assert references(renamed) == {(kind, f"new-{name}") for kind, name in named}
    assert renamed["metadata"] == object["metadata"]
    assert rewrite(renamed, {(kind, f"new-{name}"): name for kind, name in named}) == object
    assert rewrite(object, {}) is object
    assert rewrite(object, {("Widget", name): "other" for _, name in named}) == object


def test_a_namespace_is_stated_by_the_unit_and_for_its_accounts() -> None:
    subjects = [{"name": "ours", "namespace": "n"}, {"name": "theirs", "namespace": "m"}]
    binding = thing("RoleBinding", subjects=subjects)
    bare = {"name": "a", "labels": {"a": "b"}}
    assert without_namespace(binding, frozenset()) == {**binding, "metadata": bare}
    ours = without_namespace(binding, frozenset({"ours"}))
    assert ours == {**binding, "metadata": bare, "subjects": [{"name": "ours"}, subjects[1]]}
    unbound = thing("RoleBinding", roleRef={"kind": "Role", "name": "r"})
    assert without_namespace(unbound, frozenset({"ours"})) == {**unbound, "metadata": bare}
    other = thing("Deployment", subjects=subjects)
    assert without_namespace(other, frozenset({"ours"})) == {**other, "metadata": bare}
