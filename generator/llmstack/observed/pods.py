"""A pod as it is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.accelerators import is_accelerator
from llmstack.kubernetes.pods import CONTAINER_LISTS, maps, totals_of_pod, value_at
from llmstack.kubernetes.probes import start_up_bounds
from llmstack.observed.fields import amounts, condition, count, read_meta, text, texts
from llmstack.observed.things import Container, Pod
from llmstack.observed.times import read_time

_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_TIMINGS = ("initialDelaySeconds", "periodSeconds", "failureThreshold", "successThreshold")


def read_pod(obj: Mapping[str, Any]) -> Pod | None:
    """The pod that an object is; None where it has no name."""
    meta = read_meta(obj)
    if meta is None:
        return None
    spec, status = value_at(obj, "spec"), value_at(obj, "status")
    sound = {kind: [_sound(each) for each in maps(value_at(spec, kind))] for kind in CONTAINER_LISTS}
    requests = totals_of_pod(sound, lambda container: container["amounts"].items())
    scheduled, ready = condition(obj, "PodScheduled"), condition(obj, "Ready")
    states = [*maps(value_at(status, "containerStatuses"))]
    started = [read_time(value_at(each, "state", "running", "startedAt")) for each in states]
    volumes = [text(each, "persistentVolumeClaim", "claimName") for each in maps(value_at(spec, "volumes"))]
    return Pod(
        meta=meta,
        phase=text(status, "phase"),
        node=text(spec, "nodeName"),
        containers=read_containers(spec),
        gpus={name: int(amount) for name, amount in requests.items() if is_accelerator(name) and amount > 0},
        requests=requests,
        limits=totals_of_pod(sound, lambda container: container["limits"].items()),
        priority=count(spec, "priority") or 0,
        priority_class=text(spec, "priorityClassName"),
        claims=tuple(each for each in volumes if each),
        takes_devices=bool(value_at(spec, "resourceClaims") or value_at(status, "extendedResourceClaimStatus")),
        scheduled=read_time(scheduled.get("lastTransitionTime")) if scheduled.get("status") == "True" else None,
        started=max((each for each in started if each is not None), default=None),
        ready=ready.get("status") == "True",
        ready_since=read_time(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None,
        restarts=sum(count(each, "restartCount") or 0 for each in states),
        start_bound=start_up_bounds(sound)[1],
        waiting=_waiting(states, scheduled),
        disrupted=_disrupted(obj),
    )


def read_containers(spec: Any) -> tuple[Container, ...]:
    """The containers of a pod's spec, init containers left out."""
    return tuple(
        Container(text(each, "name"), text(each, "image"), (*texts(each.get("command")), *texts(each.get("args"))))
        for each in maps(value_at(spec, "containers"))
    )


def _disrupted(obj: Mapping[str, Any]) -> str:
    """The reason of `DisruptionTarget` (Kubernetes documentation, "Disruptions", pod disruption conditions); what the
    kubelet evicts says so in its status too."""
    target, reason = condition(obj, "DisruptionTarget"), text(obj, "status", "reason")
    said = text(target, "reason") if target.get("status") == "True" else ""
    return said or (reason if reason == "Evicted" else "")


def _waiting(states: list[Mapping[str, Any]], scheduled: Mapping[str, Any]) -> str:
    reasons = [text(each, "state", "waiting", "reason") for each in states]
    if scheduled.get("status") == "False":
        reasons.append(text(scheduled, "reason"))
    return next((each for each in reasons if each), "")


def _sound(container: Mapping[str, Any]) -> dict[str, Any]:
    """What the rules of pods ask of a container, of the types that they take; `amounts` are its requests, or its limits
    where it has none (Kubernetes documentation, "Resource Management for Pods and Containers")."""
    resources = container.get("resources")
    probes = {
        name: {key: each for key in _TIMINGS if (each := count(container, name, key)) is not None}
        for name in _PROBES
        if isinstance(container.get(name), Mapping)
    }
    limits = amounts(value_at(resources, "limits"))
    asked: dict[str, Fraction] = {**limits, **amounts(value_at(resources, "requests"))}
    return {"restartPolicy": container.get("restartPolicy"), "amounts": asked, "limits": limits, **probes}
