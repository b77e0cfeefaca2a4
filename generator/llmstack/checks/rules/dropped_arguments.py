"""An environment's `extraArgs` drop arguments of values/base.yaml.

Lists are replaced when layers merge, as Helm does it: an environment that wants one more argument and writes
`vllmConfig.extraArgs` loses those that the base has.

Fix: write what is to come on top into `extraArgs` of the model itself, beside `vllmConfig`: they come after; or
repeat the base's. Where it is meant, `# llmstack: ignore[dropped-arguments] reason`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.flags import split_flags
from llmstack.values.layers import MODELS, Layers

RULE = Declaration("dropped-arguments", Severity.NOTE)

_LISTS: tuple[Route, ...] = (("vllmConfig", "extraArgs"), ("extraArgs",))


def run(subject: Subject) -> Iterator[Problem]:
    for at, _ in subject.models():
        for key in _LISTS:
            help = "repeat them, or write what comes on top into the model's own `extraArgs`, beside vllmConfig"
            yield from _dropped(subject.layers, (*at, *key), help if len(key) > 1 else "repeat them")
    yield from _dropped(subject.layers, ("routerSpec", "extraArgs"), "repeat them")


def _dropped(layers: Layers, route: Route, help: str) -> Iterator[Problem]:
    """The flags of a lower layer's list that the one over it does not have."""
    stated = [found for found in (_stated(layers, number, route) for number in range(len(layers.layers))) if found]
    if len(stated) < 2:
        return
    lower, upper = (split_flags([str(item) for item in items]) for items in stated[-2:])
    kept = {flag.name for flag in upper}
    gone = list(dict.fromkeys(flag.name for flag in lower if flag.name and flag.name not in kept))
    if gone:
        shown = ", ".join(f"`{name}`" for name in gone)
        yield Problem(f"this list takes the place of the lower one, which had {shown} too", route, help)


def _stated(layers: Layers, number: int, route: Route) -> list[object] | None:
    """The list that one file states at a merged route."""
    if route[:2] == MODELS and isinstance(route[2], int):
        own = layers.models[number].get(route[2])
        if own is None:
            return None
        route = (*MODELS, own, *route[3:])
    here: object = layers.layers[number].data
    for step in route:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
        else:
            here = here.get(step) if isinstance(here, dict) else None
    return here if isinstance(here, list) and here else None
