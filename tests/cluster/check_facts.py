"""What is learned of a real cluster decides right: taints, cordoned nodes, other tenants, room of nodes, quotas.

Each case is an environment whose values say nothing of nodes, and a scale-up that one fact of the cluster decides. The
facts are learned by the user that `learn rbac` allows to read, from the command that `learn cluster` prints.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.facts.asking import GROUP, READ, kubectl_command
from llmstack.facts.asking import rbac as rbac_manifests
from llmstack.facts.cluster_file import file_path, read_cluster
from tests.cluster.control_plane import READY_AFTER
from tests.cluster.kubectl import Kubectl, Object, Refused, is_rolled_out, namespace, wait_until
from tests.cluster.nodes import GPU, gpu_node, nodes
from tests.cluster.repository import Repository, new_repository
from tests.cluster.scenarios import LOAD, POOL

TAINT = {"key": "dedicated", "value": "training", "effect": "NoSchedule"}
READER = ("--as=reader", f"--as-group={GROUP}")


@dataclass(frozen=True)
class Case:
    """A scale-up from one replica to two, each of two GPUs, on nodes of four."""

    name: str
    finishes: bool
    risk: str | None
    tainted: bool = False
    cordoned: bool = False
    held: int = 0
    """GPUs of another tenant's pod."""
    hard: dict[str, Any] = field(default_factory=dict)
    """What a ResourceQuota of the namespace leaves."""
    beside: int = 0
    """GPUs of somebody's pod in the same namespace."""
    values: dict[str, Any] = field(default_factory=dict)

    def environment(self, replicas: int) -> dict[str, Any]:
        model = {
            "name": "llama",
            "repository": "vllm/vllm-openai",
            "tag": "v1",
            "modelURL": "Qwen/Qwen2.5-1.5B-Instruct",
            "replicaCount": replicas,
            "requestCPU": 1,
            "requestMemory": "1Gi",
            "requestGPU": 2,
            "nodeSelector": {POOL: self.name},
            "podAnnotations": {READY_AFTER: f"{LOAD:g}s"},
            **self.values,
        }
        gitops = {"namespace": self.name, "sync": {"cluster": self.name}}
        router = {"enableRouter": False}
        engine = {"runtimeClassName": "", "modelSpec": [model]}
        return {"servingEngineSpec": engine, "routerSpec": router, "gitops": gitops}


TOLERATING = {"tolerations": [{**TAINT, "operator": "Equal"}]}
CASES = (
    Case("facts-room", True, None),
    Case("facts-tenant", False, "gpu-shortage", held=1),
    Case("facts-taint", False, "rollout-stuck", tainted=True),
    Case("facts-tolerated", True, None, tainted=True, values=TOLERATING),
    Case("facts-cordoned", False, "gpu-shortage", cordoned=True),
    Case("facts-quota", False, "rollout-stuck", hard={f"requests.{GPU}": 3}),
    Case("facts-quota-room", True, None, hard={f"requests.{GPU}": 4, "pods": 2, "requests.storage": "1Gi"}),
    Case("facts-quota-used", False, "not-judged", hard={f"requests.{GPU}": 4}, beside=1),
    Case("facts-memory", False, "rollout-stuck", values={"requestMemory": "3Ti"}),
)


def _job(case: Case, where: str, gpus: int) -> Object:
    container = {"name": "job", "image": "job", "resources": {"limits": {GPU: str(gpus)}}}
    spec = {"nodeSelector": {POOL: case.name}, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "job", "namespace": where}, "spec": spec}


def _quota(case: Case) -> Object:
    metadata = {"name": "team", "namespace": case.name}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": case.hard}}


def _objects(repository: Repository, cases: Sequence[Case]) -> list[Object]:
    return [each for case in cases for each in repository.objects(f"overlays/{case.name}")]


def _change_nodes(kubectl: Kubectl) -> None:
    """What happens to nodes after the first replicas run."""
    for case in CASES:
        if case.tainted:
            kubectl("taint", "nodes", case.name, f"{TAINT['key']}={TAINT['value']}:{TAINT['effect']}")
        if case.cordoned:
            kubectl("cordon", case.name)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("facts") / "work")


