"""An object without what the API server could not even read: unknown fields, and values of another type than a field's.

What people write by hand may be anything: `replicas: "3"`, `labels: [a]`, `containers: {}`. The API server decodes a
manifest into Go's types and refuses it whole; the review still says what the rest of it would do. Every reader of
objects behind this step may rely on the types of the schemas that come with the package.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from llmstack import schemas
from llmstack.finding import Route
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
_ABSENT = object()


def sound(obj: Any) -> tuple[Object | None, list[Problem]]:
    """Return an object without the fields that its types do not have or cannot hold, each with its problem; the same
    object where there are none.

    As Go decodes JSON, null is an absent field, an empty text of a map, or an empty item of a list. None is left of
    what is no map with an apiVersion, a kind and a name.
    """
    reading = _Reading()
    read = reading.read(obj, _schema_of(obj), ())
    if not isinstance(read, dict):
        return None, reading.problems
    metadata = read.get("metadata")
    named = isinstance(metadata, dict) and metadata.get("name")
    if not named or not read.get("apiVersion") or not read.get("kind"):
        return None, reading.problems or [Problem((), "apiVersion, kind or metadata.name is missing")]
    return read, reading.problems


def unsound(definition: str, value: Any) -> list[Problem]:
    """What a type (`io.k8s.api.core.v1.Probe`) cannot hold of a value, numbers beyond 32 or 64 bits among it."""
    reading = _Reading()
    reading.read(value, _definition(definition), ())
    return reading.problems


class _Reading:
    """One walk through an object, and what was found on it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, value: Any, schema: Schema, route: Route) -> Any:
        """The value as the type holds it; `_ABSENT` where it does not."""
        schema = _resolve(schema)
        types = _types(schema)
        if isinstance(value, dict) and (not types or "object" in types):
            return self._map(value, schema, route)
        if isinstance(value, list) and (not types or "array" in types):
            return self._list(value, schema, route)
        return self._scalar(value, schema, types, route)

    def _map(self, value: dict[Any, Any], schema: Schema, route: Route) -> Any:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        is_closed, others = others is False, others if isinstance(others, dict) else {}
        result, same = {}, True
        for name, item in value.items():
            inner = properties.get(name, others)
            key = name if isinstance(name, str) else str(name)
            if is_closed and name not in properties:
                kept = self._refuse((*route, key), "is no field of this type")
            elif item is None and (name in properties or others):
                kept = "" if name not in properties and "string" in _types(_resolve(others)) else _ABSENT
            else:
                kept = self.read(item, inner, (*route, key))
            same &= kept is item and key is name
            if kept is not _ABSENT:
                result[key] = kept
        return value if same else result

    def _list(self, value: list[Any], schema: Schema, route: Route) -> Any:
        inner = schema.get("items", {})
        empty = _empty(_types(_resolve(inner)))
        items = [
            empty if item is None and empty is not None else self.read(item, inner, (*route, number))
            for number, item in enumerate(value)
        ]
        same = all(kept is item for kept, item in zip(items, value, strict=True))
        return value if same else [item for item in items if item is not _ABSENT]

    def _scalar(self, value: Any, schema: Schema, types: frozenset[str], route: Route) -> Any:
        if isinstance(value, float) and value.is_integer() and "integer" in types and "number" not in types:
            value = int(value)
        fitting = _types_of_value(value)
        if isinstance(value, float) and not math.isfinite(value):
            return self._refuse(route, "is no number that JSON can hold")
        if types and not types & fitting:
            wanted = " or ".join(_WANTED[each] for each in _WANTED if each in types)
            return self._refuse(route, f"is {wanted}, not {kind_of_value(value)}")
        if isinstance(value, int) and "integer" in types and not isinstance(value, bool):
            bits = _BITS[_format(schema)]
            if not -(1 << bits) <= value < 1 << bits:
                return self._refuse(route, f"is a whole number of {bits + 1} bits: up to {(1 << bits) - 1}")
        return value

    def _refuse(self, route: Route, what: str) -> Any:
        name = next((step for step in reversed(route) if isinstance(step, str)), "the object")
        self.problems.append(Problem(route, f"`{name}` {what}"))
        return _ABSENT


def _types_of_value(value: Any) -> frozenset[str]:
    """The types of JSON Schema that a value is of."""
    if isinstance(value, bool):
        return frozenset(("boolean",))
    if isinstance(value, int):
        return frozenset(("integer", "number"))
    names = {str: "string", float: "number", dict: "object", list: "array"}
    return frozenset(name for kind, name in names.items() if isinstance(value, kind))


def _empty(types: frozenset[str]) -> Any:
    """What Go makes of null in a list: the zero of a text or a struct; None for what has none of its own."""
    return "" if types == {"string"} else {} if types == {"object"} else None


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


def _schema_of(obj: Any) -> Schema:
    """The schema of an object's kind, its metadata's with it; that of another version of the kind where its own is
    not known."""
    if not isinstance(obj, dict):
        return {"type": "object"}
    kind, version = obj.get("kind"), obj.get("apiVersion")
    found = _schema_of_kind(version, kind) if isinstance(kind, str) and isinstance(version, str) else {}
    text = {"type": "string"}
    properties = {**found.get("properties", {}), "apiVersion": text, "kind": text, "metadata": _METADATA}
    return {"type": "object", "properties": properties, "additionalProperties": found.get("additionalProperties", {})}


@cache
def _schema_of_kind(api_version: str, kind: str) -> Schema:
    if kind == "RayService":
        cluster = _schema_of_kind("ray.io/v1", "RayCluster")["properties"]["spec"]
        spec = {"type": "object", "properties": {"rayClusterConfig": cluster}}
        return {"properties": {"spec": spec}}
    own = schemas.of_kind(_VERSION, api_version, kind)
    return own if own is not None else next(_of_other_versions(kind), {})


def _of_other_versions(kind: str) -> Iterator[Schema]:
    for api_version in schemas.versions_of(_VERSION, kind):
        schema = schemas.of_kind(_VERSION, api_version, kind)
        if schema is not None:
            yield schema
