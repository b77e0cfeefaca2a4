"""`merge_patch` against the real kustomize on random pairs of objects and patches."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.review.trees import without_name

from llmstack.kustomize.merge import Unsupported, merge_patch

Object = dict[str, Any]
Patched = Callable[[list[tuple[Object, Object]]], list[Object]]


TEXT = st.sampled_from(["a", "b", "08", "1e3", "true", "x y", "null", ""])
SCALAR = st.one_of(TEXT, st.integers(0, 3), st.booleans())
LABELS = st.dictionaries(st.sampled_from("abcd"), TEXT, max_size=3)


def maps(required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    return st.fixed_dictionaries(required, optional=optional)


def keyed(key: str, values: Any, rest: Any, size: int = 3) -> st.SearchStrategy[list[Object]]:
    return st.lists(values, unique=True, max_size=size).flatmap(
        lambda names: st.tuples(*(rest.map(lambda item, name=name: item | {key: name}) for name in names)).map(list)
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
OBJECTS = (
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
    objects = draw(st.sampled_from(OBJECTS))
    return draw(objects), as_patch(draw, draw(objects))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(pairs(), min_size=10, max_size=20))
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
