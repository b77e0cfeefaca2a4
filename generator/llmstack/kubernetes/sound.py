"""An object without what the API server could not even read: unknown fields, and values of another type than a field's.

What people write by hand may be anything: `replicas: "3"`, `labels: [a]`, `containers: {}`. The API server decodes a
manifest into Go's types and refuses it whole; the review still says what the rest of it would do. Every reader of
objects behind this step may rely on the types of the schemas that come with the package.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from llmstack import schemas
from llmstack.finding import Finding, Place, Route, Severity, show_route
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.schema import Problem, kind_of_value

Schema = Mapping[str, Any]

_METADATA = {"$ref": "_definitions.json#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
_VERSION = schemas.KUBERNETES_VERSIONS[-1]
"""The newest knows every field that an older one does, and a type of a field does not change."""
_WANTED = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "object": "a map", "array": "a list",
}  # fmt: skip
_BITS = {"int32": 31, "int64": 63}
_INTEGER = frozenset(("integer", "number"))
_PLAIN = {str: frozenset(("string",)), bool: frozenset(("boolean",)), int: _INTEGER, float: frozenset(("number",))}
_ABSENT = object()


def sound(obj: Any) -> tuple[Object | None, list[Problem]]:
    """Return an object without the fields that its types do not have or cannot hold, each with its problem; the same
    object where there are none.

    As Go decodes JSON, null is an absent field, an empty text of a map, or an empty item of a list. None is left of
    what is no map with an apiVersion, a kind and a name.
    """
    reading = _Reading()
    read = reading.read(obj, _type_of_object(obj), ())
    if not isinstance(read, dict):
        return None, reading.problems
    metadata = read.get("metadata")
    named = isinstance(metadata, dict) and metadata.get("name")
    if not named or not read.get("apiVersion") or not read.get("kind"):
        return None, reading.problems or [Problem((), "apiVersion, kind or metadata.name is missing")]
    return read, reading.problems


def left_out(obj: Any, problem: Problem, place: Place) -> Finding:
    """`invalid-object`: a field that the API server cannot read, and the review leaves out."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    name = f"{obj.get('kind')}/{metadata.get('name')}" if isinstance(metadata, dict) else "an object"
    where = f"{show_route(problem.route)}: " if problem.route else ""
    message = f"{name}: {where}{problem.message}: the review leaves it out"
    help = "the API server refuses the whole object: `llmstack validate` says what else it would"
    return Finding("invalid-object", Severity.WARNING, message, place=place, help=help)


def unsound(definition: str, value: Any) -> list[Problem]:
    """What a type (`io.k8s.api.core.v1.Probe`) cannot hold of a value, numbers beyond 32 or 64 bits among it."""
    reading = _Reading()
    reading.read(value, _type_of_definition(definition), ())
    return reading.problems


class _Type:
    """A schema, looked up once: a review reads a hundred thousand fields of the same few types."""

    def __init__(self, schema: Schema, *, is_open: bool = False) -> None:
        others = {} if is_open else schema.get("additionalProperties", {})
        self._schema, self._is_open = schema, is_open
        self._fields: dict[str, _Type] = {}
        self.names: Mapping[str, Schema] = schema.get("properties", {})
        """The fields that it has."""
        self.is_closed = others is False
        """Whether it has no others."""
        self.allows_any = not isinstance(others, dict) or not others
        self.types = _types(schema)
        self.bits = _BITS[_format(schema)]
        self.plain = {kind for kind, names in _PLAIN.items() if not self.types or names & self.types} & {str, bool}
        """Python's types whose every value it holds."""

    @cached_property
    def others(self) -> _Type:
        """Of every field that is not among the names."""
        return _Type({}) if self.allows_any else self._below(self._schema["additionalProperties"])

    @cached_property
    def item(self) -> _Type:
        """Of a list's items."""
        return self._below(self._schema.get("items", {}))

    def field(self, name: str) -> _Type:
        """Of the field of one name."""
        if name not in self.names:
            return self.others
        if name not in self._fields:
            self._fields[name] = self._below(self.names[name])
        return self._fields[name]

    def _below(self, schema: Schema) -> _Type:
        """Of a part of the schema, as open as the whole."""
        return _Type(_resolve(schema), is_open=True) if self._is_open else _type(schema)


