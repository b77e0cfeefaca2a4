"""What becomes of units when their owners change, held against what Flux's and Argo CD's sources say: one row each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack import yamlio
from llmstack.kubernetes.pods import Object
from llmstack.kustomize.files import KustomizationError
from llmstack.sync.changes import Outcome, compare_owners
from llmstack.sync.folders import by_entry_points, read_folder
from llmstack.sync.manifests import identify
from llmstack.sync.side import Side
from llmstack.tree.flux import EXPRESSIONS

FOLDER = "clusters/c1"
DISABLED = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
Files = dict[str, Any]


def deployment(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "llm", **metadata}}


def unit(name: str, path: str | None = None, **spec: Any) -> dict[str, Any]:
    source = {"kind": "GitRepository", "name": "llmstack-prod"}
    told = {"path": path or f"./overlays/prod/{name}", "prune": True, "interval": "10m", "sourceRef": source, **spec}
    metadata = {"name": f"prod.{name}", "namespace": "flux-system"}
    return {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata, "spec": told}


def repository(name: str = "llmstack-prod", **spec: Any) -> dict[str, Any]:
    told = {"url": "https://git.example.com/llm.git", "interval": "10m", "ref": {"branch": "main"}, **spec}
    metadata = {"name": name, "namespace": "flux-system"}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": told}


OBJECTS = {f"overlays/prod/{name}": [deployment(name)] for name in ("stack", "llama", "qwen")}
BEFORE: Files = {
    "prod/gitrepository.yaml": [repository()],
    "prod/stack.yaml": [unit("stack")],
    "prod/llama.yaml": [unit("llama", dependsOn=[{"name": "prod.stack"}])],
    "prod/qwen.yaml": [unit("qwen")],
}


def side(files: Mapping[str, Any], objects: Mapping[str, list[Object]]) -> Side:
    """What the tool reads; a file's content is its objects, or its text."""
    texts = {
        f"{FOLDER}/{path}": text if isinstance(text, str) else "---\n".join(map(yamlio.dump, text))
        for path, text in files.items()
    }
    listing = read_folder(texts.get, texts, FOLDER, lambda path: None)
    return Side(listing, frozenset(texts), FOLDER, objects.get, lambda path: path in objects or path == FOLDER)


def outcome(
    files: Mapping[str, Any],
    objects: Mapping[str, list[Object]] | None = None,
    *,
    before: Mapping[str, Any] = BEFORE,
    **more: Any,
) -> Outcome:
    return compare_owners(FOLDER, side(before, OBJECTS), side(files, OBJECTS if objects is None else objects), **more)


def edited(path: str, /, **spec: Any) -> Files:
    """The files with other fields in the specification of the object in one of them."""
    files = copy.deepcopy(BEFORE)
    files[path][0]["spec"] |= spec
    return files


def told(found: Outcome) -> dict[str, tuple[str, str, bool]]:
    return {each.unit.removeprefix("prod."): (each.action, each.cause, each.deletes) for each in found.changes}


