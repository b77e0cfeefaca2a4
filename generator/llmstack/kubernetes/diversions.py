"""What sends pods elsewhere for what they fetch, or has them run what is no part of their image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.fetched import hosts_of, runs_what_it_fetches
from llmstack.kubernetes.pods import Object, containers, maps, texts, value_at
from llmstack.kubernetes.within import templates_within

_FETCHES = re.compile(
    r"(?i:(?:https?|all)_proxy)|HF_ENDPOINT|PIP_(?:EXTRA_)?INDEX_URL|UV_(?:DEFAULT_)?INDEX(?:_URL)?"
    r"|AWS_ENDPOINT_URL(?:_S3)?|S3_ENDPOINT_URL|RUNAI_STREAMER_S3_ENDPOINT|VLLM_USE_MODELSCOPE"
)
"""Variables by which libraries fetch models and packages (huggingface_hub, "Environment variables"; pip, uv; AWS SDKs,
"Service-specific endpoints"; vllm/envs.py)."""
_BELIEVES = re.compile(r"SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO|AWS_CA_BUNDLE")
"""Variables that name whose certificates are believed (openssl-env(7), requests, curl(1), git-config(1))."""
_RUNS = re.compile(
    r"LD_PRELOAD|LD_AUDIT|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|BASH_ENV|VLLM_ALLOW_INSECURE_SERIALIZATION|VLLM_SERVER_DEV_MODE"
    r"|VLLM_ALLOW_RUNTIME_LORA_UPDATING"
)
"""Variables by which a process loads code, or vLLM runs and loads what callers send (vllm/envs.py; its routes of
`--enable-sleep-mode` are open in its development mode alone)."""
_LIBRARIES = re.compile(r"(?:(?:/(?:usr|lib|lib64|opt)(?:/(?!\.\.)[^:/]*)*|\$\(LD_LIBRARY_PATH\))?(?::|\Z))*\Z")
"""Paths of libraries that are the image's or the card's driver's own."""
_OFF = frozenset(("", "0", "false"))
_FLAGS = re.compile(
    r"--(?:tool[-_]parser[-_]plugin|reasoning[-_]parser[-_]plugin|middleware|worker[-_]cls|worker[-_]extension[-_]cls"
    r"|scheduler[-_]cls|io[-_]processor[-_]plugin|logits[-_]processors|allowed[-_]local[-_]media[-_]path)(?=[=\s]|$)"
    r"|--distributed[-_]executor[-_]backend(?=[=\s][\w.]*\.)|kv_connector_module_path"
)
"""Flags of vLLM that name code to run, and files of the pod that callers may name (vllm/engine/arg_utils.py,
entrypoints/openai/cli_args.py; an executor's and a connector's class, vllm/v1/executor/abstract.py and
config/kv_transfer.py)."""
_SERVED = {
    "nfs": "server",
    "iscsi": "targetPortal",
    "csi": "driver",
    "flexVolume": "driver",
    "glusterfs": "endpoints",
    "cephfs": "monitors",
}
"""Volumes of files that somebody else serves, and the field that says who (kubernetes.io, "Volumes")."""


def diversions_of(obj: Object | None) -> frozenset[str]:
    """What of that the pods of an object have, each in words."""
    specs = (each.get("spec") for each in templates_within(obj))
    return frozenset(said for spec in specs if isinstance(spec, dict) for said in _of_spec(spec))


def served_by(volume: Mapping[str, Any]) -> frozenset[str]:
    """Who serves the files of a volume (of a pod, or a PersistentVolume's `spec`), in words; nothing for others."""
    named = ((kind, value_at(volume, kind, field)) for kind, field in _SERVED.items())
    return frozenset(f"the files of `{who}` (`{kind}`)" for kind, who in named if who)


def _of_spec(spec: dict[str, Any]) -> Iterator[str]:
    yield from _of_pod(spec)
    for _, _, container in containers(spec):
        yield from _of_container(container)


def _of_pod(spec: dict[str, Any]) -> Iterator[str]:
    for alias in maps(spec.get("hostAliases")):
        yield from (f"`{name}` at `{alias.get('ip')}` (`hostAliases`)" for name in texts(alias.get("hostnames")))
    for server in texts(value_at(spec, "dnsConfig", "nameservers")):
        yield f"the name server `{server}` (`dnsConfig`)"
    for domain in texts(value_at(spec, "dnsConfig", "searches")):
        yield f"names of `{domain}` for those without a dot (`dnsConfig`)"
    for volume in maps(spec.get("volumes")):
        if isinstance(volume.get("gitRepo"), dict):
            yield f"what `{volume['gitRepo'].get('repository')}` holds (`gitRepo`)"
        yield from served_by(volume)
        for source in maps(value_at(volume, "projected", "sources")):
            audience = value_at(source, "serviceAccountToken", "audience")
            if audience:
                yield f"a token of their account for `{audience}` (`serviceAccountToken`)"


def _of_container(container: dict[str, Any]) -> Iterator[str]:
    for variable in maps(container.get("env")):
        name, value = str(variable.get("name")), variable.get("value") or variable.get("valueFrom")
        if _BELIEVES.fullmatch(name) and "value" in variable:
            yield f"`{name}: {value or ''}`, by which they believe other certificates"
        elif name == "LD_LIBRARY_PATH" and isinstance(value, str) and not _LIBRARIES.match(value):
            yield f"`{name}: {value}`, by which they run what their image does not hold"
        elif _FETCHES.fullmatch(name) and str(value or "").lower() not in _OFF:
            stated = f": {value}" if isinstance(value, str) else ""
            yield f"`{name}{stated}`, by which they fetch from elsewhere"
        elif _RUNS.fullmatch(name) and str(value or "").lower() not in _OFF:
            yield f"`{name}`, by which they run what their image does not hold"
    yield from (f"what `{host}` answers to their commands" for host in hosts_of(container))
    if runs_what_it_fetches(container):
        yield "a command that runs what it fetches"
    words = " ".join((*texts(container.get("command")), *texts(container.get("args"))))
    yield from (
        f"`{flag[0]}`, by which they run or show what callers or files bring" for flag in _FLAGS.finditer(words)
    )
