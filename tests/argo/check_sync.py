"""Argo CD syncs what llmstack commits: waves, a model added and removed, drift, a scaler, what stays.

No llmstack code is asked here but `gen`: what is held against the controllers is the output itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.tree.argo import NAMESPACE
from tests.argo.applications import PATIENCE, applications, health, operated, out_of_sync, revision, sync_status
from tests.argo.argocd import Plan
from tests.argo.watched import Watched, watched
from tests.cluster.kubectl import Kubectl, rolled_out, wait_until
from tests.cluster.owned import prepared
from tests.cluster.processes import listening

A, B = "llmstack-a-deployment-vllm", "llmstack-b-deployment-vllm"
CLAIMED = {"name": "a", "pvcStorage": "1Gi"}
OTHER = {"name": "b"}
SCALER = {"keda": {"enabled": True, "maxReplicaCount": 3}}


@pytest.fixture
def prod(kubectl: Kubectl, argo: Plan, tmp_path: Path) -> Iterator[Watched]:
    with watched("argo-sync", kubectl, tmp_path, [CLAIMED, OTHER]) as one:
        yield one


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells in /proc who listens where")
def test_nothing_but_the_metrics_listen_beyond_loopback(prod: Watched) -> None:
    """Of the application controller, whose flags name no address."""
    beyond = [each for each in listening() if each.partition(":")[0] != "0100007F"]
    assert len(beyond) == 1


def test_a_model_comes_and_goes_with_its_entry(prod: Watched) -> None:
    """The ApplicationSet: others are left alone, what goes takes its objects along, and its claim stays."""
    others = prod.generations()
    new = {"name": "c", "modelURL": "org/c"}
    prod.push(prod.values(CLAIMED, OTHER, new))
    assert "llmstack-c-deployment-vllm" in prod.generations()
    claims = {each["metadata"]["uid"] for each in prod.kubectl.items("pvc", prod.name)}
    prod.push(prod.values(OTHER, new))
    wait_until(lambda: "prod.models.a" not in applications(prod.kubectl), "the Application of a gone")
    wait_until(lambda: A not in prod.generations(), "the Deployment of a gone")
    assert prod.generations()[B] == others[B]
    assert {each["metadata"]["uid"] for each in prod.kubectl.items("pvc", prod.name)} == claims
    assert claims


def test_a_commit_elsewhere_syncs_nothing(prod: Watched) -> None:
    before = {name: operated(each) for name, each in applications(prod.kubectl).items()}
    commit = prod.push(prod.values(CLAIMED, {**OTHER, "tag": "v2"}))
    after = applications(prod.kubectl)
    assert {name for name, each in after.items() if operated(each) != before[name]} == {"prod.models.b"}
    assert {revision(each) for each in after.values()} == {commit}


def test_drift_is_repaired(prod: Watched) -> None:
    pods = prod.pods()
    service = prod.kubectl.items("services", prod.name)[0]["metadata"]["name"]
    prod.kubectl("scale", "deployment", A, "-n", prod.name, "--replicas=3")
    prod.kubectl("delete", "service", service, "-n", prod.name)
    wait_until(lambda: replicas(prod) == 1, "replicas as in Git")
    wait_until(lambda: prod.kubectl.items("services", prod.name, service), "the Service there again")
    rolled_out(prod.kubectl, prod.name)
    assert len(prod.pods()) == len(pods)
    prod.kubectl("delete", "deployment", A, "-n", prod.name)
    wait_until(lambda: A in prod.generations(), "the Deployment there again")


def test_replicas_of_a_scaler_survive(kubectl: Kubectl, argo: Plan, tmp_path: Path) -> None:
    """What a scaler does through the scale subresource is no drift, and a later sync does not undo it."""
    with watched("argo-scaled", kubectl, tmp_path, [OTHER]) as prod:
        commit = prod.commit(prod.values({"name": "a", **SCALER}, OTHER))
        prod.operated("prod.models.a", commit)
        kubectl("scale", "deployment", A, "-n", prod.name, "--replicas=3")
        rolled_out(kubectl, prod.name)
        prod.compared("prod.models.a")
        found = applications(kubectl)["prod.models.a"]
        assert (sync_status(found), out_of_sync(found)) == ("Synced", [])
        prod.operated("prod.models.a", prod.commit(prod.values({"name": "a", **SCALER, "tag": "v2"}, OTHER)))
        assert image(prod).endswith(":v2")
        assert replicas(prod) == 3


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_scaler_that_takes_over_does_as_the_review_says(
    handed_over: bool, kubectl: Kubectl, argo: Plan, tmp_path: Path
) -> None:
    """`scaler-handover`: replicas fall to 1, unless another manager holds the field before, as its advice has it."""
    three = {**CLAIMED, "replicaCount": 3}
    with watched("argo-handover", kubectl, tmp_path, [three, OTHER]) as prod:
        if handed_over:
            owner = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": A, "namespace": prod.name}}
            stream = yamlio.dump({**owner, "spec": {"replicas": 3}})
            flags = ("--server-side", "--validate=false", "--field-manager=handover-to-scaler")
            kubectl("apply", *flags, "-f", "-", stdin=stream)
        commit = prod.commit(prod.values({**CLAIMED, **SCALER}, OTHER))
        [risk] = [each for each in prod.foreseen()["envs"]["prod"]["risks"] if each["id"] == "scaler-handover"]
        assert "falls from 3 to 1 at the apply" in risk["message"]
        prod.operated("prod.models.a", commit)
        assert replicas(prod) == (3 if handed_over else 1)


def test_the_namespace_and_secrets_come_first(kubectl: Kubectl, argo: Plan, tmp_path: Path) -> None:
    """With the health check of Applications in argocd-cm: nothing else is there before the secrets are."""
    model = {**OTHER, "hf_token": {"secretName": "hugging-face", "secretKey": "token"}}
    with prepared(Watched, "argo-waves", kubectl, tmp_path, [model]) as prod:
        values = prod.values(model)
        values["gitops"] |= {"secrets": {"backend": "external-secrets", "store": "store"}, "createNamespace": True}
        commit = prod.commit(values)
        first = {"prod.stack"} | ({"prod.secrets"} & prod.expected())
        with prod.entered("prod"):
            wait_until(lambda: kubectl.items("externalsecrets", prod.name), "the ExternalSecret", PATIENCE)
            prod.operated("prod.stack", commit)
            wait_until(lambda: "Progressing" in states(kubectl), "secrets waited for")
            assert applications(kubectl).keys() == {"llmstack-prod"} | first
            assert not kubectl.items("applicationsets", NAMESPACE)
            for each in kubectl.items("externalsecrets", prod.name):
                flags = ("--subresource=status", "--type=merge", "-p", READY)
                kubectl("patch", "externalsecret", each["metadata"]["name"], "-n", prod.name, *flags)
            prod.applied(commit)


def states(kubectl: Kubectl) -> set[str]:
    return {health(each) for name, each in applications(kubectl).items() if name != "llmstack-prod"}


READY = '{"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}]}}'


def replicas(prod: Watched) -> int:
    found: int = prod.kubectl.get("deployment", A, prod.name)["spec"]["replicas"]
    return found


def image(prod: Watched) -> str:
    pod = prod.kubectl.get("deployment", A, prod.name)["spec"]["template"]["spec"]
    return str(pod["containers"][0]["image"])