REFUSED = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "a", "namespace": "llm"},
    "spec": {"minReplicas": 3, "maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "a"}},
}
OURS = [{"apiVersion": "ray.io/v1", "kind": "RayCluster", **EXPRESSIONS["RayCluster"]}]
LLAMA, SOURCE = "prod/llama.yaml", "prod/gitrepository.yaml"
STOPPED, EVERY = ("blocked", "stopped", False), ("stack", "llama", "qwen")
CHANGES: dict[str, tuple[Files, dict[str, tuple[str, str, bool]]]] = {
    "nothing": (BEFORE, {}),
    "prune": (edited(LLAMA, prune=False), {"llama": ("moved", "terms", False)}),
    "deletionPolicy": (edited(LLAMA, deletionPolicy="Orphan"), {"llama": ("moved", "terms", False)}),
    "the same repository by another object": (
        {**edited(LLAMA, sourceRef={"kind": "GitRepository", "name": "b"}), "prod/b.yaml": [repository("b")]}, {"llama": ("moved", "terms", False)},
    ),
    "suspend": (edited(LLAMA, suspend=True), {"llama": STOPPED}),
    "suspend, and what waits for it": (
        edited("prod/stack.yaml", suspend=True), {"stack": STOPPED, "llama": STOPPED},
    ),
    "dependsOn of what is not there": (edited(LLAMA, dependsOn=[{"name": "nope"}]), {"llama": STOPPED}),
    "dependsOn in a circle": (
        edited("prod/stack.yaml", dependsOn=[{"name": "prod.llama"}]), {"stack": STOPPED, "llama": STOPPED},
    ),
    "the source is suspended": (edited(SOURCE, suspend=True), dict.fromkeys(EVERY, STOPPED)),
    "the source is gone": (
        {path: content for path, content in BEFORE.items() if path != SOURCE}, dict.fromkeys(EVERY, STOPPED),
    ),
    "another url": (
        edited(SOURCE, url="https://git.example.com/other.git"), dict.fromkeys(EVERY, ("moved", "source", True)),
    ),
    "the branch by its whole name": (edited(SOURCE, ref={"name": "refs/heads/main"}), {}),
    "another tag": (edited(SOURCE, ref={"tag": "v1"}), dict.fromkeys(EVERY, ("moved", "source", True))),
    "other files": (edited(SOURCE, ignore="/overlays"), dict.fromkeys(EVERY, ("moved", "source", True))),
    "other credentials": (
        edited(SOURCE, secretRef={"name": "git"}), dict.fromkeys(EVERY, ("moved", "contents", False)),
    ),
    "signatures": (edited(SOURCE, verify={"mode": "HEAD", "secretRef": {"name": "pgp"}}), dict.fromkeys(EVERY, ("moved", "contents", False))),
    "a source elsewhere": (
        edited(LLAMA, sourceRef={"kind": "GitRepository", "name": "flux-system"}), {"llama": ("moved", "source", True)},
    ),
    "the namespace that they have": (edited(LLAMA, targetNamespace="llm"), {}),
    "targetNamespace": (edited(LLAMA, targetNamespace="other"), {"llama": ("moved", "names", True)}),
    "namePrefix, and nothing pruned": (
        edited(LLAMA, namePrefix="a-", prune=False), {"llama": ("moved", "names", False)},
    ),
    "images": (edited(LLAMA, images=[{"name": "a", "newTag": "b"}]), {"llama": ("moved", "contents", False)}),
    "postBuild": (edited(LLAMA, postBuild={"substitute": {"A": "b"}}), {"llama": ("moved", "contents", False)}),
    "serviceAccountName": (edited(LLAMA, serviceAccountName="a"), {"llama": ("moved", "contents", False)}),
    "kubeConfig": (edited(LLAMA, kubeConfig={"secretRef": {"name": "a"}}), {"llama": ("moved", "cluster", False)}),
    "when a Ray cluster is healthy, as llmstack writes it": (edited(LLAMA, healthCheckExprs=OURS), {}),
    "another word on when it is": (
        edited(LLAMA, healthCheckExprs=[{**OURS[0], "current": "true"}]), {"llama": ("moved", "contents", False)},
    ),
    "the folder of another unit": (
        edited(LLAMA, path="overlays/prod/qwen"), {"llama": ("moved", "shares", True)},
    ),
    "a folder that is not there": (edited(LLAMA, path="overlays/prod/nope"), {"llama": STOPPED}),
    "one more of the same": (
        {**BEFORE, "apps/more.yaml": [unit("more", "overlays/prod/qwen")]}, {"more": ("adopted", "shares", False)},
    ),
    "one more of the aggregate": (
        {**BEFORE, "apps/more.yaml": [unit("more", "overlays/prod")]}, {"more": ("adopted", "shares", False)},
    ),
    "gone": (
        {path: content for path, content in BEFORE.items() if path != LLAMA}, {"llama": ("pruned", "goes", True)},
    ),
    "a value of another form": (edited(LLAMA, interval="10 minutes"), {FOLDER: STOPPED}),
    "a field that the API does not know": (edited(LLAMA, dependOn=[{"name": "prod.qwen"}]), {FOLDER: STOPPED}),
    "null, which is no field": (edited(LLAMA, suspend=None), {}),
    "two of one name": ({**BEFORE, "apps/more.yaml": [unit("llama", "overlays/prod/qwen")]}, {FOLDER: STOPPED}),
    "an object that the API refuses": ({**BEFORE, "apps/job.yaml": [REFUSED]}, {FOLDER: STOPPED}),
    "a file that Flux leaves out": ({**BEFORE, ".sops.yaml": "creation_rules: []\n"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("row", CHANGES)
def test_what_becomes_of_units(row: str) -> None:
    files, expected = CHANGES[row]
    objects = {**OBJECTS, "overlays/prod": [*OBJECTS["overlays/prod/llama"], *OBJECTS["overlays/prod/qwen"]]}
    assert told(outcome(files, objects)) == expected


def test_whose_health_is_judged_by_rules_that_are_known() -> None:
    def judges(**spec: Any) -> bool:
        return outcome(edited(LLAMA, **spec)).owners["overlays/prod/llama"].judges_health

    assert judges()
    assert judges(healthCheckExprs=OURS)
    assert not judges(healthCheckExprs=[{**OURS[0], "current": "true"}])


def test_a_unit_that_goes_to_another_cluster_applies_nothing_here() -> None:
    away = {"secretRef": {"name": "a"}}
    assert outcome(edited(LLAMA, kubeConfig=away)).held == {"overlays/prod/llama"}
    assert not outcome(BEFORE, before=edited(LLAMA, kubeConfig=away)).held, "it comes home"


def test_a_suspended_unit_holds_only_those_that_follow_the_same_source() -> None:
    files = edited("prod/stack.yaml", suspend=True, sourceRef={"kind": "GitRepository", "name": "other"})
    before = {**BEFORE, "prod/stack.yaml": [unit("stack", sourceRef={"kind": "GitRepository", "name": "other"})]}
    both = {"prod/other.yaml": [repository("other")]}
    assert told(outcome({**files, **both}, before={**before, **both})) == {"stack": STOPPED}


def test_a_unit_that_was_stopped_before_is_told_where_its_changes_do_not_arrive() -> None:
    suspended = edited(LLAMA, suspend=True)
    assert not outcome(suspended, before=suspended).changes
    found = outcome(suspended, before=suspended, changed={"overlays/prod/llama"})
    assert told(found) == {"llama": STOPPED}
    assert found.held == {"overlays/prod/llama"}


def test_a_unit_that_is_resumed_applies_what_nobody_reviews_here() -> None:
    found = outcome(BEFORE, before=edited(LLAMA, suspend=True))
    assert told(found) == {"llama": ("moved", "contents", False)}


@pytest.mark.parametrize(
    ("spec", "keeps"),
    [({}, False), ({"prune": False}, True), ({"deletionPolicy": "Orphan"}, True), ({"suspend": True}, True)],
)
def test_what_a_unit_leaves_behind(spec: dict[str, Any], keeps: bool) -> None:
    """Of the unit that goes: its finalizer deletes by what its specification was."""
    left = {path: content for path, content in BEFORE.items() if path != LLAMA}
    found = outcome(left, before=edited(LLAMA, **spec))
    assert [each.deletes for each in found.changes] == [not keeps]
    assert ("overlays/prod/llama" in found.keeping) is keeps


@pytest.mark.parametrize(("force", "held"), [(False, {"overlays/prod/stack", "overlays/prod/llama"}), (True, set())])
def test_a_refused_object_stops_its_unit_and_those_behind_it(force: bool, held: set[str]) -> None:
    files = edited("prod/stack.yaml", force=force)
    found = outcome(files, before=files, refused={"overlays/prod/stack": ["ConfigMap/a"]})
    assert found.held == held
    assert {each.by for each in found.changes} == ({"ConfigMap/a", "flux-system/prod.stack"} if held else set())


@pytest.mark.parametrize(
    ("waits", "metadata", "lost"),
    [
        ({}, {}, "unless that unit has applied them first"),
        ({"qwen": "prod.llama"}, {}, "there they are made anew"),
        ({"llama": "prod.qwen"}, {}, None),
        ({}, {"annotations": DISABLED}, None),
        ({}, {"labels": DISABLED}, None),
    ],
)
def test_an_object_that_passes_to_another_unit(waits: dict[str, str], metadata: Any, lost: str | None) -> None:
    files = copy.deepcopy(BEFORE)
    for name in ("llama", "qwen"):
        files[f"prod/{name}.yaml"][0]["spec"]["dependsOn"] = [{"name": waits[name]}] if name in waits else []
    moved = deployment("moved", **metadata)
    start, end = "overlays/prod/llama", "overlays/prod/qwen"
    before = {**OBJECTS, start: [*OBJECTS[start], moved]}
    after = {**OBJECTS, end: [*OBJECTS[end], moved]}
    found = compare_owners(FOLDER, side(files, before), side(files, after), passed={identify(moved): (start, end)})
    assert [each.gone for each in found.changes] == ([] if lost is None else [(identify(moved),)])
    assert lost is None or lost in found.changes[0].why


ROOT = unit("flux-system", f"./{FOLDER}")
ROOTED: Files = {**BEFORE, "flux-system/gotk-sync.yaml": [ROOT]}


def test_the_owner_of_the_folder_takes_everything_with_it() -> None:
    found = told(outcome(BEFORE, before=ROOTED))
    assert found == dict.fromkeys((*EVERY, "flux-system"), ("pruned", "goes", True))


@pytest.mark.parametrize(("text", "action"), [("", "pruned"), ("resources: []\n", "pruned"), ("a: [\n", "blocked")])
def test_a_kustomization_of_the_folder_itself(text: str, action: str) -> None:
    """Flux fills an empty one in (fluxcd/pkg, kustomize_generator.go), and then it builds to nothing."""
    found = outcome({**BEFORE, "kustomization.yaml": text})
    assert {each.action for each in found.changes} == {action}
    assert bool(found.halted) is (action == "blocked")


ROOT = unit("root", path=f"./{FOLDER}")


@pytest.mark.parametrize(("root", "source"), [({"suspend": True}, {}), ({}, {"suspend": True})])
def test_an_owner_of_the_folder_that_was_stopped_before_brings_nothing(root: Any, source: Any) -> None:
    """What comes, what goes, and that it is resumed: it stands in the folder that nobody applies."""
    own = copy.deepcopy(ROOT)
    own["spec"] |= root
    before = {**edited(SOURCE, **source), "root.yaml": [own]}
    after = {path: each for path, each in before.items() if path != LLAMA}
    after |= {"root.yaml": [ROOT], SOURCE: [repository()]}
    after["prod/new.yaml"] = [unit("new", "overlays/prod/qwen")]
    found = outcome(after, before=before)
    assert told(found) == {"root": STOPPED}
    assert "does not arrive" in found.changes[0].why
    assert (found.halted, "overlays/prod/llama" in found.owners) == ({FOLDER}, True)


@pytest.mark.parametrize(
    ("changed", "root", "action"),
    [
        ({"value": 0}, {}, "blocked"),
        ({"value": 0}, {"force": True}, "moved"),
        (
            {"value": 0, "metadata": {"name": "high", "annotations": {"kustomize.toolkit.fluxcd.io/force": "enabled"}}},
            {},
            "moved",
        ),
        ({"description": "x"}, {}, "moved"),
    ],
)
def test_a_field_that_stays_stops_the_folder(changed: dict[str, Any], root: Any, action: str) -> None:
    """Flux applies none of a Kustomization of which one object is refused; a PriorityClass keeps its value."""
    high = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}
    own = {**ROOT, "spec": {**ROOT["spec"], **root}}
    before, after = ({**BEFORE, "root.yaml": [own], "apps/class.yaml": [each]} for each in (high, high | changed))
    del after[LLAMA]
    found = outcome(after, before=before)
    assert {each.action for each in found.changes} == ({"blocked"} if action == "blocked" else {"moved", "pruned"})
    assert (found.halted, "overlays/prod/llama" in found.owners) == (
        ({FOLDER}, True) if action == "blocked" else (set(), False)
    )
    if action == "blocked":
        assert "PriorityClass/high: `value` stays as it is" in found.changes[0].why


def test_a_namespace_that_goes_takes_all_that_is_in_it() -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm"}}
    [change] = outcome(BEFORE, before={**BEFORE, "apps/space.yaml": [space]}).changes
    assert (change.cause, change.deletes, change.why) == (
        "loose", True, "loses Namespace/llm, which Flux deletes, with all that is in it",
    )  # fmt: skip
    assert {key[3] for key in change.gone} == {"llm", "stack", "llama", "qwen"}


def test_an_empty_kustomization_below_the_folder_stops_it() -> None:
    found = outcome({**BEFORE, "prod/kustomization.yaml": "kind: Kustomization\n"})
    assert [(each.unit, each.action) for each in found.changes] == [(FOLDER, "blocked")]


def application(name: str, **spec: Any) -> dict[str, Any]:
    told = {
        "project": "llmstack-prod",
        "source": {"repoURL": "https://git.example.com/llm.git", "path": f"overlays/prod/{name}"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "llm"},
        "syncPolicy": {"automated": {"prune": True}},
        **spec,
    }
    metadata = {"name": f"prod.{name}", "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": told}


def project(**spec: Any) -> dict[str, Any]:
    place = {"server": "https://kubernetes.default.svc", "namespace": "llm"}
    told = {"sourceRepos": ["https://git.example.com/*"], "destinations": [place], **spec}
    metadata = {"name": "llmstack-prod", "namespace": "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": told}


WINDOW = {"kind": "deny", "schedule": "* * * * *", "duration": "1h"}
EVERYWHERE = {"server": "*", "namespace": "*"}
SOURCES = [{"repoURL": "https://git.example.com/llm.git", "path": "overlays/prod/llama"}]
OTHER = {"repoURL": "https://git.example.com/llm.git", "path": "ops"}
ARGO: Files = {"prod/project.yaml": [project()], "prod/llama.yaml": [application("llama")]}
APPLICATIONS: dict[str, tuple[Callable[[], Files], dict[str, tuple[str, str, bool]]]] = {
    "nothing": (lambda: ARGO, {}),
    "no longer by itself": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", syncPolicy={})]}, {"llama": STOPPED},
    ),
    "another cluster": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", destination={"name": "b", "namespace": "llm"})]},
        {"llama": STOPPED} | {"llama": ("moved", "cluster", False)},
    ),
    "a project of other repositories": (
        lambda: {**ARGO, "prod/project.yaml": [project(sourceRepos=["https://other.example.com/*"])]},
        {"llama": STOPPED},
    ),
    "a project that refuses one repository": (
        lambda: {**ARGO, "prod/project.yaml": [project(sourceRepos=["*", "!https://git.example.com/llm.git"])]},
        {"llama": STOPPED},
    ),
    "a project of other namespaces": (
        lambda: {**ARGO, "prod/project.yaml": [project(destinations=[{"server": "*", "namespace": "other"}])]},
        {"llama": STOPPED},
    ),
    "its own cluster by its name": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", destination={"name": "in-cluster", "namespace": "llm"})]},
        {},
    ),
    "a project that denies a namespace": (
        lambda: {**ARGO, "prod/project.yaml": [project(destinations=[EVERYWHERE, {**EVERYWHERE, "namespace": "!llm"}])]},
        {"llama": STOPPED},
    ),
    "a project that denies another namespace": (
        lambda: {**ARGO, "prod/project.yaml": [project(destinations=[EVERYWHERE, {**EVERYWHERE, "namespace": "!a"}])]}, {},
    ),
    "a project of other namespaces than an object's": (
        lambda: {
            "prod/project.yaml": [project(destinations=[{"server": "*", "namespace": "a"}])],
            "prod/llama.yaml": [application("llama", destination={"server": "https://kubernetes.default.svc", "namespace": "a"})],
        },
        {"llama": STOPPED},
    ),
    "a project that asks for signatures": (
        lambda: {**ARGO, "prod/project.yaml": [project(signatureKeys=[{"keyID": "4AEE18F83AFDEB23"}])]},
        {"llama": ("moved", "contents", False)},
    ),
    "the branch by its whole name": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", source={**SOURCES[0], "targetRevision": "refs/heads/HEAD"})]},
        {},
    ),
    "several sources": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", source=None, sources=[OTHER, SOURCES[0]])]},
        {"llama": ("moved", "contents", False)},
    ),
    "the namespace that they have": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", source={**SOURCES[0], "kustomize": {"namespace": "llm"}})]},
        {},
    ),
    "another namespace": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", source={**SOURCES[0], "kustomize": {"namespace": "a"}})]},
        {"llama": ("moved", "names", True)},
    ),
    "a value of another type": (
        lambda: {**ARGO, "prod/llama.yaml": [application("llama", syncPolicy={"automated": "yes"})]}, {"llama": STOPPED},
    ),
    "a project without a kind": (
        lambda: {**ARGO, "prod/project.yaml": [project(namespaceResourceWhitelist=[{"group": "", "kind": "*"}])]},
        {"llama": STOPPED},
    ),
    "a project with every kind": (
        lambda: {**ARGO, "prod/project.yaml": [project(namespaceResourceWhitelist=[{"group": "*", "kind": "*"}])]}, {},
    ),
    "a project that denies a kind": (
        lambda: {
            **ARGO, "prod/project.yaml": [project(namespaceResourceBlacklist=[{"group": "apps", "kind": "Deploy*"}])],
        },
        {"llama": STOPPED},
    ),
    "a project that denies another": (
        lambda: {**ARGO, "prod/project.yaml": [project(namespaceResourceBlacklist=[{"group": "", "kind": "Secret"}])]},
        {},
    ),
    "a project with windows": (
        lambda: {**ARGO, "prod/project.yaml": [project(syncWindows=[{**WINDOW, "namespaces": ["l*"]}])]},
        {"llama": ("moved", "contents", False)},
    ),
    "a project with windows of others": (
        lambda: {**ARGO, "prod/project.yaml": [project(syncWindows=[{**WINDOW, "applications": ["dev.*"]}])]}, {},
    ),
    "a window of all its lists": (
        lambda: {**ARGO, "prod/project.yaml": [project(syncWindows=[
            {**WINDOW, "applications": ["*"], "namespaces": ["a"], "andOperator": True},
        ])]},
        {},
    ),
    "no project": (lambda: {"prod/llama.yaml": [application("llama")]}, {"llama": STOPPED}),
    "gone": (lambda: {"prod/project.yaml": [project()]}, {"llama": ("pruned", "goes", True)}),
}  # fmt: skip


