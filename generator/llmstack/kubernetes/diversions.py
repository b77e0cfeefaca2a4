"""What sends pods elsewhere for what they fetch, or has them run what is no part of their image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llmstack.kubernetes.pods import Object, containers, maps, texts, value_at
from llmstack.kubernetes.within import templates_within

_FETCHES = re.compile(r"(?i:(?:https?|all)_proxy)|HF_ENDPOINT|PIP_(?:EXTRA_)?INDEX_URL|UV_(?:DEFAULT_)?INDEX(?:_URL)?")
"""Variables by which libraries fetch models and packages (huggingface_hub, "Environment variables"; pip, uv)."""
_RUNS = re.compile(
    r"LD_PRELOAD|LD_AUDIT|PYTHONPATH|PYTHONSTARTUP|VLLM_ALLOW_INSECURE_SERIALIZATION|VLLM_SERVER_DEV_MODE"
)
"""Variables by which a process loads code, or vLLM runs what callers send (vllm/envs.py)."""
_FLAGS = re.compile(
    r"--(?:tool[-_]parser[-_]plugin|reasoning[-_]parser[-_]plugin|middleware|worker[-_]cls|worker[-_]extension[-_]cls"
    r"|logits[-_]processors|allowed[-_]local[-_]media[-_]path)(?=[=\s]|$)"
)
"""Flags of vLLM that name code to run, and files of the pod that callers may name (vllm/engine/arg_utils.py and
entrypoints/openai/cli_args.py)."""


def diversions_of(obj: Object | None) -> frozenset[str]:
    """What of that the pods of an object have, each in words."""
    specs = (each.get("spec") for each in templates_within(obj))
    return frozenset(said for spec in specs if isinstance(spec, dict) for said in _of_spec(spec))


def _of_spec(spec: dict[str, Any]) -> Iterator[str]:
    yield from _of_pod(spec)
    for _, _, container in containers(spec):
        yield from _of_container(container)


def _of_pod(spec: dict[str, Any]) -> Iterator[str]:
    for alias in maps(spec.get("hostAliases")):
        yield from (f"`{name}` at `{alias.get('ip')}` (`hostAliases`)" for name in texts(alias.get("hostnames")))
    for server in texts(value_at(spec, "dnsConfig", "nameservers")):
        yield f"the name server `{server}` (`dnsConfig`)"
    for volume in maps(spec.get("volumes")):
        if isinstance(volume.get("gitRepo"), dict):
            yield f"what `{volume['gitRepo'].get('repository')}` holds (`gitRepo`)"


def _of_container(container: dict[str, Any]) -> Iterator[str]:
    for variable in maps(container.get("env")):
        name = str(variable.get("name"))
        if _FETCHES.fullmatch(name) and variable.get("value"):
            yield f"`{name}: {variable['value']}`, by which they fetch from elsewhere"
        elif _RUNS.fullmatch(name) and variable.get("value") not in (None, "", "0"):
            yield f"`{name}`, by which they run what their image does not hold"
    words = " ".join((*texts(container.get("command")), *texts(container.get("args"))))
    yield from (
        f"`{flag[0]}`, by which they run or show what callers or files bring" for flag in _FLAGS.finditer(words)
    )
