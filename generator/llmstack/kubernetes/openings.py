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
    else:
        yield from _on_the_way(obj, group, str(kind))
    space = value_at(obj, "metadata", "namespace")
    if group == "" and space in _SYSTEM and any(map(obj.get, DATA)):
        yield f"it stands in namespace `{space}`, where the cluster's own parts find their settings"


_MESH = {
    "networking.istio.io": ("EnvoyFilter", "ServiceEntry"),
    "extensions.istio.io": ("WasmPlugin",),
}
"""Istio's kinds that put a program, or other addresses, between those who call and those who answer."""
_RUN_BY_PROXY = ("-snippet", "/mirror-target", "/auth-snippet")
"""Ends of names of ingress-nginx's annotations that send requests elsewhere or run what they say ("Annotations")."""


def _on_the_way(obj: Object, group: str, kind: str) -> Iterator[str]:
    """What stands between those who call and those who answer."""
    if kind in _MESH.get(group, ()):
        yield f"the mesh changes by it where calls go, or what is done with them ({kind})"
    elif kind == "PushSecret":
        yield "it copies Secrets to a store outside the cluster"
    else:
        yield from _copies(obj)


def _copies(obj: Object) -> Iterator[str]:
    """Rules of a route that send requests elsewhere too, or have its proxy run what they say."""
    annotations = value_at(obj, "metadata", "annotations")
    for name, value in annotations.items() if isinstance(annotations, dict) else ():
        if str(name).endswith(_RUN_BY_PROXY):
            yield f"its proxy does what `{name}` says: `{value}`"
    for rule in (*maps(value_at(obj, "spec", "rules")), *maps(value_at(obj, "spec", "http"))):
        targets = [
            value_at(rule, "mirror", "host"),
            *(value_at(each, "destination", "host") for each in maps(rule.get("mirrors"))),
        ]
        for each in maps(rule.get("filters")):
            targets.append(value_at(each, "requestMirror", "backendRef", "name"))
        yield from (f"copies of requests go to `{target}`" for target in targets if target)


def _led(service: Any, addresses: list[str]) -> str:
    """Kubernetes documentation, "Services without selectors": who writes the addresses says where calls go."""
    told = ", ".join(f"`{each}`" for each in addresses[:_NAMED]) + (" and more" if len(addresses) > _NAMED else "")
    return f"what calls Service `{service}` reaches {told or 'no address'}"


def _ips(subset: Object) -> Iterator[str]:
    return (str(each.get("ip")) for each in maps(subset.get("addresses")))


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