@pytest.mark.parametrize("is_argo", [True, False])
def test_a_folder_that_cannot_be_built_stops_none_beside_it_under_argo_cd(is_argo: bool) -> None:
    owner = application if is_argo else unit
    before = {"prod/llama.yaml": [owner("llama")], "dev/qwen.yaml": [owner("qwen")], "prod/project.yaml": [project()]}
    broken = {**before, "dev/kustomization.yaml": "resources: [nope.yaml]\n", "prod/stack.yaml": [owner("stack")]}
    after = side(broken, OBJECTS)
    texts = {f"{FOLDER}/{path}": each for path, each in broken.items()}
    texts = {
        path: each if isinstance(each, str) else "---\n".join(map(yamlio.dump, each)) for path, each in texts.items()
    }
    parts = {
        f"{FOLDER}/{name}": read_folder(texts.get, texts, f"{FOLDER}/{name}", lambda path: None)
        for name in ("dev", "prod")
    }
    found = compare_owners(FOLDER, side(before, OBJECTS), replace(after, listing=by_entry_points(after.listing, parts)))
    if is_argo:
        assert told(found) == {f"{FOLDER}/dev": STOPPED, "stack": ("added", "comes", False)}
        assert (found.halted, {"overlays/prod/qwen", "overlays/prod/stack"} <= found.owners.keys()) == (
            {f"{FOLDER}/dev"},
            True,
        )
    else:
        assert (told(found), found.halted) == ({FOLDER: STOPPED}, {FOLDER})


