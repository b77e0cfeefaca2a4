"""All ways in that a change breaks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from llmstack.kubernetes.pods import Identity, Object
from llmstack.review.rollout.times import Times
from llmstack.review.rollout.workload import Workload
from llmstack.review.ways_in.adapters import lost_adapters
from llmstack.review.ways_in.addresses import broken_addresses
from llmstack.review.ways_in.asleep import sleeping
from llmstack.review.ways_in.backends import Backend, Backends
from llmstack.review.ways_in.bounds import fewer_callers
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.callers import changed_keys, other_requests, shorter_requests
from llmstack.review.ways_in.doors import Door, Side, is_behind, leads_in, open_doors, read_side
from llmstack.review.ways_in.ends import read_ends
from llmstack.review.ways_in.needs import broken_needs
from llmstack.review.ways_in.policies import cut_by_policies
from llmstack.review.ways_in.selected import other_pods
from llmstack.review.ways_in.served import broken_models
from llmstack.review.ways_in.unmeasured import unmeasured, unscraped
from llmstack.review.ways_in.way import WayIn


def find_breaks(
    before: Sequence[Object],
    after: Sequence[Object],
    workloads: Sequence[Workload],
    times: Times,
    moved_from: Mapping[str, str],
    backends: Backends,
    unsure: Collection[Identity] = (),
) -> tuple[Break, ...]:
    """Return every edge that is gone for a while or for good; `before` and `after` are all objects of the sides,
    `moved_from` the former name of a model by its name of now, `unsure` the workloads whose rollout may never end."""
    old, new = backends.among(before), backends.among(after)
    then = read_side(before, old.values(), backends.beside(before))
    now = read_side(after, new.values(), backends.beside(after))
    ends = read_ends(old, new, workloads, times, unsure)
    return (
        *broken_addresses(before, after, then, now, ends),
        *other_pods(then, now),
        *fewer_callers(before, after, open_doors(before, then)),
        *changed_keys(old, new, now),
        *shorter_requests(old, new),
        *other_requests(old, new),
        *broken_models(ends, (then.services, now.services), moved_from),
        *lost_adapters(before, after, (old, new), moved_from),
        *broken_needs(before, after),
        *sleeping(before, after),
        *unmeasured(before, after, new),
        *unscraped(before, after, old, new),
        *cut_by_policies(before, after, old, new),
    )


def draw_ways(breaks: Sequence[Break], before: Sequence[Object], backends: Backends) -> tuple[WayIn, ...]:
    """Return the ways that breaks cut, each from whoever calls to what is not reached any more."""
    if not breaks:
        return ()
    pods = {backend.key: backend for backend in backends.among(before).values()}
    side = read_side(before, pods.values())
    doors = sorted(open_doors(before, side), key=lambda door: door.subject.startswith("Service/"))
    return tuple(_from_outside(each, pods, side, doors) for each in breaks if len(each.stations) > 1)


def _from_outside(each: Break, backends: Mapping[str, Backend], side: Side, doors: Sequence[Door]) -> WayIn:
    """A break's own stations, behind those that lead to the first of them."""
    pods = backends.get(each.stations[0].name)
    door = next((door for door in doors if pods is not None and is_behind(door, pods, side)), None)
    ahead = leads_in(door) if door is not None else ()
    return WayIn(each.subject, (*ahead, *each.stations), len(ahead) + each.broken, each.message, each.lasts)
