"""Hosts that two objects of a cluster claim: Ingresses and HTTPRoutes of all its environments.

The webhook of ingress-nginx refuses an Ingress whose host and path another one has already, in whatever namespace, save
one of them is a canary (ingress-nginx, internal/ingress/controller/controller.go, `checkOverlap`). Of two HTTPRoutes of
one Gateway that match the same requests the older one gets them (Gateway API, HTTPRouteRule, "Matches").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.review.ways_in.breaks import Break

_CLASS, _CANARY = "kubernetes.io/ingress.class", "nginx.ingress.kubernetes.io/canary"


class Claim(Struct, frozen=True):
    """One host and path that an object claims for its backend."""

    kind: str
    namespace: str
    name: str
    environment: str
    address: str
    """`llm.example.com/v1`."""
    by: str
    """Whose it is to route: the class of an Ingress, the Gateways of a route with all that it matches beside the
    path."""

    @property
    def subject(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def owner(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name

    @property
    def claimed(self) -> tuple[str, str, str]:
        """What two objects cannot both have."""
        return self.kind, self.address, self.by


def read_claims(objects: Iterable[Object], environment: str) -> Iterator[Claim]:
    """Yield what the Ingresses and HTTPRoutes of an environment claim."""
    for obj in objects:
        if obj.get("kind") == "Ingress":
            yield from _ingress(obj, environment)
        elif obj.get("kind") == "HTTPRoute":
            yield from _route(obj, environment)


def shared_hosts(
    before: Iterable[Object], after: Iterable[Object], environment: str, others: Iterable[Claim]
) -> Iterator[Break]:
    """Yield the hosts that a change brings to an environment while another object of the cluster has them: one break
    for each object."""
    had = {(claim.owner, claim.address, claim.by) for claim in read_claims(before, environment)}
    own = list(read_claims(after, environment))
    claimed = _by_what_is_claimed((*others, *own))
    told: set[tuple[str, str, str]] = set()
    for claim in own:
        if (claim.owner, claim.address, claim.by) in had or claim.owner in told:
            continue
        rival = next((each for each in claimed[claim.claimed].values() if each.owner != claim.owner), None)
        if rival is not None:
            told.add(claim.owner)
            yield Break(claim.subject, _message(claim, rival), "Give each of them a host or a path of its own.")


def passed_on(breaks: Iterable[Break], claims: Iterable[Claim]) -> Iterator[Break]:
    """Yield the breaks, those of a host that other environments of the cluster claim (`claims`) as what they are: its
    callers come to these."""
    taken = {claim.address: claim for claim in claims}
    for each in breaks:
        station = each.stations[0] if each.stations else None
        claim = taken.get(station.name) if station is not None and station.kind == "host" else None
        if claim is None or each.lasts is not None or each.milder:
            yield each
            continue
        now = f"{claim.subject} of `{claim.environment}` (namespace `{claim.namespace}`)"
        message = f"whoever calls `{claim.address}` comes to {now} from now on, and no longer here"
        advice = f"See that `{claim.environment}` serves what its callers ask for."
        yield replace(each, message=message, advice=advice, milder=True)


def _by_what_is_claimed(claims: Iterable[Claim]) -> dict[tuple[str, str, str], dict[tuple[str, str, str], Claim]]:
    """For each thing that is claimed the first claim of each of its owners, in their order."""
    found: dict[tuple[str, str, str], dict[tuple[str, str, str], Claim]] = {}
    for claim in claims:
        found.setdefault(claim.claimed, {}).setdefault(claim.owner, claim)
    return found


def _message(claim: Claim, rival: Claim) -> str:
    of = f" of `{rival.environment}`" if rival.environment != claim.environment else ""
    there = f"`{claim.address}` is {rival.subject}'s{of} already (namespace `{rival.namespace}`)"
    if claim.kind == "HTTPRoute":
        return f"{there}: the older of the two routes gets all callers"
    return (
        f"{there}: ingress-nginx refuses this one, and with it all of its unit; others lead callers to one of the two"
    )


def _ingress(obj: Object, environment: str) -> Iterator[Claim]:
    metadata, spec = mapping(obj.get("metadata")), mapping(obj.get("spec"))
    annotations = mapping(metadata.get("annotations"))
    if str(annotations.get(_CANARY, "")).lower() == "true":
        return
    by = str(spec.get("ingressClassName") or annotations.get(_CLASS) or "")
    for rule in map(mapping, sequence(spec.get("rules"))):
        for path in map(mapping, sequence(mapping(rule.get("http")).get("paths"))):
            address = f"{rule.get('host') or '*'}{path.get('path') or '/'}"
            yield _claim(obj, environment, address, by)


def _route(obj: Object, environment: str) -> Iterator[Claim]:
    spec = mapping(obj.get("spec"))
    namespace = mapping(obj.get("metadata")).get("namespace")
    gateways = [{"namespace": namespace, **mapping(each)} for each in sequence(spec.get("parentRefs"))]
    for rule in map(mapping, sequence(spec.get("rules"))):
        for match in map(mapping, sequence(rule.get("matches")) or [{}]):
            path = mapping(match.get("path"))
            rest = {key: value for key, value in match.items() if key != "path"}
            by = json.dumps([gateways, path.get("type") or "PathPrefix", rest], sort_keys=True, default=str)
            for host in sequence(spec.get("hostnames")) or ["*"]:
                yield _claim(obj, environment, f"{host}{path.get('value') or '/'}", by)


def _claim(obj: Object, environment: str, address: str, by: str) -> Claim:
    metadata = mapping(obj.get("metadata"))
    namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name"))
    return Claim(str(obj.get("kind")), namespace, name, environment, address, by)
