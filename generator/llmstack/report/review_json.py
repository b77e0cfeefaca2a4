"""A review as JSON: the contract that programs rely on. Its schema is `schema/diff.schema.json`."""

from __future__ import annotations

import json
from math import isinf
from typing import Any

from llmstack.report.clusters import cluster_data
from llmstack.report.cost import cost_data
from llmstack.report.engines import engine_data
from llmstack.report.images import changed_images, images_data
from llmstack.report.inert import inert_json
from llmstack.report.json import finding_data
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.sources import sources_data
from llmstack.report.waves import waves_data
from llmstack.review.change import ObjectChange
from llmstack.review.forecast import Failure, Figure, GpuPool, Rollout
from llmstack.review.removed import Removed
from llmstack.review.result import ClusterReview, EnvironmentReview, Review, Risk, RuleChange
from llmstack.review.ways_in.way import WayIn

FIGURES: tuple[Figure, ...] = ("seconds", "peak", "minReady")


def render(review: Review, options: Options = PLAIN) -> str:
    """Return the review, environments by name; secrets masked. Times are seconds, GPUs counts of the
    resource."""
    shown = mask_review(review)
    environments = {name: environment_data(shown.environments[name]) for name in sorted(shown.environments)}
    clusters = {name: _cluster(shown.clusters[name]) for name in sorted(shown.clusters)}
    revisions = {"from": shown.from_revision, "to": shown.to_revision, "generated": shown.is_generated}
    rules = {"rules": [_rule(rule) for rule in shown.rules], "rulesFrom": shown.rules_from}
    images = images_data(changed_images(shown))
    content = {**revisions, **rules, "images": images, "clusters": clusters, "envs": environments}
    return inert_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def environment_data(environment: EnvironmentReview) -> dict[str, Any]:
    """One environment of the contract."""
    return {
        "removed": [_removed(removed) for removed in environment.removed],
        "objects": [_object(change) for change in environment.objects],
        "rollouts": [_rollout(rollout) for rollout in environment.rollouts],
        "gpus": [_pool(pool) for pool in environment.gpus],
        "risks": [_risk(risk) for risk in environment.risks],
        "ways": [_way(way) for way in environment.ways],
        "seconds": environment.seconds,
        "engines": [engine_data(engine) for engine in environment.engines],
        "findings": [finding_data(finding) for finding in environment.findings],
    }


def _rule(rule: RuleChange) -> dict[str, Any]:
    return {"kind": rule.kind, "environment": rule.environment or None, "text": rule.text, "place": rule.place}


def _cluster(cluster: ClusterReview) -> dict[str, Any]:
    return {
        **cluster_data(cluster),
        "facts": sources_data(cluster.facts),
        "cost": cost_data(cluster.cost),
        "waves": waves_data(cluster),
        "gpus": [_pool(pool) for pool in cluster.gpus],
        "risks": [_risk(risk) for risk in cluster.risks],
    }


def _way(way: WayIn) -> dict[str, Any]:
    """A broken way in; seconds are null where the edge is gone for good, or where that is not known."""
    low, high = (None if each is None or isinf(each) else round(each) for each in way.lasts or (None, None))
    return {
        "object": way.subject,
        "stations": [{"kind": station.kind, "name": station.name} for station in way.stations],
        "broken": way.broken,
        "why": way.why,
        "forGood": way.lasts is None,
        "secondsMin": low,
        "secondsMax": high,
    }


def _removed(removed: Removed) -> dict[str, Any]:
    return {
        "kind": removed.kind,
        "name": removed.name,
        "model": removed.model,
        "replicas": removed.replicas,
        "gpus": removed.gpus,
        "by": removed.by or None,
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "apiVersion": change.api_version,
        "kind": change.kind,
        "namespace": change.namespace,
        "name": change.name,
        "unit": change.unit,
        "action": change.action,
        "changes": [{"path": each.path, "from": each.before, "to": each.after} for each in change.changes],
        "restarts": change.restarts,
        "causes": list(change.causes),
    }


def _rollout(rollout: Rollout) -> dict[str, Any]:
    return {
        "kind": rollout.kind,
        "name": rollout.name,
        "model": rollout.model,
        "why": rollout.why,
        "former": rollout.former,
        "replicas": rollout.replicas,
        "gpusPerReplica": rollout.gpus_per_replica,
        "resource": rollout.resource,
        "pool": rollout.pool,
        "maxSurge": rollout.max_surge,
        "maxUnavailable": rollout.max_unavailable,
        "minReady": rollout.min_ready,
        "seconds": rollout.seconds,
        "secondsMin": rollout.seconds_min,
        "secondsMax": rollout.seconds_max,
        "secondsMaxWithout": list(rollout.seconds_max_without),
        "replicasMin": rollout.replicas_min,
        "replicasMax": rollout.replicas_max,
        "ifItFails": _failure(rollout.if_it_fails),
        "basis": {figure: rollout.basis.get(figure, "assumed") for figure in FIGURES},
    }


def _failure(failure: Failure | None) -> dict[str, int | None] | None:
    if failure is None:
        return None
    return {
        "readyLeft": failure.ready_left,
        "gpusHeld": failure.gpus_held,
        "secondsBack": failure.seconds_back,
    }


def _pool(pool: GpuPool) -> dict[str, Any]:
    return {
        "pool": pool.pool,
        "resource": pool.resource,
        "capacity": pool.capacity,
        "before": pool.before,
        "after": pool.after,
        "peak": pool.peak,
        "deadlock": pool.deadlock,
        "certain": pool.certain,
        "beforeMax": pool.before if pool.before_max is None else pool.before_max,
        "afterMax": pool.after if pool.after_max is None else pool.after_max,
        "peakMax": pool.peak if pool.peak_max is None else pool.peak_max,
        "uncounted": pool.uncounted,
    }


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "id": risk.id,
        "severity": str(risk.severity),
        "object": risk.object,
        "message": risk.message,
        "advice": risk.advice,
        "place": risk.place,
        "acknowledged": risk.acknowledged,
        "amount": risk.amount,
        "accepted": risk.accepted or None,
    }
