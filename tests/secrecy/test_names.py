"""Which names are those of secrets, and that none of vLLM's flags or of our own keys is one by accident."""

from __future__ import annotations

import pytest

from llmstack.flags.catalogue import load_catalogue, router_catalogue, versions
from llmstack.secrecy.credentials import holds_secret, is_secret
from llmstack.secrecy.names import is_secret_name, names_address

NAMES = [
    "FERNET_KEY",
    "WIREGUARD_PSK",
    "presharedKey",
    "LOCK_PASSCODE",
    "AIRFLOW__CORE__FERNET_KEY",
    "UNSEAL_KEY",
    "PINECONE_KEY",
    "HF_TOKEN",
    "HF_TOKEN_PROD",
    "TOKEN_2",
    "PWD_2",
    "HF_TOKEN_TEAM_A",
    "WANDB_API_KEY",
    "PGPASSWORD",
    "MYSQL_PWD",
    "REDISCLI_AUTH",
    "REDIS_AUTH",
    "DB_PASS",
    "DB_PW",
    "GITHUB_PAT",
    "OPENAI_KEY",
    "NGC_KEY",
    "AZURE_CLIENT_SECRET",
    "AZURE_ACCOUNT_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "SECRET_KEY_BASE",
    "PASSWORDS",
    "API_KEYS",
    "APIKEY",
    "X_API_KEY2",
    "MASTER_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "JWT_SECRET_V2",
    "BEARER",
    "AUTHORIZATION",
    "SENTRY_DSN",
    "SLACK_WEBHOOK_URL",
    "DISCORD_WEBHOOK",
    "CREDENTIALS",
    "GOOGLE_APPLICATION_CREDENTIALS_JSON",
    "KUBECONFIG_B64",
    "SSH_KEY",
    "COOKIE",
    "SESSION_SECRET",
    "LICENSE_KEY",
    "MINIO_ROOT_PASSWORD",
    "RABBITMQ_DEFAULT_PASS",
    "bindpw",
    "LDAP_ADMINPW",
    "hfToken",
    "apiKey",
    "dbPassword",
    "clientSecret",
    "client_secret",
    "requirepass",
    "--ssl-keyfile-password",
    "grafana.adminPassword",
    "bearerToken",
    "TS_AUTHKEY",
    "HONEYCOMB_WRITEKEY",
    "storageaccountkey",
    "VAULT_SECRET_ID",
    "example.com/api-key",
]
OTHERS = [
    "ADDKEY",
    "checksum/secret",
    "checksum/auth-credentials",
    "SECRET_CHECKSUM",
    "token-fingerprint",
    "apiKeySelector",
    "robotkey",
    "tokenizer",
    "max_tokens",
    "sessionKey",
    "SESSION_KEY",
    "PUBLIC_KEY",
    "publicKey",
    "kv_role",
    "imagePullSecrets",
    "secretRef",
    "secretName",
    "secretKey",
    "secretKeyRef",
    "tokenRef",
    "HF_TOKEN_PATH",
    "PASSWORD_FILE",
    "passwordFromEnv",
    "tokenExpirationSeconds",
    "private-key-algorithm",
    "tlsSecret",
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-type",
    "vault.hashicorp.com/agent-inject-secret-db",
    "secret_id",
    "secrets.example.com/a",
    "tokenReviewer",
    "authModes",
    "bypass",
    "author",
    "compat",
    "keyboard",
    "CACHE_KEY",
    "eos_token",
    "max_token",
    "TOKEN_BUDGET",
    "encoder_cudagraph_token_budgets",
    "webhook-port",
    "--max-num-batched-tokens",
    "--tool-call-parser",
    "--tokenizer-mode",
    "EnvFromSecretRef",
    "secretNames",
    "token_type_ids",
    "sessionKey",
]
FLAGS = {"--api-key", "--hf-token", "--sentry-dsn", "--allow-credentials", "--no-allow-credentials"}
"""All flags of vLLM and of the router whose names say so; those about credentials are switches, and take no text."""


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_by_its_name(name: str) -> None:
    assert is_secret_name(name)
    assert is_secret(name, "Tr0ub4dor-and-3-horses")
    for reference in (
        "",
        None,
        True,
        "true",
        "$(OTHER)",
        "${OTHER}",
        "{{ .other }}",
        "/var/run/secrets/it",
        "Bearer $(OTHER)",
    ):
        assert not is_secret(name, reference)


