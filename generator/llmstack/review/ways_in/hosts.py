"""Hosts and paths by which requests come in from outside: rules of Ingresses and HTTPRoutes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, value_at
from llmstack.kubernetes.quantities import whole

ANY_HOST = "*"

Gateways = Mapping[Identity, Object | None]
Grant = tuple[str, str, str]
"""The namespace of HTTPRoutes, that of the Services that they may lead to, and the one Service's name; empty for all of
them."""
Grants = tuple[frozenset[Grant], frozenset[Grant]]
"""What was granted before the change, and what is after it."""
_EXACT = "Exact"


class Rule(Struct, frozen=True):
    """One host and path, and what answers there before any Service does."""

    host: str
    path: str
    exact: bool
    via: frozenset[str]
    """What takes the requests in: the class of an Ingress, the Gateways of a route."""
    secure: bool
    """Whether a certificate of its own is named for the host."""
    closed: str | None = None
    """Why nothing comes in, where that can be told without the Service."""
    asks: str = ""
    """What else it asks of a request (headers, method, parameters), as text to compare; empty for nothing."""
    deep: bool = False
    """Whether a wildcard of its host stands for any number of labels (a route), and not for one (an Ingress)."""
    share: str = ""
    """The part of its requests that this backend gets, by weight (`10 of 100`); empty for all or none."""

    def covers(self, other: Rule) -> bool:
        """Whether all requests for another rule's host and path come here too."""
        return self.asks in ("", other.asks) and self.is_at(other)

    def is_at(self, other: Rule) -> bool:
        """Whether it is for the host and path of another rule, whatever else it asks."""
        return _host_covers(self.host, other.host, deep=self.deep) and self._path_covers(other)

    def _path_covers(self, other: Rule) -> bool:
        if self.exact:
            return other.exact and self.path == other.path
        prefix = self.path.rstrip("/")
        return other.path.rstrip("/") == prefix or other.path.startswith(f"{prefix}/")


def _host_covers(one: str, other: str, *, deep: bool = False) -> bool:
    """A wildcard stands for one label of an Ingress's host (kubernetes.io, "Ingress", hostname wildcards), for any
    number of them in a Gateway's or route's (Gateway API, "Hostname": a suffix match)."""
    if one in (ANY_HOST, other):
        return True
    if not one.startswith("*."):
        return False
    return other.endswith(one[1:]) if deep else other.partition(".")[2] == one[2:]


def ingress_rules(obj: Object) -> Iterator[tuple[Rule, Mapping[str, Any]]]:
    """Yield the rules of an Ingress, each with its backend (Kubernetes documentation, "Ingress")."""
    spec = obj.get("spec") or {}
    name = spec.get("ingressClassName") or value_at(obj, "metadata", "annotations", "kubernetes.io/ingress.class")
    via = frozenset((f"Ingress class `{name}`",) if name else ())
    secured = {str(host) for each in maps(spec.get("tls")) for host in each.get("hosts") or (ANY_HOST,)}
    rules = list(maps(spec.get("rules")))
    if backend := spec.get("defaultBackend"):
        rules.append({"http": {"paths": [{"backend": backend}]}})
    for rule in rules:
        host = str(rule.get("host") or ANY_HOST)
        secure = any(_host_covers(each, host) for each in secured)
        for path in maps(value_at(rule, "http", "paths")):
            exact = path.get("pathType") == _EXACT
            yield Rule(host, str(path.get("path") or "/"), exact, via, secure), path.get("backend") or {}


def route_rules(
    obj: Object, gateways: Gateways, grants: Grants = (frozenset(), frozenset())
) -> Iterator[tuple[Rule, Object]]:
    """Yield the rules of an HTTPRoute, each with a backend (Gateway API, "HTTPRoute").

    `gateways` are those among the objects, and None for one that is gone; `grants` what routes were granted, and are.
    """
    spec = obj.get("spec") or {}
    for host in spec.get("hostnames") or (ANY_HOST,):
        via, closed = _attached(obj, str(host), gateways)
        for rule in maps(spec.get("rules")):
            for match in list(maps(rule.get("matches"))) or [{}]:
                for backend, share in _shares(list(maps(rule.get("backendRefs")))):
                    found = _rule_of(str(host), match, via, closed or _why_unused(obj, backend, grants))
                    yield replace(found, share=share), backend


