"""Kubernetes' own types as validators, and their complaints in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from msgspec import Struct

from llmstack import schemas
from llmstack.finding import Route, at_route, show_route

_URI = "urn:kubernetes:"
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
}


class Problem(Struct, frozen=True):
    """What is wrong with a value: where in it, what, and what may help. No value is ever part of the text."""

    route: Route
    message: str
    help: str | None = None


def check_type(version: str, definition: str, value: Any) -> Iterator[Problem]:
    """Yield what a Kubernetes type (`io.k8s.api.core.v1.Probe`) says against a value."""
    validator = _validator(version, definition)
    if not validator.is_valid(value):
        yield from _explain(validator, schemas.definitions(version), value, definition.rpartition(".")[2])


def check_object(version: str, object: dict[str, Any]) -> Iterator[Problem]:
    """Yield what the schema of an object's kind says against it; nothing where no schema comes with the
    package."""
    api_version, kind = str(object.get("apiVersion")), str(object.get("kind"))
    schema = _object_schema(version, api_version, kind)
    if schema is not None:
        validator = _object_validator(version, api_version, kind)
        if not validator.is_valid(object):
            yield from _explain(validator, schema | schemas.definitions(version), object, kind)


@cache
def _registry(version: str) -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(f"{_URI}_definitions.json", schemas.definitions(version))])


@cache
def _validator(version: str, definition: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"{_URI}_definitions.json#/definitions/{definition}"}
    return jsonschema_rs.Draft202012Validator(schema, registry=_registry(version))


@cache
def _object_schema(version: str, api_version: str, kind: str) -> dict[str, Any] | None:
    """The schema of a kind: Kubernetes' own, or a custom resource's."""
    schema = schemas.of_kind(version, api_version, kind)
    return None if schema is None else _absolute(schema)


def _absolute(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose references to `_definitions.json` are found in the registry."""

    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rewrite(item) for key, item in value.items()}
        if isinstance(value, list):
            return [rewrite(item) for item in value]
        return f"{_URI}{value}" if isinstance(value, str) and value.startswith("_definitions.json#") else value

    return {key: rewrite(item) for key, item in schema.items()}


@cache
def _object_validator(version: str, api_version: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    schema = _object_schema(version, api_version, kind)
    return jsonschema_rs.Draft202012Validator(schema or {}, registry=_registry(version))


def _explain(
    validator: jsonschema_rs.Draft202012Validator, schema: dict[str, Any], value: Any, name: str
) -> Iterator[Problem]:
    for error in validator.iter_errors(value):
        route: Route = tuple(error.instance_path)
        kind, facts = error.kind.name, error.kind.as_dict()
        if kind == "additionalProperties":
            known = list(_follow(schema, error.schema_path[:-1]).get("properties", {}))
            for field in facts["unexpected"]:
                message = f"`{field}` is not a field of {show_route(route) or name}"
                yield Problem((*route, field), message, _near(field, known))
        elif kind == "required":
            yield Problem(route, f"`{facts['property']}` is missing in {show_route(route) or name}")
        else:
            what = _misfit(kind, facts, at_route(value, route))
            yield Problem(route, f"`{_last(route, name)}` {what}", _quote_help(kind, facts))


def _misfit(kind: str, facts: Mapping[str, Any], value: Any) -> str:
    """What is wrong with a value, by the keyword of JSON Schema that it breaks."""
    match kind:
        case "type":
            return f"is {_wanted(facts)}, not {kind_of_value(value)}"
        case "enum":
            return f"is one of {', '.join(f'`{option}`' for option in facts['options'] if option is not None)}"
        case "oneOf" | "anyOf":
            return f"is text or a number, not {kind_of_value(value)}"
        case "minimum" | "maximum":
            return f"is at {'least' if kind == 'minimum' else 'most'} {facts['limit']}"
        case "pattern":
            return f"has the form {facts['pattern']}"
    return f"does not fit Kubernetes' schema ({kind})"


def _wanted(facts: Mapping[str, Any]) -> str:
    return " or ".join(_WORDS[word] for word in facts["types"] if word in _WORDS)


def _quote_help(kind: str, facts: Mapping[str, Any]) -> str | None:
    return "quote it" if kind == "type" and _wanted(facts) == "text" else None


def _near(field: str, known: list[str]) -> str | None:
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(field.lower(), lowered, n=1)
    if found:
        return f"did you mean `{lowered[found[0]]}`?"
    return f"known fields: {', '.join(sorted(known))}" if 0 < len(known) < 12 else None


def _follow(schema: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    here: Any = schema
    for step in path:
        here = here[step]
    return here if isinstance(here, dict) else {}


def _last(route: Route, name: str) -> str:
    return next((step for step in reversed(route) if isinstance(step, str)), name)


def kind_of_value(value: Any) -> str:
    """What a value of YAML is, in plain words."""
    if isinstance(value, bool):
        return "true or false"
    return {
        int: "a number",
        float: "a number",
        str: "text",
        dict: "a map",
        list: "a list",
        type(None): "null",
    }[type(value)]
