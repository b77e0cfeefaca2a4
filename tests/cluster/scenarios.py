"""Rollouts under scarce GPUs: what values say before and after, and the nodes there are.

The hand-made ones name a habit of the Deployment controller each; the random ones mix two models in one pool.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.cluster.control_plane import DELETED_AFTER, READY_AFTER
from tests.cluster.nodes import gpu_node

LOAD, GRACE = 3.0, 1.5
"""Seconds that a pod of KWOK takes to become ready, and to be gone."""
POOL = "llmstack.test/pool"


@dataclass(frozen=True)
class Model:
    """What values say of one model."""

    replicas: int
    gpus: int = 1
    tag: str = "v1"


@dataclass(frozen=True)
class Scenario:
    """One environment, before and after; models by name."""

    name: str
    nodes: int
    per_node: int
    before: dict[str, Model]
    after: dict[str, Model]
    strategy: dict[str, Any] | None = None

    def values(self, models: dict[str, Model]) -> dict[str, Any]:
        """The values of one side. A load lasts twice the grace period, as it does here."""
        selector = {POOL: self.name}
        pool = {"pool": "all", "count": self.nodes * self.per_node, "perNode": self.per_node, "nodeSelector": selector}
        specs = [
            {
                "name": name,
                "repository": "vllm/vllm-openai",
                "tag": model.tag,
                "modelURL": "Qwen/Qwen2.5-1.5B-Instruct",
                "replicaCount": model.replicas,
                "requestCPU": 1,
                "requestMemory": "1Gi",
                "requestGPU": model.gpus,
                "nodeSelector": selector,
                "podAnnotations": {READY_AFTER: f"{LOAD:g}s", DELETED_AFTER: f"{GRACE:g}s"},
                "gitops": {"loadTime": "60s"},
            }
            for name, model in models.items()
        ]
        engine = {"runtimeClassName": "", "strategy": self.strategy, "modelSpec": specs}
        gitops = {"namespace": self.name, "capacity": [pool]}
        return {"servingEngineSpec": engine, "routerSpec": {"enableRouter": False}, "gitops": gitops}

    def machines(self) -> list[dict[str, Any]]:
        """The nodes of the pool."""
        return [gpu_node(f"{self.name}-{each}", self.per_node, {POOL: self.name}) for each in range(self.nodes)]


def rolling(surge: Any, unavailable: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


RECREATE = {"type": "Recreate"}


def one(
    name: str,
    gpus: int,
    before: Model,
    after: Model,
    strategy: dict[str, Any] | None = None,
    *,
    per_node: int | None = None,
) -> Scenario:
    """One model in a pool of so many GPUs, on one node unless `per_node` says otherwise."""
    nodes = gpus // (per_node or gpus)
    return Scenario(name, nodes, per_node or gpus, {"llama": before}, {"llama": after}, strategy)


HAND_MADE = (
    one("two-replicas-by-default", 2, Model(2), Model(2, tag="v2")),
    one("one-replica-by-default", 4, Model(1, 4), Model(1, 4, "v2")),
    one("one-replica-unavailable", 4, Model(1, 4), Model(1, 4, "v2"), rolling(0, 1)),
    one("one-replica-and-a-spare-set", 8, Model(1, 4), Model(1, 4, "v2")),
    one("surge-with-none-to-spare", 2, Model(2), Model(2, tag="v2"), rolling(1, 0)),
    one("surge-with-one-to-spare", 3, Model(2), Model(2, tag="v2"), rolling(1, 0)),
    one("surge-is-capped", 8, Model(2), Model(2, tag="v2"), rolling(5, 0)),
    one("percentages", 8, Model(4), Model(4, tag="v2"), rolling("25%", "25%")),
    one("both-round-to-zero", 2, Model(2), Model(2, tag="v2"), rolling("0%", "40%")),
    one("old-template-is-scaled-first", 8, Model(2), Model(4, tag="v2"), rolling(0, 1)),
    one("from-no-replicas", 8, Model(0), Model(4, tag="v2"), rolling(0, 1)),
    one("shrinking", 4, Model(4), Model(2, tag="v2"), rolling(0, 1)),
    one("recreate", 2, Model(2), Model(2, tag="v2"), RECREATE),
    one("scaled-up", 4, Model(2), Model(4), rolling(0, 1)),
    one("scaled-down", 4, Model(4), Model(2), rolling(0, 1)),
    one("scaled-beyond-the-pool", 4, Model(2), Model(6), rolling(0, 1)),
    one("a-pod-that-fits-on-no-node", 4, Model(1, 2), Model(1, 4), rolling(0, 1), per_node=2),
    Scenario("a-new-model-beside", 1, 4, {"llama": Model(2)}, {"llama": Model(2), "qwen": Model(2)}),
    Scenario("one-frees-what-the-other-needs", 1, 4, {"llama": Model(3), "qwen": Model(1)}, {"llama": Model(1), "qwen": Model(3)}),
    Scenario("two-roll-in-turns", 1, 4, {"llama": Model(2), "qwen": Model(2)}, {"llama": Model(2, tag="v2"), "qwen": Model(2, tag="v2")}),
    Scenario("two-surge-with-one-to-spare", 1, 3, {"llama": Model(1), "qwen": Model(1)}, {"llama": Model(1, tag="v2"), "qwen": Model(1, tag="v2")}),
    Scenario("two-surge-with-none-to-spare", 1, 2, {"llama": Model(1), "qwen": Model(1)}, {"llama": Model(1, tag="v2"), "qwen": Model(1, tag="v2")}),
)  # fmt: skip


def random_scenarios(number: int, seed: int) -> Iterator[Scenario]:
    """Two models that roll at once in a pool about as large as they need."""
    source = random.Random(seed)
    for each in range(number):
        before = {name: Model(source.randint(1, 3), source.choice((1, 1, 2))) for name in ("llama", "qwen")}
        tags = {"llama": "v2", "qwen": source.choice(("v1", "v2"))}
        after = {
            name: Model(source.choice((model.replicas, source.randint(1, 3))), model.gpus, tags[name])
            for name, model in before.items()
        }
        used = max(sum(model.replicas * model.gpus for model in side.values()) for side in (before, after))
        strategy = source.choice((None, rolling(0, 1), rolling(1, 0), rolling(1, 1), rolling("50%", "25%"), RECREATE))
        nodes = source.choice((1, 2))
        per_node = -(-(used + source.choice((0, 0, 1, 2))) // nodes)
        yield Scenario(f"random-{each}", nodes, per_node, before, after, strategy)
