"""What an object decides for more than its own namespace, or for who calls: who issues certificates, who serves volumes
and routes, which pods a network lets through, whom a mesh believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object, maps, texts, value_at
from llmstack.kubernetes.storage import is_default_class

_DEFAULT_INGRESS = "ingressclass.kubernetes.io/is-default-class"
_CLUSTER_WIDE = "sealedsecrets.bitnami.com/cluster-wide"
_MESH = "mesh"
"""The gateway of calls between pods, which a VirtualService that names none is for."""
_OPEN_MODES = frozenset(("DISABLE", "PERMISSIVE"))


def said_of_shared(obj: Object) -> Iterator[str]:
    """Yield what an object decides for others, each as a sentence; nothing for most kinds."""
    told = _BY_KIND.get((group_of(obj), str(obj.get("kind"))))
    return iter(()) if told is None else told(obj)


def _of_driver(driver: Object) -> Iterator[str]:
    """k8s.io/api/storage/v1, `CSIDriverSpec.tokenRequests`."""
    for each in maps(value_at(driver, "spec", "tokenRequests")):
        audience = each.get("audience") or "the API server"
        yield f"the driver gets a token for `{audience}` of the account of every pod that mounts its volumes"


def _of_storage_class(item: Object) -> Iterator[str]:
    if is_default_class(item):
        yield f"`{item.get('provisioner')}` makes the volumes of every claim that names no class"


def _of_ingress_class(item: Object) -> Iterator[str]:
    if value_at(item, "metadata", "annotations", _DEFAULT_INGRESS) == "true":
        yield f"`{value_at(item, 'spec', 'controller')}` serves every Ingress that names no class"


def _of_runtime_class(item: Object) -> Iterator[str]:
    yield f"pods of every namespace that name this class are run by `{item.get('handler')}`"


def _of_node(_: Object) -> Iterator[str]:
    yield "it says which pods of the whole cluster run on a node"


def _of_issuer(_: Object) -> Iterator[str]:
    yield "it issues certificates for every namespace"


def _of_certificate(item: Object) -> Iterator[str]:
    """cert-manager.io, "Certificate resource", `isCA`."""
    if value_at(item, "spec", "isCA") is True:
        yield "it asks for a certificate that signs others (`isCA`)"


def _of_trust(_: Object) -> Iterator[str]:
    yield "pods of every namespace that mount it believe whom its certificates name"


def _of_sealed(item: Object) -> Iterator[str]:
    """sealed-secrets, README, "Scopes"."""
    if value_at(item, "metadata", "annotations", _CLUSTER_WIDE) == "true":
        yield f"who may make objects in any namespace may have it decrypted there (`{_CLUSTER_WIDE}`)"


def _of_network(_: Object) -> Iterator[str]:
    yield "it decides which calls pass for pods of every namespace"


def _of_peers(item: Object) -> Iterator[str]:
    mode = value_at(item, "spec", "mtls", "mode")
    if mode in _OPEN_MODES:
        yield f"pods of the mesh answer callers that do not say who they are (`mtls.mode: {mode}`)"


def _of_tokens(item: Object) -> Iterator[str]:
    for rule in maps(value_at(item, "spec", "jwtRules")):
        yield f"the mesh believes what tokens of `{rule.get('issuer')}` say of callers"


def _of_calls(item: Object) -> Iterator[str]:
    """Istio, "Virtual Service": a short name is a Service of the object's own namespace."""
    space = value_at(item, "metadata", "namespace")
    gateways = texts(value_at(item, "spec", "gateways"))
    hosts = texts(value_at(item, "spec", "hosts"))
    if gateways and _MESH not in gateways:
        return
    for host in hosts:
        if not _is_own(host, space):
            yield f"calls of the mesh to `{host}` go where it says"
    for kind in ("http", "tls", "tcp"):
        for rule in maps(value_at(item, "spec", kind)):
            for route in maps(rule.get("route")):
                target = value_at(route, "destination", "host")
                if isinstance(target, str) and not _is_own(target, space):
                    yield f"calls of the mesh to {', '.join(f'`{host}`' for host in hosts)} go to `{target}`"


def _is_own(host: str, space: object) -> bool:
    """Whether a host is a Service of a namespace."""
    _, dot, rest = host.partition(".")
    return "*" not in host and (not dot or (space is not None and f"{rest}.".startswith(f"{space}.")))


_BY_KIND: Mapping[tuple[str, str], Callable[[Object], Iterator[str]]] = {
    ("", "Node"): _of_node,
    ("storage.k8s.io", "CSIDriver"): _of_driver,
    ("storage.k8s.io", "StorageClass"): _of_storage_class,
    ("networking.k8s.io", "IngressClass"): _of_ingress_class,
    ("node.k8s.io", "RuntimeClass"): _of_runtime_class,
    ("certificates.k8s.io", "ClusterTrustBundle"): _of_trust,
    ("cert-manager.io", "ClusterIssuer"): _of_issuer,
    ("cert-manager.io", "Certificate"): _of_certificate,
    ("bitnami.com", "SealedSecret"): _of_sealed,
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): _of_network,
    ("crd.projectcalico.org", "GlobalNetworkPolicy"): _of_network,
    ("projectcalico.org", "GlobalNetworkPolicy"): _of_network,
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): _of_network,
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): _of_network,
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): _of_network,
    ("security.istio.io", "PeerAuthentication"): _of_peers,
    ("security.istio.io", "RequestAuthentication"): _of_tokens,
    ("networking.istio.io", "VirtualService"): _of_calls,
}
