"""`merge_patch` against the real kustomize: every keyed list, single cases, and random pairs."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import llmstack
from llmstack.tree.merge import MERGE_KEYS, Unsupported, merge_keys, merge_patch

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


def without_name(item: Object) -> Object:
    """As kustomize prints it, but for the name: empty annotations are dropped."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "name"}
    if not metadata.get("annotations", True):
        del metadata["annotations"]
    return item | {"metadata": metadata}


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
    pairs = [
        (nest(kind, path, [{"name": "1", "old": "x"}]), nest(kind, path, [{"name": "1"}]))
        for kind, path in lists
    ]
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
    assert (
        dict(keyed_lists(definitions, "io.k8s.api.core.v1.ServiceSpec", ("spec",)))
        == MERGE_KEYS["v1", "Service"]
    )


def keyed_lists(
    definitions: Object, name: str, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
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
    "replace metadata maps": (
        deployment() | {"metadata": {"name": "any", "labels": {"a": "1"}, "annotations": {"a": "1"}}},
        deployment()
        | {"metadata": {"name": "x", "labels": {"$patch": "replace", "b": "2"}, "annotations": {}}},
    ),
}  # fmt: skip


def test_single_cases_build_as_kustomize_builds_them(patched: Patched) -> None:
    for name, (target, patch), built in zip(
        CASES, CASES.values(), patched(list(CASES.values())), strict=True
    ):
        assert json.dumps(without_name(merge_patch(target, patch)), sort_keys=True) == json.dumps(
            built, sort_keys=True
        ), name