def application_set(*names: str, **metadata: Any) -> dict[str, Any]:
    made = application("x")
    template = {
        "metadata": {"name": "prod.{{ .name }}", "finalizers": made["metadata"]["finalizers"]},
        "spec": made["spec"],
    }
    template["spec"]["source"]["path"] = "overlays/prod/{{ .name }}"
    generators = [{"list": {"elements": [{"name": name} for name in names]}}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "models", "namespace": "argocd", **metadata},
        "spec": {"goTemplate": True, "generators": generators, "template": template},
    }


KEPT = {"annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([application_set("llama", **KEPT)], {"qwen": ("pruned", "goes", True)}),
        ([application_set(**KEPT)], dict.fromkeys(("llama", "qwen"), ("pruned", "goes", True))),
        ([], dict.fromkeys(("llama", "qwen"), ("blocked", "goes", False))),
    ],
)
def test_what_becomes_of_the_entries_of_an_application_set(after: list[Any], expected: dict[str, Any]) -> None:
    """An entry that goes takes its Application with it; a set that is annotated to stay does not go itself."""
    before = {"prod/project.yaml": [project()], "prod/models.yaml": [application_set("llama", "qwen", **KEPT)]}
    assert told(outcome({**before, "prod/models.yaml": after}, before=before)) == expected


