"""No secret is ever part of a finding, and what holds one says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.examples import FOLDER, settled

from llmstack.checks import settle
from llmstack.checks.partial import run_partial
from llmstack.model.reading import read_stack
from llmstack.secrecy.credentials import is_secret as is_secret_value
from llmstack.secrecy.lines import line_may_hold_secret as line_holds_secret
from llmstack.values.source import read_source

FILES = sorted((FOLDER / "plaintext-secret" / "bad").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_value_is_printed(file: Path) -> None:
    """The examples' secrets begin with `planted-secret`, `hf_` or `<YOUR`, or are base64 of the first."""
    for finding in settled(file):
        text = f"{finding.message} {finding.help}"
        for secret in ("planted", "hf_abc", "<YOUR", "cGxhbn"):
            assert secret not in text
        if finding.id == "plaintext-secret":
            assert finding.secret, "the line's text is left out of reports"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_line_with_a_secret_is_marked_whatever_the_check(file: Path) -> None:
    for finding in settled(file):
        line = finding.place.source_line if finding.place else None
        if line and "planted-secret" in line and not line.lstrip().startswith("#"):
            assert finding.secret, (finding.id, finding.message)


def test_the_help_makes_the_secret_without_the_value_on_the_command_line() -> None:
    findings = [finding for finding in settled(FOLDER / "plaintext-secret/bad/typed.yaml") if finding.route]
    helps = [finding.help or "" for finding in findings if finding.id == "plaintext-secret"]
    assert helps
    for help in helps:
        assert "kubectl create secret generic " in help
        assert "--from-file=" in help
        assert "--from-literal" not in help
        assert "llmstack migrate" in help


NAMES = (
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN", "OPENAI_API_KEY", "VLLM_API_KEY", "APIKEY", "DB_PASSWORD",
    "REDIS_PASSWD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CLIENT_SECRET", "WANDB_API_KEY", "NGC_APIKEY", "hf_token",
    "S3_SECRET_KEY", "SSH_PRIVATE_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "TOKEN", "PASSWORD", "NGC_API_KEY", "S3_ACCESS_KEY",
)  # fmt: skip
OTHER_NAMES = (
    "MAX_TOKENS", "VLLM_MAX_TOKENS", "TOKENIZERS_PARALLELISM", "TOKENIZER", "PAD_TOKEN", "EOS_TOKEN", "STOP_TOKEN",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_TOKEN_PATH", "SECRET_NAME", "PASSWORD_FILE", "VLLM_LOGGING_LEVEL", "KEY",
    "MONKEY", "SESSION_KEY", "AWS_ACCESS_KEY_ID", "TOKEN_BUDGET", "HF_HOME", "MAX_TOKEN", "CACHE_KEY",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_value(name, "abcdef")
    assert not is_secret_value(name, "")
    assert not is_secret_value(name, None)
    assert not is_secret_value(name, "$(OTHER)")


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_that_are_none(name: str) -> None:
    assert not is_secret_value(name, "abcdef")


@pytest.mark.parametrize(
    "value",
    [
        "hf_" + "a" * 34,
        "sk-" + "a" * 40,
        "ghp_" + "a" * 36,
        "AKIA" + "A" * 16,
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://me:secret@db/vllm",
        "http://:secret@proxy:3128",
    ],
)
def test_values_that_are_tokens_whatever_their_name(value: str) -> None:
    assert is_secret_value("ANYTHING", value)


@pytest.mark.parametrize(
    "value", ["http://proxy:3128", "redis://redis:6379", "user@example.com", "sk-short", "hf_home"]
)
def test_values_that_are_none(value: str) -> None:
    assert not is_secret_value("ANYTHING", value)


@pytest.mark.parametrize(
    "line",
    [
        "  hf_token: abc",
        '  "vllmApiKey": "abc"',
        "  - {name: HF_TOKEN, value: abc}",
        "  configs: {DB_PASSWORD: abc}",
        "  extraArgs: [--api-key, abc]",
        "  extraArgs: [--api-key=abc]",
        f"  anything: hf_{'a' * 34}",
    ],
)
def test_lines_that_hold_a_secret(line: str) -> None:
    assert line_holds_secret(line)


@pytest.mark.parametrize(
    "line",
    [
        "  hf_token: {secretName: hf, secretKey: token}",
        "  hf_token:",
        "  - {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}",
        "  - {name: MAX_TOKENS, value: '4096'}",
        "  extraArgs: [--api-key, $(VLLM_API_KEY)]",
        "  secrets: {hf: [token]}",
        "  sessionKey: x-user-id",
        "  secrets: {backend: sops}",
    ],
)
def test_lines_that_hold_none(line: str) -> None:
    assert not line_holds_secret(line)


def test_a_file_that_the_model_refuses_does_not_show_its_secrets_either() -> None:
    text = "routerSpec: {hf_token: planted-secret, tga: v1}\n"
    layers, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is None
    assert [finding.secret for finding in settle(findings, layers, {})] == [True]


def test_an_entry_of_env_that_is_commented_out_holds_its_secret_on_the_line_of_the_value() -> None:
    text = "a: 1\n#  - name: HF_TOKEN\n#    value: planted-2026\n#  - name: PORT\n#    value: planted-2026\n"
    layers, _, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    found = [*findings, *run_partial("prod", layers)]
    assert [each.place and each.place.line for each in settle(found, layers, {}) if each.secret] == [3]
