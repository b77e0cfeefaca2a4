"""A flag is given twice: by a typed option and among extraArgs, or twice among extraArgs.

Arguments are written in a fixed order, extraArgs last, and of two equal flags vLLM and the router take the
last. So the typed option says one thing and the engine does another, and an overlay that changes it changes
nothing. Aliases, abbreviations and negations of a flag count as the flag; flags that may be repeated do not.

Fix: keep one, the typed option where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.flags import Catalogue, catalogue_for, router_catalogue
from llmstack.flags.lint import lint_once
from llmstack.model.engine import ServingEngineSpec
from llmstack.model.flag import flag_keys
from llmstack.model.models import Model
from llmstack.model.router import RouterSpec
from llmstack.objects import arguments, router_arguments

RULE = Declaration("duplicate-flag", Severity.WARNING, needs_objects=True)

TYPED_KEYS: Mapping[str, str] = {"--host": "llmstack", **flag_keys(ServingEngineSpec), **flag_keys(Model)}
"""The key of a model, or of all engines, that gives a flag."""

ROUTER_KEYS: Mapping[str, str] = flag_keys(RouterSpec)
"""The key of routerSpec that gives a flag."""

_TWICE = "flag-given-twice"

Repeated = tuple[int, str, bool]
"""An argument that repeats a flag: its index among the extra ones, the flag, and whether a typed option
gave it first."""


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        first, second = model.vllm_config.extra_args or [], model.extra_args or []
        if not first and not second:
            continue
        for index, flag, typed in _engine(subject, model, (*first, *second)):
            in_first = index < len(first)
            route = (*at, "vllmConfig", "extraArgs", index) if in_first else (*at, "extraArgs", index - len(first))
            yield _problem(route, flag, TYPED_KEYS.get(flag, "a typed option") if typed else None)
    extra = subject.stack.router_spec.extra_args
    if subject.stack.router_spec.enable_router and extra:
        for index, flag, typed in _router(tuple(router_arguments.arguments(subject.stack)), len(extra)):
            key = ROUTER_KEYS.get(flag, "llmstack") if typed else None
            yield _problem(("routerSpec", "extraArgs", index), flag, key)


def _engine(subject: Subject, model: Model, extra: tuple[str, ...]) -> Sequence[Repeated]:
    """What the extra arguments repeat. Values of typed options do not matter, so that models alike are
    read once."""
    typed = [text if text.startswith("--") else "1" for text in arguments.options(model)]
    image = (model.repository or "", model.tag or "", model.gitops.vllm_version)
    return _repeated(image, ("model", "--host", "0", "--port", "1", *typed), extra)


@lru_cache(maxsize=1 << 12)
def _repeated(
    image: tuple[str, str, str | None], typed: tuple[str, ...], extra: tuple[str, ...]
) -> tuple[Repeated, ...]:
    return tuple(_compare(typed, extra, catalogue_for(*image).catalogue, ("model",)))


@lru_cache(maxsize=1 << 8)
def _router(given: tuple[str, ...], extra: int) -> tuple[Repeated, ...]:
    return tuple(_compare(given[:-extra], given[-extra:], router_catalogue(), ()))


def _compare(
    typed: tuple[str, ...], extra: tuple[str, ...], catalogue: Catalogue, first: tuple[str, ...]
) -> Iterator[Repeated]:
    """Yield what `extra` repeats of itself or of `typed`; `first` stands before either list."""
    alone = {problem.index - len(first) for problem in lint_once((*first, *extra), catalogue) if problem.kind == _TWICE}
    for problem in lint_once((*typed, *extra), catalogue):
        index = problem.index - len(typed)
        if problem.kind == _TWICE and index >= 0:
            yield index, problem.flag, index not in alone


def _problem(route: Route, flag: str, typed: str | None) -> Problem:
    if typed == "llmstack":
        message, help = (
            f"`{flag}` is given by llmstack already; this one wins",
            "remove it: other objects are derived from the value that llmstack sets",
        )
    elif typed:
        message, help = (
            f"`{flag}` is given by `{typed}` too; this one wins",
            f"keep `{typed}` and remove this one",
        )
    else:
        message, help = f"`{flag}` is given twice; the last one wins", "keep one"
    return Problem(message, route, help=help)
