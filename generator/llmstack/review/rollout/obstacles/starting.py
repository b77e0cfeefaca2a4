"""What pods begin to depend on before they serve, and that nobody here decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import containers, maps
from llmstack.kubernetes.probes import start_up_bounds
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.wording import say_exactly


def find(case: Case) -> Iterator[Obstacle]:
    """Conditions of somebody else, less time to load, and the user of an image; what was so before runs."""
    if not (case.makes_beside or case.is_restart):
        return
    yield from _gated(case)
    yield from _ended_by_liveness(case)
    yield from _never_pulled(case)
    if _needs_user(case.pod) and not _needs_user(case.pod_before):
        message = (
            "the pods run as anybody but root, and no `runAsUser` says as whom: an image whose own user is root, as "
            "vllm/vllm-openai's (vllm-project/vllm#40275), is not started (CreateContainerConfigError)"
        )
        yield Obstacle(message, "Set `runAsUser` to a user that the image has.", "unknown")


def _gated(case: Case) -> Iterator[Obstacle]:
    """Readiness gates that the pods before did not have (Kubernetes documentation, "Pod Lifecycle", pod readiness)."""
    before, after = (
        [str(each.get("conditionType")) for each in maps(pod.get("readinessGates"))]
        for pod in (case.pod_before, case.pod)
    )
    new = [each for each in after if each not in before]
    if new:
        names = ", ".join(f"`{each}`" for each in new)
        message = f"the pods are ready only once somebody sets their condition {names} (`readinessGates`)"
        yield Obstacle(message, "See that a controller of the cluster sets it.", "unknown")


def _never_pulled(case: Case) -> Iterator[Obstacle]:
    """Images that no kubelet pulls, and that the pods before had not, or pulled (kubernetes.io, "Images")."""
    before, after = (
        {str(each.get("image")) for _, _, each in containers(dict(pod)) if each.get("imagePullPolicy") == "Never"}
        for pod in (case.pod_before, case.pod)
    )
    for image in sorted(after - before):
        message = f"`{image}` is never pulled: a node that does not have it starts no pod (ErrImageNeverPull)"
        yield Obstacle(message, "See that every node has it, or set `imagePullPolicy: IfNotPresent`.", "unknown")


def _ended_by_liveness(case: Case) -> Iterator[Obstacle]:
    """A liveness probe that ends what loads, since no start-up probe holds it back, and earlier than before."""
    new = case.workload.new
    allowed, was = start_up_bounds(case.pod)[1], start_up_bounds(case.pod_before)[1]
    if new is None or new.load is not None or allowed is None or _has_startup(case.pod):
        return
    if case.was is None or was is None or allowed < was:
        message = (
            f"no start-up probe holds the liveness probe back, which ends a container after {say_exactly(allowed)}: "
            "one that loads for longer, and how long it does is not known, is ended while it loads, again and again"
        )
        yield Obstacle(message, "Give it a start-up probe, or state its load time.", "unknown")


def _has_startup(pod: Mapping[str, Any]) -> bool:
    return any(container.get("startupProbe") for container in maps(pod.get("containers")))


def _needs_user(pod: Mapping[str, Any]) -> bool:
    """Whether a container must not run as root, and takes the user of its image (Kubernetes documentation, "Configure a
    Security Context": a container's settings win over its pod's)."""
    whole = pod.get("securityContext") or {}
    for _, _, container in containers(dict(pod)):
        context = {**whole, **(container.get("securityContext") or {})}
        if context.get("runAsNonRoot") is True and context.get("runAsUser") is None:
            return True
    return False
