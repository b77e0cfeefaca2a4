"""Every key of the values changes some object, or stands in a table that says why it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from llmstack import yamlio
from llmstack.model.stack import Stack, map_defaults
from llmstack.objects.components import build_all
from llmstack.values.layers import merge
from tests.laws.keys import Route, candidates, holds, leaves, put, show

ENGINE: Route = ("servingEngineSpec", "modelSpec", "[]")

DEAD: Mapping[Route, str] = {
    (*ENGINE, "device"): "vLLM's images are built for one device",
    (*ENGINE, "vllmConfig", "v1"): "vLLM has one engine",
    ("routerSpec", "enablePD"): "ports for KV transfer are opened where engines transfer",
}
"""Keys that mean nothing: a check warns of each."""

FACTS: Mapping[Route, str] = {
    ("gitops", "llmstack"): "which llmstack may write (tests/cli)",
    ("gitops", "kubernetesVersion"): "schemas to validate against",
    ("gitops", "capacity"): "what review and checks count with",
    ("gitops", "currency"): "what prices are in",
    ("gitops", "existing"): "what checks compare references with",
    ("gitops", "secrets"): "where Secrets come from",
    ("gitops", "sync"): "what Flux and Argo CD read",
    ("gitops", "allowUnknownKinds"): "validation",
    ("gitops", "checks"): "severities",
    ("gitops", "selectors"): "whose selectors Deployments have: every label at once (tests/parity/test_selectors.py)",
    ("gitops", "selectorLabels"): "with gitops.selectors alone (tests/parity/test_selectors.py)",
    ("gitops", "acknowledge"): "risks that somebody accepted",
    ("gitops", "factsMaxAge"): "what `diff` says of old facts (tests/facts/test_diff.py)",
    (*ENGINE, "gitops"): "facts about one model",
}
"""Sections that tell llmstack something; what they change is no object of the stack."""

RICH = """
servingEngineSpec:
  serviceMonitor: {enabled: true}
  sidecar: {}
  vllmApiKey: {secretName: keys, secretKey: api}
  modelSpec:
  - name: llama
    repository: vllm/vllm-openai
    tag: v0.11.2
    modelURL: x/y
    pvcStorage: 5Gi
    enableLoRA: true
    requestGPU: 1
    hf_token: {secretName: hf, secretKey: token}
    envFromSecret: {name: s3}
    pdb: {enabled: true}
    keda:
      enabled: true
      fallback: {}
      advanced: {horizontalPodAutoscalerConfig: {}, scalingModifiers: {}}
    vllmConfig: {tensorParallelSize: 2}
    lmcacheConfig: {enabled: true, enableController: true}
    initContainer: [{name: init, image: busybox}]
    tolerations: [{key: own}]
  tolerations: [{key: all}]
routerSpec:
  hf_token: {secretName: hf, secretKey: token}
  vllmApiKey: {secretName: keys, secretKey: router}
  autoscaling: {enabled: true}
  pdb: {enabled: true}
  ingress: {enabled: true, hosts: [{host: a.b, paths: [{path: /}]}]}
  route: {main: {enabled: true}}
  otel: {endpoint: "otel:4317"}
  serviceMonitor: {enabled: true}
  lmcacheControllerReplyPort: 9101
  lmcacheConfig: {}
cacheServerSpec: {enableServer: true, image: {}, pdb: {enabled: true}}
sharedStorage: {enabled: true, image: {}}
loraAdapters:
- name: adapter
  baseModel: llama
  adapterSource: {type: local, adapterName: a, credentials: {secretName: s, secretKey: k}}
  vllmApiKey: {secretName: keys, secretKey: adapter}
  loraAdapterDeploymentConfig: {algorithm: default}
