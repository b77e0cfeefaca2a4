"""The example repository on a control plane: one environment of it, followed by Flux."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import yamlio
from llmstack.values.layers import merge
from tests.cluster.flux import follow, ready_at, reconcile
from tests.cluster.git_server import serving
from tests.cluster.kubectl import Kubectl, Object, namespace, rolled_out
from tests.cluster.nodes import DEFAULT_STORAGE, PRODUCT, RUNTIME_CLASS, gpu_node, nodes, volumes
from tests.cluster.repository import CLUSTERS, GPUS, PUBLISHED, Repository, example

LLAMA = "llmstack-llama-8b-deployment-vllm"
CLAIM = "llmstack-llama-8b-storage-claim"


@dataclass(frozen=True)
class Synced:
    """The example repository, one environment of which a cluster follows."""

    repository: Repository
    environment: str
    kubectl: Kubectl

    def push(self, **model: Any) -> str:
        """Commit values with other keys of the model llama-8b, and wait until Flux is Ready at the commit; the commit.

        None takes a key away, as in values.
        """
        return self.push_values({"servingEngineSpec": {"modelSpec": [{"name": "llama-8b", **model}]}} if model else {})

    def push_values(self, change: Mapping[str, Any]) -> str:
        """Commit values with a change on top, as layers merge, and wait as `push` does."""
        commit = self.commit(change)
        ready_at(self.kubectl, commit)
        return commit

    def commit(self, change: Mapping[str, Any]) -> str:
        """Commit values with a change on top, as layers merge, and have Flux look at it; the commit."""
        path = self.repository.root / "values" / f"{self.environment}.yaml"
        values = merge(yamlio.load(path.read_text(encoding="utf-8")), change)
        commit = self.repository.publish({self.environment: values})
        reconcile(self.kubectl)
        return commit

    def objects(self, unit: str | None = None) -> list[Object]:
        """What is committed of one unit, or of the environment."""
        return self.repository.objects(f"overlays/{self.environment}" + (f"/{unit}" if unit else ""))

    def llama(self) -> Object:
        """The Deployment of the model llama-8b."""
        return self.kubectl.get("deployment", LLAMA, "llm")


@contextmanager
def synced(environment: str, kubectl: Kubectl, folder: Path, **model: Any) -> Iterator[Synced]:
    """A cluster that follows one environment of the example, llama-8b with other keys; all its pods are ready."""
    with followed(environment, kubectl, folder) as one:
        one.push(**model)
        rolled_out(kubectl, "llm")
        yield one


@contextmanager
def followed(environment: str, kubectl: Kubectl, folder: Path) -> Iterator[Synced]:
    """A cluster that will follow one environment of the example, once something is pushed."""
    repository = example(folder / "work")
    with ExitStack() as stack:
        url = stack.enter_context(serving(folder / "served"))
        base = (repository.root / "values" / "base.yaml").read_text(encoding="utf-8")
        assert PUBLISHED in base
        repository.write({"base": base.replace(PUBLISHED, f"{url}/llm.git")})
        repository.serve(folder / "served" / "llm.git")
        repository.llmstack("gen")
        one = Synced(repository, environment, kubectl)
        machines = [gpu_node(f"{environment}-{each}", 8, {PRODUCT: GPUS[environment]}) for each in range(2)]
        stack.enter_context(nodes(kubectl, *machines))
        stack.enter_context(kubectl.holding(RUNTIME_CLASS, DEFAULT_STORAGE, *volumes(one.objects())))
        stack.enter_context(kubectl.holding(namespace("llm")))
        stack.enter_context(follow(kubectl, f"{url}/llm.git", f"clusters/{CLUSTERS[environment]}"))
        yield one
    kubectl("delete", "persistentvolumes", "--all")  # Flux keeps them, as their annotation says
    shutil.rmtree(folder)
