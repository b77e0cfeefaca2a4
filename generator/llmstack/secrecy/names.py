"""Whether a name says that what goes under it is a secret: a key, an environment variable, a flag, an annotation.

The words are those that the settings of vLLM, Hugging Face, the clouds' command lines, PostgreSQL (PGPASSWORD), MySQL
(MYSQL_PWD), Redis (REDISCLI_AUTH, requirepass), Sentry (SENTRY_DSN), the OAuth 2.0 clients and Kubernetes' own API use.
"""

from __future__ import annotations

import re
from functools import lru_cache

REMEMBERED = 1 << 16
"""How many texts are remembered, some times the 20,000 that one list or map may have: of fewer, the first of such a
list are forgotten before it is gone through again."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SUSPECT = re.compile(
    r"(?i)token|pass|pwd|pw|pat|secret|key|cred|auth|bearer|dsn|webhook|cookie|kubeconfig|conn|jwt|psk|honeycomb-team"
)

_ENDINGS = (
    "token", "tokens", "password", "passwords", "passwd", "passphrase", "passcode", "pwd", "secret", "apikey",
    "apikeys",
    "credential", "credentials", "authorization", "bearer", "requirepass", "kubeconfig", "secretkey", "accesskey",
    "privatekey",
)  # fmt: skip
"""Ends of a last word that make it a secret's, glued ones too: `PGPASSWORD`, `hftoken`."""
_LAST = frozenset(
    (
        "auth", "pass", "pw", "pat", "psk", "creds", "cookie", "jwt", "masterauth", "dbpass", "userpass", "sshpass",
        "bindpw", "rootpw", "adminpw", "userpw", "dbpw",
    )
)  # fmt: skip
"""Last words that do so as they stand, after another word (`REDIS_AUTH`, `DB_PASS`) or alone in capitals."""
_ANYWHERE = frozenset((
    "token", "password", "passwords", "passwd", "passphrase", "pwd", "secret", "credential", "credentials",
    "apikey", "kubeconfig",
))  # fmt: skip
"""Words that make a secret of a name that goes on after them: `HF_TOKEN_PROD`, `JWT_SECRET_V2`."""
_KEYS = frozenset((
    "api", "access", "secret", "private", "encryption", "decryption", "signing", "signature", "master", "license",
    "licence", "account", "storage", "shared", "ssh", "preshared", "hmac", "jwt", "salt", "auth", "webhook",
    "cipher", "aes",
    "root", "admin", "openai", "anthropic", "ngc", "nvidia", "wandb", "hf", "huggingface", "cohere", "mistral",
    "groq", "gemini", "google", "together", "replicate", "deepseek", "litellm", "langsmith", "datadog", "dd",
    "newrelic", "sendgrid", "stripe", "azure", "fernet", "unseal", "recovery", "github", "gitlab", "slack", "pinecone",
    "fireworks", "perplexity", "tavily", "voyage", "jina", "cerebras", "elevenlabs", "dashscope", "bot", "deploy",
    "write", "sdk", "ingest", "ingestion", "integration", "subscription",
))  # fmt: skip
"""What a word before `key` says of it: `…_API_KEY`, `NGC_KEY`; a plain `key` is often the name of one."""
_GLUED_KEYS = tuple(f"{word}{key}" for word in sorted(_KEYS) if len(word) > 3 for key in ("key", "keys"))
"""The same in one word: `TS_AUTHKEY`, `storageaccountkey`."""
_OTHER_KEYS = frozenset((
    "public", "pub", "publishable", "site", "cache", "partition", "sort", "primary", "foreign", "host", "gpg", "pgp",
    "kms", "idempotency", "hash", "topology", "map", "dict", "group", "object", "index",
))  # fmt: skip
"""What a word before `key` says where the key is no secret, however random it looks."""
_PLACES = frozenset((
    "name", "ref", "reference", "path", "file", "dir", "directory", "class", "store", "count", "length", "len",
    "limit", "size", "type", "mode", "url", "uri", "policy", "seconds", "minutes", "ms", "backend", "parser", "mount",
    "id", "enabled", "enable", "disabled", "disable", "required", "require", "optional", "env", "algorithm",
    "rotation", "encoding", "budget", "bytes", "ratio", "rate", "threshold", "window", "cost", "price", "throughput",
    "latency", "level", "format", "style", "provider", "issuer", "audience", "expiration", "expiry", "ttl",
    "lifetime", "duration", "period", "interval", "header", "prefix", "suffix", "field", "param", "endpoint", "host",
    "port", "server", "service", "manager", "generator", "validator", "review", "requests", "projection", "volume",
    "scope", "version", "realm", "index", "usage", "idx", "max", "min", "total", "kind", "location", "vault", "spec",
    "namespace", "key", "method", "strategy", "source", "response", "template", "strip", "cache", "caching",
    "timeout", "per", "probs", "logprobs", "hash", "regex", "pattern", "sets", "group", "label", "annotation",
    "property", "properties", "parallelism", "routing", "metric", "hint", "rule", "operator", "controller", "webhook",
    "cert", "management", "ready", "status", "reviewer", "stdin", "checksum", "digest", "fingerprint", "thumbprint",
    "selector", "lifespan",
))  # fmt: skip
"""Last words of names that say where a secret is, how it is used, or how many tokens there are: `PASSWORD_FILE`; the
same of several (`token_budgets`)."""
_REFERENCES = frozenset(("secretKey", "secretName", "existingSecret"))
_REFERENCE_PREFIXES = (
    "nginx.ingress.kubernetes.io/auth-",
    "alb.ingress.kubernetes.io/auth-",
    "kubernetes.io/",
    "vault.hashicorp.com/",
    "checksum/",
)
"""Annotations whose values name Secrets, Services and cookies (`nginx.ingress.kubernetes.io/auth-secret` of
ingress-nginx, `alb.ingress.kubernetes.io/auth-session-cookie` of the AWS Load Balancer Controller), or
paths in a vault (`vault.hashicorp.com/agent-inject-secret-db`), or are the sum of one, by which charts roll pods
(`checksum/secret`; Helm, "Automatically Roll Deployments")."""
_SECRETS_OF = frozenset((
    "existing", "pull", "tls", "ca", "cert", "certificate", "token", "password", "credential", "credentials",
    "config", "keys", "kubernetes", "k8s", "target", "ssl", "tokens",
))  # fmt: skip
"""What a word before `secret` says where the name is that of an object: `tlsSecret`, `imagePullSecret`."""
_TEXT_TOKENS = frozenset((
    "bos", "eos", "pad", "unk", "sep", "cls", "mask", "image", "stop", "special", "per", "audio", "start", "end",
    "max", "min", "num", "implicit", "video", "tool", "think", "thinking", "reasoning", "eot", "eom", "prompt",
    "completion", "cached", "text", "begin", "first", "next", "last", "draft", "placeholder", "speculative",
    "new", "output", "input", "added", "total", "batched", "generated", "kv", "bad", "adapter", "prefill",
    "extra", "additional", "vision", "unique", "tokens",
))  # fmt: skip
"""Tokens of a tokenizer, and counts of them: `eos_token` in a chat template, `MAX_TOKEN`."""
_APPROLE = frozenset(("vault", "role", "approle"))
"""Words of names whose `secret_id` is a password (Vault, "AppRole auth method"); elsewhere it names a secret."""
_TEAM = ["honeycomb", "team"]
"""The header in which Honeycomb takes its key (docs.honeycomb.io, "Send data with OpenTelemetry")."""
_PUBLIC = frozenset(("public", "tokenizer"))
"""First words that make a name that of something else: `PUBLIC_KEY`."""

