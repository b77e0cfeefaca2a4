"""What an object opens by its kind, whatever RBAC says: ways into the cluster, and around its names, namespaces and
accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.diversions import served_by
from llmstack.kubernetes.pods import Object, maps, texts, value_at
from llmstack.kubernetes.shared_kinds import said_of_shared
from llmstack.kubernetes.within import DATA

_ACCOUNT = "kubernetes.io/service-account.name"
_SERVICE = "kubernetes.io/service-name"
_SYSTEM = frozenset(("kube-system", "kube-public"))
_ROLES = ("eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id")
"""Annotations of ServiceAccounts that give their pods an account of the cloud (Amazon EKS, "IAM roles for service
accounts"; Google Kubernetes Engine, "Workload Identity Federation"; Microsoft Entra Workload ID)."""
_ASKS = ("auth-tls-secret", "auth-type", "auth-url")
"""Annotations by which ingress-nginx asks callers who they are ("Annotations")."""
_NAMED = 3
"""Addresses that are named before they are counted."""


def doors_of(obj: Object | None) -> frozenset[str]:
    """The ways in which a Service is reached from outside the cluster (kubernetes.io, "Service")."""
    if obj is None or (obj.get("apiVersion"), obj.get("kind")) != ("v1", "Service"):
        return frozenset()
    kinds = {str(value_at(obj, "spec", "type"))} & {"LoadBalancer", "NodePort"}
    addresses = value_at(obj, "spec", "externalIPs")
    return frozenset(kinds | {f"externalIPs {each}" for each in (addresses if isinstance(addresses, list) else ())})


def asks_of(obj: Object | None) -> frozenset[str]:
    """By what an Ingress asks callers who they are."""
    annotations = value_at(obj, "metadata", "annotations") if obj is not None and obj.get("kind") == "Ingress" else None
    named = annotations.items() if isinstance(annotations, dict) else ()
    return frozenset(f"`{name}: {value}`" for name, value in named if str(name).rpartition("/")[2] in _ASKS)


def sources_of(obj: Object | None) -> frozenset[str]:
    """Where what an object brings to the cluster comes from: the store of an ExternalSecret, the provider of a store,
    who serves a volume; each in words, and nothing for other kinds."""
    spec = obj.get("spec") if obj is not None else None
    if obj is None or not isinstance(spec, dict):
        return frozenset()
    if (group_of(obj), obj.get("kind")) == ("", "PersistentVolume"):
        return served_by(spec)
    if group_of(obj) != "external-secrets.io":
        return frozenset()
    parts = (*maps(spec.get("data")), *maps(spec.get("dataFrom")))
    refs = (spec.get("secretStoreRef"), *(value_at(dict(each), "sourceRef", "storeRef") for each in parts))
    stores = {f"{each.get('kind') or 'SecretStore'} `{each.get('name')}`" for each in maps(list(refs))}
    providers = spec.get("provider")
    return frozenset(stores | set(map(_told, providers.items() if isinstance(providers, dict) else ())))


def _told(provider: tuple[str, Any]) -> str:
    """A provider by its name and the texts that stand in it, its address among them."""
    name, stated = provider
    fields = stated.items() if isinstance(stated, dict) else ()
    words = sorted(f"{key}: {value}" for key, value in fields if isinstance(value, str))
    return f"`{name}` ({', '.join(words)})"


def openings_of(obj: Object | None) -> frozenset[str]:
    """What else an object opens, each as a sentence; nothing for most kinds."""
    return frozenset() if obj is None else frozenset(_openings(obj))


def _openings(obj: Object) -> Iterator[str]:
    yield from _BY_KIND.get((group_of(obj), str(obj.get("kind"))), _copies)(obj)
    yield from said_of_shared(obj)
    space = value_at(obj, "metadata", "namespace")
    if space not in _SYSTEM:
        return
    if group_of(obj) == "" and any(map(obj.get, DATA)):
        yield f"it stands in namespace `{space}`, where the cluster's own parts find their settings"
    elif (group_of(obj), obj.get("kind")) == ("coordination.k8s.io", "Lease"):
        yield f"it stands in namespace `{space}`, where the cluster's own parts agree on which of them acts"


def _of_service(service: Object) -> Iterator[str]:
    if value_at(service, "spec", "type") == "ExternalName":
        yield f"what calls it reaches `{value_at(service, 'spec', 'externalName')}` (ExternalName)"


def _of_endpoints(endpoints: Object) -> Iterator[str]:
    addresses = [each for subset in maps(endpoints.get("subsets")) for each in _ips(subset)]
    yield _led(value_at(dict(endpoints), "metadata", "name"), addresses)


def _of_slice(part: Object) -> Iterator[str]:
    service = value_at(part, "metadata", "labels", _SERVICE)
    if service:
        yield _led(service, [each for end in maps(part.get("endpoints")) for each in texts(end.get("addresses"))])


def _of_secret(secret: Object) -> Iterator[str]:
    if secret.get("type") == "kubernetes.io/service-account-token":
        account = value_at(secret, "metadata", "annotations", _ACCOUNT)
        yield f"it is filled with a token of ServiceAccount `{account}` that does not expire"


def _of_account(account: Object) -> Iterator[str]:
    roles = ((each, value_at(account, "metadata", "annotations", each)) for each in _ROLES)
    yield from (f"its pods may act as `{role}` in the cloud (`{name}`)" for name, role in roles if role)


def _of_grant(grant: Object) -> Iterator[str]:
    kinds = ", ".join(sorted({str(each.get("kind")) for each in maps(value_at(grant, "spec", "to"))}))
    for each in maps(value_at(grant, "spec", "from")):
        yield f"{each.get('kind')}s of namespace `{each.get('namespace')}` may use what is here ({kinds})"


def _of_mesh(obj: Object) -> Iterator[str]:
    """Istio's kinds put a program, or other addresses, between those who call and those who answer."""
    yield f"the mesh changes by it where calls go, or what is done with them ({obj.get('kind')})"


def _of_push(_: Object) -> Iterator[str]:
    yield "it copies Secrets to a store outside the cluster"


def _of_store(store: Object) -> Iterator[str]:
    url = value_at(store, "spec", "provider", "webhook", "url") or value_at(store, "spec", "url")
    if url:
        yield f"what secrets are is asked of `{url}` (webhook)"


def _of_many(_: Object) -> Iterator[str]:
    yield "it makes Secrets, or sends them on, in every namespace that it selects"


_BY_KIND: Mapping[tuple[str, str], Callable[[Object], Iterator[str]]] = {
    ("", "Service"): _of_service,
    ("", "Endpoints"): _of_endpoints,
    ("discovery.k8s.io", "EndpointSlice"): _of_slice,
    ("", "Secret"): _of_secret,
    ("", "ServiceAccount"): _of_account,
    ("gateway.networking.k8s.io", "ReferenceGrant"): _of_grant,
    ("networking.istio.io", "EnvoyFilter"): _of_mesh,
    ("networking.istio.io", "ServiceEntry"): _of_mesh,
    ("extensions.istio.io", "WasmPlugin"): _of_mesh,
    ("external-secrets.io", "PushSecret"): _of_push,
    ("external-secrets.io", "SecretStore"): _of_store,
    ("external-secrets.io", "ClusterSecretStore"): _of_store,
    ("generators.external-secrets.io", "Webhook"): _of_store,
    ("external-secrets.io", "ClusterExternalSecret"): _of_many,
    ("external-secrets.io", "ClusterPushSecret"): _of_many,
}
_RUN_BY_PROXY = ("-snippet", "/mirror-target")
"""Ends of names of ingress-nginx's annotations that send requests elsewhere or run what they say ("Annotations")."""


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
