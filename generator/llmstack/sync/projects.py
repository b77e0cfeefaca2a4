"""What an AppProject lets its Applications do: repositories, destinations, kinds of objects, and when.

docs/user-guide/projects.md and sync_windows.md of Argo CD.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from llmstack.kubernetes.scopes import CLUSTER_SCOPED
from llmstack.sync.manifests import Object, is_of_kind, mapping, sequence
from llmstack.sync.owner import KindRules, Owner, Source


def refusing(project: str, source: Source, destination: Object, projects: Mapping[str, Object]) -> str | None:
    """The project that refuses a source or a destination; None for the default one, which allows everything until it
    is changed."""
    if project == "default":
        return None
    if project not in projects:
        return project
    spec = mapping(projects[project].get("spec"))
    if not _allows(sequence(spec.get("sourceRepos")), lambda pattern: _matches(source.url, pattern)):
        return project
    places = map(mapping, sequence(spec.get("destinations")))
    return None if any(_is_place(destination, each) for each in places) else project


def kinds_of(project: Object | None) -> KindRules | None:
    """Which kinds a project lets its Applications apply; None without a project, where all are."""
    if project is None:
        return None
    spec = mapping(project.get("spec"))
    return KindRules(*(
        found if isinstance(found := spec.get(f"{scope}Resource{word}"), list) else None
        for scope in ("namespace", "cluster")
        for word in ("Whitelist", "Blacklist")
    ))  # fmt: skip


def windows_of(project: Object | None) -> str:
    """The times at which a project lets its Applications sync, as text (docs/user-guide/sync_windows.md)."""
    windows = mapping(project.get("spec")).get("syncWindows") if project is not None else None
    return json.dumps(windows, sort_keys=True, default=str) if windows else ""


def first_denied(owner: Owner, objects: Iterable[Object]) -> Object | None:
    """The first object that the owner's project does not let it apply: then it applies none of them.

    (`IsGroupKindPermitted`, pkg/apis/application/v1alpha1/types.go: kinds of namespaces are allowed where no list says
    otherwise, those of the cluster only where they are listed. gitops-engine, pkg/sync/sync_context.go: "one or more
    synchronization tasks are not valid".)
    """
    rules = owner.kinds
    if rules is None:
        return None
    for obj in objects:
        if str(obj.get("kind")) not in CLUSTER_SCOPED:
            allowed, denied, open_by_default = rules.allowed, rules.denied, rules.allowed is None
        else:
            allowed, denied, open_by_default = rules.allowed_of_cluster, rules.denied_of_cluster, False
        if _lists(denied, obj) or not (open_by_default or _lists(allowed, obj)):
            return obj
    return None


def _lists(kinds: Sequence[Any] | None, obj: Object) -> bool:
    return any(is_of_kind(obj, each) for each in map(mapping, kinds or ()))


def _allows(patterns: list[Any], matches: Callable[[str], bool]) -> bool:
    """Whether one of the patterns matches, and none that begins with `!` does."""
    texts = [str(each) for each in patterns]
    denied = any(matches(each[1:]) for each in texts if each.startswith("!"))
    return not denied and any(matches(each) for each in texts if not each.startswith("!"))


def _is_place(destination: Object, allowed: Object) -> bool:
    """Whether an entry of a project's destinations has the Application's cluster and namespace."""
    cluster = next((key for key in ("server", "name") if destination.get(key)), "server")
    fits = _matches(str(destination.get(cluster) or ""), str(allowed.get(cluster) or ""))
    return fits and _matches(str(destination.get("namespace") or ""), str(allowed.get("namespace") or ""))


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern)
