"""Models that are scaled to zero and that nothing can wake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmstack.kubernetes.keda import never_wakes
from llmstack.kubernetes.pods import Object
from llmstack.review.ways_in.backends import identity_of
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.way import Station


def sleeping(before: Iterable[Object], after: Iterable[Object]) -> Iterator[Break]:
    """Yield the ScaledObjects that can never come back from zero, and could before the change or are new."""
    slept = {identity_of(obj) for obj in before if _sleeps(obj)}
    for obj in after:
        if _sleeps(obj) and identity_of(obj) not in slept:
            target = (obj["spec"].get("scaleTargetRef") or {}) if isinstance(obj.get("spec"), dict) else {}
            key = f"{target.get('kind') or 'Deployment'}/{target.get('name')}"
            yield Break(
                key,
                "once it is at zero replicas nothing wakes it: every trigger reads what its own pods report",
                "Set `minReplicaCount: 1`, or a trigger on the router's vllm:num_incoming_requests_total.",
                stations=(Station("ScaledObject", str(obj["metadata"]["name"])), Station("engine", key)),
            )


def _sleeps(obj: Object) -> bool:
    return obj.get("kind") == "ScaledObject" and never_wakes(obj.get("spec") or {})
