"""All ways in that a change breaks."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.kubernetes.pods import Object
from llmstack.review.rollout.times import Times
from llmstack.review.rollout.workload import Workload
from llmstack.review.ways_in.addresses import broken_addresses
from llmstack.review.ways_in.asleep import sleeping
from llmstack.review.ways_in.backends import read_backends
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.callers import changed_keys, other_requests, shorter_requests
from llmstack.review.ways_in.doors import read_side
from llmstack.review.ways_in.ends import read_ends
from llmstack.review.ways_in.needs import missing_keys, missing_needs
from llmstack.review.ways_in.served import broken_models


def find_breaks(
    before: Sequence[Object], after: Sequence[Object], workloads: Sequence[Workload], times: Times
) -> tuple[Break, ...]:
    """Return every edge that is gone for a while or for good; `before` and `after` are all objects of the sides."""
    old, new = read_backends(before), read_backends(after)
    then, now = read_side(before, old.values()), read_side(after, new.values())
    ends = read_ends(old, new, workloads, times)
    return (
        *broken_addresses(before, after, then, now, ends),
        *changed_keys(old, new, now),
        *shorter_requests(old, new),
        *other_requests(old, new),
        *broken_models(ends, (then.services, now.services)),
        *missing_needs(before, after),
        *missing_keys(before, after),
        *sleeping(before, after),
    )
