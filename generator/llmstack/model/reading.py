"""From merged values to a validated stack: what is wrong is a finding at its place, all of them in one run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from llmstack.finding import Finding, Route, Severity, show_route
from llmstack.model import unknown_keys
from llmstack.model.gitops import StreamFile
from llmstack.model.stack import Stack, foreign_keys, map_defaults, without
from llmstack.model.unfit_defaults import without_unfit_defaults
from llmstack.model.value_help import BOUND_KEYS, BOUNDS, MISSING, SHAPES, choice_help, quantity_help, type_help
from llmstack.values.layers import Layers, merge_layers
from llmstack.values.nodes import Source

Valid = TypeVar("Valid", bound=BaseModel)

_NOTHING = object()
_SECRET_SECTIONS = frozenset(("vllmApiKey", "hf_token", "credentials", "env"))
_SHAPE: Mapping[type, str] = {dict: "a map", list: "a list", str: "text"}
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "list_type": "a list",
    "finite_number": "a finite number",
}


def read_stack(sources: Iterable[Source]) -> tuple[Layers, Stack | None, tuple[Finding, ...]]:
    """Merge the files (lowest first) and validate; the stack is None when it cannot be made.

    Findings have their places.
    """
    layers = merge_layers(tuple(sources), map_defaults())
    findings = list(layers.findings)
    foreign = foreign_keys(layers.data)
    data = without(layers.data, foreign)
    for route in foreign:
        message = f"`{show_route(route)}` belongs to another chart; nothing is generated from it"
        help = "install that chart on its own, and keep its values with it"
        findings.append(Finding("other-chart", Severity.WARNING, message, route, layers.place(route), help))
    stack, problems = validate(without_unfit_defaults(data, layers.states), Stack)
    told = problems[:MOST_PROBLEMS]
    findings += [_placed(problem, layers, likened=number < LIKENED) for number, problem in enumerate(told)]
    if len(problems) > len(told):
        findings.append(_untold(problems[len(told)], layers))
    return layers, None if is_broken(layers) else stack, tuple(findings)


def read_stream_file(source: Source) -> tuple[Layers, StreamFile | None, tuple[Finding, ...]]:
    """Validate the section `gitops` of a file that stands beside streams of objects; nothing else in it is read."""
    layers = merge_layers((source,), {})
    held = layers.data.get("gitops")
    terms, problems = validate({} if held is None else {"gitops": held}, StreamFile)
    found = [_placed(problem, layers, likened=True) for problem in problems]
    return layers, None if is_broken(layers) else terms, (*layers.findings, *found)


def is_broken(layers: Layers) -> bool:
    """Whether a file cannot be parsed at all, so that what is left says nothing of the values."""
    return any(source.root is None and source.findings for source in (layer.source for layer in layers.layers))


MOST_PROBLEMS = 2_000
"""How many problems are told one by one: more are no mistake of people's, and cost time and memory."""
_MOST_READ = 4 * MOST_PROBLEMS
"""How many are looked at: some fall away, for a union's form is refused at each map on the way to what is wrong."""
LIKENED = 500
"""For how many problems of a file a known key like the unknown one is looked for."""


def _untold(first: Problem, layers: Layers) -> Finding:
    """What is said of the problems that are not listed, where the first of them is."""
    message = f"there are more problems than these {MOST_PROBLEMS:,}, from here on"
    help = "correct those that are: the next run names others"
    return Finding("too-many-problems", Severity.ERROR, message, first.route, layers.place(first.route), help)


class Problem(Struct, frozen=True):
    """One error of pydantic: its type, where, what it says, what was given, and what it would have liked."""

    kind: str
    route: Route
    message: str
    value: Any
    context: Mapping[str, Any]


def validate(data: Mapping[str, Any], model: type[Valid]) -> tuple[Valid | None, list[Problem]]:
    """What the values are by a model, or what is wrong with them, once for each place.

    Of more than MOST_PROBLEMS, more than those are returned, and not all.
    """
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        problems: dict[Route, Problem] = {}
        for found in error.errors(include_url=False):
            route = _route(found["loc"], data, missing=found["type"] in ("missing", "extra_forbidden"))
            problem = Problem(found["type"], route, found["msg"], found["input"], found.get("ctx", {}))
            problems.setdefault(route, problem)
            if len(problems) > _MOST_READ:
                break
        above = {route[:length] for route in problems for length in range(len(route))}
        return None, [problem for problem in problems.values() if not _is_of_another_form(problem, above)]


