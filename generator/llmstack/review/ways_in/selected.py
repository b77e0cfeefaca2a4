"""Services in front of engines whose selector, or whose pods' labels, change: what they lead to from then on.

A Service sends each request to any of the pods that it selects, whatever they serve (kubernetes.io, "Service"). Those
without a cluster IP are asked for names and addresses, by scrapers most of all, and send nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.kubernetes.pods import Object
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import Side, answers, ports_of, station_of
from llmstack.review.ways_in.way import CALLERS, Station
from llmstack.review.wording import enumerated

Pods = Mapping[str, Backend]
"""Those that a Service leads to, by workload."""


def other_pods(then: Side, now: Side) -> Iterator[Break]:
    """Yield the Services that led to the engines of one model, or to routers alone, and lead to those of several, of
    another one, or to none, from now on; what lost its pods with their workloads is told as removed."""
    there = {backend.key for backend in now.backends}
    fronts = {backend.key for backend in then.front}
    for key, service in then.services.items():
        after = now.services.get(key)
        was = _led_to(service, then)
        if after is None or not was or (after.get("spec") or {}).get("clusterIP") == "None":
            continue
        leads = _led_to(after, now)
        if not now.selected(after) and was.keys() & there and not was.keys() & fronts:
            yield _empty(after, list(was.values()))
        elif len(_kinds(was)) == 1 and len(_kinds(leads)) > 1:
            yield _mixed(after, leads)
        elif leads and not was.keys() & leads.keys() and was.keys() & there and not _kinds(was) & _kinds(leads):
            yield _others(after, list(was.values()), list(leads.values()))


def _led_to(service: Object, side: Side) -> Pods:
    ports = ports_of(service)
    chosen = side.selected(service)
    return {each.key: each for each in chosen if any(answers(port, each) for port in ports)}


def _kinds(pods: Pods) -> set[tuple[bool, tuple[str, ...]]]:
    """What requests find behind a Service: routers, or the ids that engines serve."""
    return {(each.is_router, () if each.is_router else each.served or (each.key,)) for each in pods.values()}


def _empty(service: Object, was: list[Backend]) -> Break:
    name = service["metadata"]["name"]
    message = f"the Service selects no pod any more, and led to {_names(was)}: whoever calls it gets no answer"
    way = CALLERS, Station("Service", name), station_of(was[0])
    return Break(f"Service/{name}", message, "Let the selector fit the labels of the pods.", stations=way, broken=1)


def _mixed(service: Object, leads: Pods) -> Break:
    name = service["metadata"]["name"]
    message = (
        f"the Service leads to {_names(list(leads.values()))} from now on: each request goes to any of them, and who "
        "does not serve its model answers 404"
    )
    advice = "Let the selector fit the pods of one model, and leave the choice to the router."
    return Break(f"Service/{name}", message, advice, milder=True, path="spec.selector")


def _others(service: Object, was: list[Backend], leads: list[Backend]) -> Break:
    name = service["metadata"]["name"]
    message = (
        f"the Service leads to {_names(leads)} from now on, no longer to {_names(was)}: what that served is not there"
    )
    way = CALLERS, Station("Service", name), station_of(was[0])
    advice = "Let callers know, or give the other pods a Service of their own."
    return Break(f"Service/{name}", message, advice, path="spec.selector", stations=way, broken=1)


def _names(pods: list[Backend]) -> str:
    return enumerated(
        sorted({f"`{each.model}`" if each.model and not each.is_router else "the router" for each in pods})
    )