def _shares(backends: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The backends of a rule, each with its part of the requests (Gateway API, BackendRef, weight: 1 where none)."""
    weights = [whole(each.get("weight"), 1) for each in backends]
    total = sum(weights)
    for backend, weight in zip(backends, weights, strict=True):
        yield backend, f"{weight} of {total}" if 0 < weight < total else ""


def _rule_of(host: str, match: Mapping[str, Any], via: frozenset[str], closed: str | None) -> Rule:
    path = match.get("path") or {}
    rest = {key: value for key, value in match.items() if key != "path" and value}
    asks = json.dumps(rest, sort_keys=True, default=str) if rest else ""
    return Rule(host, str(path.get("value") or "/"), path.get("type") == _EXACT, via, False, closed, asks, deep=True)


def _why_unused(route: Object, backend: Mapping[str, Any], grants: Grants) -> str | None:
    """Why a backend gets no requests: by its weight (1 where it has none), or as it is another namespace's and no
    ReferenceGrant of that allows it any more."""
    if backend.get("weight") == 0:
        return f"it sends none to Service `{backend.get('name')}` (`weight: 0`)"
    own = identity_of(route)[1]
    there = str(backend.get("namespace") or own)
    asked = {(own, there, ""), (own, there, str(backend.get("name")))}
    if there != own and asked & grants[0] and not asked & grants[1]:
        return f"no ReferenceGrant of namespace `{there}` lets it lead there any more"
    return None


def grants_of(objects: Iterable[Object]) -> frozenset[Grant]:
    """What ReferenceGrants let HTTPRoutes lead to Services of their namespace (Gateway API, "ReferenceGrant")."""
    return frozenset(
        (str(entry.get("namespace")), identity_of(obj)[1], str(to.get("name") or ""))
        for obj in objects
        if obj.get("kind") == "ReferenceGrant"
        for to in maps(value_at(obj, "spec", "to"))
        if to.get("kind") == "Service"
        for entry in maps(value_at(obj, "spec", "from"))
        if entry.get("kind") == "HTTPRoute"
    )


def _attached(route: Object, host: str, gateways: Gateways) -> tuple[frozenset[str], str | None]:
    """By which Gateways a route's host is reached, with their ports where these are known; or why by none."""
    via, refused = [], []
    for parent in maps(value_at(route, "spec", "parentRefs")):
        namespace = str(parent.get("namespace") or identity_of(route)[1])
        name = str(parent.get("name"))
        key = "Gateway", namespace, name
        if key not in gateways or parent.get("kind", "Gateway") != "Gateway":
            via.append(f"Gateway `{name}`")
            continue
        gateway = gateways[key]
        if gateway is None:
            refused.append(f"Gateway `{name}` is gone")
            continue
        ports = sorted(_ports_for(gateway, host, parent))
        via += [f"port {port} of Gateway `{name}`" for port in ports]
        if not ports:
            refused.append(f"no listener of Gateway `{name}` takes it")
    return frozenset(via), (refused or ["it names no Gateway"])[0] if not via else None


def _ports_for(gateway: Object, host: str, parent: Mapping[str, Any]) -> Iterator[int]:
    for listener in maps(value_at(gateway, "spec", "listeners")):
        wanted = str(listener.get("hostname") or ANY_HOST)
        takes = _host_covers(wanted, host, deep=True) or _host_covers(host, wanted, deep=True)
        section, port = parent.get("sectionName"), parent.get("port")
        if takes and section in (None, listener.get("name")) and port in (None, listener.get("port")):
            yield int(listener.get("port") or 0)


def gateways_of(objects: Iterable[Object]) -> dict[Identity, Object]:
    """The Gateways among the objects."""
    return {identity_of(obj): obj for obj in objects if obj.get("kind") == "Gateway"}
