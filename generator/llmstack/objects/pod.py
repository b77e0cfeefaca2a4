"""Parts of a pod that every workload shares: scheduling, images, unique lists, strategies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.probes import seconds_allowed
from llmstack.model.disruption import DisruptionBudget
from llmstack.model.secret_ref import SecretReference

Items = list[dict[str, Any]]


def image(repository: str | None, tag: str | None) -> str | None:
    """`repository:tag`, or `repository@sha256:…` where the tag is a digest; None without a repository."""
    if not repository:
        return None
    if not tag:
        return repository
    return f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}"


def unique(items: Iterable[Mapping[str, Any] | None], *keys: str) -> Items | None:
    """The items, each key once: a later one replaces an earlier one, and stands where it was written."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for item in items:
        if item is not None:
            at = tuple(item.get(key) for key in keys)
            found.pop(at, None)
            found[at] = dict(item)
    return list(found.values()) or None


def secret_env(name: str, reference: SecretReference | None) -> dict[str, Any] | None:
    """An environment variable whose value stays in its Secret."""
    if reference is None:
        return None
    key = {"name": reference.secret_name, "key": reference.secret_key}
    return {"name": name, "valueFrom": {"secretKeyRef": key}}


def env(name: str, value: object) -> dict[str, Any]:
    return {"name": name, "value": str(value)}


def field_env(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def affinity(
    stated: Mapping[str, Any] | None, terms: list[dict[str, Any]] | None, node_name: str | None = None
) -> dict[str, Any] | None:
    """`affinity` as stated, else the required node affinity of `nodeSelectorTerms` (as in the chart)."""
    if stated:
        return dict(stated)
    if not terms or node_name:
        return None
    required = {"nodeSelectorTerms": terms}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def rolling(max_surge: int, max_unavailable: int) -> dict[str, Any]:
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": max_surge, "maxUnavailable": max_unavailable},
    }


def int_or_percent(value: str | int | None) -> int | str | None:
    """`"1"` is the integer 1, `"50%"` stays; empty means unset."""
    if value is None or value == "":
        return None
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def disruption_budget(
    metadata: dict[str, Any],
    matches: Mapping[str, str],
    max_unavailable: str | None,
    budget: DisruptionBudget | None,
) -> dict[str, Any] | None:
    """A PodDisruptionBudget, None when nothing asks for one.

    `pdb` says more than `maxUnavailablePodDisruptionBudget`, and wins. Of its two limits the API takes one:
    maxUnavailable where both are stated, `minAvailable: 0` where none is (the chart's rules).
    """
    minimum, maximum = None, int_or_percent(max_unavailable)
    if budget is not None and budget.enabled:
        minimum, maximum = int_or_percent(budget.min_available), int_or_percent(budget.max_unavailable)
        minimum = (minimum or 0) if maximum is None else None
        own = metadata["labels"] or {}
        frozen = {key: value for key, value in own.items() if key.startswith("app.kubernetes.io/")}
        metadata["labels"] = {**own, **(budget.labels or {}), **frozen}
        metadata["annotations"] = budget.annotations or None
    if minimum is None and maximum is None:
        return None
    spec = {
        "minAvailable": minimum,
        "maxUnavailable": maximum,
        "selector": {"matchLabels": dict(matches)},
    }
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


def progress_deadline(probe: Mapping[str, Any] | None) -> int:
    """progressDeadlineSeconds beyond the start-up budget: the chart's 1200, or five minutes more than it."""
    return max(1200, (seconds_allowed(probe) if probe else 0) + 300)
