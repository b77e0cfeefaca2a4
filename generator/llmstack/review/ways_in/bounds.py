"""Ways in that stay and let fewer callers through: by an Ingress's annotations, a Service's sources, a Gateway's class.

Annotations of ingress-nginx: kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations. Those of
other controllers are not read. Services: Kubernetes documentation, "Service" (loadBalancerSourceRanges) and "Service
Internal Traffic Policy".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from llmstack.kubernetes.pods import Object, identity_of, value_at
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
_OFF = frozenset(("", "false", "0"))
_ADVICE = "Let callers know, or keep what let them in."


@dataclass(frozen=True, slots=True)
class _Pair:
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
    protocol = "backend-protocol"
    if new.get(protocol, "HTTP") not in ("HTTP", "AUTO_HTTP") and old.get(protocol, "HTTP") != new[protocol]:
        message = f"it asks what is behind it by {new[protocol]}, and the router answers http: callers get 502"
        yield Break(pair.key, message, f"Remove `{_NGINX}{protocol}`.", path=_path(protocol))


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


def _gateway(pair: _Pair, doors: Sequence[Door]) -> Iterator[Break]:
    old, new = (value_at(side, "spec", "gatewayClassName") for side in (pair.old, pair.new))
    if old and new and old != new:
        message = (
            f"its class becomes `{new}` (`{old}` before): another controller opens it, at another address; until names "
            "lead there, callers get no answer"
        )
        yield Break(pair.key, message, "Open a second Gateway, and let both stand until DNS has moved.", milder=True)


_KINDS = {"Gateway": _gateway, "Ingress": _ingress, "Service": _service}
