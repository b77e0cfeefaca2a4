"""A start-up takes longer than the probe, or the rollout, waits for it.

The start-up probe gives a container initialDelaySeconds + periodSeconds × failureThreshold seconds; then the
kubelet kills it and it starts again, for ever. So `gitops.loadTime`, the measured time of a model, is to be
less than that. Without a start-up probe the liveness probe kills it. A Deployment among extraObjects whose
progressDeadlineSeconds (600 when unset) is shorter than its own probes' budget is reported as failed while it
still starts: a warning. (The Deployments that llmstack writes have a deadline above their budget.)

Fix: raise `failureThreshold` of servingEngineSpec.startupProbe, with a third more than the load time to
spare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.kubernetes.pods import containers, pod_specs
from llmstack.model.types import seconds

RULE = Declaration("start-up-budget", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)

_DEADLINE = 600


def budget(probe: Mapping[str, Any]) -> int:
    """Seconds until a probe gives up, with the API's defaults 0, 10 and 3."""
    delay, period, failures = (probe.get(key) for key in ("initialDelaySeconds", "periodSeconds", "failureThreshold"))
    return int(delay or 0) + int(period or 10) * int(failures or 3)


def run(subject: Subject) -> Iterator[Problem]:
    engine = subject.stack.engine
    name, probe = (
        ("startupProbe", engine.startup_probe) if engine.startup_probe else ("livenessProbe", engine.liveness_probe)
    )
    allowed = budget(probe) if probe else math.inf
    for at, model in subject.models():
        needed = seconds(model.gitops.load_time) if model.gitops.load_time else 0
        if probe and needed > allowed:
            period = int(probe.get("periodSeconds") or 10)
            failures = math.ceil((needed * 4 / 3 - int(probe.get("initialDelaySeconds") or 0)) / period)
            message = f"`{model.name}` takes {needed} s to load; {name} kills it after {allowed} s"
            help = f"servingEngineSpec.{name}.failureThreshold: {failures} waits a third longer than that"
            yield Problem(message, (*at, "gitops", "loadTime"), help=help)
    for route, object in subject.extra_objects():
        spec = object.get("spec")
        if object.get("kind") != "Deployment" or not isinstance(spec, dict):
            continue
        deadline, longest = int(spec.get("progressDeadlineSeconds") or _DEADLINE), _longest(object)
        if deadline < longest:
            key = "progressDeadlineSeconds"
            message = f"{key} is {deadline}; a pod may take {longest} s to start by its probes"
            at = (*route, "spec", key)
            yield Problem(message, at, help=f"set {key} to more than {longest}", milder=True)


def _longest(object: dict[str, Any]) -> int:
    """The longest budget of the start-up probes of a workload."""
    probes = [container.get("startupProbe") for _, spec in pod_specs(object) for _, _, container in containers(spec)]
    return max((budget(probe) for probe in probes if isinstance(probe, dict)), default=0)
