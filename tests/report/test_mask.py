"""Secrets: what counts as one, and that no report prints it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack.finding import Finding, Place, Severity
from llmstack.report.mask import mask_change, mask_finding, mask_review
from llmstack.report.options import Options
from llmstack.report.review_formats import REVIEW_FORMATS
from llmstack.review.change import Change, ObjectChange
from llmstack.review.result import EnvironmentReview, Review
from llmstack.secrecy.credentials import MASK
from llmstack.secrecy.masking import mask_object, mask_text
from llmstack.secrecy.names import is_secret_name
from tests.report import samples

SECRET_NAMES = [
    "hf_token",
    "vllmApiKey",
    "HF_TOKEN",
    "OPENAI_API_KEY",
    "DB_PASSWORD",
    "password",
    "token",
    "apiKey",
    "APITOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "PRIVATE_KEY",
    "--api-key",
    "--hf-token",
    "clientSecret",
    "PASSWORD_2",
    "VLLM_API_KEYS",
    "credentials",
    "Authorization",
    "HUGGING_FACE_HUB_TOKEN",
    "dbPassword",
    "bearer",
    "HF_TOKEN_PROD",
    "API_KEY_OLD",
]
OTHER_NAMES = [
    "name",
    "secretName",
    "secretKey",
    "tokenizer",
    "max_tokens",
    "MAX_NUM_BATCHED_TOKENS",
    "key",
    "PASSWORD_FILE",
    "eos_token",
    "imagePullSecrets",
    "--max-num-batched-tokens",
    "passthrough",
    "keyboard",
    "tokenRef",
    "bos_token_id",
    "secretKeyRef",
    "HF_TOKEN_PATH",
    "--tokenizer",
    "MAX_TOKENS",
    "",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "--api-key s3cret",
        "--api-key=s3cret",
        "API_KEY=s3cret",
        "export HF_TOKEN='s3cret x'",
        "password: s3 s3cret, x",
        'token: "s3cret"',
        '{"apiKey": "s3cret"}',
        "https://me:s3cret@host/",
        "Authorization: Bearer s3cretlong",
        "- name: HF_TOKEN\n  value: s3cret\n",
        "-----BEGIN RSA PRIVATE KEY-----\ns3cret\n-----END RSA PRIVATE KEY-----",
        "{name: x, password: s3cret}",
        "ENV=A,TOKEN=s3cret",
        "env=TOKEN=s3cret",
        "command: password: s3cret",
        "--set env.token=s3cret",
        "_TOKEN=s3cret",
        "curl -H 'x' --token s3cret",
        'PASSWORD="a\\"s3cret"',
        "https://h/?token=s3cret&x=1",
    ],
)
def test_secrets_in_text(text: str) -> None:
    assert "s3cret" not in mask_text(text)
    assert MASK in mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "--max-model-len 32768",
        "$(HF_TOKEN)",
        "HF_TOKEN=$(OTHER)",
        "--api-key=$VLLM_API_KEY",
        "token == 5",
        "{{ bos_token }}",
        "hf_token: {secretName: a, secretKey: b}",
        "secretName: x",
        "vllm serve llama",
        "tokenizer=x",
        "a: b",
        "password:",
        "https://host:8080/x@y",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "unit", ["key", "a.key-", "--token", "token ", "name: a\n", '"token', "://a", "eyJ", "sk-", "key:"]
)
def test_long_text_takes_no_long_time(unit: str) -> None:
    started = time.process_time()
    mask_text(unit * (100_000 // len(unit)))
    assert time.process_time() - started < 2


def test_an_object_keeps_all_but_its_secrets() -> None:
    item: dict[str, Any] = {
        "kind": "Deployment",
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "all of it"}},
        "spec": {
            "env": [
                {"name": "HF_TOKEN", "value": "s3cret"},
                {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}},
                {"name": "LOG_LEVEL", "value": "info"},
                {"name": "API_KEY", "value": "$(OTHER)"},
            ],
            "args": ["--api-key", "s3cret", "--port", "80", "--hf-token=s3cret"],
            "password": 1234,
            "automountServiceAccountToken": False,
            "apiKey": {"value": "s3cret", "secretName": "x"},
            "script": "TOKEN=s3cret vllm serve\n",
        },
    }
    masked: dict[str, Any] = mask_object(item)
    assert "s3cret" not in json.dumps(masked)
    assert "all of it" not in json.dumps(masked)
    spec = masked["spec"]
    assert spec["env"][1:] == item["spec"]["env"][1:]
    assert spec["env"][0] == {"name": "HF_TOKEN", "value": MASK}
    assert spec["args"] == ["--api-key", MASK, "--port", "80", f"--hf-token={MASK}"]
    assert spec["password"] == MASK
    assert spec["automountServiceAccountToken"] is False
    assert spec["apiKey"]["secretName"] == "x"
    assert spec["script"] == f"TOKEN={MASK} vllm serve\n"


def test_a_secret_shows_its_keys_alone() -> None:
    secret = {
        "kind": "Secret",
        "data": {"token": "b25l"},
        "stringData": {"plain": "x"},
        "metadata": {"name": "a"},
    }
    assert mask_object(secret) == {
        "kind": "Secret",
        "data": {"token": MASK},
        "stringData": {"plain": MASK},
        "metadata": {"name": "a"},
    }
    sealed = {
        "kind": "SealedSecret",
        "spec": {"encryptedData": {"a": "AgB"}, "template": {"data": {"b": "s3cret"}}},
    }
    masked: dict[str, Any] = mask_object(sealed)
    assert masked["spec"] == {"encryptedData": {"a": MASK}, "template": {"data": {"b": MASK}}}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Secret", "data.x"),
        ("Secret", "stringData[a.b]"),
        ("Deployment", "spec.containers[vllm].env[HF_TOKEN].value"),
        ("Deployment", "spec.containers[vllm].env[HF_TOKEN]"),
        ("Deployment", "spec.containers[vllm].args[--api-key]"),
        ("ConfigMap", "data.password"),
    ],
)
def test_a_secret_field_is_masked_on_both_sides(kind: str, path: str) -> None:
    assert mask_change(kind, Change(path, "s3cret", "other")) == Change(path, MASK, MASK)
    assert mask_change(kind, Change(path, None, "other")) == Change(path, None, MASK)


def test_a_key_that_is_a_secret_is_masked_wherever_it_is_named() -> None:
    token = "hf_" + "a" * 34
    change = mask_change("ConfigMap", Change(f"metadata.annotations[{token}]", None, "x"))
    assert change == Change(f"metadata.annotations[{MASK}]", None, "x")
    finding = mask_finding(
        Finding("x", Severity.ERROR, token, ("a", token, 0), Place(f"custom/{token}.yaml"), f"remove {token}")
    )
    assert token not in str(finding)
    assert finding.route == ("a", MASK, 0)


def test_other_fields_are_shown() -> None:
    for path in ("spec.replicas", "spec.env[HF_TOKEN].valueFrom.secretKeyRef.name", "spec.env[LOG].value"):
        assert mask_change("Deployment", Change(path, "1", "2")) == Change(path, "1", "2")
    whole = Change("spec.containers[x]", None, '{"env": [{"name": "HF_TOKEN", "value": "s3cret"}]}')
    assert "s3cret" not in str(mask_change("Deployment", whole))


@pytest.mark.parametrize("format", REVIEW_FORMATS)
def test_no_report_of_a_review_tells_a_secret(format: str) -> None:
    text = REVIEW_FORMATS[format](samples.small(), Options())
    for secret in (samples.SECRET, samples.PASSWORD, "horse", "b25l", "dHdv"):
        assert secret not in text


@given(
    name=st.sampled_from([name for name in SECRET_NAMES if not name.startswith("-")]),
    value=st.from_regex(r"[A-Za-z0-9!*&<>{}|~;,#^]{6,30}", fullmatch=True).map(lambda text: f"zq{text}zq"),
    format=st.sampled_from(sorted(REVIEW_FORMATS)),
)
def test_whatever_a_secret_is_made_of(name: str, value: str, format: str) -> None:
    spec = {
        "env": [{"name": name, "value": value}],
        name: value,
        "args": ["--api-key", value, f"--api-key={value}"],
    }
    item = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": spec,
        "text": f"{name}: {value}\n",
    }
    change = Change(f"spec.env[{name}].value", value, f"{value}2")
    one = ObjectChange("v1", "Pod", "", "a", "models/a", "change", (change,), True, (change.path,), {}, item)
    review = Review("a", "b", {"prod": EnvironmentReview((one,), (), (), ())})
    assert value not in str(mask_review(review))
    assert value not in REVIEW_FORMATS[format](review, Options())
