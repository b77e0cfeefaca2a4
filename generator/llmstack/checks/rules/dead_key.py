"""A key that means nothing: nothing reads it any more, or what it belongs to is not turned on.

Some keys of the chart have lost what they were for: vLLM has one engine (V1) since 0.11, an image is built
for one device. And a section with settings but without its `enabled: true` (or `enableServer`,
`enableLoraController`) does nothing, where most likely the switch was forgotten. A section that a file turns
off by name is left alone: that is meant.

Fix: remove the key, or turn on what it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Route, Severity
from llmstack.model.engine import Model

ID, SEVERITY = "dead-key", Severity.WARNING

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

SWITCHES: tuple[tuple[Route, str], ...] = (
    (("cacheServerSpec",), "enableServer"),
    (("sharedStorage",), "enabled"),
    (("loraController",), "enableLoraController"),
    (("loraController", "pdb"), "enabled"),
    (("routerSpec", "ingress"), "enabled"),
    (("routerSpec", "autoscaling"), "enabled"),
    (("routerSpec", "pdb"), "enabled"),
    (("routerSpec", "serviceMonitor"), "enabled"),
    (("cacheServerSpec", "pdb"), "enabled"),
    (("servingEngineSpec", "serviceMonitor"), "enabled"),
    (("grafanaDashboards",), "enabled"),
)
"""Sections and the key that turns each on."""

MODEL_SWITCHES: tuple[tuple[Route, str], ...] = (
    (("keda",), "enabled"),
    (("pdb",), "enabled"),
    (("raySpec",), "enabled"),
    (("lwsSpec",), "enabled"),
    (("lmcacheConfig",), "enabled"),
)

_INDEPENDENT = frozenset(("cudaVisibleDevices",))
"""Keys of a section that act without its switch."""


def run(subject: Subject) -> Iterator[Finding]:
    for at, model in subject.models():
        yield from _model(subject, at, model)
    for route, reason, help in DEAD_ELSEWHERE:
        if subject.states(route):
            yield Finding(ID, SEVERITY, f"`{route[-1]}` means nothing: {reason}", route, help=help)
    for route, switch in SWITCHES:
        yield from _switch(subject, route, _at(subject.stack, route), switch)
    for name, section in (subject.stack.router_spec.route or {}).items():
        yield from _switch(subject, ("routerSpec", "route", name), section, "enabled")


def _model(subject: Subject, at: Route, model: Model) -> Iterator[Finding]:
    stated = model.model_fields_set
    for route, reason, help in DEAD:
        holder = model.vllm_config if route[0] == "vllmConfig" else model
        if route[-1] in holder.model_fields_set and subject.states((*at, *route)):
            yield Finding(ID, SEVERITY, f"`{route[-1]}` means nothing: {reason}", (*at, *route), help=help)
    for route, switch in MODEL_SWITCHES:
        name = _FIELDS[str(route[0])]
        if name in stated:
            yield from _switch(subject, (*at, *route), getattr(model, name), switch)


_FIELDS = {
    "keda": "keda",
    "pdb": "pdb",
    "raySpec": "ray_spec",
    "lwsSpec": "lws_spec",
    "lmcacheConfig": "lmcache_config",
}


def _at(section: BaseModel, route: Route) -> BaseModel | None:
    here: BaseModel | None = section
    for step in route:
        if here is None:
            return None
        name = next(name for name, field in type(here).model_fields.items() if (field.alias or name) == step)
        here = getattr(here, name)
    return here


def _switch(subject: Subject, route: Route, section: BaseModel | None, switch: str) -> Iterator[Finding]:
    """A finding where a file sets keys of a section and nowhere says whether it is on."""
    if section is None:
        return
    fields = {field.alias or name: name for name, field in type(section).model_fields.items()}
    if getattr(section, fields[switch]):
        return
    given = [
        key
        for key, name in fields.items()
        if name in section.model_fields_set and key not in _INDEPENDENT and subject.states((*route, key))
    ]
    if given and switch not in given:
        shown = ", ".join(f"`{key}`" for key in given[:3]) + (" …" if len(given) > 3 else "")
        message = f"`{route[-1]}` is not turned on: {shown} {'does' if len(given) == 1 else 'do'} nothing"
        yield Finding(
            ID,
            SEVERITY,
            message,
            route,
            help=f"set `{switch}: true`, or `{switch}: false` to say that it is meant",
        )
