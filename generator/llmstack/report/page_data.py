"""What the page's script draws from: each environment's models, with their pods, objects and rendered
differences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from llmstack.finding import RANK, Severity
from llmstack.report.clusters import say_removed
from llmstack.report.rendered import render_difference
from llmstack.report.rollout_table import say_rollout
from llmstack.report.visible import shorten, visible
from llmstack.report.words import model_of
from llmstack.review.result import EnvironmentReview, ObjectChange, PodPhase, Risk, Rollout

VALUE = 2000
"""Characters of a field's value."""
LINES = 400
"""Lines of an object's rendered difference."""


def environment_page(name: str, environment: EnvironmentReview) -> dict[str, Any]:
    """Return one environment for the script; times in seconds, `end` the time axis' end (0: nothing
    rolls)."""
    owners = _owners(environment)
    models: dict[str, dict[str, Any]] = {}

    def model(key: str) -> dict[str, Any]:
        owner = owners.get(key, key)
        empty: dict[str, Any] = {
            "name": visible(owner),
            "rollouts": [],
            "objects": [],
            "pods": [],
            "risks": [],
        }
        return models.setdefault(owner, empty)

    for rollout in environment.rollouts:
        model(_key(rollout))["rollouts"].append(
            {"why": rollout.why, "said": visible(say_rollout(rollout, environment))}
        )
    for removed in environment.removed:
        said = f"goes, {say_removed(removed)}"
        model(removed.model or f"{removed.kind}/{removed.name}")["rollouts"].append(
            {"why": "removed", "said": visible(said)}
        )
    for change in environment.objects:
        model(f"{change.kind}/{change.name}")["objects"].append(_object(change))
    for risk in environment.risks:
        if risk.object in owners:
            model(risk.object)["risks"].append(_risk(risk))
    end = round(timeline_end(environment.timeline), 1)
    for workload, pods in _pods(environment.timeline).items():
        model(workload)["pods"] += [_pod(phases, end) for phases in sorted(pods.values(), key=_turn)]
    return {"name": visible(name), "end": end, "models": sorted(models.values(), key=_urgency)}


def _urgency(model: dict[str, Any]) -> int:
    """Rank of a model's worst risk that nobody acknowledged; models without one come last."""
    open = [RANK[Severity(risk["severity"])] for risk in model["risks"] if not risk["acknowledged"]]
    return min(open, default=len(RANK))


def timeline_end(timeline: Iterable[PodPhase]) -> float:
    """The last moment of the timeline, in seconds; a phase that never ends lasts as long as the others."""
    times = [time for phase in timeline for time in (phase.start, phase.end) if math.isfinite(time)]
    return max(times, default=0.0)


def _key(rollout: Rollout) -> str:
    return f"{rollout.kind}/{rollout.name}"


def _owners(environment: EnvironmentReview) -> dict[str, str]:
    """The model, or the unit, that each object belongs to."""
    owners = {f"{change.kind}/{change.name}": model_of(change.unit) for change in environment.objects}
    return owners | {_key(rollout): rollout.model for rollout in environment.rollouts if rollout.model}


def _object(change: ObjectChange) -> dict[str, Any]:
    lines = render_difference(change)
    causes = set(change.causes)
    return {
        "kind": visible(change.kind),
        "name": visible(change.name),
        "namespace": visible(change.namespace),
        "action": change.action,
        "restarts": change.restarts,
        "fields": [
            [visible(field.path), _value(field.before), _value(field.after), field.path in causes]
            for field in change.changes
        ],
        "diff": [line for line in lines[:LINES] if not line.startswith("@@")]
        if change.action != "change"
        else lines[:LINES],
        "cut": max(0, len(lines) - LINES),
    }


def _value(value: str | None) -> str | None:
    return None if value is None else visible(shorten(value, VALUE))


def _risk(risk: Risk) -> dict[str, Any]:
    return {"id": risk.id, "severity": str(risk.severity), "acknowledged": risk.acknowledged}


def _pods(timeline: Iterable[PodPhase]) -> dict[str, dict[tuple[str, str], list[PodPhase]]]:
    """Phases by workload and pod, in the order of their times."""
    workloads: dict[str, dict[tuple[str, str], list[PodPhase]]] = {}
    for phase in timeline:
        workloads.setdefault(phase.workload, {}).setdefault((phase.revision, phase.pod), []).append(phase)
    for pods in workloads.values():
        for phases in pods.values():
            phases.sort(key=lambda phase: phase.start)
    return workloads


def _turn(phases: list[PodPhase]) -> tuple[float, bool]:
    """When a pod's turn comes: an old one goes, and the new one that is used instead comes."""
    last = phases[-1]
    if phases[0].revision == "new":
        return phases[0].start, True
    return last.start if last.phase == "terminating" else math.inf, False


def _pod(phases: list[PodPhase], end: float) -> dict[str, Any]:
    first = phases[0]
    return {
        "name": visible(first.pod),
        "revision": first.revision,
        "gpus": first.gpus,
        "pool": visible(first.pool) if first.pool else None,
        "phases": [
            [phase.phase, round(min(phase.start, end), 1), round(min(phase.end, end), 1)]
            for phase in phases
            if math.isfinite(phase.start)
        ],
    }
