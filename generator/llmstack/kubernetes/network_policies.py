"""Which connections NetworkPolicies allow, as a network plugin that enforces them does.

k8s.io/api/networking/v1 (`NetworkPolicySpec`) and Kubernetes documentation, "Network Policies": a pod that no policy
selects for a direction takes everything; else what any of them allows. A rule without peers is for all, one without
ports for every port.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field

from llmstack.kubernetes.answers import any_of
from llmstack.kubernetes.pods import Object, identity_of, maps, value_at
from llmstack.kubernetes.selectors import selects

Direction = Literal["Ingress", "Egress"]
Label = tuple[str, str]
_PEERS: Mapping[Direction, str] = {"Ingress": "from", "Egress": "to"}
_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace has."""


class Endpoint(Struct, frozen=True):
    """Pods at one end of a connection."""

    namespace: str
    labels: Mapping[str, str]
    named_ports: Mapping[str, int] = field(default_factory=dict)


class Policies:
    """NetworkPolicies by a label that their pods must have, so that a policy for each of many models is no square of
    comparisons."""

    def __init__(self, objects: Iterable[Object]) -> None:
        policies = [each for each in objects if each.get("kind") == "NetworkPolicy"]
        asked = [_asked_labels(each) for each in policies]
        often = Counter(label for labels in asked for label in labels)
        self._by_label: dict[tuple[str, Label | None], list[tuple[int, Object]]] = {}
        for number, (policy, labels) in enumerate(zip(policies, asked, strict=True)):
            rarest = min(labels, key=often.__getitem__, default=None)
            self._by_label.setdefault((identity_of(policy)[1], rarest), []).append((number, policy))

    def isolating(self, pods: Endpoint, direction: Direction) -> list[Object]:
        """Those that select pods for a direction, in the order in which they stand."""
        labels = (None, *(each for each in pods.labels.items() if isinstance(each[1], str)))
        near = [each for label in labels for each in self._by_label.get((pods.namespace, label), ())]
        return [
            policy
            for _, policy in sorted(near, key=lambda each: each[0])
            if direction in _types(policy) and selects(value_at(policy, "spec", "podSelector") or {}, pods.labels)
        ]


def _asked_labels(policy: Object) -> list[Label]:
    """The labels, with their values, that all pods of a policy have."""
    equal = value_at(policy, "spec", "podSelector", "matchLabels") or {}
    return [(key, value) for key, value in equal.items() if isinstance(value, str)]


def is_open(policies: Policies, pods: Endpoint, direction: Direction) -> bool:
    """Whether pods may be called by everybody, or call everybody: no policy selects them for that, or one of those that
    do has a rule for all peers and ports."""
    selecting = policies.isolating(pods, direction)
    rules = (rule for policy in selecting for rule in rules_of(policy, direction))
    return not selecting or any(not rule.get(_PEERS[direction]) and not rule.get("ports") for rule in rules)


def _types(policy: Object) -> Sequence[str]:
    """Ingress always, and Egress where there are rules for it, when a policy does not say."""
    stated = value_at(policy, "spec", "policyTypes")
    if isinstance(stated, list) and stated:
        return stated
    return ("Ingress", "Egress") if value_at(policy, "spec", "egress") else ("Ingress",)


def rules_of(policy: Object, direction: Direction) -> list[Mapping[str, Any]]:
    """The rules of a policy for one direction."""
    return list(maps(value_at(policy, "spec", direction.lower())))


def allows(
    policies: Sequence[Object],
    direction: Direction,
    own: Endpoint,
    peer: Endpoint,
    port: int,
    labels_of: Mapping[str, Mapping[str, str]],
) -> bool | None:
    """Whether policies that isolate `own` allow TCP connections with a peer at a port of the one that is called.

    `labels_of` are the labels of namespaces that are known. None where that depends on addresses, or on labels of a
    namespace that nobody states.
    """
    if not policies:
        return True
    called = own if direction == "Ingress" else peer
    return any_of(
        _is_peer(rule.get(_PEERS[direction]), own, peer, labels_of)
        for policy in policies
        for rule in rules_of(policy, direction)
        if takes_port(rule, port, called.named_ports)
    )


def takes_port(rule: Mapping[str, Any], port: int, named: Mapping[str, int]) -> bool:
    """Whether a rule is for a TCP port, given by number or by name."""
    ports = list(maps(rule.get("ports")))
    return not ports or any(_is_port(each, port, named) for each in ports)


def _is_port(stated: Mapping[str, Any], port: int, named: Mapping[str, int]) -> bool:
    if stated.get("protocol", "TCP") != "TCP":
        return False
    first = stated.get("port")
    if isinstance(first, str) and not first.isdigit():
        return named.get(first) == port
    if first is None:
        return True
    last = stated.get("endPort")
    return int(first) <= port <= int(last if last is not None else first)


def _is_peer(stated: Any, own: Endpoint, peer: Endpoint, labels_of: Mapping[str, Mapping[str, str]]) -> bool | None:
    peers = list(maps(stated))
    return any_of(_is_one(each, own, peer, labels_of) for each in peers) if peers else True


def _is_one(
    stated: Mapping[str, Any], own: Endpoint, peer: Endpoint, labels_of: Mapping[str, Mapping[str, str]]
) -> bool | None:
    if "ipBlock" in stated:
        return None  # addresses of pods are of the cluster's network
    if not selects(stated.get("podSelector") or {}, peer.labels):
        return False
    spaces = stated.get("namespaceSelector")
    if spaces is None:
        return peer.namespace == own.namespace
    known = labels_of.get(peer.namespace)
    if selects(spaces, {_NAME: peer.namespace, **(known or {})}):
        return True
    return False if known is not None or _asks_only_names(spaces) else None


def _asks_only_names(selector: Mapping[str, Any]) -> bool:
    keys = {*(selector.get("matchLabels") or {})} | {
        str(each.get("key")) for each in maps(selector.get("matchExpressions"))
    }
    return keys <= {_NAME}
