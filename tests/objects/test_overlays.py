"""Kinds beside the Deployment, in base and overlays: they build to what is rendered, and pass their schemas."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack import schemas, yamlio
from llmstack.programs import KUBECONFORM, find_tool, kubeconform_texts
from tests.laws.trees import Tree, assert_laws, tree_of

WORKLOADS_BASE = """
servingEngineSpec:
  configs: {Q: z}
  modelSpec:
  - name: rays
    repository: vllm/vllm-openai
    tag: v0.11.2
    modelURL: a/b
    requestGPU: 1
    replicaCount: 2
    pvcStorage: 5Gi
    enableLoRA: true
    raySpec: {enabled: true, headNode: {requestCPU: 2, initContainer: {name: x, image: busybox}}}
  - name: groups
    repository: vllm/vllm-openai
    tag: v0.11.2
    modelURL: a/b
    requestGPU: 8
    keda: {enabled: true, maxReplicaCount: 4, triggers: {type: cpu, metadata: {value: "5"}}}
    lwsSpec: {enabled: true, size: 4}
  - name: plain
    repository: vllm/vllm-openai
    tag: v0.11.2
    modelURL: a/b
    keda: {enabled: true, minReplicaCount: 0}
routerSpec: {autoscaling: {enabled: true}}
"""
WORKLOADS_PROD = """
servingEngineSpec:
  labels: {environment: prod}
  modelSpec:
  - {name: rays, raySpec: {enabled: false}, lwsSpec: {enabled: true, size: 2}}
  - {name: groups, vllmConfig: {maxModelLen: 100}}
  - {name: plain, raySpec: {enabled: true}}
gitops: {release: other, namespace: llm}
"""
BESIDE_BASE = """
servingEngineSpec:
  serviceMonitor: {enabled: true, additionalLabels: {prometheus: main}}
  vllmApiKey: {secretName: keys, secretKey: api}
  modelSpec:
  - {name: m, repository: vllm/vllm-openai, tag: v0.11.2, modelURL: a/b, requestGPU: 1, pdb: {enabled: true}}
routerSpec:
  serviceMonitor: {enabled: true}
  pdb: {enabled: true, maxUnavailable: 1}
  route:
    main: {enabled: true, parentRefs: [{name: gw}], hostnames: [a.b]}
    http: {enabled: true, parentRefs: [{name: gw}], httpsRedirect: true}
grafanaDashboards: {enabled: true}
loraAdapters:
- name: guard
  baseModel: m
  adapterSource: {type: local, adapterName: x, adapterPath: /y, credentials: {secretName: s, secretKey: k}}
  loraAdapterDeploymentConfig: {replicas: 1, labels: {a: b}}
loraController: {enableLoraController: true, webhook: {enabled: true}, pdb: {enabled: true, maxUnavailable: 0}}
sharedStorage: {enabled: true}
extraObjects:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: here}, data: {a: b}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: there, namespace: other}, data: {a: b}}
- {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 5}
- apiVersion: inference.networking.k8s.io/v1
  kind: InferencePool
  metadata: {name: pool}
  spec:
    selector: {matchLabels: {app.kubernetes.io/component: engine}}
    targetPorts: [{number: 8000}]
    endpointPickerRef: {name: picker, port: {number: 9002}}
"""
BESIDE_PROD = """
servingEngineSpec: {labels: {environment: prod}}
loraController: {replicaCount: 2}
sharedStorage: {enabled: false}
grafanaDashboards: {labels: {grafana_dashboard: null, folder: llm}}
routerSpec: {route: {main: {hostnames: [c.d]}, http: null}}
gitops: {release: other, namespace: llm}
"""


@pytest.fixture(params=[(WORKLOADS_BASE, WORKLOADS_PROD), (BESIDE_BASE, BESIDE_PROD)], ids=["workloads", "beside them"])
def tree(request: pytest.FixtureRequest) -> Tree:
    base, prod = request.param
    return tree_of({"base": base, "dev": {}, "prod": prod})


def test_they_build_to_what_is_rendered(tree: Tree, tmp_path: Path) -> None:
    assert_laws(tree, tmp_path)


def test_a_model_that_is_no_deployment_has_none() -> None:
    tree = tree_of({"base": WORKLOADS_BASE, "dev": {}, "prod": WORKLOADS_PROD})
    kinds = {
        environment: {
            unit: {object["kind"] for object in objects} & {"Deployment", "RayCluster", "LeaderWorkerSet"}
            for unit, objects in units.items()
            if unit.startswith("models/")
        }
        for environment, units in tree.rendered.items()
    }
    assert kinds == {
        "dev": {
            "models/rays": {"RayCluster"},
            "models/groups": {"LeaderWorkerSet"},
            "models/plain": {"Deployment"},
        },
        "prod": {
            "models/rays": {"LeaderWorkerSet"},
            "models/groups": {"LeaderWorkerSet"},
            "models/plain": {"RayCluster"},
        },
    }


def test_they_pass_their_schemas(tree: Tree) -> None:
    folder = os.environ.get("LLMSTACK_TOOLS")
    program = find_tool(KUBECONFORM, Path(folder) if folder else None)
    texts = {
        f"{environment}/{unit}": "---\n".join(yamlio.dump(object) for object in objects)
        for environment, units in tree.rendered.items()
        for unit, objects in units.items()
    }
    version, where = schemas.full_version("1.34"), schemas.locations()
    verdicts = kubeconform_texts(program, texts, kubernetes_version=version, schema_locations=where)
    assert len(verdicts) > 10
    assert [verdict for verdict in verdicts if verdict.status != "valid"] == []