@pytest.mark.parametrize("row", APPLICATIONS)
def test_what_becomes_of_applications(row: str) -> None:
    files, expected = APPLICATIONS[row]
    found = outcome(files(), before=ARGO)
    assert expected.items() <= told(found).items()
    assert bool(found.changes) is bool(expected)


@pytest.mark.parametrize("begins", [True, False])
def test_an_application_that_begins_to_prune_deletes_what_left_before(begins: bool) -> None:
    """Argo CD knows its objects by their annotation; a Kustomization of Flux, by its inventory of the last time."""
    sides = [
        {**ARGO, "prod/llama.yaml": [application("llama", syncPolicy={"automated": {"prune": each}})]}
        for each in (not begins, begins)
    ]
    [change] = outcome(sides[1], before=sides[0]).changes
    assert (change.cause, "left it before" in change.why) == (("contents", True) if begins else ("terms", False))


def test_a_source_that_goes_takes_its_objects_with_it() -> None:
    """The order of an Application's sources means nothing."""
    both = [application("llama", source=None, sources=[*SOURCES, OTHER])]
    before = {**ARGO, "prod/llama.yaml": both}
    objects = {**OBJECTS, "ops": [deployment("quota")]}
    sides = [
        side({**ARGO, "prod/llama.yaml": each}, objects)
        for each in (both, [application("llama", source=None, sources=SOURCES)])
    ]
    [change] = compare_owners(FOLDER, *sides).changes
    assert (change.deletes, [key[3] for key in change.gone]) == (True, ["quota"])
    turned = {**before, "prod/llama.yaml": [application("llama", source=None, sources=[OTHER, *SOURCES])]}
    assert not outcome(turned, before=before).changes


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"syncPolicy": {"applicationsSync": "create-only"}}, STOPPED),
        ({"syncPolicy": {"applicationsSync": "create-delete"}}, STOPPED),
        ({"syncPolicy": {"applicationsSync": "create-update"}}, ("moved", "folder", True)),
        ({"strategy": {"type": "RollingSync", "rollingSync": {"steps": []}}}, ("moved", "folder", True)),
    ],
)
def test_applications_that_their_set_leaves_as_they_are(spec: dict[str, Any], expected: tuple[str, str, bool]) -> None:
    """docs/operator-manual/applicationset/Controlling-Resource-Modification.md"""
    before = {"prod/project.yaml": [project()], "prod/models.yaml": [application_set("llama")]}
    made = application_set("llama")
    made["spec"] |= spec
    made["spec"]["template"]["spec"]["source"]["path"] = "overlays/prod/qwen"
    assert told(outcome({**before, "prod/models.yaml": [made]}, before=before)) == {"llama": expected}