@pytest.mark.parametrize("name", OTHERS)
def test_a_name_of_something_else(name: str) -> None:
    assert not is_secret_name(name)


def test_flags_whose_names_say_secret_are_those_of_the_table() -> None:
    flags = {flag for version in versions() for flag in load_catalogue(version).spellings}
    assert {flag for flag in flags | set(router_catalogue().spellings) if is_secret_name(flag)} <= FLAGS


@pytest.mark.parametrize(
    ("alone", "with_secret"),
    [
        ("https://sentry.example.com/1", "https://0123456789abcdef@sentry.example.com/1"),
        ("postgres://db:5432/x", "postgres://u:hunter2@db:5432/x"),
        ("host=db port=5432 dbname=x", "host=db password=hunter2 dbname=x"),
    ],
)
def test_an_address_alone_is_no_secret(alone: str, with_secret: str) -> None:
    assert not is_secret("DATABASE_DSN", alone)
    assert is_secret("DATABASE_DSN", with_secret)
    assert is_secret("TOKEN", alone) is ("://" not in alone), "an address is no token"
    assert is_secret("TOKEN", with_secret)
    assert is_secret("TOKEN", f"{alone}/0123456789abcdef")


def test_tokens_of_several_are_secrets_where_they_are_not_counted() -> None:
    assert all(map(is_secret_name, ("API_TOKENS", "auth_tokens", "hf-tokens", "BEARER_TOKENS")))
    assert not any(map(is_secret_name, ("max_tokens", "PROMPT_TOKENS", "stop_tokens", "tokens")))


def test_the_address_of_a_webhook_is_one_and_no_other_near_the_word() -> None:
    assert all(map(is_secret_name, ("SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URI", "team-webhook-urls")))
    assert not is_secret_name("WEBHOOK_PUBLIC_URL")


def test_a_name_without_a_word_is_that_of_no_secret() -> None:
    assert not any(map(is_secret_name, ("", "_", "--")))
    assert not any(is_secret("db_password", value) for value in (True, False, None, ""))
    assert is_secret("db_password", 1234567)


RANDOM = "0a1b2c3d4e5f60718293"


@pytest.mark.parametrize("name", ["DD_APP_KEY", "APP_KEY", "routingKey", "client-key", "PAGERDUTY_ROUTING_KEY"])
def test_what_goes_under_some_key_is_a_secret_if_it_looks_like_one(name: str) -> None:
    assert not is_secret_name(name)
    assert is_secret(name, RANDOM * 2)
    assert is_secret(name, "abcd1234efgh5678ijklmn")
    assert holds_secret(f"{name}={RANDOM}")
    for value in (
        "llm-requests-2",
        "/etc/keys/app2",
        "x-user-id",
        "a100 h100 l40s and t4 in here",
        "123e4567-e89b-12d3-a456-426614174000",
        "$(KEY)",
    ):
        assert not is_secret(name, value)
        assert not holds_secret(f"{name}: {value}")


@pytest.mark.parametrize("name", ["cache_key", "PUBLIC_KEY", "kms-key", "siteKey", "key", "key_id", "monkey"])
def test_other_keys_may_look_random(name: str) -> None:
    assert not is_secret(name, RANDOM)


@pytest.mark.parametrize("name", ["DB_CONNECTION_STRING", "redis_conn_string", "SENTRY_DSN", "SLACK_WEBHOOK_URL"])
def test_addresses_that_hold_what_opens_them(name: str) -> None:
    assert names_address(name)
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["", "_", "my_connection_string_length", "string", "connection", "url", "image_password"]
)
def test_what_names_no_address(name: str) -> None:
    assert not names_address(name)


def test_a_word_that_goes_before_tokens_is_nothing_before_a_password() -> None:
    assert not is_secret_name("image_token")
    assert is_secret_name("image_password")
