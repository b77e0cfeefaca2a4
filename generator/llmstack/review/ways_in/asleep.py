"""Models that are scaled to zero and that nothing can wake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmstack.kubernetes.keda import why_asleep
from llmstack.kubernetes.pods import Object, identity_of
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.way import Station


def sleeping(before: Iterable[Object], after: Iterable[Object]) -> Iterator[Break]:
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