def test_a_set_that_steps_its_applications_is_not_timed() -> None:
    before = {"prod/project.yaml": [project()], "prod/models.yaml": [application_set("llama")]}
    made = application_set("llama")
    made["spec"]["strategy"] = {"type": "RollingSync", "rollingSync": {"steps": []}}
    found = outcome({**before, "prod/models.yaml": [made]}, before=before)
    assert told(found) == {"llama": ("moved", "contents", False)}
    assert "when is not judged" in found.changes[0].why


def test_entries_that_only_the_cluster_knows() -> None:
    before = {**ARGO, "prod/models.yaml": [application_set("qwen")]}
    asking = application_set()
    asking["spec"]["generators"] = [{"clusters": {}}]
    found = outcome({**ARGO, "prod/models.yaml": [asking]}, before=before)
    assert told(found) == {
        "qwen": ("pruned", "contents", False),
        "ApplicationSet/models": ("moved", "asked", False),
    }
    assert "whether it stays is not judged" in found.changes[0].why


FILES = ("overlays/prod/llama/kustomization.yaml", "base/engine/deployment.yaml")
LEFT_OUT: dict[str, tuple[dict[str, Any], dict[str, tuple[str, str, bool]]]] = {
    "the base": ({"ignore": "/base"}, {"llama": STOPPED}),
    "the overlays": ({"sparseCheckout": ["base"]}, {"llama": STOPPED}),
    "nothing that is read": ({"sparseCheckout": ["base", "overlays"], "ignore": "/docs"}, {}),
    "who knows": ({"include": [{"repository": {"name": "base"}}]}, {"llama": ("moved", "source", True)}),
    "another one's beside": ({"include": [{"repository": {"name": "a"}}]}, {"llama": ("moved", "contents", False)}),
    "submodules": ({"recurseSubmodules": True}, {"llama": ("moved", "contents", False)}),
}


