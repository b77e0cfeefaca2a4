"""Random environments that an API server would take, and random changes of them.

`python -m tests.review_rollout.scenes --count 5000 --first 0` reviews so many and tells which end in a bug: of the first
few thousand changes of its kind, three did.
"""

from __future__ import annotations

import argparse
import copy
import random
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from llmstack.report.review_formats import REVIEW_FORMATS, render_review
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, ForeseenLoad, Pool, Present
from llmstack.review.result import EnvironmentReview, Review

Object = dict[str, Any]
Key = tuple[str, str]

SCALED = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "LeaderWorkerSet": "leaderworkerset.x-k8s.io/v1",
}
KINDS = {**SCALED, "RayCluster": "ray.io/v1", "RayService": "ray.io/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
SHARES: tuple[Any, ...] = (0, 1, 2, "25%", "50%", "100%")


@dataclass(frozen=True)
class Side:
    """The objects of one side by what they are there for, and what is known of them."""

    objects: Mapping[Key, Object]
    facts: Facts

    @property
    def units(self) -> dict[str, list[Object]]:
        return {"unit": list(self.objects.values())}


def pod(choice: random.Random, name: str) -> Object:
    limits: Object = {"nvidia.com/gpu": choice.choice((1, "1", 2, 4, 8))} if choice.random() < 0.8 else {}
    if choice.random() < 0.1:
        limits["nvidia.com/mig-1g.10gb"] = 1
    image = f"vllm/vllm-openai:v0.1{choice.randint(0, 2)}.0"
    container: Object = {"name": "vllm", "image": image, "resources": {"limits": limits}}
    for probe in ("startupProbe", "readinessProbe"):
        if choice.random() < 0.3:
            checks = {"failureThreshold": choice.choice((1, 60)), "periodSeconds": choice.choice((1, 10))}
            container[probe] = {"httpGet": {"path": "/health", "port": 8000}, **checks}
    spec: Object = {"containers": [container]}
    optional = {
        "nodeSelector": {"pool": choice.choice("ab")},
        "priorityClassName": choice.choice(("high", "low")),
        "terminationGracePeriodSeconds": choice.choice((0, 30, 600)),
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": name}},
            }
        ],
    }
    spec |= {key: value for key, value in optional.items() if choice.random() < 0.2}
    return {"metadata": {"labels": {"app": name, "v": choice.choice("12")}}, "spec": spec}


def workload(choice: random.Random, kind: str, name: str) -> Object:
    spec: Object = {"selector": {"matchLabels": {"app": name}}, "template": pod(choice, name)}
    if choice.random() < 0.8:
        spec["replicas"] = choice.choice((0, 1, 1, 2, 3, 5))
    surge, unavailable = choice.choice(SHARES), choice.choice(SHARES[1:])
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    match kind:
        case "Deployment":
            spec["strategy"] = choice.choice(({"type": "Recreate"}, {"rollingUpdate": rolling}))
            spec |= {"paused": True} if choice.random() < 0.1 else {}
        case "StatefulSet":
            partition = {"partition": choice.choice((0, 1, 2, 9))}
            spec["updateStrategy"] = choice.choice(({"type": "OnDelete"}, {"rollingUpdate": partition}))
            spec["ordinals"] = {"start": choice.choice((0, 0, 1, 5))}
        case "LeaderWorkerSet":
            template = {"size": choice.choice((1, 2, 3)), "workerTemplate": spec.pop("template")}
            spec |= {"leaderWorkerTemplate": template}
            spec["rolloutStrategy"] = {"rollingUpdateConfiguration": {**rolling, "partition": choice.choice((0, 0, 1))}}
        case "RayCluster" | "RayService":
            groups = [
                {"groupName": each, "replicas": choice.choice((0, 1, 2))} for each in "ab"[: choice.randint(0, 2)]
            ]
            workers = [{**each, "template": pod(choice, name)} for each in groups]
            spec = {"headGroupSpec": {"template": spec["template"]}, "workerGroupSpecs": workers}
            spec |= {"suspend": True} if choice.random() < 0.1 else {}
            spec = {"rayClusterConfig": spec} if kind == "RayService" else spec
        case "DaemonSet" | "Job":
            spec = {"template": spec["template"]}
    return {"apiVersion": KINDS[kind], "kind": kind, "spec": spec}


def scaler(choice: random.Random, target: Key) -> Object:
    spec: Object = {"scaleTargetRef": {"apiVersion": SCALED[target[0]], "kind": target[0], "name": target[1]}}
    least, most = choice.choice((0, 0, 1, 2)), choice.choice((1, 3, 6))
    if choice.random() < 0.5:
        spec |= {"minReplicas": max(1, least), "maxReplicas": max(2, most)}
        return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": spec}
    spec |= {"minReplicaCount": least, "maxReplicaCount": max(least, most), "triggers": [{"type": "cron"}]}
    paused = {"annotations": {"autoscaling.keda.sh/paused": "true"}} if choice.random() < 0.1 else {}
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": paused, "spec": spec}


