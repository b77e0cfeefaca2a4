"""`duplicate-env` knows every variable that an engine can be given."""

from __future__ import annotations

import pytest

from llmstack.checks.rules.duplicate_env import DERIVED, derived_environment
from llmstack.checks.subject import Subject
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

EVERYTHING = """
servingEngineSpec:
  vllmApiKey: {{secretName: vllm, secretKey: key}}
  modelSpec:
    - name: llama
      repository: lmcache/vllm-openai
      tag: v0.3.9
      modelURL: facebook/opt-125m
      requestGPU: 2
      hf_token: {{secretName: hf, secretKey: token}}
      enableLoRA: true
      pvcStorage: 10Gi
      vllmConfig: {{tensorParallelSize: 2}}
      {workload}
      lmcacheConfig:
        enabled: true
        cpuOffloadingBufferSize: "30"
        diskOffloadingBufferSize: 10Gi
        enableController: true
        controllerReplyPort: 9001
        workerHeartbeatTime: 30
        p2pHost: localhost
        p2pInitPorts: "30081"
        enableNixl: true
        nixlEnableGc: true
        nixlRole: {role}
        nixlPeerHost: peer
        cudaVisibleDevices: "0"
cacheServerSpec: {{enableServer: true, serde: naive}}
routerSpec: {{routingLogic: kvaware, lmcacheControllerPort: 9000}}
"""


@pytest.mark.parametrize("role", ["sender", "receiver"])
@pytest.mark.parametrize(
    "workload", ["", "raySpec: {enabled: true, headNode: {requestGPU: 1}}", "lwsSpec: {enabled: true, size: 2}"]
)
def test_every_variable_is_known(workload: str, role: str) -> None:
    text = EVERYTHING.format(workload=workload, role=role)
    layers, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is not None, findings
    names = derived_environment(Subject("prod", stack, layers), stack.models[0]).keys()
    assert len(names) > 20
    assert [name for name in names if not name.startswith(DERIVED)] == []
