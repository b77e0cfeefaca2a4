"""All ways in that a change breaks."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.kubernetes.pods import Object
from llmstack.review.rollout.times import Times
from llmstack.review.rollout.workload import Workload
from llmstack.review.ways_in.addresses import broken_addresses, changed_keys, shorter_requests
from llmstack.review.ways_in.asleep import sleeping
from llmstack.review.ways_in.backends import read_backends
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import read_side
from llmstack.review.ways_in.needs import missing_needs
from llmstack.review.ways_in.served import broken_models


def find_breaks(
    before: Sequence[Object], after: Sequence[Object], workloads: Sequence[Workload], times: Times
) -> tuple[Break, ...]:
    """Return every edge that is gone for a while or for good; `before` and `after` are all objects of the sides."""
    old, new = read_backends(before), read_backends(after)
    side = read_side(after, new.values())
    return (
        *broken_addresses(before, after, old.values(), new.values()),
        *changed_keys(old, new, side),
        *shorter_requests(old, new),
        *broken_models(old, new, workloads, times),
        *missing_needs(before, after),
        *sleeping(before, after),
    )