@pytest.mark.parametrize(("filters", "expected"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_files_that_a_source_leaves_out(filters: dict[str, Any], expected: dict[str, tuple[str, str, bool]]) -> None:
    only = {path: BEFORE[path] for path in (SOURCE, "prod/stack.yaml", LLAMA)}
    changed = {**only, SOURCE: edited(SOURCE, **filters)[SOURCE]}
    sides = (replace(side(each, OBJECTS), files_of=lambda path: FILES) for each in (only, changed))
    found = told(compare_owners(FOLDER, *sides))
    assert {unit: each for unit, each in found.items() if unit == "llama"} == expected


def generator(path: str, alias: str = "repo", **metadata: Any) -> dict[str, Any]:
    named = {"name": "prod.llama", "namespace": "flux-system", **metadata}
    copies = [{"from": f"@repo/{path}/**", "to": f"@artifact/{path}/"} for path in (path, "base")]
    spec = {
        "sources": [{"alias": alias, "kind": "GitRepository", "name": "llmstack-prod"}],
        "artifacts": [{"name": "prod.llama", "copy": copies}],
    }
    return {
        "apiVersion": "source.extensions.fluxcd.io/v1beta1",
        "kind": "ArtifactGenerator",
        "metadata": named,
        "spec": spec,
    }


OFF = {"annotations": {"source.extensions.fluxcd.io/reconcile": "disabled"}}


@pytest.mark.parametrize(
    ("made", "is_stopped"),
    [
        (generator("overlays/prod/llama"), False),
        (generator("overlays"), False),
        (generator("overlays/prod/qwen"), True),
        (generator("overlays/prod/llama", **OFF), True),
        (generator("overlays/prod/llama", alias="other"), True),
    ],
)
def test_what_a_generator_copies(made: dict[str, Any], is_stopped: bool) -> None:
    own = unit("llama", sourceRef={"kind": "ExternalArtifact", "name": "prod.llama"})
    before = {SOURCE: BEFORE[SOURCE], LLAMA: [own], "prod/artifact.yaml": [generator("overlays/prod/llama")]}
    after = {**before, "prod/artifact.yaml": [made]}
    sides = (replace(side(each, OBJECTS), files_of=lambda path: FILES) for each in (before, after))
    assert told(compare_owners(FOLDER, *sides)) == ({"llama": STOPPED} if is_stopped else {})


HELD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "built", "read"),
    [
        (f"{HELD}data: !x {{a: b}}\n", [{"kind": "ConfigMap"}], ["ConfigMap"]),
        (f"{HELD}x: &a 1\ny: &a 2\n", [{"kind": "ConfigMap"}], ["ConfigMap"]),
        (f"{HELD}---\n[]\n", [{"kind": "ConfigMap"}], ["ConfigMap"]),
        ("apiVersion: v1\nkind: ConfigMapList\nitems: []\n", [{"kind": "ConfigMap"}], ["ConfigMap"]),
        (f"\x00{HELD}", [{"kind": "ConfigMap"}], ["ConfigMap"]),
        (f"{HELD}data: {{a: b, a: c}}\n", None, "clusters/c1 cannot be built: said kustomize"),
        (f"{HELD}data: {{1: b}}\n", None, "clusters/c1 cannot be built: said kustomize"),
        ("a: [\n", None, "clusters/c1/x.yaml is not YAML: "),
        (HELD, [], ["ConfigMap"]),
    ],
)
def test_what_only_kustomize_can_read_is_asked_of_it(text: str, built: Any, read: Any) -> None:
    """Where there is no kustomization Flux writes one of all files, and a file that kustomize refuses stops all."""

    def build_files(paths: Sequence[str]) -> Sequence[Any]:
        assert paths == ["clusters/c1/x.yaml"]
        if built is None:
            raise KustomizationError("said kustomize")
        return [{"apiVersion": "v1", "metadata": {"name": "a"}, **each} for each in built]

    files = {"clusters/c1/x.yaml": text, "clusters/c1/other.yaml": HELD.replace("ConfigMap", "Secret")}
    listing = read_folder(files.get, files, "clusters/c1", lambda path: None, build_files)
    if isinstance(read, str):
        assert (listing.problem or "").startswith(read)
    else:
        assert sorted(str(each.object["kind"]) for each in listing.manifests) == sorted([*read, "Secret"])
    alone = read_folder(files.get, files, "clusters/c1", lambda path: None)
    assert bool(alone.unknown) == (built != []), "without kustomize it is said what was not read"