@pytest.fixture(scope="module")
def outcomes(kubectl: Kubectl, repository: Repository) -> dict[str, tuple[dict[str, Any], dict[str, Any], bool]]:
    """By case: the review without facts, the review with them, and whether the rollout finished."""
    machines = [gpu_node(case.name, 8 if case.hard else 4, {POOL: case.name}) for case in CASES]
    tenants = [_job(case, "somebody", case.held) for case in CASES if case.held]
    tenants += [_job(case, case.name, case.beside) for case in CASES if case.beside]
    repository.commit({case.name: case.environment(1) for case in CASES})
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, *machines))
        stack.enter_context(kubectl.holding(*map(namespace, (*(case.name for case in CASES), "somebody"))))
        stack.enter_context(kubectl.holding(*rbac_manifests()))
        kubectl.apply([_quota(case) for case in CASES if case.hard])
        wait_until(lambda: all("used" in each.get("status", {}) for each in kubectl.items("resourcequotas")), "quotas")
        kubectl.apply([*_objects(repository, CASES), *tenants])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments"))), "the first replicas")
        wait_until(lambda: all(pod["spec"].get("nodeName") for pod in kubectl.items("pods")), "the tenants")
        _change_nodes(kubectl)
        _learn(kubectl, repository)
        repository.git("add", "-A")
        repository.git("commit", "-q", "-m", "facts")
        repository.commit({case.name: case.environment(2) for case in CASES})
        with_facts = repository.reviews()
        without = _without_facts(repository)
        kubectl.apply(_objects(repository, CASES))
        good = [case.name for case in CASES if case.finishes]
        wait_until(lambda: all(_finished(kubectl, name) for name in good), "the rollouts that fit", 60)
        return {case.name: (without[case.name], with_facts[case.name], _finished(kubectl, case.name)) for case in CASES}


def _learn(kubectl: Kubectl, repository: Repository) -> None:
    """Ask as the printed command does, as a user who may read and nothing else."""
    command = kubectl_command(READ, "cluster.json")
    arguments = shlex.split(command.partition(" > ")[0])[1:]
    text = kubectl(*READER, *arguments)
    for case in CASES:
        repository.llmstack("learn", "cluster", case.name, stdin=text)


def _without_facts(repository: Repository) -> dict[str, dict[str, Any]]:
    repository.git("switch", "-q", "--detach", "HEAD~2")
    repository.commit({case.name: case.environment(2) for case in CASES})
    found = repository.reviews()
    repository.git("switch", "-q", "main")
    return found


def _finished(kubectl: Kubectl, name: str) -> bool:
    return all(map(is_rolled_out, kubectl.items("deployments", name)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fact_of_the_cluster_decides_right(
    case: Case, outcomes: dict[str, tuple[dict[str, Any], dict[str, Any], bool]]
) -> None:
    without, review, finished = outcomes[case.name]
    found = {risk["id"] for risk in review["risks"]} & {"gpu-shortage", "gpu-deadlock", "rollout-stuck", "not-judged"}
    assert finished == case.finishes
    assert found == ({case.risk} if case.risk else set())
    assert {row["capacity"] for row in without["gpus"]} == {None}
    assert not {risk["id"] for risk in without["risks"] if risk["severity"] == "error"}


def test_load_times_are_those_that_pods_took(repository: Repository, outcomes: dict[str, Any]) -> None:
    assert outcomes
    path = repository.root / file_path("facts-room")
    facts = read_cluster(path.read_text(encoding="utf-8"))
    [load] = facts.loads
    assert (load.model, load.image, load.of) == ("llama", "vllm/vllm-openai:v1", 1)
    assert LOAD - 1 <= load.worst <= LOAD + 3
    assert "somebody" not in path.read_text(encoding="utf-8")


def test_who_may_learn_may_not_read_secrets(kubectl: Kubectl) -> None:
    with kubectl.holding(*rbac_manifests()):
        assert wait_until(lambda: _may(kubectl, "pods"), "the binding")
        assert _may(kubectl, "nodes")
        assert not _may(kubectl, "secrets")
        assert not _may(kubectl, "configmaps")
        with pytest.raises(Refused):
            kubectl(*READER, "get", "secrets", "--all-namespaces")


def _may(kubectl: Kubectl, kind: str) -> bool:
    try:
        kubectl(*READER, "get", kind, "--all-namespaces", "-o", "json")
    except Refused:
        return False
    return True


def test_the_command_prints_yaml_that_the_server_takes(kubectl: Kubectl, tmp_path: Any) -> None:
    text = new_repository(tmp_path / "work").llmstack("learn", "rbac")
    assert [kubectl.refusal(each) for each in yamlio.load_all(text)] == ["", ""]
