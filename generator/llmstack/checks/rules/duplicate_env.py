"""An environment variable is given twice, or over one that llmstack derives.

Of two equal names in `env` the last wins, and server-side apply refuses the list; llmstack writes the last
one. A value given over one that llmstack derives from other keys (LMCACHE_…, HF_HOME, VLLM_API_KEY …) is
kept, because what a person writes wins, but the keys it came from no longer say what runs: a note. A key of
`servingEngineSpec.configs` that llmstack sets by itself has no effect, because `env` goes before a config
map: a warning.

Fix: keep one of the two; change the key that the derived value comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.checks.fields import ENV_VAR
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.pods import containers, pod_specs
from llmstack.model.models import Model
from llmstack.objects import engine

RULE = Declaration("duplicate-env", Severity.WARNING, milder=Severity.NOTE, needs_objects=True, alone=True)

DERIVED = (
    "HF_HOME",
    "HF_TOKEN",
    "LMCACHE_",
    "PYTHONHASHSEED",
    "PROMETHEUS_MULTIPROC_DIR",
    "VLLM_API_KEY",
    "VLLM_HOST_IP",
    "UCX_",
    "CUDA_VISIBLE_DEVICES",
    "POD_",
    "RAY_",
    "NCCL_",
    "GLOO_",
    "LWS_",
    "EXPECTED_NODES",
)
"""How the names begin that an engine may be given by llmstack (a test proves the list complete)."""

_SECRET_KEYS = {"HF_TOKEN": "hf_token", "VLLM_API_KEY": "vllmApiKey"}


def run(subject: Subject) -> Iterator[Problem]:
    for block in subject.blocks:
        if block.definition == ENV_VAR:
            yield from _twice(block.route, block.value)
    configs = frozenset(subject.stack.engine.configs or ())
    hidden: set[str] = set()
    for at, model in subject.models():
        names = {str(entry.get("name")): number for number, entry in enumerate(model.env or [])}
        if configs or any(name.startswith(DERIVED) for name in names):
            derived = derived_environment(subject, model)
            yield from _overridden(at, model, names, derived)
            hidden |= configs & derived.keys()
    for key in sorted(hidden):
        message = f"`{key}` has no effect: llmstack sets it in `env`, which overrides the config map"
        yield Problem(message, ("servingEngineSpec", "configs", key), help="give it in the model's `env`")


def _twice(route: Route, entries: list[dict[str, Any]]) -> Iterator[Problem]:
    seen: dict[object, int] = {}
    for number, entry in enumerate(entries):
        name = entry.get("name")
        if isinstance(name, str) and name in seen:
            message = f"`{name}` is given twice; the last one wins"
            yield Problem(message, (*route, number), help="keep one", secret=True)
        elif isinstance(name, str):
            seen[name] = number


def derived_environment(subject: Subject, model: Model) -> Mapping[str, dict[str, Any]]:
    """The variables that an engine's container is given when the model's own `env` is left out."""
    bare = model.model_copy(update={"env": None})
    found: dict[str, dict[str, Any]] = {}
    for placed in engine.build_model(subject.stack, bare):
        for _, spec in pod_specs(placed.object):
            for kind, _, container in containers(spec):
                if kind == "containers" and container["name"] != "sidecar":
                    found |= {entry["name"]: entry for entry in container.get("env") or []}
    return found


def _overridden(
    at: Route, model: Model, names: Mapping[str, int], derived: Mapping[str, dict[str, Any]]
) -> Iterator[Problem]:
    for name, number in names.items():
        entry = (model.env or [])[number]
        if name in derived and derived[name] != entry and ("value" in entry or "valueFrom" in entry):
            key = _SECRET_KEYS.get(name)
            message = f"`{name}` overrides the value that llmstack derives" + (f" from `{key}`" if key else "")
            yield Problem(
                message,
                (*at, "env", number),
                help="leave it out, unless the difference is intended",
                secret=True,
                milder=True,
            )
