"""A small repository of one environment that a sync tool follows: two models on KWOK's nodes, and files that people add."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from llmstack.tree.flux import NAMESPACE
from tests.cluster.control_plane import DELETED_AFTER, READY_AFTER
from tests.cluster.flux import follow, ready_at, reconcile
from tests.cluster.git_server import serving
from tests.cluster.kubectl import Kubectl, Object, condition, namespace, rolled_out, wait_until
from tests.cluster.nodes import DEFAULT_STORAGE, gpu_node, nodes, volumes
from tests.cluster.repository import Repository, new_repository
from tests.cluster.scenarios import POOL, rolling

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
Kind = TypeVar("Kind", bound="Owned")
ORPHAN = (
    f"{KUSTOMIZATION}resources: [note.yaml, {{}}]\n"
    "patches:\n"
    "  - target: {{group: kustomize.toolkit.fluxcd.io, kind: Kustomization, name: 'prod\\..*'}}\n"
    '    patch: \'[{{"op": "add", "path": "/spec/deletionPolicy", "value": "Orphan"}}]\'\n'
)
"""The file of docs/operations.md, "Move an environment", with room for what it lists."""
NOTE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, namespace: default}\n"


@dataclass(frozen=True)
class Owned:
    """An environment `prod` in a namespace of its own, which a cluster follows at clusters/c1."""

    tool: ClassVar[str] = "flux"

    repository: Repository
    url: str
    name: str
    kubectl: Kubectl

    def values(
        self, *models: Mapping[str, Any], cluster: str = "c1", tool: str | None = None, **sections: Any
    ) -> dict[str, Any]:
        """The values of `prod`: these models, of one GPU each, and no router."""
        sync = {"tool": tool or self.tool, "cluster": cluster, "repoURL": self.url}
        pool = {"pool": "all", "count": 16, "perNode": 16, "nodeSelector": {POOL: self.name}}
        engine = {
            "runtimeClassName": "",
            "strategy": rolling(0, 1),
            "modelSpec": [self._model(each) for each in models],
        }
        gitops = {"namespace": self.name, "capacity": [pool], "sync": sync}
        return {"servingEngineSpec": engine, "routerSpec": {"enableRouter": False}, "gitops": gitops, **sections}

    def _model(self, more: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "repository": "vllm/vllm-openai",
            "tag": "v1",
            "modelURL": "Qwen/Qwen2.5-1.5B-Instruct",
            "replicaCount": 1,
            "requestCPU": 1,
            "requestMemory": "1Gi",
            "requestGPU": 1,
            "nodeSelector": {POOL: self.name},
            "podAnnotations": {READY_AFTER: "3s", DELETED_AFTER: "1s"},
            "gitops": {"loadTime": "60s"},
            **more,
        }

    def commit(self, values: Mapping[str, Any], files: Mapping[str, str | None] | None = None) -> str:
        """Commit values, with files beside them (None: removed), and have the sync tool look at it; the commit."""
        for path, text in (files or {}).items():
            file = self.repository.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            if text is not None:
                file.write_text(text, encoding="utf-8")
        commit = self.repository.publish({"prod": values})
        self.look()
        return commit

    def look(self) -> None:
        """Have the sync tool look at the repository now."""
        reconcile(self.kubectl)

    def applied(self, commit: str) -> None:
        """Wait until the sync tool has applied all of a commit."""
        ready_at(self.kubectl, commit)

    def push(self, values: Mapping[str, Any], files: Mapping[str, str | None] | None = None) -> str:
        """Commit, and wait until the sync tool has applied all of it and every pod is ready."""
        commit = self.commit(values, files)
        self.applied(commit)
        rolled_out(self.kubectl, self.name)
        return commit

    def foreseen(self) -> dict[str, Any]:
        """What `diff` says of the last commit."""
        found: dict[str, Any] = json.loads(self.repository.llmstack("diff", "HEAD~1", "HEAD", "--format", "json"))
        return found

    def pods(self) -> dict[str, str]:
        """The pods of the environment that are not being deleted, by uid."""
        found = self.kubectl.items("pods", self.name)
        return {
            each["metadata"]["uid"]: each["metadata"]["name"]
            for each in found
            if "deletionTimestamp" not in each["metadata"]
        }

    def generations(self) -> dict[str, int]:
        """How often each Deployment was changed."""
        found = self.kubectl.items("deployments", self.name)
        return {each["metadata"]["name"]: each["metadata"]["generation"] for each in found}

    def units(self, environment: str = "prod") -> dict[str, Object]:
        """The environment's Kustomizations by name."""
        found = {each["metadata"]["name"]: each for each in self.kubectl.items("kustomizations", NAMESPACE)}
        return {name: each for name, each in found.items() if name.startswith(f"{environment}.")}

    def is_ready(self, unit: str) -> bool:
        return condition(self.units()[unit], "Ready").get("status") == "True"

    def built(self, cluster: str, commit: str) -> None:
        """Wait until Flux has applied the folder of a cluster at a commit."""

        def root() -> bool:
            status = self.kubectl.get("kustomization", "flux-system", NAMESPACE).get("status", {})
            return str(status.get("lastAppliedRevision", "")).endswith(f":{commit}")

        wait_until(root, f"clusters/{cluster} at {commit}")


@contextmanager
def owned(
    name: str, kubectl: Kubectl, folder: Path, models: Sequence[Mapping[str, Any]], **more: Any
) -> Iterator[Owned]:
    """The environment as Flux has it, all its pods ready; `more` are files and sections of its values."""
    files, sections = more.pop("files", {}), more
    with prepared(Owned, name, kubectl, folder, models, **sections) as one:
        commit = one.commit(one.values(*models, **sections), {"clusters/c1/note.yaml": NOTE, **files})
        with follow(kubectl, one.url, "clusters/c1"):
            ready_at(kubectl, commit)
            rolled_out(kubectl, name)
            yield one


@contextmanager
def prepared(
    made: type[Kind], name: str, kubectl: Kubectl, folder: Path, models: Sequence[Mapping[str, Any]], **sections: Any
) -> Iterator[Kind]:
    """The environment in a repository that is served, with a node for its pods and volumes for its claims."""
    with ExitStack() as stack:
        url = stack.enter_context(serving(folder / "served"))
        one = made(new_repository(folder / "work"), f"{url}/llm.git", name, kubectl)
        one.repository.serve(folder / "served" / "llm.git")
        one.repository.commit({"prod": one.values(*models, **sections)})
        stack.enter_context(nodes(kubectl, gpu_node(f"{name}-0", 16, {POOL: name})))
        claims = one.repository.objects("overlays/prod")
        stack.enter_context(kubectl.holding(DEFAULT_STORAGE, *volumes(claims), namespace(name)))
        yield one
    kubectl("delete", "persistentvolumes", "--all")  # Flux keeps them, as their annotation says
