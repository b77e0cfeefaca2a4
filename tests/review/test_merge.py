"""`merge_patch` against the real kustomize: every keyed list, single cases, and random pairs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.review.trees import without_name

import llmstack
from llmstack.kustomize.merge import MERGE_KEYS, Unsupported, merge_keys, merge_patch

Object = dict[str, Any]
Patched = Callable[[list[tuple[Object, Object]]], list[Object]]

SCHEMA = Path(llmstack.__file__).parent / "schemas" / "k8s" / "v1.36.0" / "_definitions.json"
YOUNGER_THAN_KUSTOMIZE = {("resourceClaims",), ("schedulingGates",), ("ephemeralContainers", "ports")}
"""Lists of a pod that Kubernetes keys and kustomize's schema (1.21) does not know."""


def deployment(pod: Object | None = None, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "any"},
        "spec": spec | ({"template": {"spec": pod}} if pod else {}),
    }


def test_every_keyed_list_merges_by_its_key_in_kustomize(patched: Patched) -> None:
    pairs = [
        (
            nest(kind, path, [item(keys, "1", old="x")]),
            nest(kind, path, [item(keys, "1", new="y"), item(keys, "2")]),
        )
        for kind, lists in MERGE_KEYS.items()
        for path, keys in lists.items()
    ]
    assert len(pairs) > 100
    for (target, patch), built in zip(pairs, patched(pairs), strict=True):
        merged = without_name(merge_patch(target, patch))
        assert built == merged
        assert '"old": "x"' in json.dumps(merged)


def test_a_list_that_kustomize_does_not_key_is_replaced(patched: Patched) -> None:
    kind, root = ("apps/v1", "Deployment"), ("spec", "template", "spec")
    lists = [
        (kind, (*root, *path))
        for path in [
            *sorted(YOUNGER_THAN_KUSTOMIZE),
            ("tolerations",),
            ("containers", "args"),
            ("containers", "envFrom"),
        ]
    ]
    lists += [
        (("ray.io/v1", "RayCluster"), ("spec", "workerGroupSpecs")),
        (("autoscaling/v2", "HorizontalPodAutoscaler"), ("spec", "metrics")),
        (("v1", "PersistentVolumeClaim"), ("spec", "accessModes")),
        (("networking.k8s.io/v1", "Ingress"), ("spec", "rules")),
    ]
    pairs = [(nest(kind, path, [{"name": "1", "old": "x"}]), nest(kind, path, [{"name": "1"}])) for kind, path in lists]
    for (target, patch), built in zip(pairs, patched(pairs), strict=True):
        assert built == without_name(merge_patch(target, patch))
        assert '"old": "x"' not in json.dumps(built)


def nest(kind: tuple[str, str], path: tuple[str, ...], items: list[Any]) -> Object:
    """An object of the kind with `items` at the path, inside one item of each keyed list on the way."""
    value: Any = items
    for end in range(len(path) - 1, -1, -1):
        value = {path[end]: value}
        if keys := merge_keys(*kind, path[:end]):
            value = [item(keys, "1") | value]
    return {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "any"}} | value


def item(keys: tuple[str, ...], value: str, **more: str) -> Object:
    return dict.fromkeys(keys, value) | more


def test_the_table_is_the_schema_of_kubernetes_less_what_kustomize_does_not_know() -> None:
    definitions = json.loads(SCHEMA.read_text())["definitions"]
    found = dict(keyed_lists(definitions, "io.k8s.api.core.v1.PodSpec", ()))
    table = {
        path[3:]: keys
        for path, keys in MERGE_KEYS["apps/v1", "Deployment"].items()
        if path[:3] == ("spec", "template", "spec")
    }
    assert found.keys() > YOUNGER_THAN_KUSTOMIZE
    assert table == {path: keys for path, keys in found.items() if path not in YOUNGER_THAN_KUSTOMIZE}
    assert dict(keyed_lists(definitions, "io.k8s.api.core.v1.ServiceSpec", ("spec",))) == MERGE_KEYS["v1", "Service"]