def _is_of_another_form(problem: Problem, above: Collection[Route]) -> bool:
    """Whether a union's form is refused that was not meant: another was tried further in, and so it is `above` one."""
    return problem.kind in _TYPES and problem.route in above


def _route(loc: tuple[int | str, ...], data: Any, *, missing: bool) -> Route:
    """pydantic's location without the tags of unions, which are not in the data."""
    route: list[str | int] = []
    here = data
    for number, step in enumerate(loc):
        child = _child(here, step)
        if child is not _NOTHING:
            here = child
        elif not (missing and number == len(loc) - 1):
            continue
        route.append(step)
    return tuple(route)


def _child(here: Any, step: int | str) -> Any:
    """The item of a map or list, `_NOTHING` where there is none."""
    if isinstance(here, dict):
        return here.get(step, _NOTHING)
    return here[step] if isinstance(here, list) and isinstance(step, int) and step < len(here) else _NOTHING


def _placed(problem: Problem, layers: Layers, *, likened: bool) -> Finding:
    kind, route, value = problem.kind, problem.route, problem.value
    secret = bool(_SECRET_SECTIONS & set(route))
    key = show_route(route[-1:]) if route and isinstance(route[-1], str) else show_route(route[-2:])
    if kind == "extra_forbidden":
        return _unknown_key(route, layers, secret, likened=likened)
    place = layers.place(route, on_value=True)
    if kind == "missing":
        text = f"`{key}` is missing in {_section(route)}"
        return Finding("missing-key", Severity.ERROR, text, route, place, MISSING.get(str(route[-1])), secret)
    if kind in _TYPES:
        given = _given(value, layers.text(route)) if not secret else _SHAPE.get(type(value), "what is given")
        help = SHAPES.get((kind, type(value))) if secret else type_help(kind, value, layers.text(route))
        text = f"`{key}` is {_TYPES[kind]}, not {given}"
        return Finding("wrong-type", Severity.ERROR, text, route, place, help, secret)
    if "-" in kind:  # a type of ours: the id of the finding
        help = quantity_help(str(value)) if kind == "bad-quantity" else None
        return Finding(kind, Severity.ERROR, f"`{key}`: {problem.message}", route, place, help, secret)
    if kind in BOUNDS and not secret:
        text = f"`{key}` is {BOUNDS[kind]} {problem.context.get(BOUND_KEYS[kind])}, not {value}"
        return Finding("bad-value", Severity.ERROR, text, route, place, None, secret)
    expected = str(problem.context.get("expected", "")) if kind == "literal_error" else ""
    text = (
        f"`{key}` is one of {expected.replace(chr(39), '`')}"
        if expected
        else f"`{key}`: {problem.message[:1].lower()}{problem.message[1:]}"
    )
    help = (
        choice_help(str(value), [word.strip(" '") for word in expected.replace(" or ", ",").split(",")])
        if expected
        else None
    )
    return Finding("bad-value", Severity.ERROR, text, route, place, help, secret)


def _unknown_key(route: Route, layers: Layers, secret: bool, *, likened: bool) -> Finding:
    message = f"`{route[-1]}` is not a key of {_section(route)}"
    help = unknown_keys.explain(route, layers.data, _environment(layers)) if likened else None
    return Finding("unknown-key", Severity.ERROR, message, route, layers.place(route), help, secret)


def _environment(layers: Layers) -> str:
    """The name of the folder in custom/, where the file's own place tells it."""
    path = PurePosixPath(layers.layers[-1].source.path)
    return path.stem if path.parent.name == "values" and path.stem != "base" else "<env>"


def _section(route: Route) -> str:
    """The section a key is in, without the part of the path that goes without saying."""
    shown = route[:-1]
    if shown[:2] == ("servingEngineSpec", "modelSpec") and len(shown) > 2:
        shown = shown[1:]
    return show_route(shown) or "the values"


def _given(value: Any, text: str | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {text or str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {text or value}"
    if isinstance(value, str):
        first, *more = value.splitlines() or [""]
        return f"the text `{first}{' …' if more else ''}`"
    return "a map" if isinstance(value, dict) else "a list"