def other(choice: random.Random, kind: str) -> Object:
    bodies: dict[str, Object] = {
        "ResourceQuota": {"spec": {"hard": {"requests.nvidia.com/gpu": choice.choice(("0", "4", "8"))}}},
        "PersistentVolumeClaim": {"spec": {"accessModes": [choice.choice(("ReadWriteOnce", "ReadWriteMany"))]}},
        "PodDisruptionBudget": {"spec": {"minAvailable": choice.choice((0, 1, "50%")), "selector": {}}},
    }
    versions = {"PodDisruptionBudget": "policy/v1"}
    return {"apiVersion": versions.get(kind, "v1"), "kind": kind, **bodies[kind]}


def environment(choice: random.Random) -> dict[Key, Object]:
    """Workloads `w0`, `w1` and on, scalers of them, and what stands beside them, each or not."""
    kinds = [choice.choice(("Deployment", *KINDS)) for _ in range(choice.randint(1, 4))]
    made: dict[Key, Object] = {(kind, f"w{at}"): workload(choice, kind, f"w{at}") for at, kind in enumerate(kinds)}
    scaled = [key for key in made if key[0] in SCALED]
    made |= {("scaler", key[1]): scaler(choice, key) for key in scaled if choice.random() < 0.4}
    beside = (("ResourceQuota", "quota"), ("PersistentVolumeClaim", "claim"), ("PodDisruptionBudget", "budget"))
    made |= {key: other(choice, key[0]) for key in beside if choice.random() < 0.3}
    for (_, name), obj in made.items():
        obj["metadata"] = {**obj.get("metadata", {}), "name": name, "namespace": "llm"}
    return made


def changed(choice: random.Random, before: Mapping[Key, Object]) -> dict[Key, Object]:
    """Some objects as they are, others with one part of what another environment has there, gone, new or moved."""
    fresh, after = environment(choice), dict[Key, Object]()
    for key, obj in before.items():
        new = copy.deepcopy(obj)
        other_one = fresh.get(key) or (workload(choice, *key) if key[0] in KINDS else new)
        match choice.random():
            case part if part < 0.45:
                after[key] = obj
            case part if part < 0.8:
                field = choice.choice(sorted({*new["spec"], *other_one["spec"]}))
                if field in other_one["spec"]:
                    new["spec"][field] = other_one["spec"][field]
                elif field not in ("selector", "template", "scaleTargetRef"):
                    del new["spec"][field]
                after[key] = new
            case part if part < 0.9:
                new["metadata"] |= choice.choice(({"namespace": "other"}, {"name": f"{key[1]}-new"}))
                after[key] = new
            case _:
                pass
    return {key: obj for key, obj in fresh.items() if key not in before} | after


def known(choice: random.Random, objects: Mapping[Key, Object]) -> Facts:
    names = [name for kind, name in objects if kind in KINDS]
    present = {}
    for kind, name in objects:
        if kind in ("Deployment", "StatefulSet") and choice.random() < 0.2:
            replicas = choice.choice((0, 1, 2, 4))
            counts = (choice.randint(0, replicas), choice.randint(0, replicas), choice.choice((0, 0, 1)))
            present[kind, "llm", name] = Present(replicas, *counts)
    pools = []
    for name in "ab"[: choice.randint(0, 2)]:
        per_node = choice.choice((None, 1, 2, 4, 8))
        count = choice.choice((0, 1, 2, 4, 8, 16)) // (per_node or 1) * (per_node or 1)
        pools.append(Pool(name, "nvidia.com/gpu", count, per_node, choice.choice(({"pool": name}, {}))))
    return Facts(
        pools=tuple(pools),
        load_seconds={name: choice.choice((0, 60, 600)) for name in names if choice.random() < 0.6},
        foreseen_loads={name: ForeseenLoad(30, 60, 300) for name in names if choice.random() < 0.2},
        sync_timeout_seconds={name: choice.choice((60, 3600)) for name in names if choice.random() < 0.2},
        present=present,
    )


def change(seed: int) -> tuple[Side, Side]:
    choice = random.Random(seed)
    before = environment(choice)
    after = changed(choice, before)
    facts = known(choice, before)
    return Side(before, facts), Side(after, facts if choice.random() < 0.7 else known(choice, {**before, **after}))


def review(before: Side, after: Side) -> EnvironmentReview:
    lists = [list(side.objects.values()) for side in (before, after)]
    changes = compare(before.units, after.units)
    return assess(changes, *lists, before.facts, after.facts, date(2026, 11, 28))


def told(found: EnvironmentReview) -> list[str]:
    """The review in every format."""
    whole = Review("a" * 40, "b" * 40, {"prod": found})
    return [render_review(whole, format) for format in REVIEW_FORMATS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    bugs: Counter[str] = Counter()
    for seed in range(arguments.first, arguments.first + arguments.count):
        try:
            told(review(*change(seed)))
        except Exception:
            kind = traceback.format_exc(limit=-2)
            bugs[kind] += 1
            if bugs[kind] == 1:
                print(f"seed {seed}:\n{kind}", flush=True)
    print(f"{arguments.count} changes, {bugs.total()} end in a bug, {len(bugs)} kinds")
    raise SystemExit(1 if bugs else 0)


if __name__ == "__main__":
    main()
