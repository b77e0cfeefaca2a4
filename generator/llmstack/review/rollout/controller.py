"""What the Deployment controller wants next, as a function of replica counts.

After pkg/controller/deployment/{rolling,sync}.go of Kubernetes 1.36: first `scale` (a change of replicas
reaches the active ReplicaSet before anything else), then, until nothing changes, the new ReplicaSet is
scaled up within maxSurge, and the old ones down: replicas that are not available first, then available
ones within maxUnavailable. Pods that a StatefulSet makes in order end in order too: one at a time, the last one first,
each once the one before it is gone, and before any is replaced (pkg/controller/statefulset/stateful_set_control.go,
`processCondemned`; "scaling will take precedence over updates").
"""

from __future__ import annotations

from typing import NamedTuple

from llmstack.review.rollout.workload import Workload


class Counts(NamedTuple):
    """Replicas of both revisions, terminating ones left out; `up` are available, `down` are not (yet)."""

    old_up: int
    old_down: int
    new_up: int
    new_down: int

    @property
    def total(self) -> int:
        return self.old_up + self.old_down + self.new_up + self.new_down


def begin(workload: Workload, up: int) -> Counts:
    """Return the counts right after the change is applied, when `up` of the replicas were available
    before.

    What a scaler takes over falls to 1 and is raised again, at the new revision where the template changes too: the
    controller replaces at once what it may of the one that is left, before a scaler has looked. Replicas and template
    changed together: the old template is scaled first. Workloads with ordinals grow at the new revision.
    """
    before, after = workload.before, workload.after
    up = min(up, before)
    if workload.move == "new" or before == 0 or (workload.in_part and after):
        return Counts(0, 0, 0, _made(workload, 0, after))
    if workload.move == "remove":
        return Counts(0, 0, 0, 0)
    if workload.ordered and workload.in_place and after < before and workload.falls_to is None:
        return Counts(0, 0, up, before - up) if workload.move == "scale" else Counts(up, before - up, 0, 0)
    kept = min(up, after) if workload.falls_to is None else min(up, after, workload.falls_to)
    if workload.move == "scale":
        return Counts(0, 0, kept, _made(workload, min(before, after) - kept, after - kept))
    if workload.falls_to is not None:
        left = max(0, kept - workload.falls_by)
        return Counts(left, 0, 0, after - left)
    if workload.in_place and after > before:
        return Counts(up, before - up, 0, 0 if workload.ordered and up < before else _made(workload, 0, after - before))
    return Counts(kept, after - kept, 0, 0)


def _made(workload: Workload, there: int, wanted: int) -> int:
    """How many of the pods that are `wanted` and not ready there are at first, so many `there` already: of those that
    are made in order one at a time (`monotonic`, pkg/controller/statefulset/stateful_set_control.go)."""
    return min(wanted, max(there, 1)) if workload.ordered else wanted


def settle(workload: Workload, counts: Counts, terminating: int = 0) -> Counts:
    """Return what the controller makes of `counts` by itself; new replicas are `new_down`.

    `terminating` old replicas delay the new ones where all are recreated, or in place, and the end of the next one
    where pods end in order.
    """
    if _ends_in_order(workload, counts):
        return counts if terminating else _less_one(counts)
    if workload.move != "restart":
        return _next_in_order(workload, counts)
    if workload.ordered and workload.in_place and terminating:
        return counts
    if workload.recreate:
        missing = workload.after - counts.new_up - counts.new_down
        wait = counts.old_up or counts.old_down or terminating
        return Counts(0, 0, counts.new_up, counts.new_down + (0 if wait else missing))
    old = counts.old_up + counts.old_down
    while True:
        deleted = terminating + old - counts.old_up - counts.old_down
        step = _scale_up(workload, counts, deleted if workload.in_place else 0)
        if step == counts:
            step = _scale_down(workload, counts)
        if step == counts:
            return counts
        counts = step


def _next_in_order(workload: Workload, counts: Counts) -> Counts:
    """What is made next where pods are made one at a time, and none but pods of `counts` comes or goes."""
    more = workload.ordered and counts.new_down == 0 and counts.new_up < workload.after
    return counts._replace(new_down=1) if more else counts


def _ends_in_order(workload: Workload, counts: Counts) -> bool:
    """Whether pods are left that end one at a time; those of other ordinals once all of the new ones are ready."""
    surplus = counts.total > workload.after
    return workload.ordered and surplus and (workload.in_place or counts.new_up == workload.after)


def _less_one(counts: Counts) -> Counts:
    """The counts without one pod: of those that are not ready, where there are such."""
    for field in ("old_down", "new_down", "old_up", "new_up"):
        if getattr(counts, field):
            return counts._replace(**{field: getattr(counts, field) - 1})
    return counts


def settle_at_once(workload: Workload, counts: Counts) -> Counts:
    """Return where the controller ends when terminated pods are gone at once and none becomes ready."""
    while (settled := settle(workload, counts)) != counts:
        counts = settled
    return counts


def _scale_up(workload: Workload, counts: Counts, terminating: int) -> Counts:
    room = workload.after + workload.surge - counts.total - terminating
    wanted = workload.after - counts.new_up - counts.new_down
    if workload.ordered:
        wanted = min(wanted, 0 if counts.new_down or counts.old_down else 1)
    return counts._replace(new_down=counts.new_down + max(0, min(room, wanted)))


def _scale_down(workload: Workload, counts: Counts) -> Counts:
    if workload.ordered and counts.new_up + (counts.old_up if workload.in_place else 0) < workload.after:
        return counts  # none is replaced, and none of other ordinals ends, before all that are to be there are ready
    least = workload.after - workload.unavailable
    old_up, old_down, new_up, new_down = counts
    allowed = counts.total - least - new_down
    if allowed <= 0 or old_up + old_down == 0:
        return counts
    available = old_up + new_up
    old_down -= min(allowed, old_down)
    down = max(0, min(old_up + old_down, available - least))
    unready = min(down, old_down)
    return Counts(old_up - (down - unready), old_down - unready, new_up, new_down)
