"""Every field of an owner, and of what it follows, is read, or harmless with a reason, or told as not judged."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from llmstack import schemas
from llmstack.sync.changes import compare_owners
from llmstack.sync.fields import OPTIONS, TABLES, unread
from tests.sync.test_owners import (
    ARGO,
    BEFORE,
    FOLDER,
    LLAMA,
    OBJECTS,
    SOURCE,
    SOURCES,
    STOPPED,
    Files,
    application,
    application_set,
    deployment,
    edited,
    outcome,
    project,
    side,
    told,
    unit,
)

UNJUDGED: Mapping[str, tuple[str, ...]] = {
    "Kustomization": ("spec.decryption", "spec.dependsOn.readyExpr", "spec.healthCheckExprs", "spec.ignoreMissingComponents"),
    "GitRepository": (),
    "OCIRepository": ("spec.insecure", "spec.layerSelector"),
    "ArtifactGenerator": ("spec.pathPattern",),
    "Application": (
        "operation", "spec.source.tagPrefix", "spec.sourceHydrator.drySource", "spec.sourceHydrator.hydrateTo",
        "spec.syncPolicy.managedNamespaceMetadata",
    ),
    "AppProject": ("spec.destinationServiceAccounts", "spec.permitOnlyProjectScopedClusters", "spec.roles"),
    "ApplicationSet": (),
}  # fmt: skip
"""The fields of which it is told that they change, and not what that does."""
NOT_SHIPPED = {"Bucket"}
"""Kinds without a schema in the package."""


def _schema(kind: str) -> Mapping[str, Any]:
    [path] = schemas.folder().glob(f"crds/*/{kind.lower()}_*.json")
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _places(schema: Mapping[str, Any], known: tuple[str, ...], place: str = "") -> Iterator[str]:
    """The outermost fields of a schema below which the tables tell no fields apart."""
    for key, each in (schema.get("properties") or {}).items():
        at = f"{place}.{key}" if place else key
        inside = each.get("items") or each
        if at == "metadata":
            continue
        if any(name.startswith(f"{at}.") for name in known):
            yield from _places(inside, known, at)
        else:
            yield at


@pytest.mark.parametrize("kind", UNJUDGED)
def test_every_field_of_a_kind_is_in_one_table(kind: str) -> None:
    table = next(table for (_, name), table in TABLES.items() if name == kind)
    known = (*table, *UNJUDGED[kind])
    places = set(_places(_schema(kind), known))
    assert places - {*known} == set()
    assert not table.keys() & set(UNJUDGED[kind])
    stated = {each for each in known if not each.startswith(("metadata", "spec.patchesJson", "spec.patchesStrategic"))}
    assert stated - places == set()


def test_every_kind_has_a_table() -> None:
    assert {kind for _, kind in TABLES} == {*UNJUDGED, *NOT_SHIPPED}
    assert all(reason is None or " " in reason for table in (*TABLES.values(), OPTIONS) for reason in table.values())


@pytest.mark.parametrize("kind", UNJUDGED)
def test_a_field_that_nobody_knows_is_told(kind: str) -> None:
    group = next(group for group, name in TABLES if name == kind)
    stated = {"apiVersion": f"{group}/v9", "kind": kind, "metadata": {"name": "a"}, "spec": {"sooner": {"or": "later"}}}
    assert unread(stated) == {"spec.sooner": {"or": "later"}}


FLUX, CD = "kustomize.toolkit.fluxcd.io", "argocd.argoproj.io"
UNTOLD = ("moved", "contents", False)
SET = {"prod/project.yaml": [project()], "prod/models.yaml": [application_set("llama", "qwen")]}


def _named(files: Mapping[str, Any], path: str, /, **metadata: Any) -> Files:
    made = copy.deepcopy(dict(files))
    made[path][0]["metadata"] |= metadata
    return made


def _argo(**spec: Any) -> Files:
    return {**ARGO, "prod/llama.yaml": [application("llama", **spec)]}


def _policy(*options: str, **more: Any) -> dict[str, Any]:
    return {"syncPolicy": {"automated": {"prune": True}, "syncOptions": list(options), **more}}


def _in_set(**spec: Any) -> Files:
    made = copy.deepcopy(SET)
    made["prod/models.yaml"][0]["spec"] |= spec
    return made


def _of(kind: str, **spec: Any) -> Files:
    """The owners, with a source of another kind."""
    made = copy.deepcopy(BEFORE)
    for path in made:
        made[path][0]["spec"].get("sourceRef", {})["kind"] = kind
    metadata = made[SOURCE][0]["metadata"]
    stated = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": metadata}
    return {**made, SOURCE: [{**stated, "spec": {"interval": "1m", **spec}}]}


def _rooted(before: Mapping[str, Any] = BEFORE, **spec: Any) -> Files:
    """With the Kustomization that applies the folder of the cluster."""
    made = unit("flux-system", "./clusters/c1", **spec)
    return {**before, "flux-system/gotk-sync.yaml": [{**made, "metadata": {**made["metadata"], "name": "flux-system"}}]}


def _under(files: Mapping[str, Any] = ARGO) -> Files:
    """With an Application of the folder itself, which prunes nothing."""
    made = application(
        "x", source={**SOURCES[0], "path": f"{FOLDER}/prod"}, syncPolicy={"automated": {}}, project="default"
    )
    return {**files, "prod/application.yaml": [{**made, "metadata": {"name": "prod", "namespace": "argocd"}}]}


RELEASE = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"name": "a", "namespace": "llm"},
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "a"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
}
OFF, KEPT = {f"{FLUX}/reconcile": "disabled"}, {f"{FLUX}/ssa": "IfNotPresent"}
VARIABLES = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "vars", "namespace": "flux-system"}}
OCI = {"url": "oci://registry.example.com/tree"}
BUCKET = {"endpoint": "s3.example.com", "bucketName": "a"}
CHART = {"repoURL": "https://charts.example.com", "chart": "vllm", "targetRevision": "1"}
HYDRATED = {
    "drySource": {**SOURCES[0], "targetRevision": "main"},
    "syncSource": {"targetBranch": "env/prod", "path": "overlays/prod/llama"},
}
SUSPENDED = [
    {
        "target": {"kind": "Kustomization", "name": "prod.l.*|nope"},
        "patch": '[{"op": "add", "path": "/spec/suspend", "value": true}]',
    }
]
ALL = ("stack", "llama", "qwen")
MOVED = ("moved", "source", True)
without = {path: each for path, each in BEFORE.items() if path != LLAMA}

ROWS: dict[str, tuple[Files, Files, dict[str, tuple[str, str, bool]]]] = {
    "decryption": (BEFORE, edited(LLAMA, decryption={"provider": "sops"}), {"llama": UNTOLD}),
    "readyExpr": (BEFORE, edited(LLAMA, dependsOn=[{"name": "prod.stack", "readyExpr": "true"}]), {"llama": UNTOLD}),
    "two things of one owner": (
        BEFORE, edited(LLAMA, decryption={"provider": "sops"}, path="overlays/prod/nope"), {"llama": UNTOLD},
    ),
    "a folder that a stopped one does not build": (
        BEFORE, edited(LLAMA, suspend=True, path="overlays/prod/qwen"), {"llama": STOPPED},
    ),
    "a shard": (BEFORE, _named(BEFORE, LLAMA, labels={"sharding.fluxcd.io/key": "a"}), {"llama": UNTOLD}),
    "a shard of the source": (
        BEFORE, _named(BEFORE, SOURCE, labels={"sharding.fluxcd.io/key": "a"}), {"GitRepository/llmstack-prod": UNTOLD},
    ),
    "who owns it": (BEFORE, _named(BEFORE, LLAMA, ownerReferences=[{"kind": "A"}]), {"llama": UNTOLD}),
    "a label of people": (BEFORE, _named(BEFORE, LLAMA, labels={"team": "a"}), {}),
    "asked to reconcile": (BEFORE, _named(BEFORE, LLAMA, annotations={"reconcile.fluxcd.io/requestedAt": "1"}), {}),
    "the health of another's": (
        BEFORE, edited(LLAMA, healthChecks=[{"apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "namespace": "llm"}]),
        {"llama": UNTOLD},
    ),
    "the health of its own": (
        BEFORE, edited(LLAMA, healthChecks=[{"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama", "namespace": "llm"}]), {},
    ),
    "how often": (BEFORE, edited(LLAMA, interval="1h", retryInterval="1m"), {}),
    "passed over": (BEFORE, _named(edited(LLAMA, path="overlays/prod/qwen"), LLAMA, annotations=OFF), {}),
    "passed over, and new": ({**without}, _named(BEFORE, LLAMA, annotations=OFF), {}),
    "not applied where it is there": (BEFORE, _named(edited(LLAMA, suspend=True), LLAMA, annotations=KEPT), {}),
    "a source that is passed over": (BEFORE, _named(edited(SOURCE, url="https://a"), SOURCE, annotations=OFF), {}),
    "a digest": (_of("OCIRepository", **OCI, ref={"tag": "1"}), _of("OCIRepository", **OCI, ref={"digest": "sha256:" + "0" * 64}), dict.fromkeys(ALL, MOVED)),
    "a filter of versions": (
        _of("OCIRepository", **OCI, ref={"semver": "1.x"}), _of("OCIRepository", **OCI, ref={"semver": "1.x", "semverFilter": "a"}),
        dict.fromkeys(ALL, MOVED),
    ),
    "the tag that it has by default": (_of("OCIRepository", **OCI), _of("OCIRepository", **OCI, ref={"tag": "latest"}), {}),
    "another layer": (
        _of("OCIRepository", **OCI), _of("OCIRepository", **OCI, layerSelector={"operation": "copy"}), {"OCIRepository/llmstack-prod": UNTOLD},
    ),
    "another bucket": (_of("Bucket", **BUCKET), _of("Bucket", **BUCKET | {"bucketName": "b"}), dict.fromkeys(ALL, MOVED)),
    "other files of a bucket": (_of("Bucket", **BUCKET), _of("Bucket", **BUCKET, prefix="a"), dict.fromkeys(ALL, MOVED)),
    "a region": (_of("Bucket", **BUCKET), _of("Bucket", **BUCKET, region="a"), {"Bucket/llmstack-prod": UNTOLD}),
    "the folder's owner prunes nothing": (
        _rooted(prune=False), _rooted(without, prune=False), {"llama": ("blocked", "goes", False)},
    ),
    "it prunes nothing from now on": (
        _rooted(), _rooted(without, prune=False), {"llama": ("pruned", "goes", True), "flux-system": ("moved", "terms", False)},
    ),
    "it suspends one": (_rooted(), _rooted(patches=SUSPENDED), {"llama": STOPPED}),
    "its variables are nobody's": (_rooted(), _rooted(postBuild={"substitute": {"A": "b"}}), {}),
    "an object that changes": (
        {**BEFORE, "vars.yaml": [{**VARIABLES, "data": {"A": "b"}}]}, {**BEFORE, "vars.yaml": [{**VARIABLES, "data": {"A": "c"}}]},
        {"clusters/c1": UNTOLD},
    ),
    "an object that nobody prunes": (
        _rooted({**BEFORE, "vars.yaml": [VARIABLES]}, prune=False), _rooted(prune=False), {},
    ),
    "a release of a chart": (BEFORE, {**BEFORE, "chart.yaml": [RELEASE]}, {"clusters/c1": UNTOLD}),
    "a binding": (BEFORE, {**BEFORE, "chart.yaml": [BINDING]}, {"clusters/c1": ("added", "loose", False)}),
    "Applications that nothing prunes": (_under(), _under({"prod/project.yaml": [project()]}), {"llama": ("blocked", "goes", False)}),
    "a set that nothing prunes": (
        _under(SET), _under({"prod/project.yaml": [project()]}), dict.fromkeys(("llama", "qwen"), ("blocked", "goes", False)),
    ),
    "an entry, whoever prunes the set": (
        _under(SET), _under({**SET, "prod/models.yaml": [application_set("llama")]}), {"qwen": ("pruned", "goes", True)},
    ),
    "a chart": (_argo(source=CHART), _argo(source={**CHART, "chart": "other"}), {"llama": UNTOLD}),
    "tags of a prefix": (ARGO, _argo(source={**SOURCES[0], "tagPrefix": "a"}), {"llama": UNTOLD}),
    "a hydrated branch": (ARGO, _argo(source=None, sourceHydrator=HYDRATED), {"llama": UNTOLD}),
    "values of a chart beside": (
        _argo(source=None, sources=[*SOURCES, CHART]), _argo(source=None, sources=[*SOURCES, {**CHART, "helm": {"values": "a: b"}}]),
        {"llama": UNTOLD},
    ),
    "its objects are kept": (_argo(**_policy("Delete=false")), {"prod/project.yaml": [project()]}, {"llama": ("pruned", "goes", False)}),
    "and not pruned": (
        _argo(**_policy("Prune=false")), _argo(**_policy("Prune=false"), source={**SOURCES[0], "path": "overlays/prod/qwen"}),
        {"llama": ("moved", "folder", False)},
    ),
    "replaced": (ARGO, _argo(**_policy("Replace=true")), {"llama": UNTOLD}),
    "in which order": (ARGO, _argo(**_policy("PruneLast=true"), revisionHistoryLimit=1, info=[{"name": "a", "value": "b"}]), {}),
    "labels of its namespace": (ARGO, _argo(**_policy(managedNamespaceMetadata={"labels": {"a": "b"}})), {"llama": UNTOLD}),
    "a hook": (ARGO, _named(ARGO, "prod/llama.yaml", annotations={f"{CD}/hook": "PostSync"}), {"llama": UNTOLD}),
    "told of": (ARGO, _named(ARGO, "prod/llama.yaml", annotations={"notifications.argoproj.io/subscribe.a.b": "c"}), {}),
    "places of changes": (
        ARGO, _named(ARGO, "prod/llama.yaml", annotations={f"{CD}/manifest-generate-paths": "/docs"}), {"llama": UNTOLD},
    ),
    "people of a project": (ARGO, {**ARGO, "prod/project.yaml": [project(roles=[{"name": "a"}])]}, {"AppProject/llmstack-prod": UNTOLD}),
    "words of a project": (ARGO, {**ARGO, "prod/project.yaml": [project(description="a", orphanedResources={"warn": True})]}, {}),
    "Applications of another namespace": (
        {**ARGO, "prod/project.yaml": [project(sourceNamespaces=["a*"])]} | {"prod/llama.yaml": _named(ARGO, "prod/llama.yaml", namespace="apps")["prod/llama.yaml"]},
        {**ARGO, "prod/llama.yaml": _named(ARGO, "prod/llama.yaml", namespace="apps")["prod/llama.yaml"]},
        {"llama": STOPPED},
    ),
    "another set of the same": (
        SET, _named(SET, "prod/models.yaml", name="others"), dict.fromkeys(("llama", "qwen"), ("adopted", "comes", True)),
    ),
    "a set that stays beside another of the same": (
        _named(SET, "prod/models.yaml", annotations={f"{CD}/sync-options": "Prune=false"}), _named(SET, "prod/models.yaml", name="others"),
        dict.fromkeys(("llama", "qwen"), STOPPED),
    ),
    "a patch that stops": (SET, _in_set(templatePatch="spec: {syncPolicy: null}"), dict.fromkeys(("llama", "qwen"), STOPPED)),
    "a patch that only Go reads": (
        SET, _in_set(templatePatch="{{ if .a }}spec: {}{{ end }}"), dict.fromkeys(("llama", "qwen"), UNTOLD),
    ),
    "what others gave": (SET, _in_set(preservedFields={"labels": ["a"]}, strategy={"deletionOrder": "Reverse"}), {}),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_what_a_field_does(row: str) -> None:
    before, after, expected = ROWS[row]
    found = outcome(after, before=before)
    assert told(found) == expected


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Namespace", "flux-system"), ("CustomResourceDefinition", f"kustomizations.{FLUX}")],
)
def test_all_that_owners_applied_goes_with_their_namespace_and_their_kind(kind: str, name: str) -> None:
    lost = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    kept = {"overlays/prod/qwen": [deployment("qwen", annotations={f"{FLUX}/prune": "disabled"})]}
    found = outcome(BEFORE, OBJECTS, before={**BEFORE, "gotk.yaml": [lost]})
    assert {key[3] for key in found.changes[0].gone} == {name, *ALL}
    spared = compare_owners(
        FOLDER, side({**BEFORE, "gotk.yaml": [lost]}, {**OBJECTS, **kept}), side(BEFORE, {**OBJECTS, **kept})
    )
    assert {key[3] for key in spared.changes[0].gone} == {name, "stack", "llama"}


OF_QWEN = {**SET["prod/models.yaml"][0]["spec"]["template"], "spec": application("qwen")["spec"]}
PATH = {"jsonPointers": ["/spec/source/path"]}
POLICY = {"jqPathExpressions": [".spec.syncPolicy"]}
WITHOUT_POLICY = {"templatePatch": "spec: {syncPolicy: null}"}
ARRIVE, JUDGED = "these do not arrive", "which is not judged"
LEFT_FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "the field that changes": (PATH, {"template": OF_QWEN}, {"llama": ARRIVE}),
    "one of another Application": ({**PATH, "name": "prod.qwen"}, {"template": OF_QWEN}, {}),
    "one beside": (POLICY, {"template": OF_QWEN}, {}),
    "one that the template states no longer": (POLICY, WITHOUT_POLICY, {"llama": ARRIVE, "qwen": ARRIVE}),
    "one that only jq finds": ({"jqPathExpressions": [".spec | .source"]}, {"template": OF_QWEN}, {"llama": JUDGED}),
    "one in a list": (
        {"jsonPointers": ["/metadata/finalizers/0"]},
        {"template": {**OF_QWEN, "metadata": {"name": "prod.{{ .name }}", "finalizers": ["a/b"]}}},
        {"llama": JUDGED, "qwen": JUDGED},
    ),
    "one in a list that stays": ({"jsonPointers": ["/metadata/finalizers/0"]}, {"template": OF_QWEN}, {}),
}


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("row", LEFT_FIELDS)
def test_fields_that_a_set_leaves(row: str, is_new: bool) -> None:
    """`ignoreApplicationDifferences`: what it names stays, and all else of its Applications is as without it."""
    rule, change, expected = LEFT_FIELDS[row]
    rules = {"ignoreApplicationDifferences": [rule]}
    found = outcome(_in_set(**rules, **change), before=SET if is_new else _in_set(**rules))
    left = [each for each in found.changes if "`ignoreApplicationDifferences`" in each.why]
    assert {each.unit.removeprefix("prod."): each.why.rpartition(": ")[2] for each in left} == expected
    others = {each for each in told(found).items() if each[0] not in expected}
    assert others == {each for each in told(outcome(_in_set(**change), before=SET)).items() if each[0] not in expected}
    assert not any(each.deletes for each in left)