def keyed_lists(definitions: Object, name: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for field, schema in definitions[name].get("properties", {}).items():
        at = (*path, field)
        if "merge" in schema.get("x-kubernetes-patch-strategy", "").split(",") and at[-1] not in (
            "finalizers",
            "ownerReferences",
        ):
            yield (
                at,
                tuple(schema.get("x-kubernetes-list-map-keys") or [schema["x-kubernetes-patch-merge-key"]]),
            )
        reference = schema.get("items", schema).get("$ref", "").rpartition("/")[2].rpartition(".")[2]
        full = f"io.k8s.api.core.v1.{reference}"
        if full in definitions:
            yield from keyed_lists(definitions, full, at)


CASES = {
    "null removes a field": (deployment(replicas=1), deployment(replicas=None)),
    "a map emptied by nulls stays": (
        deployment({"nodeSelector": {"a": "1"}, "containers": []}),
        deployment({"nodeSelector": {"a": None}}),
    ),
    "replace a union": (
        deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
        deployment(strategy={"$patch": "replace", "type": "Recreate"}),
    ),
    "replace where nothing is": (deployment(), deployment(strategy={"$patch": "replace", "type": "A"})),
    "delete a map": (deployment(strategy={"type": "Recreate"}), deployment(strategy={"$patch": "delete"})),
    "replace a keyed list": (
        deployment({"volumes": [{"name": "a", "emptyDir": {}}]}),
        deployment({"volumes": [{"$patch": "replace"}, {"name": "a", "hostPath": {"path": "/x"}}]}),
    ),
    "empty a keyed list": (
        deployment({"volumes": [{"name": "a", "emptyDir": {}}]}),
        deployment({"volumes": [{"$patch": "replace"}]}),
    ),
    "delete an item": (
        deployment({"containers": [{"name": "a"}, {"name": "b"}]}),
        deployment({"containers": [{"name": "a", "$patch": "delete"}]}),
    ),
    "an empty list for a keyed one keeps it": (
        deployment({"volumes": [{"name": "a"}], "tolerations": [{"key": "a"}]}),
        deployment({"volumes": [], "tolerations": []}),
    ),
    "nulls in new maps mean nothing, in replaced lists they stay": (
        deployment({"containers": [{"name": "a"}]}),
        deployment({"affinity": {"x": {"y": None}}, "tolerations": [{"key": None}]}),
    ),
    "a null that nobody touches stays": (deployment({"tolerations": None, "x": 1}), deployment(replicas=1)),
    "two keys keep the order of the parent, one key that of the patch": (
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": port, "protocol": "TCP"} for port in (1, 2, 3)
        ], "env": [{"name": name} for name in "ABC"]}]}),
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": port, "protocol": "TCP", "name": "n"} for port in (9, 3, 1)
        ], "env": [{"name": name, "value": ""} for name in "ZCA"]}]}),
    ),
    "one port under two protocols": (
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"},
        ]}]}),
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": 53, "protocol": "UDP", "name": "dns"},
        ]}]}),
    ),
    "a port without a protocol beside one under two": (
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 80},
        ]}]}),
        deployment(replicas=1),
    ),
    "replace metadata maps": (
        deployment() | {"metadata": {"name": "any", "labels": {"a": "1"}, "annotations": {"a": "1"}}},
        deployment()
        | {"metadata": {"name": "x", "labels": {"$patch": "replace", "b": "2"}, "annotations": {}}},
    ),
}  # fmt: skip


def test_single_cases_build_as_kustomize_builds_them(patched: Patched) -> None:
    for name, (target, patch), built in zip(CASES, CASES.values(), patched(list(CASES.values())), strict=True):
        assert json.dumps(without_name(merge_patch(target, patch)), sort_keys=True) == json.dumps(
            built, sort_keys=True
        ), name