class _Reading:
    """One walk through an object, and what was found on it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, value: Any, type: _Type, route: Route) -> Any:
        """The value as the type holds it; `_ABSENT` where it does not."""
        if isinstance(value, dict) and (not type.types or "object" in type.types):
            return self._map(value, type, route)
        if isinstance(value, list) and (not type.types or "array" in type.types):
            return self._list(value, type, route)
        return self._scalar(value, type, route)

    def _map(self, value: dict[Any, Any], type: _Type, route: Route) -> Any:
        result, same = {}, True
        for name, item in value.items():
            key = name if isinstance(name, str) else str(name)
            if type.is_closed and name not in type.names:
                kept = self._refuse((*route, key), "is no field of this type")
            elif item is None and (name in type.names or not type.allows_any):
                kept = "" if name not in type.names and "string" in type.others.types else _ABSENT
            else:
                field = type.field(name)
                kept = item if item.__class__ in field.plain else self.read(item, field, (*route, key))
            same &= kept is item and key is name
            if kept is not _ABSENT:
                result[key] = kept
        return value if same else result

    def _list(self, value: list[Any], type: _Type, route: Route) -> Any:
        if all(item.__class__ in type.item.plain for item in value):
            return value
        empty = _empty(type.item.types)
        items = [
            empty if item is None and empty is not None else self.read(item, type.item, (*route, number))
            for number, item in enumerate(value)
        ]
        same = all(kept is item for kept, item in zip(items, value, strict=True))
        return value if same else [item for item in items if item is not _ABSENT]

    def _scalar(self, value: Any, type: _Type, route: Route) -> Any:
        types = type.types
        if isinstance(value, float) and value.is_integer() and "integer" in types and "number" not in types:
            value = int(value)
        if isinstance(value, float) and not math.isfinite(value):
            return self._refuse(route, "is no number that JSON can hold")
        if types and not types & _types_of(value.__class__):
            wanted = " or ".join(_WANTED[each] for each in _WANTED if each in types)
            return self._refuse(route, f"is {wanted}, not {kind_of_value(value)}")
        if isinstance(value, int) and "integer" in types and not isinstance(value, bool):
            most = 1 << type.bits
            if not -most <= value < most:
                return self._refuse(route, f"is a whole number of {type.bits + 1} bits: up to {most - 1}")
        return value

    def _refuse(self, route: Route, what: str) -> Any:
        name = next((step for step in reversed(route) if isinstance(step, str)), "the object")
        self.problems.append(Problem(route, f"`{name}` {what}"))
        return _ABSENT


@cache
def _types_of(kind: type) -> frozenset[str]:
    """The types of JSON Schema that values of one of Python's types are of."""
    plain = next((_PLAIN[each] for each in kind.__mro__ if each in _PLAIN), None)
    return plain or frozenset(name for each, name in ((dict, "object"), (list, "array")) if issubclass(kind, each))


def _empty(types: frozenset[str]) -> Any:
    """What Go makes of null in a list: the zero of a text or a struct; None for what has none of its own."""
    return "" if types == {"string"} else {} if types == {"object"} else None


def _type(schema: Schema) -> _Type:
    reference = schema.get("$ref")
    return _type_of_definition(reference.rpartition("/")[2]) if isinstance(reference, str) else _Type(schema)


@cache
def _type_of_definition(name: str) -> _Type:
    return _Type(_definition(name))


def _resolve(schema: Schema) -> Schema:
    reference = schema.get("$ref")
    return _definition(reference.rpartition("/")[2]) if isinstance(reference, str) else schema


@cache
def _definition(name: str) -> Schema:
    return _resolve(schemas.definitions(_VERSION)["definitions"].get(name, {}))


def _types(schema: Schema) -> frozenset[str]:
    """The types that a schema allows, null apart; none where it allows all."""
    kinds = schema.get("type")
    if kinds is None:
        alternatives = [_types(_resolve(each)) for word in ("oneOf", "anyOf") for each in schema.get(word, ())]
        return frozenset().union(*alternatives) if all(alternatives) else frozenset()
    return frozenset([kinds] if isinstance(kinds, str) else kinds) - {"null"}


def _format(schema: Schema) -> str:
    """How large its whole numbers are. One that may be text too is an IntOrString, of 32 bits (apimachinery,
    pkg/util/intstr)."""
    if schema.get("format") in _BITS:
        return str(schema["format"])
    return "int32" if "type" not in schema else "int64"


def _type_of_object(obj: Any) -> _Type:
    """The type of an object's kind, its metadata's with it; that of another version of the kind, or of another group's
    kind of the name, where its own is not known: then no field is too many."""
    kind, version = (obj.get("kind"), obj.get("apiVersion")) if isinstance(obj, dict) else (None, None)
    return _type_of_kind(version if isinstance(version, str) else "", kind if isinstance(kind, str) else "")


@cache
def _type_of_kind(api_version: str, kind: str) -> _Type:
    own = _own_schema(api_version, kind) if api_version and kind else {}
    found = own if own is not None else next(_of_other_versions(kind), {})
    text = {"type": "string"}
    properties = {**found.get("properties", {}), "apiVersion": text, "kind": text, "metadata": _METADATA}
    others = found.get("additionalProperties", {})
    whole = {"type": "object", "properties": properties, "additionalProperties": others}
    return _Type(whole, is_open=own is None)


def _own_schema(api_version: str, kind: str) -> Schema | None:
    if kind == "RayService":
        cluster = (_own_schema("ray.io/v1", "RayCluster") or {})["properties"]["spec"]
        spec = {"type": "object", "properties": {"rayClusterConfig": cluster}}
        return {"properties": {"spec": spec}}
    return schemas.of_kind(_VERSION, api_version, kind)


def _of_other_versions(kind: str) -> Iterator[Schema]:
    for api_version in schemas.versions_of(_VERSION, kind):
        schema = schemas.of_kind(_VERSION, api_version, kind)
        if schema is not None:
            yield schema
