"""A pool whose nodes get another label, in a cluster of two environments: pods of before are in it all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sync.repository import POOL, environment, model, new_repository


def _on(product: str, namespace: str, *models: dict[str, Any]) -> dict[str, Any]:
    selector = {"nodeSelector": {"gpu.product": product}}
    chosen = [{"matchExpressions": [{"key": "gpu.product", "operator": "In", "values": [product]}]}]
    found = [{**each, "nodeSelectorTerms": chosen} for each in models]
    return environment(*found, namespace=namespace, capacity=[{**POOL, **selector, "count": 6, "perNode": 2}])


def test_pods_of_every_environment_count_before_the_nodes_are_renamed(tmp_path: Path) -> None:
    def values(product: str) -> dict[str, Any]:
        big = model("big", requestGPU=2, replicaCount=1)
        return {
            "dev": _on(product, "dev", model(replicaCount=1)),
            "prod": _on(product, "llm", model(), big),
        }

    one = new_repository(tmp_path / "repository", **values("old"))
    one.values(**values("new"))
    found = one.review()
    [row] = found["clusters"]["c1"]["gpus"]
    assert (row["before"], row["after"], row["peak"]) == (5, 5, 8)
    assert {name: env["gpus"][0]["before"] for name, env in found["envs"].items()} == {"dev": 5, "prod": 5}