C = {"containers": [{"name": "a"}]}
REFUSED: dict[str, tuple[Object, Object]] = {
    "another kind": (deployment(), {"apiVersion": "v1", "kind": "Service", "metadata": {}}),
    "the whole object": (deployment(), deployment() | {"$patch": "delete"}),
    "a directive without a list": (deployment(C), deployment({"volumes": [{"$patch": "replace"}]})),
    "a directive in an atomic list": (
        deployment({"tolerations": [{"key": "a"}]}),
        deployment({"tolerations": [{"$patch": "replace"}]}),
    ),
    "replace on an item": (deployment(C), deployment({"containers": [{"name": "a", "$patch": "replace"}]})),
    "an unknown directive": (deployment(C), deployment({"nodeSelector": {"$patch": "retain"}})),
    "an unknown directive on a map that is there": (
        deployment({"nodeSelector": {"a": "1"}}),
        deployment({"nodeSelector": {"$patch": "retain"}}),
    ),
    "an unknown directive on an item that is there": (
        deployment(C),
        deployment({"containers": [{"name": "a", "$patch": "retain"}]}),
    ),
    "an unknown directive for a list": (deployment(C), deployment({"containers": [{"$patch": "retain"}]})),
    "two directives for a list": (
        deployment(C),
        deployment({"containers": [{"$patch": "replace"}, {"$patch": "replace"}]}),
    ),
    "text that becomes a number": (deployment(priorityClassName="1"), deployment(priorityClassName=1)),
    "one port under two protocols, of which one is left out": (
        deployment({"containers": [{"name": "a"}]}),
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53},
        ]}]}),
    ),
    "one port of which nobody says the protocol, beside another": (
        deployment({"containers": [{"name": "a", "ports": [
            {"containerPort": 1}, {"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"},
        ]}]}),
        deployment(replicas=1),
    ),
    "an item without a key": (deployment(C), deployment({"containers": [{"image": "x"}]})),
    "a key twice": (deployment(C), deployment({"containers": [{"name": "b"}, {"name": "b"}]})),
    "a key twice in what nobody touches": (
        deployment({"containers": [{"name": "a", "env": [{"name": "X"}, {"name": "X"}]}]}),
        deployment(replicas=1),
    ),
    "a part of the key on some items": (
        deployment({"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]}),
        deployment({"containers": [{"name": "a", "ports": [{"containerPort": 1, "protocol": "TCP"}]}]}),
    ),
    "another type": (deployment({"nodeSelector": {"a": "1"}}), deployment({"nodeSelector": ["a"]})),
    "a label set to null": (deployment(), deployment() | {"metadata": {"labels": {"a": None}}}),
    "finalizers": (deployment(), deployment() | {"metadata": {"finalizers": ["a"]}}),
}  # fmt: skip


REFUSED |= {
    "another version": (deployment(), {"apiVersion": "apps/v2", "metadata": {}}),
    "a whole object in its place": (deployment(), deployment() | {"$patch": "replace"}),
    "owners": (deployment(), deployment() | {"metadata": {"ownerReferences": []}}),
    "a directive in metadata": (deployment(), deployment() | {"metadata": {"$patch": "merge"}}),
    "annotations that are no map": (deployment(), deployment() | {"metadata": {"annotations": ["a"]}}),
    "a list for a text": (deployment(a="x"), deployment(a=["x"])),
    "a map for a list": (deployment(a=["x"]), deployment(a={"x": 1})),
    "a directive on an item of a new list": (deployment(), deployment({"containers": [{"name": "a", "$patch": "merge"}]})),
    "an empty key": (deployment(C), deployment({"containers": [{"name": ""}]})),
}  # fmt: skip
REASONS = {
    "another kind": "the patch is of another kind than its target",
    "another version": "the patch is of another kind than its target",
    "the whole object": "$patch: delete on a whole object",
    "a whole object in its place": "$patch: replace on a whole object",
    "a directive without a list": "$patch in spec.template.spec.volumes, which has nothing to replace",
    "a directive in an atomic list": "$patch in spec.template.spec.tolerations, which has nothing to replace",
    "a directive on an item of a new list": "$patch in spec.template.spec.containers, which has nothing to replace",
    "replace on an item": "$patch: replace on an item of a list",
    "an unknown directive": "$patch: retain",
    "an unknown directive on a map that is there": "$patch: retain",
    "an unknown directive on an item that is there": "$patch: retain on an item of a list",
    "an unknown directive for a list": "$patch in spec.template.spec.containers",
    "two directives for a list": "$patch in spec.template.spec.containers",
    "text that becomes a number": "spec.priorityClassName is text and gets a number: kustomize keeps the quotes that it had",
    "one port under two protocols, of which one is left out": "two items with the same containerPort",
    "one port of which nobody says the protocol, beside another": "two items with the same containerPort",
    "an item without a key": "an item without name",
    "an empty key": "an item without name",
    "a key twice": "two items with the same name",
    "a key twice in what nobody touches": "two items with the same name",
    "a part of the key on some items": "spec.template.spec.containers.ports: some items leave out a part of the key",
    "another type": "spec.template.spec.nodeSelector is of another type in the patch",
    "a list for a text": "spec.a is of another type in the patch",
    "a map for a list": "spec.a is of another type in the patch",
    "a label set to null": "metadata.labels of a patch with something else than text",
    "annotations that are no map": "metadata.annotations of a patch with something else than text",
    "finalizers": "metadata.finalizers in a patch",
    "owners": "metadata.ownerReferences in a patch",
    "a directive in metadata": "metadata.$patch in a patch",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_kustomize_garbles_is_refused(case: str) -> None:
    with pytest.raises(Unsupported) as caught:
        merge_patch(*REFUSED[case])
    assert str(caught.value) == REASONS[case]
