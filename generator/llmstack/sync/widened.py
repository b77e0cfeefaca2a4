"""What bounds the sync tools, and what they follow: objects that let them apply more, or somebody do more with them.

Argo CD: docs/operator-manual/project-specification.md (AppProject), argocd-cm-yaml.md, argocd-rbac-cm-yaml.md and
argocd-cmd-params-cm-yaml.md (who may do what, which programs make manifests), declarative-setup.md (Secrets by which it
knows clusters and repositories). Flux: what follows a source is found by its name alone (`spec.sourceRef`), also by
Kustomizations that this repository does not hold, as the one is that reads clusters/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync import argo
from llmstack.sync.flux import read_source

_ALLOWING = (
    "sourceRepos", "sourceNamespaces", "destinations", "clusterResourceWhitelist", "namespaceResourceWhitelist",
    "roles", "destinationServiceAccounts",
)  # fmt: skip
_DENYING = ("clusterResourceBlacklist", "namespaceResourceBlacklist")
_SETTINGS = frozenset(("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-secret"))
_SECRET_TYPE = "argocd.argoproj.io/secret-type"


def said_of_widened(before: Object | None, after: Object) -> str | None:
    """What an object gives the sync tools, or who uses them, that the one of before did not; None for nothing."""
    group, kind = group_of(after), str(after.get("kind"))
    if (group, kind) == (argo.GROUP, "AppProject"):
        fields = sorted(_widened(_spec(before), _spec(after)))
        return f"it lets Applications, or who uses them, do more than before ({', '.join(fields)})" if fields else None
    if group == "" and _held(before) != _held(after):
        return _said_of_settings(after)
    if group == "source.toolkit.fluxcd.io" and _place(before) != _place(after):
        url = _spec(after).get("url") or _spec(after).get("endpoint")
        return f"what follows a {kind} of this name, in this repository or not, gets what `{url}` holds"
    return None


def _widened(before: Object, after: Object) -> Iterator[str]:
    """The lists of an AppProject that hold more of what is allowed, or less of what is denied."""
    for old, new, fields in ((before, after, _ALLOWING), (after, before, _DENYING)):
        yield from (key for key in fields if any(each not in sequence(old.get(key)) for each in sequence(new.get(key))))


def _said_of_settings(object: Object) -> str | None:
    metadata = mapping(object.get("metadata"))
    if str(metadata.get("name")) in _SETTINGS:
        return "it holds settings of Argo CD: who may do what with it, and which programs it runs"
    if _SECRET_TYPE in mapping(metadata.get("labels")):
        return "it names a cluster or repositories to Argo CD, and how to reach them"
    return None


def _spec(object: Object | None) -> Object:
    return mapping(mapping(object).get("spec"))


def _held(object: Object | None) -> tuple[Any, ...]:
    """What an object says as ConfigMaps and Secrets do, and whether it speaks to Argo CD; alike for other kinds."""
    there = mapping(object)
    labels = mapping(mapping(there.get("metadata")).get("labels"))
    return (*(there.get(key) for key in ("data", "stringData", "binaryData")), labels.get(_SECRET_TYPE))


def _place(object: Object | None) -> str:
    """Where a source's content is from: the address, and the branch, tag or commit, however it is written."""
    return "" if object is None else str(read_source(object))
