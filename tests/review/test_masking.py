"""No secret in what a review returns, and nothing else hidden."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.compare import compare

Object = dict[str, Any]


def workload(name: str = "llama", image: str = "vllm:1", args: list[str] | None = None, **container: Any) -> Object:
    spec = {"containers": [{"name": "vllm", "image": image, "args": args or ["m", "--port", "8000"], **container}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "serving"},
        "spec": {
            "replicas": 1,
            "template": {"metadata": {"annotations": {"checksum/config": "1"}}, "spec": spec},
        },
    }


def plain(kind: str, name: str, **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "serving"}, **fields}


SECRETS: dict[str, tuple[Object, Object]] = {
    "a variable": (
        workload(env=[{"name": "HF_TOKEN", "value": "s3cret"}]),
        workload(env=[{"name": "HF_TOKEN", "value": "x"}]),
    ),
    "a variable that comes": (workload(env=[]), workload(env=[{"name": "VLLM_API_KEY", "value": "s3cret"}])),
    "a list that comes": (
        workload(),
        workload(env=[{"name": "DB_PASSWORD", "value": "s3cret"}, {"name": "B", "value": "1"}]),
    ),
    "a flag": (workload(args=["m", "--api-key", "s3cret"]), workload(args=["m", "--api-key", "x"])),
    "a flag with an equals sign": (workload(args=["m", "--api-key=s3cret"]), workload(args=["m"])),
    "the order of flags": (
        workload(args=["m", "--a", "--api-key", "s3cret"]),
        workload(args=["m", "--api-key", "s3cret", "--a"]),
    ),
    "a script": (
        workload(args=["-c", "HF_TOKEN=s3cret vllm"]),
        workload(args=["-c", "HF_TOKEN=s3cret vllm serve"]),
    ),
    "a Secret": (
        plain("Secret", "s", data={"a": "s3cret"}),
        plain("Secret", "s", data={"a": "b", "c": "s3cret"}),
    ),
    "a Secret's text": (plain("Secret", "s"), plain("Secret", "s", stringData={"a": "s3cret"})),
    "a URL": (
        plain("ConfigMap", "c", data={"u": "redis://u:s3cret@h"}),
        plain("ConfigMap", "c", data={"u": "redis://h"}),
    ),
    "a config file": (
        plain("ConfigMap", "c", data={"f": "a: 1\npassword: s3cret\n"}),
        plain("ConfigMap", "c", data={}),
    ),
    "a header": (
        workload(
            readinessProbe={
                "httpGet": {"port": 1, "httpHeaders": [{"name": "Authorization", "value": "Bearer s3cret"}]}
            }
        ),
        workload(),
    ),
    "a token by its shape": (
        workload(args=["m", "--x", "hf_s3cretABCDEFGHIJKLMNOP"]),
        workload(args=["m", "--x", "y"]),
    ),
    "a custom resource": (
        plain("X", "a", spec={"auth": {"apiKey": "s3cret"}}),
        plain("X", "a", spec={"auth": {"apiKey": "y"}}),
    ),
}


@pytest.mark.parametrize("case", SECRETS)
def test_secrets_are_masked_in_fields_and_in_whole_objects(case: str) -> None:
    for before, after in (SECRETS[case], SECRETS[case][::-1]):
        (change,) = compare({"u": [before]}, {"u": [after]})
        assert change.changes
        shown = repr((change.changes, change.before, change.after, change.causes))
        assert "s3cret" not in shown
        assert "(masked)" in shown


NOT_SECRET: list[Object] = [
    workload(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]),
    workload(env=[{"name": "TOKENIZERS_PARALLELISM", "value": "false"}, {"name": "HF_TOKEN_PATH", "value": "/x"}]),
    workload(args=["m", "--max-num-batched-tokens", "8192", "--tokenizer", "x", "--session-key", "user"]),
    workload(args=["m", "--api-key", "$(VLLM_API_KEY)"]),
    plain("ExternalSecret", "e", spec={"data": [{"secretKey": "HF_TOKEN", "remoteRef": {"key": "hf"}}]}),
    plain("Ingress", "i", spec={"tls": [{"secretName": "tls"}]}, automountServiceAccountToken=True),
    plain("ConfigMap", "c", data={"text": "this token is nothing: see https://example.org/a"}),
]


@pytest.mark.parametrize("item", NOT_SECRET, ids=range(len(NOT_SECRET)))
def test_what_only_names_a_secret_is_shown(item: Object) -> None:
    (change,) = compare({}, {"u": [item]})
    assert change.after == item
