"""Ways in that stay and let fewer callers through: by an Ingress's annotations, a Service's sources, a Gateway's class.

Annotations of ingress-nginx: kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations. Those of
other controllers are not read. Services: Kubernetes documentation, "Service" (loadBalancerSourceRanges) and "Service
Internal Traffic Policy".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from math import inf
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.durations import read_duration
from llmstack.kubernetes.pods import Object, identity_of, maps, value_at
from llmstack.kubernetes.quantities import read_whole
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import Door

_NGINX = "nginx.ingress.kubernetes.io/"
_TOLD: Mapping[str, str] = {
    "auth-tls-secret": "callers without a certificate that it trusts are refused",
    "auth-type": "callers that do not log in are answered 401",
    "auth-url": "callers that the service at `auth-url` does not let in are refused",
    "canary": "it takes only a share of the requests, beside another Ingress of the host",
    "denylist-source-range": "callers from some addresses are answered 403",
    "limit-connections": "callers with many connections are answered 503",
    "limit-rpm": "callers with many requests are answered 503",
    "limit-rps": "callers with many requests are answered 503",
    "permanent-redirect": "every request is sent elsewhere",
    "rewrite-target": "the router is asked for another path than the caller wrote",
    "temporal-redirect": "every request is sent elsewhere",
    "whitelist-source-range": "callers from other addresses are answered 403",
}
"""By annotation, what becomes of callers where it is new or says something else."""
_LOWERED: Mapping[str, tuple[int, str]] = {
    "proxy-read-timeout": (60, "answers that pause longer than that are cut"),
    "proxy-send-timeout": (60, "requests that are sent more slowly than that are cut"),
}
"""By annotation: its default in seconds, and what becomes of callers where it is less."""
_SIZE, _LARGEST = "proxy-body-size", 2**20
"""The annotation that bounds a request, and its default in bytes; 0 bounds none."""
_INSIDE = (
    "service.beta.kubernetes.io/aws-load-balancer-internal",
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
    "service.beta.kubernetes.io/aws-load-balancer-type",
    "service.beta.kubernetes.io/azure-load-balancer-internal",
    "networking.gke.io/load-balancer-type",
    "cloud.google.com/load-balancer-type",
)
"""Annotations of Services that say which load balancer a cloud makes, or whether it is for inside: another one is made
(AWS Load Balancer Controller, "Service annotations"; cloud-provider-azure; Google Kubernetes Engine, "Internal load
balancing")."""
_OFF = frozenset(("", "false", "0"))
_ADVICE = "Let callers know, or keep what let them in."


class _Pair(Struct, frozen=True):
    """An object that is there on both sides."""

    old: Object
    new: Object

    @property
    def key(self) -> str:
        kind, _, name = identity_of(self.new)
        return f"{kind}/{name}"


def fewer_callers(before: Sequence[Object], after: Sequence[Object], doors: Sequence[Door]) -> Iterator[Break]:
    """Yield what lets fewer callers in than before; `doors` are the addresses by which requests came in."""
    was = {identity_of(obj): obj for obj in before if obj.get("kind") in _KINDS}
    for obj in after:
        old = was.get(identity_of(obj))
        if old is not None and old is not obj:
            yield from _KINDS[str(obj.get("kind"))](_Pair(old, obj), doors)


def _ingress(pair: _Pair, doors: Sequence[Door]) -> Iterator[Break]:
    if not any(door.subject == pair.key for door in doors):
        return
    old, new = _annotations(pair.old), _annotations(pair.new)
    for name, said in _TOLD.items():
        if new.get(name, "") not in _OFF and new.get(name) != old.get(name):
            yield Break(pair.key, f"`{name}`: {said}", _ADVICE, milder=True, path=_path(name))
    for name, (default, said) in _LOWERED.items():
        sides = [default if (found := read_whole(each.get(name, ""))) is None else found for each in (old, new)]
        if sides[1] < sides[0]:
            message = f"`{name}` {sides[0]} → {sides[1]} seconds: {said}"
            yield Break(pair.key, message, _ADVICE, milder=True, path=_path(name))
    sizes = [_bytes(each.get(_SIZE, "")) for each in (old, new)]
    if sizes[1] < sizes[0]:
        message = f"`{_SIZE}` becomes {new.get(_SIZE, '1m')}: callers with larger requests are answered 413"
        yield Break(pair.key, message, _ADVICE, milder=True, path=_path(_SIZE))
    protocol = "backend-protocol"
    if new.get(protocol, "HTTP") not in ("HTTP", "AUTO_HTTP") and old.get(protocol, "HTTP") != new[protocol]:
        message = f"it asks what is behind it by {new[protocol]}, and the router answers http: callers get 502"
        yield Break(pair.key, message, f"Remove `{_NGINX}{protocol}`.", path=_path(protocol))


def _bytes(text: str) -> float:
    """A size as nginx reads it (`8k`, `10m`), in bytes."""
    found = re.fullmatch(r"(\d{1,15})([kKmMgG]?)", text.strip())
    if found is None:
        return _LARGEST
    return int(found[1]) * 1024 ** " kmg".index(found[2].lower() or " ") or inf


def _annotations(obj: Object) -> dict[str, str]:
    """The annotations of ingress-nginx, without its prefix."""
    found = value_at(obj, "metadata", "annotations") or {}
    return {key.removeprefix(_NGINX): str(value) for key, value in found.items() if key.startswith(_NGINX)}


def _path(name: str) -> str:
    return f"metadata.annotations[{_NGINX}{name}]"


def _service(pair: _Pair, doors: Sequence[Door]) -> Iterator[Break]:
    space, name = identity_of(pair.new)[1:]
    if not any((door.namespace, door.service) == (space, name) for door in doors):
        return
    old, new = (value_at(side, "spec") or {} for side in (pair.old, pair.new))
    if old.get("type") == new.get("type") == "LoadBalancer" and not _covers(_ranges(new), _ranges(old)):
        message = f"callers from outside {', '.join(_ranges(new))} are refused by the load balancer from now on"
        yield Break(pair.key, message, _ADVICE, milder=True, path="spec.loadBalancerSourceRanges")
    before, after = (value_at(side, "metadata", "annotations") or {} for side in (pair.old, pair.new))
    moved = next((key for key in _INSIDE if before.get(key) != after.get(key)), None)
    if old.get("type") == new.get("type") == "LoadBalancer" and moved is not None:
        message = f"`{moved}`: the cloud makes another load balancer, at another address; until names lead there, "
        advice = "Open a second Service, and let both stand until every caller has moved."
        yield Break(
            pair.key, f"{message}callers get no answer", advice, milder=True, path=f"metadata.annotations[{moved}]"
        )
    policy = "internalTrafficPolicy"
    if new.get(policy) == "Local" and old.get(policy) != "Local":
        message = "callers in the cluster reach only pods on their own node: those on a node without one get no answer"
        yield Break(pair.key, message, "Keep `internalTrafficPolicy: Cluster`.", milder=True, path=f"spec.{policy}")
    policy = "externalTrafficPolicy"
    if old.get("type") == new.get("type") == "NodePort" and new.get(policy) == "Local" and old.get(policy) != "Local":
        message = "callers from outside get an answer only from nodes that have a pod: all other nodes drop them"
        yield Break(pair.key, message, "Keep `externalTrafficPolicy: Cluster`.", milder=True, path=f"spec.{policy}")
    early = "publishNotReadyAddresses"
    if new.get(early) is True and old.get(early) is not True:
        message = "callers are sent to pods that still load, too, and some get no answer whenever one starts"
        yield Break(pair.key, message, f"Take `{early}` away.", milder=True, path=f"spec.{early}")


def _ranges(spec: Mapping[str, Any]) -> list[str]:
    return [str(each) for each in spec.get("loadBalancerSourceRanges") or ()]


def _covers(new: Sequence[str], old: Sequence[str]) -> bool:
    """Whether ranges of addresses hold all that others do; none at all means every address."""
    if not new or set(old) == set(new):
        return True
    try:
        wide, narrow = ([ip_network(each.strip(), strict=False) for each in side] for side in (new, old))
    except ValueError:
        return False
    return bool(narrow) and all(
        any(one.version == other.version and one.subnet_of(other) for other in wide)  # type: ignore[arg-type]
        for one in narrow
    )


def _route(pair: _Pair, doors: Sequence[Door]) -> Iterator[Break]:
    """Rules that end requests earlier (Gateway API, HTTPRouteTimeouts): the earliest that any of them has."""
    if not any(door.subject == pair.key for door in doors):
        return
    old, new = (_earliest(side) for side in (pair.old, pair.new))
    if new[0] < old[0]:
        message = f"`timeouts` ends requests after {new[1]}: answers that take longer in all are cut (504)"
        yield Break(pair.key, message, _ADVICE, milder=True, path="spec.rules")


def _earliest(route: Object) -> tuple[float, str]:
    """The shortest time that rules of a route allow, in seconds and as it is written; infinite without one, and for
    a zero."""
    times = [value_at(rule, "timeouts") or {} for rule in maps(value_at(route, "spec", "rules"))]
    stated = [str(each[key]) for each in times for key in ("request", "backendRequest") if each.get(key)]
    return min(((read_duration(text) or inf, text) for text in stated), default=(inf, ""))


def _gateway(pair: _Pair, doors: Sequence[Door]) -> Iterator[Break]:
    old, new = (value_at(side, "spec", "gatewayClassName") for side in (pair.old, pair.new))
    if old and new and old != new:
        message = (
            f"its class becomes `{new}` (`{old}` before): another controller opens it, at another address; until names "
            "lead there, callers get no answer"
        )
        yield Break(pair.key, message, "Open a second Gateway, and let both stand until DNS has moved.", milder=True)


_KINDS = {"Gateway": _gateway, "HTTPRoute": _route, "Ingress": _ingress, "Service": _service}
