"""What the page's script draws from: each environment's models, with their pods, objects and rendered
differences."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from llmstack.finding import RANK, Severity
from llmstack.kubernetes.pods import Identity, told
from llmstack.report.clusters import say_removed
from llmstack.report.rendered import render_difference
from llmstack.report.visible import shorten, visible
from llmstack.report.words import NEVER, model_of, say_failure, say_ready, say_replicas, say_time, say_why
from llmstack.review.change import ObjectChange
from llmstack.review.forecast import PodPhase, Rollout
from llmstack.review.result import EnvironmentReview, Risk

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
        model(_key(rollout))["rollouts"].append(_rollout(rollout, environment))
    for removed in environment.removed:
        what = {"why": "removed", "what": visible(say_removed(removed)), "time": "", "low": None, "high": None}
        model(removed.model or f"{removed.kind}/{removed.name}")["rollouts"].append(what)
    for change in environment.objects:
        model(f"{change.kind}/{change.name}")["objects"].append(_object(change))
    for risk in environment.risks:
        if risk.object in owners:
            model(risk.object)["risks"].append(_risk(risk))
    end = round(timeline_end(environment.timeline), 1)
    for workload, pods in _pods(environment.timeline).items():
        model(told(workload))["pods"] += [_pod(phases, end) for phases in sorted(pods.values(), key=_turn)]
    _number_kinds(models.values())
    return {"name": visible(name), "end": end, "models": sorted(models.values(), key=_urgency)}


def _rollout(rollout: Rollout, environment: EnvironmentReview) -> dict[str, Any]:
    time = say_time(rollout, environment)
    what = [say_why(rollout)] if rollout.former is not None else []
    return {
        "why": rollout.why,
        "what": visible(", ".join([*what, say_replicas(rollout)])),
        "time": visible(time),
        "low": rollout.seconds if rollout.seconds is not None else rollout.seconds_min,
        "high": rollout.seconds if rollout.seconds is not None else rollout.seconds_max,
        "ready": say_ready(rollout),
        "fails": say_failure([rollout]),
    }


def _number_kinds(models: Iterable[dict[str, Any]]) -> None:
    """Give models that can be told as one the same number."""
    kinds: dict[str, int] = {}
    for model in models:
        model["kind"] = kinds.setdefault(json.dumps(_kind(model)), len(kinds))


def _kind(model: dict[str, Any]) -> Any:
    """What models that can be told as one have in common: what they do, what of them changes, what they risk."""
    doing = [[each["why"], each["what"], NEVER in each["time"]] for each in model["rollouts"]]
    changes = [
        [each["kind"], each["action"], [field for field in each["fields"] if "checksum" not in field[0]]]
        for each in model["objects"]
    ]
    risks = sorted({(each["id"], each["severity"]) for each in model["risks"] if not each["acknowledged"]})
    return [doing, changes, risks]


def _urgency(model: dict[str, Any]) -> tuple[bool, int]:
    """What goes comes first, then the worst risk that nobody acknowledged; models without one come last."""
    stays = all(rollout["why"] != "removed" for rollout in model["rollouts"])
    open = [RANK[Severity(risk["severity"])] for risk in model["risks"] if not risk["acknowledged"]]
    return stays or not model["rollouts"], min(open, default=len(RANK))


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


def _pods(timeline: Iterable[PodPhase]) -> dict[Identity, dict[tuple[str, str], list[PodPhase]]]:
    """Phases by workload and pod, in the order of their times."""
    workloads: dict[Identity, dict[tuple[str, str], list[PodPhase]]] = {}
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
