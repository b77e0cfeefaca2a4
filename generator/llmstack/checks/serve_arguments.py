"""What is wrong with the arguments and variables of engines and router, and where the values say it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from llmstack.checks.engines import alike
from llmstack.checks.router_flags import is_own_router
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.rules.duplicate_flag import ROUTER_KEYS, TYPED_KEYS
from llmstack.checks.subject import Subject
from llmstack.finding import Route
from llmstack.flags import (
    FlagProblem,
    Match,
    catalogue_for,
    find_abbreviated,
    lint_arguments,
    lint_environment,
    lint_router_arguments,
    router_catalogue,
)
from llmstack.model.models import Model
from llmstack.objects import arguments, router_arguments
from llmstack.objects.parallel import runs_own_command

Located = tuple[FlagProblem, Route, str]
"""A problem, its route, and against what it was checked where that is a guess."""


def flag_problems(subject: Subject, rule: Declaration, *kinds: str) -> Iterator[Problem]:
    """Yield what one rule finds: the problems of these kinds, engines first, then the router."""
    for problem, route, against in _problems(subject):
        if problem.kind in kinds:
            help = "; ".join(part for part in (problem.help, against) if part)
            yield Problem(problem.message, route, help=help or None, milder=problem.severity is not rule.severity)


@lru_cache(maxsize=8)
def _problems(subject: Subject) -> tuple[Located, ...]:
    """Every problem of an environment's arguments: several rules speak of them."""
    return (*_engines(subject), *_router(subject))


def variable_problems(subject: Subject, rule: Declaration, *kinds: str) -> Iterator[Problem]:
    """Yield what one rule finds in the `VLLM_*` variables in `env`."""
    for at, model in subject.models():
        names = [str(entry.get("name")) for entry in model.env or []]
        if any(name.startswith("VLLM_") for name in names):
            for problem in lint_environment(names, match_of(model)):
                if problem.kind in kinds:
                    route = (*at, "env", problem.index, "name")
                    yield Problem(
                        problem.message, route, help=problem.help, milder=problem.severity is not rule.severity
                    )


def match_of(model: Model) -> Match:
    """The catalogue that a model's image, or its `gitops.vllmVersion`, names."""
    return catalogue_for(model.repository or "", model.tag or "", model.gitops.vllm_version)


def _engines(subject: Subject) -> Iterator[Located]:
    for group in alike(subject):
        first = group[0]
        if runs_own_command(first.model):
            continue
        given, match = first.question.arguments, first.question.match
        against = "" if match.exact else f"checked against vLLM {match.catalogue.version}, because {match.reason}"
        short = find_abbreviated(given, match.catalogue, match.other_catalogues())
        found = (*lint_arguments(given, match), *short)
        for asked in group if found else ():
            typed = len(given) - len(arguments.extra(asked.model))
            for problem in found:
                yield problem, _route(asked.route, asked.model, problem, typed), against


def _route(at: Route, model: Model, problem: FlagProblem, typed: int) -> Route:
    """Where the values give an argument: an item of extraArgs, or the key that passes the flag."""
    index = problem.index - typed
    own = len(model.vllm_config.extra_args or [])
    if index < 0:
        return (*at, *TYPED_KEYS.get(problem.flag, "vllmConfig").split("."))
    return (*at, "vllmConfig", "extraArgs", index) if index < own else (*at, "extraArgs", index - own)


def _router(subject: Subject) -> Iterator[Located]:
    router = subject.stack.router_spec
    if not router.enable_router or is_own_router(router):
        return
    given = router_arguments.arguments(subject.stack)
    typed = len(given) - len(router.extra_args or [])
    for problem in (*lint_router_arguments(given), *find_abbreviated(given, router_catalogue())):
        index = problem.index - typed
        key = ROUTER_KEYS.get(problem.flag, "")
        own: Route = ("routerSpec", *key.split(".")) if key else ("routerSpec",)
        yield problem, ("routerSpec", "extraArgs", index) if index >= 0 else own, "checked against the router"