C = {"containers": [{"name": "a"}]}
REFUSED = {
    "another kind": (deployment(), {"apiVersion": "v1", "kind": "Service", "metadata": {}}),
    "the whole object": (deployment(), deployment() | {"$patch": "delete"}),
    "a directive without a list": (deployment(C), deployment({"volumes": [{"$patch": "replace"}]})),
    "a directive in an atomic list": (
        deployment({"tolerations": [{"key": "a"}]}),
        deployment({"tolerations": [{"$patch": "replace"}]}),
    ),
    "replace on an item": (deployment(C), deployment({"containers": [{"name": "a", "$patch": "replace"}]})),
    "an unknown directive": (deployment(C), deployment({"nodeSelector": {"$patch": "retain"}})),
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
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_kustomize_garbles_is_refused(case: str) -> None:
    with pytest.raises(Unsupported):
        merge_patch(*REFUSED[case])


TEXT = st.sampled_from(["a", "b", "08", "1e3", "true", "x y", "null", ""])
SCALAR = st.one_of(TEXT, st.integers(0, 3), st.booleans())
LABELS = st.dictionaries(st.sampled_from("abcd"), TEXT, max_size=3)


def maps(required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    return st.fixed_dictionaries(required, optional=optional)


def keyed(key: str, values: Any, rest: Any, size: int = 3) -> st.SearchStrategy[list[Object]]:
    return st.lists(values, unique=True, max_size=size).flatmap(
        lambda names: st.tuples(
            *(rest.map(lambda item, name=name: item | {key: name}) for name in names)
        ).map(list)
    )


def ports(key: str) -> st.SearchStrategy[list[Object]]:
    protocols = st.sampled_from([{}, {"protocol": st.sampled_from(["TCP", "UDP"])}])
    return protocols.flatmap(
        lambda protocol: keyed(key, st.integers(1, 4), maps(protocol, {"name": TEXT, "targetPort": SCALAR}))
    )


ENV = keyed("name", st.sampled_from("ABCDE"), st.sampled_from([
    {"value": "1"}, {"value": "08"}, {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
]), 4)  # fmt: skip
VOLUME = st.sampled_from([
    {"emptyDir": {}}, {"emptyDir": {"medium": "Memory"}}, {"hostPath": {"path": "/x"}},
    {"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
])  # fmt: skip
PROBE = st.sampled_from([
    {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 5}, {"tcpSocket": {"port": "http"}},
])  # fmt: skip
CONTAINER = maps({}, {
    "image": TEXT, "args": st.lists(TEXT, max_size=3), "env": ENV, "ports": ports("containerPort"),
    "volumeMounts": keyed("mountPath", st.sampled_from(["/a", "/b", "/c"]), maps({"name": TEXT}, {})),
    "startupProbe": PROBE, "resources": maps({}, {"limits": LABELS}),
    "securityContext": st.sampled_from([{}, {"runAsUser": 0}]),
    "envFrom": st.just([{"secretRef": {"name": "s"}}]),
})  # fmt: skip
POD = maps({"containers": keyed("name", st.sampled_from("mnop"), CONTAINER)}, {
    "initContainers": keyed("name", st.sampled_from("ij"), CONTAINER, 2), "nodeSelector": LABELS,
    "volumes": keyed("name", st.sampled_from("vwxyz"), VOLUME),
    "tolerations": st.lists(maps({"key": TEXT}, {}), max_size=2),
    "imagePullSecrets": keyed("name", st.sampled_from("qrs"), st.just({})),
    "affinity": st.sampled_from([{}, {"nodeAffinity": {"required": [{"key": "a"}]}}]),
})  # fmt: skip
META = maps({"name": st.just("any")}, {"labels": LABELS, "annotations": LABELS})
OBJECTS = st.one_of(
    maps({"apiVersion": st.just("apps/v1"), "kind": st.just("Deployment"), "metadata": META, "spec": maps(
        {"template": maps({"spec": POD}, {"metadata": maps({}, {"labels": LABELS, "annotations": LABELS})})},
        {"replicas": st.integers(0, 3), "strategy": st.sampled_from([
            {"type": "Recreate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        ])})}, {}),
    maps({"apiVersion": st.just("v1"), "kind": st.just("Service"), "metadata": META,
          "spec": maps({}, {"selector": LABELS, "ports": ports("port")})}, {}),
    maps({"apiVersion": st.just("v1"), "kind": st.just("PersistentVolumeClaim"), "metadata": META,
          "spec": maps({}, {"accessModes": st.lists(TEXT, max_size=2), "resources": LABELS})}, {}),
    maps({"apiVersion": st.just("ray.io/v1"), "kind": st.just("RayCluster"), "metadata": META,
          "spec": maps({}, {"head": POD, "workerGroupSpecs": st.lists(POD, max_size=2)})}, {}),
)  # fmt: skip
FIXED = {
    "apiVersion", "kind", "metadata", "spec", "template", "containers", "name", "containerPort", "port",
    "mountPath", "protocol",
}  # fmt: skip


KEEP, NULL, SKIP = "keep", "null", "skip"
FATE = st.sampled_from([KEEP] * 4 + [NULL, SKIP])
MAP_DIRECTIVE = st.sampled_from([None] * 6 + ["replace"] * 2 + ["merge", "delete"])


def as_patch(draw: st.DrawFn, value: Any, path: tuple[str, ...] = ()) -> Any:
    """An object turned into a patch: some fields null, some left out, some with a directive."""
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            fate = KEEP if key in FIXED or path[-1:] == ("metadata",) else draw(FATE)
            if fate != SKIP:
                result[key] = None if fate == NULL else as_patch(draw, item, (*path, key))
        directive = draw(MAP_DIRECTIVE) if path and path[-1] not in FIXED else None
        return {"$patch": directive} | result if directive else result
    if isinstance(value, list):
        items = [as_patch(draw, item) if isinstance(item, dict) else item for item in value]
        merges = items and isinstance(items[0], dict) and path[-1:] not in (("tolerations",), ("envFrom",))
        return [{"$patch": "replace"}, *items] if merges and draw(st.integers(0, 2)) == 0 else items
    return value


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Object, Object]:
    target = draw(OBJECTS)
    goal = draw(OBJECTS.filter(lambda other: other["kind"] == target["kind"]))
    return target, as_patch(draw, goal)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(pairs(), min_size=20, max_size=40))
def test_random_pairs_merge_as_kustomize_merges_them(
    patched: Patched, given_pairs: list[tuple[Object, Object]]
) -> None:
    supported = []
    for target, patch in given_pairs:
        before = copy.deepcopy((target, patch))
        try:
            merged = merge_patch(target, patch)
        except Unsupported:
            continue
        assert (target, patch) == before
        supported.append((target, patch, merged))
    built = patched([(target, patch) for target, patch, _ in supported])
    for (target, patch, merged), real in zip(supported, built, strict=True):
        assert json.dumps(without_name(merged), sort_keys=True) == json.dumps(real, sort_keys=True), (
            target,
            patch,
        )
