"""Argo CD: the Applications of a cluster, those that an ApplicationSet makes among them.

An Application's objects are deleted with it where it has the resources finalizer (docs/user-guide/app_deletion.md),
save those with the sync option `Delete=false`; what leaves its folder is deleted where `automated.prune` is set, save
what has `Prune=false` (docs/user-guide/sync-options.md). Applications of an ApplicationSet go with it, or with their
entry, unless `applicationsSync` says otherwise (docs/operator-manual/applicationset/
Controlling-Resource-Modification.md). They get that finalizer where the template names none, unless
`preserveResourcesOnDeletion` is set, which takes none away that the template names (applicationset/utils/utils.go,
RenderTemplateParams). An Application whose repository its project does not allow, or whose destination, and one whose
project is gone, syncs nothing (docs/user-guide/projects.md). Without `automated` it syncs when somebody asks for it
(docs/user-guide/auto_sync.md). `tests/argo/check_owners.py` holds what an entry leaves behind to the controllers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync.fields import unread
from llmstack.sync.git_entries import Tree
from llmstack.sync.ignored import left_of_application
from llmstack.sync.local import is_unit
from llmstack.sync.manifests import Manifest
from llmstack.sync.owner import Key, Left, Owner, Source, clean, short_revision
from llmstack.sync.policies import is_kept
from llmstack.sync.projects import refusing, rules_of, signatures_of, steps_of, windows_of
from llmstack.sync.sets import applications_of
from llmstack.tree.argo import CLUSTER, CLUSTER_NAME

GROUP = "argoproj.io"
RENAMING = {"namespace": "targetNamespace", "namePrefix": "namePrefix", "nameSuffix": "nameSuffix"}
"""What gives the objects of a source other names (`source.kustomize`), as a Kustomization of Flux calls it."""
FINALIZER = "resources-finalizer.argocd.argoproj.io"
_RESPECTS = "RespectIgnoreDifferences=true"
_KEEPS_PRUNED = ("Prune=false", "Prune=confirm")
_KEEPS_DELETED = ("Delete=false", "Delete=confirm")
_KEEPS_APPLICATIONS = ("create-only", "create-update")
_LEAVES_APPLICATIONS = ("create-only", "create-delete")


def owners(manifests: Iterable[Manifest], tree: Tree, former: Mapping[Key, Owner] | None = None) -> Iterator[Owner]:
    """Yield the Applications among the objects of a cluster, and those that ApplicationSets make of a tree; `former`
    are those that were there before."""
    ours = [each for each in manifests if str(each.object.get("apiVersion")).startswith(f"{GROUP}/")]
    projects = {_name(each.object): each.object for each in ours if each.object.get("kind") == "AppProject"}
    for manifest in ours:
        object = manifest.object
        if object.get("kind") == "Application":
            yield _owner(manifest.path, object, projects)
        elif object.get("kind") == "ApplicationSet":
            yield from _of_set(manifest.path, object, projects, tree, former or {})


def sets(manifests: Iterable[Manifest]) -> frozenset[str]:
    """The names of the ApplicationSets among the objects of a cluster, whether they have entries or not."""
    found = (each.object for each in manifests if each.object.get("kind") == "ApplicationSet")
    return frozenset(_name(object) for object in found if str(object.get("apiVersion")).startswith(f"{GROUP}/"))


def unread_sets(manifests: Iterable[Manifest], tree: Tree) -> dict[str, Manifest]:
    """By name those of whose Applications only the cluster knows which there are: by their generators, or by what their
    template makes of the entries."""
    found = [each for each in manifests if each.object.get("kind") == "ApplicationSet"]
    return {_name(each.object): each for each in found if applications_of(each.object, tree) is None}


def _is_skipped(metadata: Mapping[str, Any]) -> bool:
    """Whether the controller leaves an Application alone, as `strconv.ParseBool` reads it (argo-cd,
    docs/user-guide/skip_reconcile.md)."""
    said = mapping(metadata.get("annotations")).get("argocd.argoproj.io/skip-reconcile")
    return said in ("1", "t", "T", "true", "TRUE", "True")


def _owner(file: str, object: Object, projects: Mapping[str, Object], made_by: Object | None = None) -> Owner:
    metadata, spec = mapping(object.get("metadata")), mapping(object.get("spec"))
    origin, others = _origins(spec)
    policy, destination = mapping(spec.get("syncPolicy")), _destination(mapping(spec.get("destination")))
    automated = mapping(policy.get("automated"))
    names, builds = _made_of(origin)
    finalizers = [str(each) for each in sequence(metadata.get("finalizers"))]
    project = str(spec.get("project") or "default")
    source = replace(_source(origin), proof=signatures_of(projects.get(project)))
    options = {str(each).replace(" ", "") for each in sequence(policy.get("syncOptions"))}
    return Owner(
        tool="argo",
        kind="Application",
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name")),
        path=clean(origin.get("path")),
        source=source,
        source_name=source.url,
        prunes=automated.get("prune") is True and options.isdisjoint(_KEEPS_PRUNED),
        deletes=any(each.partition("/")[0] == FINALIZER for each in finalizers) and options.isdisjoint(_KEEPS_DELETED),
        stands=is_kept(object, "argo"),
        file=file,
        suspended=policy.get("automated") is None or automated.get("enabled") is False or _is_skipped(metadata),
        alters=_text(builds),
        renames=_text(names),
        place=str(destination.get("server") or destination.get("name") or ""),
        set_name=_name(made_by) if made_by is not None else None,
        set_stands=made_by is not None and is_kept(made_by, "argo"),
        refused_by=refusing(project, source, destination, str(metadata.get("namespace")), projects),
        project=project,
        rules=rules_of(projects.get(project)),
        destination=destination,
        beside=tuple(sorted(map(_beside, others))),
        server_side="ServerSideApply=true" in options,
        ignores=tuple(sequence(spec.get("ignoreDifferences"))) if _RESPECTS in options else (),
        overlooks=_overlooked(sequence(spec.get("ignoreDifferences"))),
        timing=windows_of(projects.get(project), str(metadata.get("name")), destination) + steps_of(made_by),
        watched=_watched(metadata, clean(origin.get("path"))),
        unread=unread(object),
    )


def _overlooked(rules: Sequence[Any]) -> str:
    """The rules of an Application on what counts as no difference, but for replicas, which a scaler sets."""
    found = [
        rule for rule in rules if set(mapping(rule)) - _WHICH != {"jsonPointers"} or rule["jsonPointers"] != _SCALED
    ]
    return _text({"rules": found}) if found else ""


_WHICH = frozenset(("group", "kind", "name", "namespace"))
_SCALED = ["/spec/replicas"]


def _beside(origin: Mapping[str, Any]) -> tuple[str, str, str]:
    """A further source: its folder, where that is from, and what else is said of it."""
    rest = {key: value for key, value in origin.items() if key not in ("path", "repoURL", "targetRevision") and value}
    return clean(origin.get("path")), str(_source(origin)), _text(rest)


def _watched(metadata: Mapping[str, Any], folder: str) -> tuple[str, ...]:
    """The places in which Argo CD looks for what changes for an Application (docs/operator-manual/high_availability.md,
    "Manifest Paths Annotation"), from the root of the repository."""
    said = str(mapping(metadata.get("annotations")).get("argocd.argoproj.io/manifest-generate-paths") or "")
    return tuple(clean(each if each.startswith("/") else f"{folder}/{each}") for each in said.split(";") if each)


def _origins(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """The source that an Application is known by, its unit of this tree where it has one, and its further ones."""
    hydrator = mapping(spec.get("sourceHydrator"))
    if hydrator:
        synced, dry = mapping(hydrator.get("syncSource")), mapping(hydrator.get("drySource"))
        url = synced.get("repoURL") or dry.get("repoURL")
        return {"repoURL": url, "targetRevision": synced.get("targetBranch"), "path": synced.get("path")}, ()
    listed = [mapping(each) for each in sequence(spec.get("sources"))]
    if not listed:
        return mapping(spec.get("source")), ()
    first = next((each for each in listed if is_unit(clean(each.get("path")))), listed[0])
    return first, [each for each in listed if each is not first]


def _destination(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The cluster and the namespace of an Application; Argo CD's own cluster by both of its names
    (`KubernetesInternalAPIServerAddr`, common/common.go)."""
    if stated.get("server") == CLUSTER or (stated.get("name") == CLUSTER_NAME and not stated.get("server")):
        return {**stated, "server": CLUSTER, "name": CLUSTER_NAME}
    return dict(stated)


