"""LoraAdapters and their controller."""

from __future__ import annotations

from tests.objects.support import MODEL, env_of, objects_of, one

ADAPTER = """
loraAdapters:
- name: guard
  baseModel: llama
  adapterSource:
    {type: huggingface, adapterName: topic, repository: x/y, credentials: {secretName: hf, secretKey: token}}
  loraAdapterDeploymentConfig: {algorithm: ordered, replicas: 2, labels: {a: b}}
- {name: unused, enabled: false}
"""
CONTROLLER = "loraController: {enableLoraController: true%s}\n"


def test_an_adapter() -> None:
    key = "servingEngineSpec: {vllmApiKey: {secretName: keys, secretKey: api}}\n"
    found = one(key + ADAPTER, "LoraAdapter")
    assert found["metadata"]["name"] == "guard"
    assert found["metadata"]["labels"]["a"] == "b"
    assert found["spec"] == {
        "baseModel": "llama",
        "vllmApiKey": {"secretName": "keys", "secretKey": "api"},
        "adapterSource": {
            "type": "huggingface",
            "adapterName": "topic",
            "repository": "x/y",
            "credentialsSecretRef": {"name": "hf", "key": "token"},
        },
        "loraAdapterDeploymentConfig": {"algorithm": "ordered", "replicas": 2},
    }


def test_two_environments_of_one_cluster_share_no_cluster_wide_name() -> None:
    def names(namespace: str) -> set[str]:
        values = f"gitops: {{namespace: {namespace}}}\n" + CONTROLLER % ""
        found = objects_of(values)
        return {name for kind, name in found if kind.startswith("Cluster")}

    assert len(names("dev")) == 3  # a role and its binding share a name
    assert not names("dev") & names("prod")


def test_bindings_lead_to_the_account_the_pod_has() -> None:
    found = objects_of("gitops: {namespace: llm}\n" + CONTROLLER % "")
    account = found["Deployment", "llmstack-lora-controller"]["spec"]["template"]["spec"]["serviceAccountName"]
    assert ("ServiceAccount", account) in found
    bindings = [o for (kind, _), o in found.items() if kind == "ClusterRoleBinding"]
    for binding in bindings:
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": "llm"}]
        assert ("ClusterRole", binding["roleRef"]["name"]) in found
        assert "namespace" not in binding["metadata"]


def test_an_existing_account_is_used_and_given_nothing() -> None:
    found = objects_of(CONTROLLER % ", serviceAccountName: mine")
    pod = found["Deployment", "llmstack-lora-controller"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "mine"
    assert not [kind for kind, name in found if "lora" in name and kind != "Deployment"]


def test_what_the_controller_serves_and_mounts() -> None:
    stated = ", metrics: {enabled: false}, webhook: {enabled: true}, extraArgs: [-v], env: [{name: A, value: b}]"
    values = CONTROLLER % stated + "sharedStorage: {enabled: true}\n"
    pod = one(values, "Deployment", "llmstack-lora-controller")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][-3:] == [
        "--metrics-bind-address=0",
        "--webhook-cert-path=/tmp/k8s-webhook-server/serving-certs",
        "-v",
    ]
    assert env_of(container)["A"] == "b"
    volumes = {volume["name"] for volume in pod["volumes"]}
    for each in (*pod["initContainers"], container):
        assert {mount["name"] for mount in each["volumeMounts"]} <= volumes
    assert {port["containerPort"] for port in container["ports"]} == {8443, 9443}


def test_models_with_lora_and_a_claim_have_the_sidecar() -> None:
    values = MODEL + "    enableLoRA: true\n    pvcStorage: 5Gi\n"
    pod = one(values, "Deployment", "llmstack-llama-deployment-vllm")["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["containers"]] == ["vllm", "sidecar"]
    assert "--enable-lora" in pod["containers"][0]["args"]
