"""Replicas that stay as they are while others of their workload change."""

from __future__ import annotations

from msgspec.structs import replace

from llmstack.kubernetes.workloads import ordinals_of, partition_of, renumbered
from llmstack.review.change import ObjectChange
from llmstack.review.restarts import is_released, why_unmoved
from llmstack.review.rollout.workload import Workload

_ORDINALS = "spec.ordinals.start"


def less_kept(change: ObjectChange, workload: Workload) -> Workload:
    """Return the workload of a change less the replicas that it leaves as they are, where it does not say them yet (as
    a Ray cluster does whose groups grow)."""
    if workload.stays:
        return workload
    return _renumbered(change, workload) if _ORDINALS in change.causes else _less_old(change, workload)


def _renumbered(change: ObjectChange, workload: Workload) -> Workload:
    """A StatefulSet whose pods go on under other ordinals: the new ones are made beside those that end."""
    ranges = ordinals_of(change.before, workload.before), ordinals_of(change.after, workload.after)
    ends, comes = renumbered(*ranges)
    moved = replace(workload, surge=comes, unavailable=0, in_place=False)
    if change.causes != (_ORDINALS,) or workload.new is None:
        return moved
    return replace(moved, before=ends, after=comes, stays=((workload.new, workload.before - ends),))


def _less_old(change: ObjectChange, workload: Workload) -> Workload:
    """The workload less the replicas that keep the old template: those below a partition, and where no running pod
    follows (`why_unapplied`), all there are. What is made then is of the new template, but for a Deployment that is
    paused and replicas below a partition (pkg/controller/deployment/sync.go, `scale`; pkg/controller/statefulset/
    stateful_set_utils.go, `newVersionedStatefulSetPod`)."""
    old, new, before, after = workload.old, change.after, workload.before, workload.after
    if old is None or new is None or not before or not after:
        return replace(workload, new=old) if workload.move == "scale" and old is not None and not after else workload
    partition, made_old = partition_of(new), 0
    kept = min(partition, before, after)
    if workload.move == "scale":
        unmoved, kept = why_unmoved(change), before
        if unmoved is None:
            return workload
        made_old = partition - before if unmoved == "partition" else 0
        if after < before or unmoved == "paused" or after - before <= made_old:
            return replace(workload, new=old)
    elif is_released(workload.causes) and change.before is not None:
        kept += max(0, min(before, after) - partition_of(change.before))
    stays = ((old, kept),) if kept else ()
    return replace(workload, before=before - kept, after=after - kept, kept=kept, stays=stays, made_old=made_old)
