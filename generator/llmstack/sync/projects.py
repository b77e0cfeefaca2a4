"""What an AppProject lets its Applications do: repositories, destinations, kinds of objects, and when.

docs/user-guide/projects.md and sync_windows.md of Argo CD.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.scopes import is_cluster_scoped
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync.manifests import is_of_kind
from llmstack.sync.owner import Owner, ProjectRules, Source


def refusing(
    project: str, source: Source, destination: Object, namespace: str, projects: Mapping[str, Object]
) -> str | None:
    """The project that refuses a source, a destination, or Applications of a namespace (docs/operator-manual/
    app-any-namespace.md); None for the default one that is not among the objects, which allows everything."""
    if project not in projects:
        return None if project == "default" else project
    spec, own = mapping(projects[project].get("spec")), mapping(projects[project].get("metadata")).get("namespace")
    spaces = [str(each) for each in sequence(spec.get("sourceNamespaces"))]
    if namespace != own and not any(_matches(namespace, each) for each in spaces):
        return project
    if not _allows(sequence(spec.get("sourceRepos")), lambda pattern: _matches(source.url, pattern)):
        return project
    places = sequence(spec.get("destinations"))
    if destination.get("server") is None and not any(mapping(each).get("name") for each in places):
        return None  # the cluster's address stands in a Secret of Argo CD
    return None if _is_permitted(destination, places) else project


def rules_of(project: Object | None) -> ProjectRules | None:
    """Which kinds a project lets its Applications apply, and where; None without a project, where all are."""
    if project is None:
        return None
    spec = mapping(project.get("spec"))
    return ProjectRules(sequence(spec.get("destinations")), *(
        found if isinstance(found := spec.get(f"{scope}Resource{word}"), list) else None
        for scope in ("namespace", "cluster")
        for word in ("Whitelist", "Blacklist")
    ))  # fmt: skip


def windows_of(project: Object | None, name: str, destination: Object) -> str:
    """The times at which a project lets one of its Applications sync, as text (docs/user-guide/sync_windows.md;
    pkg/apis/application/v1alpha1/types.go, `SyncWindows.Matches`)."""
    windows = sequence(mapping(project.get("spec")).get("syncWindows")) if project is not None else []
    found = [each for each in map(mapping, windows) if _is_window_of(each, name, destination)]
    return json.dumps(found, sort_keys=True, default=str) if found else ""


def _is_window_of(window: Mapping[str, Any], name: str, destination: Object) -> bool:
    """Whether a window is one of an Application: one of its lists has it, or with `andOperator` each that there is."""
    places = {
        "applications": (name,),
        "clusters": (destination.get("name"), destination.get("server")),
        "namespaces": (destination.get("namespace"),),
    }
    answers = [
        any(_matches(str(value), str(pattern)) for value in values if value for pattern in listed)
        for key, values in places.items()
        if (listed := sequence(window.get(key)))
    ]
    return bool(answers) and (all(answers) if window.get("andOperator") is True else any(answers))


def steps_of(application_set: Object | None) -> str:
    """The steps in which an ApplicationSet has its Applications synced, by nothing else then, as text (docs/
    operator-manual/applicationset/Progressive-Syncs.md)."""
    spec = mapping(application_set.get("spec")) if application_set is not None else {}
    strategy = mapping(spec.get("strategy"))
    return json.dumps(strategy, sort_keys=True, default=str) if strategy.get("type") == "RollingSync" else ""


def signatures_of(project: Object | None) -> str:
    """The signatures that a project asks of commits, as text (docs/user-guide/gpg-verification.md)."""
    spec = mapping(project.get("spec")) if project is not None else {}
    said = {key: spec[key] for key in ("signatureKeys", "sourceIntegrity") if spec.get(key)}
    return json.dumps(said, sort_keys=True, default=str) if said else ""


def first_denied(owner: Owner, objects: Iterable[Object]) -> Object | None:
    """The first object that the owner's project does not let it apply: then it applies none of them.

    (`IsGroupKindPermitted`, pkg/apis/application/v1alpha1/types.go: kinds of namespaces are allowed where no list says
    otherwise, those of the cluster only where they are listed. controller/sync.go, `validateSyncPermissions`: an
    object's own namespace must be among the destinations. gitops-engine, pkg/sync/sync_context.go: "one or more
    synchronization tasks are not valid".)
    """
    rules = owner.rules
    return None if rules is None else next((obj for obj in objects if _is_denied(obj, owner.destination, rules)), None)


def _is_denied(obj: Object, destination: Object, rules: ProjectRules) -> bool:
    outside = is_cluster_scoped(group_of(obj), str(obj.get("kind")))  # where that is not known, what either way denies
    if outside is not False and _lists(rules.allowed_of_cluster, obj) and not _lists(rules.denied_of_cluster, obj):
        return False
    if outside:
        return True
    namespace = mapping(obj.get("metadata")).get("namespace")
    if namespace and not _is_permitted({**destination, "namespace": namespace}, rules.places):
        return True
    return _lists(rules.denied, obj) or not (rules.allowed is None or _lists(rules.allowed, obj))


def _lists(kinds: Sequence[Any] | None, obj: Object) -> bool:
    """Whether a list has an object's kind, and its name where it asks for one (`ClusterResourceRestrictionItem`)."""
    name = str(mapping(obj.get("metadata")).get("name"))
    listed = (each for each in map(mapping, kinds or ()) if is_of_kind(obj, each))
    return any(not each.get("name") or _matches(name, str(each["name"])) for each in listed)


def _allows(patterns: list[Any], matches: Callable[[str], bool]) -> bool:
    """Whether one of the patterns matches, and none that begins with `!` does."""
    texts = [str(each) for each in patterns]
    denied = any(matches(each[1:]) for each in texts if each.startswith("!"))
    return not denied and any(matches(each) for each in texts if not each.startswith("!"))


def _is_permitted(destination: Object, places: Sequence[Any]) -> bool:
    """Whether a project's destinations have a cluster and a namespace, and none denies them (`isDestinationMatched`,
    pkg/apis/application/v1alpha1/app_project_types.go)."""
    found = False
    for place in map(mapping, places):
        patterns = {key: str(place.get(key) or "") for key in ("name", "server", "namespace")}
        fits = {key: _fits(destination.get(key), pattern) for key, pattern in patterns.items()}
        fits["name"], fits["server"] = (bool(destination.get(key)) and fits[key] for key in ("name", "server"))
        denies = {key: pattern.startswith("!") and not fits[key] for key, pattern in patterns.items()}
        if (fits["server"] or fits["name"]) and fits["namespace"]:
            found = True
        elif ((denies["name"] or denies["server"]) and fits["namespace"]) or (denies["namespace"] and fits["server"]):
            return False
    return found


def _fits(value: object, pattern: str) -> bool:
    """Whether a pattern, denying with `!` or not, matches."""
    return _matches(str(value or ""), pattern.removeprefix("!")) is not pattern.startswith("!")


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern)
