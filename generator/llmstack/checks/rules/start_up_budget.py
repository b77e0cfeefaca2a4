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
from collections.abc import Iterator
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.kubernetes.probes import delay, period, seconds_allowed, startup_probes
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.workloads import PROGRESS_DEADLINE
from llmstack.model.types import seconds

RULE = Declaration("start-up-budget", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    engine = subject.stack.engine
    name, probe = (
        ("startupProbe", engine.startup_probe) if engine.startup_probe else ("livenessProbe", engine.liveness_probe)
    )
    allowed = seconds_allowed(probe) if probe else math.inf
    for at, model in subject.models():
        needed = seconds(model.gitops.load_time) if model.gitops.load_time else 0
        if probe and needed > allowed:
            failures = math.ceil((needed * 4 / 3 - delay(probe)) / period(probe))
            message = f"`{model.name}` takes {needed} s to load; {name} kills it after {allowed} s"
            help = f"servingEngineSpec.{name}.failureThreshold: {failures} waits a third longer than that"
            yield Problem(message, (*at, "gitops", "loadTime"), help=help)
    for route, object in subject.extra_objects():
        spec = object.get("spec")
        if object.get("kind") != "Deployment" or not isinstance(spec, dict):
            continue
        deadline, longest = whole(spec.get("progressDeadlineSeconds"), PROGRESS_DEADLINE), _longest(object)
        if deadline < longest:
            key = "progressDeadlineSeconds"
            message = f"{key} is {deadline}; a pod may take {longest} s to start by its probes"
            at = (*route, "spec", key)
            yield Problem(message, at, help=f"set {key} to more than {longest}", milder=True)


def _longest(object: dict[str, Any]) -> int:
    """The longest budget of the start-up probes of a workload."""
    return max((seconds_allowed(probe) for probe in startup_probes(object)), default=0)
