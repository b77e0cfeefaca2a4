"""What pods begin to depend on before they serve, and that nobody here decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, containers, maps, pod_templates, value_at
from llmstack.kubernetes.probes import start_up_bounds
from llmstack.kubernetes.served import environment_of, find_served
from llmstack.review.arguments import engine_flags
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.wording import say_exactly


def find(case: Case) -> Iterator[Obstacle]:
    """Conditions of somebody else, less time to load, and the user of an image; what was so before runs."""
    if not (case.makes_beside or case.is_restart):
        return
    yield from _gated(case)
    yield from _ended_by_liveness(case)
    yield from _never_pulled(case)
    yield from _no_engine(case)
    yield from _offline(case)
    yield from _queued(case)
    yield from _without_token(case)
    yield from _without_gpu(case)
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


def _no_engine(case: Case) -> Iterator[Obstacle]:
    """Pods that started vLLM before, as far as can be told, and do not now."""
    before, after = (next(find_served(pod), None) for pod in (case.pod_before, case.pod))
    if before is not None and after is not None and _OTHERS.search(after.image) and not _OTHERS.search(before.image):
        message = f"`{after.image}` is of another engine, and is told to start vLLM: it may not have that"
        yield Obstacle(message, "Give it the `command` and arguments of its own engine.", "unknown")
    if before is not None and after is None:
        message = (
            "no container starts vLLM any more, as far as can be told: whether what they start serves is not known"
        )
        yield Obstacle(
            message, "See that it listens where the probes ask, and serves what the router asks for.", "unknown"
        )


def _offline(case: Case) -> Iterator[Obstacle]:
    """Engines that may ask no model hub, and have nothing of it but what a new pod has (huggingface_hub, environment
    variables; vLLM takes a name that is no folder to the hub)."""
    for served in find_served(case.pod):
        container = case.pod["containers"][served.route[-1]]
        offline = [key for key in _OFFLINE if _is_on(environment_of(container).get(key))]
        if engine_flags(served.arguments).get("model", "/").startswith(("/", ".")):
            continue  # of a folder
        if offline and not _is_offline(case.pod_before) and _lasting(case.pod).isdisjoint(_mounted(container)):
            message = f"`{offline[0]}` keeps it from any model hub, and it mounts nothing that outlives a pod"
            advice = "Mount what has the weights, or see that the image does."
            yield Obstacle(f"{message}: the weights are there only if its image has them", advice, "unknown")


def _without_token(case: Case) -> Iterator[Obstacle]:
    """Engines of a model on the hub that brought a token before, and bring none (huggingface.co, "Gated models")."""
    before, after = (list(find_served(pod)) for pod in (case.pod_before, case.pod))
    for served in after:
        model = engine_flags(served.arguments).get("model", "/")
        container = case.pod["containers"][served.route[-1]]
        had = any(_has_token(case.pod_before["containers"][each.route[-1]]) for each in before)
        if had and not _has_token(container) and not model.startswith(("/", ".")):
            message = f"it brings no token any more: the hub refuses `{model}` where that is private or gated"
            yield Obstacle(message, "Keep the token, unless anybody may have the model.", "unknown")


_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def _has_token(container: Mapping[str, Any]) -> bool:
    """Whether a container has a token in its environment, or what stands for all of a Secret."""
    return bool(container.get("envFrom")) or any(each.get("name") in _TOKENS for each in maps(container.get("env")))


def _without_gpu(case: Case) -> Iterator[Obstacle]:
    """Engines that took a GPU before and take none: vLLM's images for GPUs do not start without one; where a runtime
    shows them all, as the images ask for (`NVIDIA_VISIBLE_DEVICES=all`), it takes one that is counted as another pod's
    (NVIDIA/k8s-device-plugin, README)."""
    old, new = case.workload.old, case.workload.new
    if case.was is None or old is None or new is None or new.total or not old.total or case.pod.get("resourceClaims"):
        return
    if next(find_served(case.pod), None) is not None:
        message = "its pods ask for no GPU any more: vLLM starts without one only from an image for CPUs"
        yield Obstacle(message, "Keep `requestGPU`, unless the image is for CPUs.", "unknown")


_OTHERS = re.compile(r"sglang|text-generation-inference|lmdeploy|tritonserver|llama\.cpp|ollama")
"""What images of other engines are called."""
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def _is_offline(pod: Mapping[str, Any]) -> bool:
    found = (environment_of(container) for container in maps(pod.get("containers")))
    return any(_is_on(each.get(key)) for each in found for key in _OFFLINE)


def _is_on(value: str | None) -> bool:
    """As huggingface_hub reads it (constants.py, `_is_true`)."""
    return (value or "").upper() in ("1", "ON", "YES", "TRUE")


def _lasting(pod: Mapping[str, Any]) -> set[str]:
    """The volumes of a pod that outlive it."""
    passing = ("emptyDir", "configMap", "secret", "downwardAPI", "projected")
    return {str(each.get("name")) for each in maps(pod.get("volumes")) if not any(kind in each for kind in passing)}


def _mounted(container: Mapping[str, Any]) -> set[str]:
    return {str(each.get("name")) for each in maps(container.get("volumeMounts"))}


def _queued(case: Case) -> Iterator[Obstacle]:
    """Pods, or their workload, that begin to wait in a queue of Kueue (kueue.sigs.k8s.io, "Run Deployment")."""
    before, after = (_queue(obj) for obj in (case.obj_before or {}, case.obj))
    if after is not None and before is None:
        message = f"where Kueue is there, the pods wait until queue `{after}` lets them in: what that has is not known"
        yield Obstacle(
            message, "See that the queue has room for a pod of the rollout beside those that run.", "unknown"
        )


def _queue(obj: Object) -> str | None:
    holders = (obj, *(template for _, template in pod_templates(dict(obj))))
    found = (value_at(holder, "metadata", "labels", "kueue.x-k8s.io/queue-name") for holder in holders)
    return next((str(each) for each in found if each), None)


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
