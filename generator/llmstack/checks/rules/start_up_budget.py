"""A start-up takes longer than the probe, or the rollout, waits for it.

The start-up probe gives a container initialDelaySeconds + periodSeconds × failureThreshold seconds; then the
kubelet kills it and it starts again, for ever. So `gitops.loadTime`, the measured time of a model, is to be
less than that. Without a start-up probe the liveness probe kills it. A Deployment among extraObjects whose
progressDeadlineSeconds (600 when unset) is shorter than its own probes' budget is reported as failed while it
still starts: a warning. (The Deployments that llmstack writes have a deadline above their budget.) Where no loadTime is
known, it is foreseen: the bytes of the weights (facts/models/) over the pool's `readRate`, and what published starts of
such an engine took beside that, a wide band (docs/engine.md); a probe that gives up before its end is a warning. Where
no start bears a band out, reading the weights alone is the least that loading can take.

Fix: raise `failureThreshold` of servingEngineSpec.startupProbe, with a third more than the load time to
spare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.checks.engines import alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.fit.card import Pools
from llmstack.fit.loading import foreseen_load
from llmstack.kubernetes.probes import delay, period, seconds_allowed, startup_probes
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.workloads import PROGRESS_DEADLINE
from llmstack.model.models import Model
from llmstack.model.types import seconds
from llmstack.objects import engine_container
from llmstack.review.facts import ForeseenLoad

RULE = Declaration("start-up-budget", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)
PROBES = frozenset(("startup_probe", "liveness_probe"))
"""Fields of a model that give its start-up another time than the other engines have."""


def run(subject: Subject) -> Iterator[Problem]:
    yield from _measured(subject)
    yield from _foreseen(subject)
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


def _probe(subject: Subject, model: Model) -> tuple[str, Mapping[str, Any] | None]:
    """The probe that gives a start-up its time: the start-up probe, else the liveness probe."""
    start_up = engine_container.probe(model, "startup_probe", subject.stack.engine.startup_probe)
    if start_up:
        return "startupProbe", start_up
    return "livenessProbe", engine_container.probe(model, "liveness_probe", subject.stack.engine.liveness_probe)


def _measured(subject: Subject) -> Iterator[Problem]:
    """Models whose measured start-up is longer than the probe waits."""
    for at, model in subject.models():
        if not model.gitops.load_time:
            continue
        name, probe = _probe(subject, model)
        needed = seconds(model.gitops.load_time)
        if probe and needed > seconds_allowed(probe):
            message = f"`{model.name}` takes {needed} s to load; {name} kills it after {seconds_allowed(probe)} s"
            yield Problem(message, (*at, "gitops", "loadTime"), help=_raise(name, probe, needed))


def _foreseen(subject: Subject) -> Iterator[Problem]:
    """Models that nobody has measured, and that may not be ready before the probe gives up."""
    pools = Pools.of(subject.stack)
    if not pools.have_rate:
        return
    common = _probe(subject, Model())
    for models in alike(subject):
        foreseen = foreseen_load(pools, models[0].question)
        is_late = foreseen is not None and _is_late(foreseen, common[1])
        for each in models if foreseen is not None else ():
            concerned = is_late or not PROBES.isdisjoint(each.model.model_fields_set)
            if foreseen is not None and concerned and not each.model.gitops.load_time:
                yield from _compare(subject, each.model, foreseen, each.route)


def _is_late(foreseen: ForeseenLoad, probe: Mapping[str, Any] | None) -> bool:
    """Whether a probe gives up before the model may be loaded."""
    return probe is not None and (foreseen.high or foreseen.least) > seconds_allowed(probe)


def _compare(subject: Subject, model: Model, foreseen: ForeseenLoad, at: Route) -> Iterator[Problem]:
    name, probe = _probe(subject, model)
    if probe is not None and _is_late(foreseen, probe):
        allowed, needed = seconds_allowed(probe), foreseen.high or foreseen.least
        what = f"reads its weights in {needed} s at least"
        if foreseen.low is not None:
            what = f"takes {foreseen.low} to {needed} s to load, {foreseen.least} s of it reading weights"
        message = f"`{model.name}` {what}; {name} kills it after {allowed} s"
        yield Problem(message, (*at, "name"), help=_raise(name, probe, needed), milder=True)


def _raise(name: str, probe: Mapping[str, Any], needed: int) -> str:
    """The line to write: a third longer than what is needed."""
    failures = math.ceil((needed * 4 / 3 - delay(probe)) / period(probe))
    return f"servingEngineSpec.{name}.failureThreshold: {failures} waits a third longer than that"


def _longest(object: dict[str, Any]) -> int:
    """The longest budget of the start-up probes of a workload."""
    return max((seconds_allowed(probe) for probe in startup_probes(object)), default=0)
