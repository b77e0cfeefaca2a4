"""How long a rollout took, where no recording shows it: from the moment when a sync tool applied it to the last pod."""

from __future__ import annotations

from datetime import timedelta

from llmstack.observed.things import Pod, Synced
from llmstack.verify.course import Course

AT_ONCE = timedelta(seconds=5)
"""Between an apply and the first pod; the two state whole seconds."""
GAP = timedelta(minutes=2)
"""The longest between a pod that is ready and the next that is made, while one rollout goes on: the end of the pod that
held its GPUs. A longer one is a pod that was made anew later, and the rollout's own is gone."""


def seconds_since_applied(course: Course, owner: Synced | None) -> int | None:
    """Return the seconds from the apply to the last ready pod of after; None where history and pods do not show it."""
    pods = sorted((pod for pod in course.there() if pod.meta.name in course.new and pod.meta.created), key=_made)
    if owner is None or not pods or any(pod.ready_since is None for pod in pods):
        return None
    first = pods[0].meta.created
    assert first is not None
    applied = [moment for _, moment in owner.applied if moment <= first + AT_ONCE]
    if not applied or first - applied[-1] > GAP:
        return None
    last = applied[-1]
    for pod in pods:
        if pod.meta.created is None or pod.ready_since is None or pod.meta.created - last > GAP:
            return None
        last = max(last, pod.ready_since)
    return round((last - applied[-1]).total_seconds())


def _made(pod: Pod) -> tuple[str, str]:
    return pod.meta.created.isoformat() if pod.meta.created is not None else "", pod.meta.name
