"""ExternalSecrets: one for each reference, with the store's keys as the template gives them."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.model.reading import read_stack
from llmstack.objects.components import build_all
from llmstack.values.source import read_source
from tests.laws.trees import tree_of

MODEL: dict[str, Any] = {"name": "llama", "repository": "r", "tag": "v1", "modelURL": "m", "requestGPU": 1}


def _external(
    gitops: dict[str, Any] | None = None, engine: dict[str, Any] | None = None, **model: Any
) -> dict[str, Any]:
    """The ExternalSecrets of an environment `prod`, by name."""
    from llmstack import yamlio

    stated = {
        "servingEngineSpec": {**(engine or {}), "modelSpec": [MODEL | model]},
        "gitops": {"secrets": {"backend": "external-secrets", "store": "vault", **(gitops or {})}},
    }
    _, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(stated).encode())])
    assert stack is not None, findings
    objects = [placed.object for placed in build_all(stack.named("prod"))]
    return {each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] == "ExternalSecret"}


TOKEN = {"secretName": "hf", "secretKey": "token"}


def test_each_reference_has_one_with_all_its_keys() -> None:
    other = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "other"}}}]
    key = {"secretName": "api", "secretKey": "key"}
    found = _external(engine={"vllmApiKey": key}, hf_token=TOKEN, env=other)
    assert found.keys() == {"hf", "api"}
    assert [each["secretKey"] for each in found["hf"]["data"]] == ["other", "token"]
    assert found["api"]["secretStoreRef"] == {"name": "vault", "kind": "ClusterSecretStore"}
    assert found["api"]["refreshInterval"] == "1h"
    assert found["api"]["target"] == {"name": "api", "creationPolicy": "Owner"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (None, {"key": "hf", "property": "token"}),
        ("llm/{env}/{secret}", {"key": "llm/prod/hf", "property": "token"}),
        ("llm/{env}/{secret}/{key}", {"key": "llm/prod/hf/token"}),
        ("{secret}-{key}", {"key": "hf-token"}),
    ],
)
def test_the_remote_key_is_as_the_template_says(key: str | None, expected: dict[str, str]) -> None:
    (entry,) = _external({"key": key} if key else {}, hf_token=TOKEN)["hf"]["data"]
    assert entry == {"secretKey": "token", "remoteRef": expected}


def test_a_secret_that_is_read_as_a_whole_takes_all_there_is() -> None:
    spec = _external({"key": "llm/{env}/{secret}/{key}"}, envFromSecret={"name": "all"})["all"]
    assert spec["dataFrom"] == [{"extract": {"key": "llm/prod/all"}}]
    assert "data" not in spec


def test_a_pull_secret_has_its_type() -> None:
    spec = _external(imagePullSecret="registry")["registry"]
    assert spec["target"]["template"] == {"type": "kubernetes.io/dockerconfigjson"}
    assert [each["secretKey"] for each in spec["data"]] == [".dockerconfigjson"]


def test_optional_references_and_certificates_have_none() -> None:
    optional = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "maybe", "key": "x", "optional": True}}}]
    assert _external(env=optional) == {}


def test_they_are_in_the_unit_stack_and_another_backend_has_none() -> None:
    made = {"servingEngineSpec": {"modelSpec": [MODEL | {"hf_token": TOKEN}]}}
    external = {"secrets": {"backend": "external-secrets", "store": "vault"}}
    files = tree_of({"prod": made | {"gitops": external}, "dev": made}).files
    assert "overlays/prod/stack/externalsecret-hf.yaml" in files
    assert not any("externalsecret" in path for path in files if path.startswith("overlays/dev"))
