"""Models that are scaled to zero, and what can wake them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.kubernetes.keda import why_asleep
from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.replicas import fewest_scaled, most_scaled, replicas_of, targets_of_scalers
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.way import Station


def sleeping(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Break]:
    """Yield the ScaledObjects that can never come back from zero, and could before the change or are new."""
    slept = {identity_of(obj) for obj in before if why_asleep(obj)}
    for obj in after:
        why = why_asleep(obj)
        if why is not None and identity_of(obj) not in slept:
            target = (obj["spec"].get("scaleTargetRef") or {}) if isinstance(obj.get("spec"), dict) else {}
            key = f"{target.get('kind') or 'Deployment'}/{target.get('name')}"
            yield Break(
                key,
                f"once it is at zero replicas nothing wakes it: {why}",
                "Set `minReplicaCount: 1`, or what brings it back: a trigger on the router's "
                "vllm:num_incoming_requests_total, and no pause of scaling out.",
                stations=(Station("ScaledObject", str(obj["metadata"]["name"])), Station("engine", key)),
            )


def may_sleep(before: Sequence[Object], after: Sequence[Object]) -> Iterator[Object]:
    """Yield the workloads that always had a replica, and that a scaler may take to zero from now on and bring back."""
    now, most = fewest_scaled(after), most_scaled(after)
    zero = {key for key, few in now.items() if few == 0 and most.get(key)}
    if not zero:
        return
    targets = targets_of_scalers(after)
    lost = {targets[identity_of(obj)] for obj in after if why_asleep(obj)}
    then = fewest_scaled(before)
    served: set[Identity] = {identity_of(obj) for obj in before if replicas_of(obj, then)}
    yield from (obj for obj in after if identity_of(obj) in (zero & served) - lost)
