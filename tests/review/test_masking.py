"""No secret in what a review returns, and nothing else hidden."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from tests.review.workloads import Object, plain, workload

from llmstack.review.compare import compare

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


DRAWN = "Xk9vQ2mLr7tB"
COPIES: dict[str, Any] = {
    "an argument": workload(args=["m", "--x", DRAWN]),
    "an argument with an equals sign": workload(args=["m", f"--x={DRAWN}"]),
    "a word of a script": workload(args=["-c", f"serve --x '{DRAWN}'; exit"]),
    "a variable": workload(env=[{"name": "A", "value": DRAWN}]),
    "a variable in base64": workload(env=[{"name": "A", "value": base64.b64encode(DRAWN.encode()).decode()}]),
    "an annotation": plain("Service", "s", spec={}) | {"metadata": {"name": "s", "annotations": {"a": f"x:{DRAWN}"}}},
    "a text": plain("ConfigMap", "c", data={"a": f"one two\n  {DRAWN}\n"}),
}
"""Where `replacements` can copy what a Secret holds to, under names that say nothing."""


@pytest.mark.parametrize("form", ["stringData", "data"])
@pytest.mark.parametrize("case", COPIES)
def test_what_a_secret_of_the_build_holds_is_masked_wherever_it_was_copied_to(case: str, form: str) -> None:
    value = DRAWN if form == "stringData" else base64.b64encode(DRAWN.encode()).decode()
    secret = plain("Secret", "s", **{form: {"user": value}})
    empty = {key: item for key, item in COPIES[case].items() if key not in ("spec", "data")}
    for old in ([secret], [secret, empty], [secret, COPIES[case] | {"extra": 1}]):
        for before, after in ((old, [secret, COPIES[case]]), ([secret, COPIES[case]], old)):
            changes = compare({"u": before}, {"u": after})
            assert changes
            assert DRAWN not in repr(changes)
            assert base64.b64encode(DRAWN.encode()).decode() not in repr(changes)


NAMED = (
    "vllm/vllm-openai:v0.11.2", "--trust-remote-code", "Qwen2.5-VL-7B-Instruct", "NVIDIA-H100-80GB-HBM3", "llama-3-8b-v2",
    "nvidia.com/gpu", "privileged", "hostPath", "/var/run/docker.sock", "64Gi", "8000", "true", "cluster-admin",
)  # fmt: skip


@pytest.mark.parametrize("word", NAMED)
def test_nothing_is_hidden_by_writing_it_into_a_secret(word: str) -> None:
    secret = plain("Secret", "s", stringData={"a": word})
    (change,) = compare({"u": [secret, workload()]}, {"u": [secret, workload(args=["m", word])]})
    assert word in repr(change.after)
    assert word in repr(change.changes)