loraController: {enableLoraController: true, pdb: {enabled: true}, image: {}, metrics: {}, webhook: {}}
grafanaDashboards: {enabled: true}
gitops: {createNamespace: true}
global: {imagePullSecrets: []}
"""

OTHERWISE: Mapping[str, str] = {
    "as it is": "{}",
    "nothing but a model": "{servingEngineSpec: {modelSpec: [{name: llama}]}}",
    "replicas that nobody owns": "{servingEngineSpec: {modelSpec: [{name: llama, keda: {enabled: false}}]},"
    " routerSpec: {autoscaling: {enabled: false}}}",
    "a monitor of one model": "{servingEngineSpec: {serviceMonitor: {enabled: false},"
    " modelSpec: [{name: llama, serviceMonitor: {enabled: true}}]}}",
    "a command of its own": "{servingEngineSpec: {modelSpec: [{name: llama, command: [serve]}]}}",
    "Ray": "{servingEngineSpec: {modelSpec: [{name: llama, raySpec: {enabled: true,"
    " upgradeStrategy: {}, headNode: {initContainer: [{name: init, image: busybox}]}}}]}}",
    "a group": "{servingEngineSpec: {modelSpec: [{name: llama, lwsSpec: {enabled: true}}]}}",
    "KV transfer": "{servingEngineSpec: {modelSpec: [{name: llama, lmcacheConfig: {enableNixl: true}}]}}",
    "static backends": "{routerSpec: {serviceDiscovery: static, serviceType: NodePort}}",
    "storage on an export": "{sharedStorage: {nfs: {server: a, path: /b}}}",
    "no transfer and no disruption budget": "{servingEngineSpec: {modelSpec: [{name: llama, pdb: {enabled: false}}]},"
    " cacheServerSpec: {pdb: {enabled: false}}}",
}
"""What is different in each context that a key may need."""


@cache
def contexts() -> tuple[dict[str, Any], ...]:
    rich = yamlio.load(RICH)
    return tuple(
        yamlio.load(text) if name.startswith("nothing") else dict(merge(rich, yamlio.load(text)))
        for name, text in OTHERWISE.items()
    )


def objects(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    stack = Stack.model_validate(merge(map_defaults(), values))
    return [placed.object for placed in build_all(stack)]


def changes_something(route: Route, annotation: Any) -> bool:
    """Whether some value of the key changes what some context builds that has the section of the key."""
    for values in contexts():
        if not holds(values, route):
            continue
        before = objects(values)
        for candidate in candidates(annotation):
            try:
                after = objects(put(values, route, candidate))
            except ValidationError:
                continue
            if after != before:
                return True
    return False


def is_fact(route: Route) -> bool:
    return any(route[: len(section)] == section for section in FACTS)


KEYS = dict(leaves())


@pytest.mark.parametrize("route", [route for route in KEYS if not is_fact(route) and route not in DEAD], ids=show)
def test_a_key_changes_some_object(route: Route) -> None:
    assert changes_something(route, KEYS[route]), f"no value of `{show(route)}` changes anything"


@pytest.mark.parametrize("route", DEAD, ids=show)
def test_a_dead_key_changes_nothing(route: Route) -> None:
    assert not changes_something(route, KEYS[route]), f"`{show(route)}` is not dead: take it from the table"


def test_the_tables_name_keys() -> None:
    for section in (*DEAD, *FACTS):
        assert any(route[: len(section)] == section for route in KEYS), show(section)


REFERENCE = Path(__file__).parents[3] / "shared" / "values-reference.md"
ROW = re.compile(r"^\| `([\w.\[\]]+)`\s*\|", re.MULTILINE)


@pytest.mark.skipif(
    not REFERENCE.exists(), reason=f"the values reference is not at {REFERENCE.name} beside the repository"
)
def test_every_row_of_the_reference_is_a_key() -> None:
    rows = ROW.findall(REFERENCE.read_text(encoding="utf-8"))
    assert len(rows) == len(set(rows)) == 124
    known = {show(route) for route in KEYS}
    prefixes = {show(route[:length]) for route in KEYS for length in range(1, len(route))}
    items = {name.replace("[]", "") for name in known}  # `initContainer` is a list, or the map of one
    missing = [row for row in rows if row not in known | prefixes and row.replace("[]", "") not in items]
    assert missing == []
