"""`sync.source: artifact`: each unit is built from an artifact of its own, and a commit reconciles what it changes."""

from __future__ import annotations

from pathlib import Path

from llmstack.tree.flux import NAMESPACE
from tests.cluster.flux import ROOT, Storage
from tests.cluster.kubectl import Kubectl, condition, rolled_out, wait_until
from tests.cluster.source_watcher import publish
from tests.cluster.synced import followed

ARTIFACTS = {"gitops": {"sync": {"source": "artifact"}}}
BUMP = {"servingEngineSpec": {"modelSpec": [{"name": "llama-8b", "tag": "v0.12.0"}]}}


def test_a_commit_reconciles_what_it_changes(kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> None:
    with followed("staging", kubectl, tmp_path) as one:
        root_is_at(kubectl, one.commit(ARTIFACTS))
        first = publish(kubectl, one.repository.root, controllers)
        wait_until(lambda: applied(kubectl) == first, f"{first}")
        rolled_out(kubectl, "llm")
        root_is_at(kubectl, one.commit(BUMP))
        second = publish(kubectl, one.repository.root, controllers)
        assert {name for name in second if second[name] != first[name]} == {"staging.models.llama-8b"}
        wait_until(lambda: applied(kubectl) == second, f"{second}")
        rolled_out(kubectl, "llm")
        assert one.llama()["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v0.12.0")


def applied(kubectl: Kubectl) -> dict[str, str]:
    """The revision that each unit is Ready at."""
    return {
        each["metadata"]["name"]: each["status"].get("lastAppliedRevision", "")
        for each in kubectl.items("kustomizations", NAMESPACE)
        if each["metadata"]["name"] != ROOT and condition(each, "Ready").get("status") == "True"
    }


def root_is_at(kubectl: Kubectl, commit: str) -> None:
    """Wait until what the cluster is told to follow is that of a commit."""

    def revision() -> str:
        status = kubectl.get("kustomization", ROOT, NAMESPACE).get("status", {})
        return str(status.get("lastAppliedRevision", ""))

    wait_until(lambda: revision().endswith(commit), f"the root at {commit}")