SURE_VARIABLES = r"^(HF|HUGGING_FACE_HUB|HUB|AUTH|ACCESS|BEARER)_TOKEN$|_(API_KEY|PASSWORD|PASSWD|SECRET_ACCESS_KEY)$"
"""Usual names of variables that hold secrets, for what knows patterns alone: `is_secret_name` knows these and more."""


@lru_cache(maxsize=REMEMBERED)
def is_secret_name(name: str) -> bool:
    """Whether what goes under `name` is a secret: `hf_token`, `vllmApiKey`, `DB_PASSWORD`, `SENTRY_DSN`."""
    if name in _REFERENCES or name.startswith(_REFERENCE_PREFIXES) or not _SUSPECT.search(name):
        return False
    name = name.rpartition("/")[2] or name
    words = _words(name)
    if not words or words[0] in _PUBLIC:
        return False
    if (
        names_address(name)
        or (words[-2:] == ["secret", "id"] and not _APPROLE.isdisjoint(words))
        or words[-2:] == _TEAM
    ):
        return True
    if not _PLACES.isdisjoint((words[-1], words[-1].removesuffix("s"))) and not _ends_in_key(words):
        return False
    if words[-1] == "secret" and len(words) > 1 and words[-2] in _SECRETS_OF:
        return False
    *inner, last = zip(["", *words], words, strict=False)
    return _says_secret(*last, last=True) or any(_says_secret(*pair, last=False) for pair in inner)


@lru_cache(maxsize=REMEMBERED)
def may_name_secret(name: str) -> bool:
    """Whether what goes under `name` is a secret if it looks like one: `DD_APP_KEY`, `client_key`."""
    words = _words(name) if _SUSPECT.search(name) else []
    return len(words) > 1 and words[-1].endswith(("key", "keys")) and _OTHER_KEYS.isdisjoint(words[:-1])


def names_address(name: str) -> bool:
    """Whether a name is that of an address that may hold a secret: a DSN, a connection string, a webhook's URL."""
    words = _words(name)
    if not words:
        return False
    if words[-1] == "dsn" or words[-2:] in (["connection", "string"], ["conn", "string"]):
        return True
    return words[-1] in ("webhook", "webhooks") or (words[-1] in ("url", "uri", "urls") and "webhook" in words[-2:-1])


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    return words


def _ends_in_key(words: list[str]) -> bool:
    return words[-1] in ("key", "keys") and len(words) > 1 and words[-2] in _KEYS


def _says_secret(before: str, word: str, *, last: bool) -> bool:
    """Whether a word of a name, after another one, makes the name that of a secret."""
    if word in ("key", "keys"):
        return before in _KEYS
    if word.startswith("token") and before in _TEXT_TOKENS:
        return False
    if not last:
        return word in _ANYWHERE
    if word == "tokens":
        return before in ("api", "auth", "access", "bearer", "hf", "secret")
    return word.endswith(_ENDINGS) or word in _LAST or word.endswith(_GLUED_KEYS)
