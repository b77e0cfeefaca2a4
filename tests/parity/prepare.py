"""A values file of the chart made ready: secrets in plain text become references, half a GPU becomes a whole one.

The references are those to the Secret that the chart would have made, so that both renderings name the same.
"""

from __future__ import annotations

from typing import Any

from llmstack import yamlio
from llmstack.finding import has_errors
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.values.source import read_source
from tests.parity.corpus import Case

RELEASE = "vllm"
"""The release that the renderings were made with."""


def stack_of(case: Case, **gitops: Any) -> Stack:
    """The stack of a prepared values file, with more keys of `gitops`; fails on errors."""
    values = prepared(yamlio.load(case.values.read_text(encoding="utf-8")))
    values["gitops"] |= gitops
    text = yamlio.dump(values)
    _, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is not None, findings
    assert not has_errors(findings), findings
    return stack


def prepared(values: dict[str, Any]) -> dict[str, Any]:
    """The values with references for secrets and whole GPUs, under the release of the renderings."""
    engine = values.get("servingEngineSpec") or {}
    _refer(engine, "vllmApiKey", "vllmApiKey")
    for model in engine.get("modelSpec") or []:
        _refer(model, "hf_token", f"hf_token_{model.get('name')}")
        if model.get("requestGPU") == 0.5:
            model["requestGPU"] = 1
    _refer(values.get("routerSpec") or {}, "hf_token", "router_hf_token")
    for adapter in values.get("loraAdapters") or []:
        source = adapter.get("adapterSource") or {}
        _refer(source, "credentials", f"lora_adapter_credentials_{source.get('adapterName')}")
    own = {"release": RELEASE, "namespace": "default"}
    return {**values, "gitops": {**(values.get("gitops") or {}), **own}}


def _refer(section: dict[str, Any], key: str, secret_key: str) -> None:
    if isinstance(section.get(key), str) and section[key]:
        section[key] = {"secretName": f"{RELEASE}-secrets", "secretKey": secret_key}
