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
from dataclasses import replace
from typing import Any

from llmstack.sync.generators import Entry, Tree, entries_of, filled, is_filled
from llmstack.sync.local import is_unit
from llmstack.sync.manifests import Manifest, Object, mapping, sequence
from llmstack.sync.owner import Owner, Source, clean, short_revision
from llmstack.sync.policies import is_kept
from llmstack.sync.projects import refusing, rules_of, signatures_of, timing_of
from llmstack.tree.argo import CLUSTER

GROUP = "argoproj.io"
RENAMING = {"namespace": "targetNamespace", "namePrefix": "namePrefix", "nameSuffix": "nameSuffix"}
"""What gives the objects of a source other names (`source.kustomize`), as a Kustomization of Flux calls it."""
FINALIZER = "resources-finalizer.argocd.argoproj.io"
_OWN = "in-cluster"
"""What Argo CD calls the cluster that it runs in."""
_RESPECTS = "RespectIgnoreDifferences=true"
_KEEPS_APPLICATIONS = ("create-only", "create-update")
_LEAVES_APPLICATIONS = ("create-only", "create-delete")


def owners(manifests: Iterable[Manifest], tree: Tree) -> Iterator[Owner]:
    """Yield the Applications among the objects of a cluster, and those that ApplicationSets make of a tree."""
    ours = [each for each in manifests if str(each.object.get("apiVersion")).startswith(f"{GROUP}/")]
    projects = {_name(each.object): each.object for each in ours if each.object.get("kind") == "AppProject"}
    for manifest in ours:
        object = manifest.object
        if object.get("kind") == "Application":
            yield _owner(manifest.path, object, projects)
        elif object.get("kind") == "ApplicationSet":
            yield from _of_set(manifest.path, object, projects, tree)


def sets(manifests: Iterable[Manifest]) -> frozenset[str]:
    """The names of the ApplicationSets among the objects of a cluster, whether they have entries or not."""
    found = (each.object for each in manifests if each.object.get("kind") == "ApplicationSet")
    return frozenset(_name(object) for object in found if str(object.get("apiVersion")).startswith(f"{GROUP}/"))


def unread_sets(manifests: Iterable[Manifest], tree: Tree) -> dict[str, Manifest]:
    """By name those of whose Applications only the cluster knows which there are: by their generators, or by what their
    template makes of the entries."""
    found = [each for each in manifests if each.object.get("kind") == "ApplicationSet"]
    return {_name(each.object): each for each in found if _made_by(each.object, tree) is None}


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
    options = [str(each).replace(" ", "") for each in sequence(policy.get("syncOptions"))]
    return Owner(
        tool="argo",
        kind="Application",
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name")),
        path=clean(origin.get("path")),
        source=source,
        source_name=source.url,
        prunes=automated.get("prune") is True,
        deletes=any(each.partition("/")[0] == FINALIZER for each in finalizers),
        stands=is_kept(object, "argo"),
        file=file,
        suspended=policy.get("automated") is None or automated.get("enabled") is False or _is_skipped(metadata),
        alters=_text(builds),
        renames=_text(names),
        place=str(destination.get("server") or destination.get("name") or ""),
        set_name=_name(made_by) if made_by is not None else None,
        set_stands=made_by is not None and is_kept(made_by, "argo"),
        refused_by=refusing(project, source, destination, projects),
        project=project,
        rules=rules_of(projects.get(project)),
        destination=destination,
        beside=tuple(sorted((clean(each.get("path")), str(_source(each))) for each in others)),
        ignores=tuple(sequence(spec.get("ignoreDifferences"))) if _RESPECTS in options else (),
        timing=timing_of(projects.get(project)) + timing_of(made_by),
    )


def _origins(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """The source that an Application is known by, its unit of this tree where it has one, and its further ones."""
    listed = [mapping(each) for each in sequence(spec.get("sources"))]
    if not listed:
        return mapping(spec.get("source")), ()
    first = next((each for each in listed if is_unit(clean(each.get("path")))), listed[0])
    return first, [each for each in listed if each is not first]


def _destination(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The cluster and the namespace of an Application; Argo CD's own cluster by both of its names
    (`KubernetesInternalAPIServerAddr`, common/common.go)."""
    if stated.get("server") == CLUSTER or (stated.get("name") == _OWN and not stated.get("server")):
        return {**stated, "server": CLUSTER, "name": _OWN}
    return dict(stated)


def _made_of(origin: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a source gives its objects for names and namespace, in the words of Flux, and what else it makes of them."""
    own = mapping(origin.get("kustomize"))
    names = {word: own[key] for key, word in RENAMING.items() if own.get(key)}
    rest = {"kustomize": {key: value for key, value in own.items() if key not in RENAMING}}
    rest |= {key: origin[key] for key in ("directory", "helm", "plugin") if origin.get(key)}
    return names, {key: value for key, value in rest.items() if value}


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, sort_keys=True, ensure_ascii=False, default=str) if said else ""


def _source(origin: Mapping[str, Any]) -> Source:
    return Source(str(origin.get("repoURL") or ""), short_revision(origin.get("targetRevision")) or "HEAD")


def _of_set(file: str, object: Object, projects: Mapping[str, Object], tree: Tree) -> Iterator[Owner]:
    """The Applications of an ApplicationSet; none where only the cluster knows which there are."""
    spec, metadata = mapping(object.get("spec")), mapping(object.get("metadata"))
    policy = mapping(spec.get("syncPolicy"))
    lasting, fixed = (policy.get("applicationsSync") in each for each in (_KEEPS_APPLICATIONS, _LEAVES_APPLICATIONS))
    added = [] if policy.get("preserveResourcesOnDeletion") is True else [FINALIZER]
    entries = _made_by(object, tree) or ()
    names = Counter(str(mapping(made.get("metadata")).get("name")) for _, made in entries)
    for entry, made in entries:
        details = {"namespace": metadata.get("namespace"), **mapping(made.get("metadata"))}
        details["finalizers"] = sequence(details.get("finalizers")) or added
        application = {"metadata": details, "spec": {**mapping(made.get("spec")), **_patched(spec, entry)}}
        owner = _owner(file, application, projects, made_by=object)
        yield replace(owner, stands=owner.stands or lasting, set_lasts=fixed or names[owner.name] > 1)


def _made_by(object: Object, tree: Tree) -> list[tuple[Entry, Mapping[str, Any]]] | None:
    """The entries of an ApplicationSet, each with the template filled; None where that cannot be told."""
    spec = mapping(object.get("spec"))
    entries = entries_of(spec, tree)
    made = [(entry, mapping(filled(mapping(spec.get("template")), entry))) for entry in entries or ()]
    return None if entries is None or not all(_is_told(each) for _, each in made) else made


def _is_told(made: Mapping[str, Any]) -> bool:
    """Whether the name of an Application and what it builds are filled in."""
    spec = mapping(made.get("spec"))
    return is_filled([mapping(made.get("metadata")).get("name"), spec.get("source"), spec.get("sources")])


def _patched(spec: Mapping[str, Any], element: Mapping[str, Any]) -> dict[str, Any]:
    """What a set's `templatePatch` adds to an entry's specification, as far as it is of llmstack's own form."""
    name = "ignoreDifferences"
    is_own = f"{{{{ .{name} | toJson }}}}" in str(spec.get("templatePatch"))
    return {name: element[name]} if is_own and element.get(name) else {}


def _name(object: Object) -> str:
    return str(mapping(object.get("metadata")).get("name"))
