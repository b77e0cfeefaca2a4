"""What a LimitRange gives containers that state nothing, and which pods it refuses.

Defaults: pkg/apis/core/v1/defaults.go of k8s.io/kubernetes (`SetDefaults_LimitRangeItem`). Refusals:
plugin/pkg/admission/limitranger/admission.go (`PodValidateLimitFunc`), and the validation of pods, which lets no
request be above its limit (pkg/apis/core/validation, `ValidateContainerResourceRequirements`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.pods import Object, containers, maps, totals_of_pod, value_at
from llmstack.kubernetes.quantities import quantity

Amounts = Mapping[str, Fraction]


def amounts_in(block: Any) -> dict[str, Fraction]:
    """The quantities of a map, by name; what is none is left to the schema."""
    found = block.items() if isinstance(block, Mapping) else ()
    return {name: amount for name, value in found if (amount := quantity(value)) is not None}


def defaults_of(objects: Iterable[Object]) -> dict[str, dict[str, Fraction]]:
    """What the LimitRanges among objects give containers that state nothing: `limits` and `requests`."""
    limits: dict[str, Fraction] = {}
    requests: dict[str, Fraction] = {}
    for item in (item for obj in objects if obj.get("kind") == "LimitRange" for item in _items(obj)):
        if item.get("type") == "Container":
            default = amounts_in(item.get("max")) | amounts_in(item.get("default"))
            limits |= default
            requests |= amounts_in(item.get("min")) | default | amounts_in(item.get("defaultRequest"))
    return {"limits": limits, "requests": requests}


def refusals(limit_range: Object, pod: Mapping[str, Any], defaults: Mapping[str, Amounts]) -> Iterator[str]:
    """Yield what pods of a spec are beyond: "at most 4 of `cpu` to a container, and 8 is asked"; `defaults` are what
    all LimitRanges of the namespace give."""
    for item in _items(limit_range):
        if item.get("type") == "Container":
            for _, _, container in containers(dict(pod)):
                yield from _beyond(item, "container", *_asked(container, defaults))
        elif item.get("type") == "Pod":
            sums = (
                totals_of_pod(pod, lambda container, at=at: _asked(container, defaults)[at].items())  # type: ignore[misc]
                for at in (0, 1)
            )
            yield from _beyond(item, "pod", *sums)


def refused_claim(limit_range: Object, claim: Object) -> str | None:
    """What a LimitRange allows claims that one is beyond, new or changed; None where it is not
    (`PersistentVolumeClaimValidateLimitFunc`)."""
    asked = amounts_in(value_at(claim, "spec", "resources", "requests"))
    own = (item for item in _items(limit_range) if item.get("type") == "PersistentVolumeClaim")
    return next((said for item in own for said in _beyond(item, "claim", asked, asked)), None)


def above_default(pod: Mapping[str, Any], defaults: Mapping[str, Amounts]) -> Iterator[str]:
    """Yield the resources of which a container asks for more than the limit that it is given."""
    for _, _, container in containers(dict(pod)):
        requests, limits = _asked(container, defaults)
        own = amounts_in(value_at(container, "resources", "limits"))
        for name in requests.keys() & limits.keys() - own.keys():
            if requests[name] > limits[name]:
                yield name


def _items(limit_range: Object) -> Iterator[Mapping[str, Any]]:
    return maps(value_at(limit_range, "spec", "limits"))


def _asked(container: Mapping[str, Any], defaults: Mapping[str, Amounts]) -> tuple[dict[str, Fraction], Amounts]:
    """Requests and limits of a container once defaults are in: a request that is not stated is its limit
    (SetDefaults_Pod, pkg/apis/core/v1), else the default."""
    resources = container.get("resources")
    own = amounts_in(value_at(resources, "limits"))
    requests = {**defaults.get("requests", {}), **own, **amounts_in(value_at(resources, "requests"))}
    return requests, {**defaults.get("limits", {}), **own}


def _beyond(item: Mapping[str, Any], of: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name in amounts_in(item.get("max")):
        yield from _over(item, name, of, requests.get(name), limits.get(name))
    for name in amounts_in(item.get("min")):
        yield from _under(item, name, of, requests.get(name), limits.get(name))
    for name, most in amounts_in(item.get("maxLimitRequestRatio")).items():
        request, limit = requests.get(name), limits.get(name)
        if not request or not limit or limit / request > most:
            yield f"a limit of `{name}` of at most {_said(most)} times its request to a {of}"


def _over(
    item: Mapping[str, Any], name: str, of: str, request: Fraction | None, limit: Fraction | None
) -> Iterator[str]:
    most = f"at most {item['max'][name]} of `{name}` to a {of}"
    if limit is None:
        yield f"{most}, which then has to state a limit of it"
        return
    asked = max(limit, request or limit)
    if asked > amounts_in(item["max"])[name]:
        yield f"{most}, and {_said(asked)} is asked"


def _under(
    item: Mapping[str, Any], name: str, of: str, request: Fraction | None, limit: Fraction | None
) -> Iterator[str]:
    least = f"at least {item['min'][name]} of `{name}` to a {of}"
    if request is None:
        yield f"{least}, which then has to request it"
        return
    asked = min(request, request if limit is None else limit)
    if asked < amounts_in(item["min"])[name]:
        yield f"{least}, and {_said(asked)} is asked"


_UNITS = ((1 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi"), (10**12, "T"), (10**9, "G"), (10**6, "M"))


def _said(amount: Fraction) -> str:
    for size, unit in _UNITS:
        if amount >= size and (amount / size * 10).denominator == 1:
            return f"{float(amount / size):.10g}{unit}"
    return f"{float(amount):.10g}"
