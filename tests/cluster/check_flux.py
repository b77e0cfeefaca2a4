"""Flux reconciles what llmstack commits: from Git to ready pods, and what a second commit changes, keeps and removes."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.tree.flux import DECRYPTION_SECRET
from llmstack.tree.flux import NAMESPACE as FLUX
from tests.cluster.flux import ROOT, Storage
from tests.cluster.kubectl import Kubectl, rolled_out, versions, wait_until
from tests.cluster.processes import listening
from tests.cluster.repository import CLUSTERS, GPUS
from tests.cluster.synced import CLAIM, LLAMA, Synced, synced
from tests.secrets.support import age_key

HANDED_OVER = {"replicaCount": None, "keda": {"enabled": True, "maxReplicaCount": 3}}


@pytest.fixture
def staging(kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> Iterator[Synced]:
    with synced("staging", kubectl, tmp_path) as one:
        yield one


@pytest.mark.parametrize("environment", GPUS)
def test_every_unit_becomes_ready(environment: str, kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> None:
    with synced(environment, kubectl, tmp_path) as one:
        read = one.repository.objects(f"clusters/{CLUSTERS[environment]}/{environment}")
        committed = {each["metadata"]["name"] for each in read if each["kind"] == "Kustomization"}
        assert {each["metadata"]["name"] for each in kubectl.items("kustomizations", FLUX)} == committed | {ROOT}
        assert len(versions(kubectl, one.objects())) == len(one.objects())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells in /proc who listens where")
def test_nothing_listens_beyond_loopback(staging: Synced) -> None:
    addresses = listening()
    assert len(addresses) >= 10, "etcd, the control plane, KWOK, Flux and the Git server"
    assert {each.partition(":")[0] for each in addresses} == {"0100007F"}


def test_an_image_bump_changes_nothing_but_that_model(staging: Synced) -> None:
    before = versions(staging.kubectl, staging.objects())
    staging.push(tag="v0.12.0")
    rolled_out(staging.kubectl, "llm")
    after = versions(staging.kubectl, staging.objects())
    changed = {each for each in after if after[each] != before.get(each)}
    own = versions(staging.kubectl, staging.objects("models/llama-8b"))
    assert f"Deployment llm {LLAMA}" in changed
    assert changed <= own.keys(), "the budget's status changes with the pods; other units' objects must not"
    assert staging.llama()["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v0.12.0")


def test_a_removed_model_is_pruned_and_its_claim_stays(staging: Synced) -> None:
    model = staging.objects("models/llama-8b")
    others = versions(staging.kubectl, staging.objects("models/qwen-small"))
    staging.push(enabled=False)
    wait_until(
        lambda: not staging.kubectl.items("kustomizations", FLUX, name="staging.models.llama-8b"), "no unit left"
    )
    left = versions(staging.kubectl, model)
    assert left.keys() == {f"PersistentVolumeClaim llm {CLAIM}"}
    assert versions(staging.kubectl, staging.objects("models/qwen-small")) == others


def test_a_renamed_model_keeps_its_claim(staging: Synced) -> None:
    """Nothing by hand: what the generated steps say of a claim that llmstack wrote."""
    claim = staging.kubectl.get("pvc", CLAIM, "llm")
    others = versions(staging.kubectl, staging.objects("models/qwen-small"))
    base = yamlio.load((staging.repository.root / "values" / "base.yaml").read_text(encoding="utf-8"))
    [model] = [each for each in base["servingEngineSpec"]["modelSpec"] if each["name"] == "llama-8b"]
    moved = {"pvcStorage": "50Gi", "pvcAccessMode": ["ReadWriteOnce"], "gitops": {"movedFrom": "llama-8b"}}
    models = [{"name": "llama-8b", "enabled": False}, {**model, "name": "llama-chat", **moved}]
    staging.push_values({"servingEngineSpec": {"modelSpec": models}})
    wait_until(lambda: not staging.kubectl.items("deployments", "llm", LLAMA), "the old Deployment gone")
    rolled_out(staging.kubectl, "llm")
    now = staging.kubectl.get("pvc", CLAIM, "llm")
    assert (now["metadata"]["uid"], now["status"]["phase"]) == (claim["metadata"]["uid"], "Bound")
    assert now["metadata"]["labels"]["app.kubernetes.io/name"] == "llama-chat"
    [deployment] = staging.kubectl.items("deployments", "llm", LLAMA.replace("8b", "chat"))
    assert CLAIM in str(deployment["spec"]["template"]["spec"]["volumes"])
    assert versions(staging.kubectl, staging.objects("models/qwen-small")) == others


def test_secrets_in_git_are_decrypted_in_the_cluster(staging: Synced) -> None:
    """SOPS: written with the recipient alone, read by Flux with the key that it was given."""
    identity, recipient = age_key()
    key = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": DECRYPTION_SECRET, "namespace": FLUX}}
    with staging.kubectl.holding({**key, "stringData": {"age.agekey": identity}}):
        staging.push_values({"gitops": {"secrets": {"backend": "sops", "age": [recipient]}}})
        staging.repository.llmstack("secret", "set", "staging", "hugging-face", "token", stdin="not a real token")
        staging.push()
        secret = staging.kubectl.get("secret", "hugging-face", "llm")
        assert base64.b64decode(secret["data"]["token"]) == b"not a real token"
        assert "not a real token" not in staging.repository.git("log", "-p", "--all")


def test_a_claim_grows(staging: Synced) -> None:
    staging.push(pvcStorage="100Gi")
    claim = staging.kubectl.get("pvc", CLAIM, "llm")
    assert claim["spec"]["resources"]["requests"] == {"storage": "100Gi"}
    assert claim["status"]["phase"] == "Bound"


def test_replicas_of_a_scaler_survive(kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> None:
    """What a scaler does through the scale subresource, as KEDA's HorizontalPodAutoscaler does, is not undone."""
    with synced("staging", kubectl, tmp_path, keda={"enabled": True, "maxReplicaCount": 3}) as one:
        kubectl("scale", "deployment", LLAMA, "-n", "llm", "--replicas=3")
        rolled_out(kubectl, "llm")
        one.push(tag="v0.12.0")
        rolled_out(kubectl, "llm")
        assert one.llama()["spec"]["replicas"] == 3


def test_a_scaler_that_takes_over_does_as_the_review_says(
    kubectl: Kubectl, controllers: Storage, tmp_path: Path
) -> None:
    with synced("staging", kubectl, tmp_path, replicaCount=3) as one:
        one.push(**HANDED_OVER)
        [risk] = [each for each in one.repository.reviews()["staging"]["risks"] if each["id"] == "scaler-handover"]
        assert risk["object"] == f"Deployment/{LLAMA}"
        assert "falls from 3 to 1 at the apply" in risk["message"]
        assert one.llama()["spec"]["replicas"] == 1


def test_a_field_that_was_handed_over_before_stays(kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> None:
    """What the review advises, done before the merge."""
    with synced("staging", kubectl, tmp_path, replicaCount=3) as one:
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": LLAMA, "namespace": "llm"}}
        stream = yamlio.dump({**owner, "spec": {"replicas": 3}})
        flags = ("--server-side", "--validate=false", "--field-manager=handover-to-scaler")
        kubectl("apply", *flags, "-f", "-", stdin=stream)
        one.push(**HANDED_OVER)
        assert one.llama()["spec"]["replicas"] == 3
