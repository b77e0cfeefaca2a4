"""GPUs that pods claim by dynamic resource allocation, and that no declared pool counts."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.devices import devices_of, told_class
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.rollout.template import claims_uncounted


def find(case: Case) -> Iterator[Obstacle]:
    """Said where the pods that change claim devices of which the size of the pool is not known."""
    if not (case.makes_beside or case.is_restart) or not claims_uncounted(case.obj, case.scene.facts):
        return
    asked = devices_of(case.pod, case.workload.namespace, case.scene.facts.device_claims)
    classes = ", ".join(map(told_class, asked or ()))
    why = f"no pool counts {classes}" if classes else "how many is not stated here"
    message = f"the pods claim devices (DRA), and {why}: whether enough are free cannot be judged"
    advice = (
        "Let `llmstack learn cluster` read ResourceSlices and DeviceClasses too, or declare the pool "
        "in gitops.capacity with its `deviceClass`."
    )
    yield Obstacle(message, advice, "unknown", likely=False)
