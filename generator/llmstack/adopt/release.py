"""Which release of the chart runs: its name, its namespace, and the selectors that its Deployments have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from llmstack.errors import UsageError
from llmstack.kubernetes.pods import Object, value_at
from llmstack.objects.labels import CHARTS_ENGINE, COMPONENT, INSTANCE, MANAGED_BY_HELM, NAME, PART_OF

_RELEASE = "helm-release-name"
_COMPONENTS = {
    "engine": "-deployment-vllm",
    "router": "-deployment-router",
    "cacheServer": "-deployment-cache-server",
}
"""The keys of `gitops.selectorLabels`, and how the chart's Deployments end."""
_CHARTS = frozenset((NAME, INSTANCE, COMPONENT, "model", _RELEASE, *PART_OF, *MANAGED_BY_HELM))

Labels = Mapping[str, str]


class Release(Struct, frozen=True):
    """A release of the chart. `users` is the user's part of the selectors, as `gitops.selectorLabels` has it."""

    name: str
    namespace: str | None
    """None where its objects do not say."""
    selectors: str
    """`chart` or `chart-0.1.9`."""
    users: Mapping[str, Labels]


def find_release(live: Sequence[Object]) -> Release:
    """The release that the objects are of; raises UsageError where they are of none, or of several."""
    found = {key: _selectors(live, ending) for key, ending in _COMPONENTS.items()}
    engines = [selector for selector in found["engine"].values() if _RELEASE in selector]
    names = {selector[_RELEASE] for selector in engines} or {
        name.removesuffix(_COMPONENTS["router"]) for name in found["router"]
    }
    if not names or not (engines or found["router"]):
        raise UsageError("no Deployment of the chart is in the manifest: nothing has its names and selectors")
    if len(names) > 1:
        raise UsageError(f"the manifest holds several releases, {', '.join(sorted(names))}: give one")
    every = [selector for selectors in found.values() for selector in selectors.values()]
    recent = any(selector.get(COMPONENT) in (CHARTS_ENGINE, "router", "cache-server") for selector in every)
    namespaces = {str(each["metadata"].get("namespace") or "") for each in live if each["kind"] == "Deployment"} - {""}
    if len(namespaces) > 1:
        raise UsageError(f"the manifest spans the namespaces {', '.join(sorted(namespaces))}: give one")
    users = {key: _users(key, selectors) for key, selectors in found.items() if selectors}
    return Release(names.pop(), next(iter(namespaces), None), "chart" if recent else "chart-0.1.9", users)


def _selectors(live: Sequence[Object], ending: str) -> dict[str, Labels]:
    deployments = [each for each in live if each["kind"] == "Deployment"]
    return {
        str(each["metadata"]["name"]): value_at(each, "spec", "selector", "matchLabels") or {}
        for each in deployments
        if str(each["metadata"]["name"]).endswith(ending)
    }


def _users(key: str, selectors: Mapping[str, Labels]) -> Labels:
    parts = [{k: v for k, v in labels.items() if k not in _CHARTS} for labels in selectors.values()]
    if any(part != parts[0] for part in parts):
        raise UsageError(f"the selectors of {', '.join(selectors)} have not the same labels of yours ({key})")
    return parts[0]
