"""A key that means nothing: nothing reads it any more, or what it belongs to is not turned on.

Some keys of the chart have lost what they were for: vLLM has one engine (V1) since 0.11, an image is built
for one device. And a section with settings but without its `enabled: true` (or `enableServer`,
`enableLoraController`) does nothing, where most likely the switch was forgotten. A section that a file turns
off by name is left alone: that is meant.

Fix: remove the key, or turn on what it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.models import Model
from llmstack.model.switch import Switched, switched
from llmstack.values.layers import MODELS

RULE = Declaration("dead-key", Severity.WARNING)

_V0 = "vLLM has one engine, V1, since 0.11; llmstack does not set VLLM_USE_V1"
DEAD: tuple[tuple[Route, str, str], ...] = (
    (("vllmConfig", "v0"), _V0, "remove it; for an older image give VLLM_USE_V1 in `env`"),
    (("vllmConfig", "v1"), _V0, "remove it; for an older image give VLLM_USE_V1 in `env`"),
    (("device",), "vLLM's images are built for one device", "remove it, and use an image for the device"),
)
"""Keys of a model that nothing reads: the key, why, and what to do."""

DEAD_ELSEWHERE: tuple[tuple[Route, str, str], ...] = (
    (
        ("routerSpec", "enablePD"),
        "ports for disaggregated prefill are opened where `lmcacheConfig` transfers",
        "remove it",
    ),
)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        yield from _model(subject, at, model)
    for route, reason, help in DEAD_ELSEWHERE:
        if subject.states(route):
            yield Problem(f"`{route[-1]}` is not used: {reason}", route, help=help)
    deployed = {at for at, _ in subject.models()}
    for section in switched(subject.stack):
        if section.route[: len(MODELS)] != MODELS or section.route[: len(MODELS) + 1] in deployed:
            yield from _off(subject, section)


def _model(subject: Subject, at: Route, model: Model) -> Iterator[Problem]:
    for route, reason, help in DEAD:
        holder = model.vllm_config if route[0] == "vllmConfig" else model
        if route[-1] in holder.model_fields_set and subject.states((*at, *route)):
            yield Problem(f"`{route[-1]}` is not used: {reason}", (*at, *route), help=help)


def _off(subject: Subject, section: Switched) -> Iterator[Problem]:
    """A problem where a file sets keys of a section and nowhere says whether it is on."""
    if section.on:
        return
    given = [key for key in section.set_keys if subject.states((*section.route, key))]
    if given and section.key not in given:
        shown = ", ".join(f"`{key}`" for key in given[:3]) + (" …" if len(given) > 3 else "")
        message = f"`{section.route[-1]}` is not enabled, so {shown} {'has' if len(given) == 1 else 'have'} no effect"
        help = f"set `{section.key}: true`, or `{section.key}: false` if that is intended"
        yield Problem(message, section.route, help=help)
