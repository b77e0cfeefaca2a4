"""What an object opens by its kind, whatever RBAC says: ways into the cluster, and around its names, namespaces and
accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object, maps, value_at
from llmstack.kubernetes.within import DATA

_ACCOUNT = "kubernetes.io/service-account.name"
_SERVICE = "kubernetes.io/service-name"
_SYSTEM = frozenset(("kube-system", "kube-public"))
_NAMED = 3
"""Addresses that are named before they are counted."""


def doors_of(obj: Object | None) -> frozenset[str]:
    """The ways in which a Service is reached from outside the cluster (kubernetes.io, "Service")."""
    if obj is None or (obj.get("apiVersion"), obj.get("kind")) != ("v1", "Service"):
        return frozenset()
    kinds = {str(value_at(obj, "spec", "type"))} & {"LoadBalancer", "NodePort"}
    addresses = value_at(obj, "spec", "externalIPs")
    return frozenset(kinds | {f"externalIPs {each}" for each in (addresses if isinstance(addresses, list) else ())})


def openings_of(obj: Object | None) -> frozenset[str]:
    """What else an object opens, each as a sentence; nothing for most kinds."""
    return frozenset() if obj is None else frozenset(_openings(obj))


def _openings(obj: Object) -> Iterator[str]:
    group, kind, name = group_of(obj), obj.get("kind"), value_at(dict(obj), "metadata", "name")
    if (group, kind) == ("", "Service") and value_at(obj, "spec", "type") == "ExternalName":
        yield f"what calls it reaches `{value_at(obj, 'spec', 'externalName')}` (ExternalName)"
    elif (group, kind) == ("", "Endpoints"):
        yield _led(name, [each for subset in maps(obj.get("subsets")) for each in _ips(subset)])
    elif (group, kind) == ("discovery.k8s.io", "EndpointSlice"):
        service = value_at(obj, "metadata", "labels", _SERVICE)
        addresses = [each for end in maps(obj.get("endpoints")) for each in _texts(end.get("addresses"))]
        yield from [_led(service, addresses)] if service else ()
    elif (group, kind) == ("", "Secret") and obj.get("type") == "kubernetes.io/service-account-token":
        account = value_at(obj, "metadata", "annotations", _ACCOUNT)
        yield f"it is filled with a token of ServiceAccount `{account}` that does not expire"
    elif (group, kind) == ("gateway.networking.k8s.io", "ReferenceGrant"):
        kinds = ", ".join(sorted({str(each.get("kind")) for each in maps(value_at(obj, "spec", "to"))}))
        for each in maps(value_at(obj, "spec", "from")):
            yield f"{each.get('kind')}s of namespace `{each.get('namespace')}` may use what is here ({kinds})"
    space = value_at(obj, "metadata", "namespace")
    if group == "" and space in _SYSTEM and any(map(obj.get, DATA)):
        yield f"it stands in namespace `{space}`, where the cluster's own parts find their settings"


def _led(service: Any, addresses: list[str]) -> str:
    """Kubernetes documentation, "Services without selectors": who writes the addresses says where calls go."""
    told = ", ".join(f"`{each}`" for each in addresses[:_NAMED]) + (" and more" if len(addresses) > _NAMED else "")
    return f"what calls Service `{service}` reaches {told or 'no address'}"


def _ips(subset: Object) -> Iterator[str]:
    return (str(each.get("ip")) for each in maps(subset.get("addresses")))


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