def _made_of(origin: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a source gives its objects for names and namespace, in the words of Flux, and what else it makes of them."""
    own = mapping(origin.get("kustomize"))
    names = {word: own[key] for key, word in RENAMING.items() if own.get(key)}
    rest = {"kustomize": {key: value for key, value in own.items() if key not in RENAMING}}
    rest |= {key: origin[key] for key in ("chart", "directory", "helm", "plugin") if origin.get(key)}
    return names, {key: value for key, value in rest.items() if value}


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, sort_keys=True, ensure_ascii=False, default=str) if said else ""


def _source(origin: Mapping[str, Any]) -> Source:
    return Source(str(origin.get("repoURL") or ""), short_revision(origin.get("targetRevision")) or "HEAD")


def _of_set(
    file: str, object: Object, projects: Mapping[str, Object], tree: Tree, former: Mapping[Key, Owner]
) -> Iterator[Owner]:
    """The Applications of an ApplicationSet; none where only the cluster knows which there are."""
    spec, metadata = mapping(object.get("spec")), mapping(object.get("metadata"))
    policy = mapping(spec.get("syncPolicy"))
    lasting, fixed = (policy.get("applicationsSync") in each for each in (_KEEPS_APPLICATIONS, _LEAVES_APPLICATIONS))
    added = [] if policy.get("preserveResourcesOnDeletion") is True else [FINALIZER]
    made = applications_of(object, tree) or ()
    names = Counter(str(each.metadata.get("name")) for each in made)
    for each in made:
        details = {"namespace": metadata.get("namespace"), **each.metadata}
        details["finalizers"] = sequence(details.get("finalizers")) or added
        wanted = {"apiVersion": object.get("apiVersion"), "kind": "Application", "metadata": details, "spec": each.spec}
        application, left = _as_left(wanted, former, sequence(spec.get("ignoreApplicationDifferences")))
        owner = _owner(file, application, projects, made_by=object)
        yield replace(
            owner,
            stands=owner.stands or lasting,
            set_lasts=fixed or names[owner.name] > 1,
            left=left,
            application=application,
            unread={**owner.unread, **each.unread},
        )


def _as_left(wanted: Object, former: Mapping[Key, Owner], rules: Sequence[Any]) -> tuple[Object, Left]:
    """An Application as its set applies it over the one that was there, and whether that leaves fields of it; the one
    that was there, where that cannot be told."""
    metadata = mapping(wanted["metadata"])
    there = former.get(("Application", str(metadata.get("namespace") or ""), str(metadata.get("name"))))
    if not rules or there is None or not there.application or there.application == wanted:
        return wanted, ""
    made = left_of_application(there.application, wanted, rules)
    if made is None:
        return dict(there.application), "unclear"
    return made, "kept" if made != wanted else ""


def _name(object: Object) -> str:
    return str(mapping(object.get("metadata")).get("name"))
