"""The JSON Schema of a values file, for editors."""

from __future__ import annotations

import json
from typing import Any

from llmstack.finding import Route
from llmstack.model.flag import MARK
from llmstack.model.json_blocks import with_blocks
from llmstack.model.json_flags import add_flags
from llmstack.model.stack import OTHER_CHARTS, Stack
from llmstack.model.types import KUBE
from llmstack.values.layers import ALIASES, UNREAD


def values_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). Every key may be null, which removes a lower layer's value; other spellings are
    accepted beside the canonical ones."""
    schema: dict[str, Any] = Stack.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "llmstack values"}
    for definition in schema["$defs"].values():
        definition.pop("title", None)
        definition.pop("required", None)  # a layer may leave out what another one says
    for section, names in ALIASES.items():
        properties = _properties(schema, section)
        for alias, target in names.items():
            known = _property(schema, (*section, *target))
            properties[alias] = {
                **known,
                "description": f"Another spelling of `{'.'.join(map(str, target))}`.",
            }
    for name in OTHER_CHARTS:
        schema["properties"][name] = {
            "type": ["object", "null"],
            "description": "Belongs to another chart; not read.",
        }
    schema["patternProperties"] = {f"^{UNREAD}": {"description": "Not read: a place for anchors."}}
    for definition in (schema, *schema["$defs"].values()):
        definition["properties"] = {name: _nullable(known) for name, known in definition.get("properties", {}).items()}
    _refuse_plain_secrets(schema)
    add_flags(schema)
    cleaned: dict[str, Any] = _cleaned(schema)
    return with_blocks(cleaned)


def _nullable(known: dict[str, Any]) -> dict[str, Any]:
    """A key's schema with null: in a layer it takes away what a lower one says. So it does in a map of texts."""
    kind = {key: value for key, value in known.items() if key in _KINDS}
    options = [part for each in kind.pop("anyOf", ()) for part in each.get("anyOf", [each])]
    options += [kind] if kind else []
    if not options or "null" in kind.get("type", ""):
        return known
    told = [
        each | _TEXT_OR_NULL if each.get("additionalProperties") == {"type": "string"} else each for each in options
    ]
    null = [] if {"type": "null"} in told else [{"type": "null"}]
    return {"anyOf": [*told, *null], **{key: value for key, value in known.items() if key not in _KINDS}}


_TEXT_OR_NULL = {"additionalProperties": {"type": ["string", "null"]}}
_KINDS = frozenset((
    "anyOf", "type", "$ref", "enum", "const", "items", "additionalProperties", "minimum", "maximum", "pattern",
    "minLength", "maxLength", "minItems", "maxItems", "exclusiveMinimum", "exclusiveMaximum", "uniqueItems",
    "format", "properties", "propertyNames", KUBE,
))  # fmt: skip
"""What says which values a key takes."""


def _refuse_plain_secrets(node: Any) -> None:
    """Let a text stand for a secret only where it is empty, which means unset: `gen` refuses any other."""
    children = node if isinstance(node, list) else list(node.values()) if isinstance(node, dict) else []
    for child in children:
        _refuse_plain_secrets(child)
    options = node.get("anyOf", []) if isinstance(node, dict) else []
    if {"$ref": "#/$defs/SecretReference"} in options:
        node["anyOf"] = [each if each != {"type": "string"} else dict(_UNSET) for each in options]


_UNSET = {"type": "string", "maxLength": 0}


def schema_text() -> str:
    """The schema as the file that editors read."""
    return json.dumps(values_schema(), indent=1, ensure_ascii=False) + "\n"


def part_of(schema: dict[str, Any], key: str) -> dict[str, Any]:
    """The schema of one key, `[]` for the items of a list, with the definitions that it refers to. Raises KeyError,
    with the path that is not there."""
    here, passed = schema, ""
    for step in key.split("."):
        name = step.removesuffix("[]")
        passed = f"{passed}.{step}".removeprefix(".")
        known = _resolve(schema, here).get("properties", {})
        if name not in known:
            raise KeyError(passed)
        here = known[name]
        if step.endswith("[]"):
            listed = next((each for each in (here, *here.get("anyOf", ())) if "items" in each), None)
            if listed is None:
                raise KeyError(passed)
            here = listed["items"]
    reached: dict[str, Any] = {}
    _reach(schema["$defs"], here, reached)
    return {"$schema": schema["$schema"], **here, "$defs": reached}


def _reach(definitions: dict[str, Any], node: Any, reached: dict[str, Any]) -> None:
    """Gather the definitions that a node refers to, and those that they refer to."""
    if isinstance(node, list):
        for item in node:
            _reach(definitions, item, reached)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/$defs/")
        if name in definitions and name not in reached:
            reached[name] = definitions[name]
            _reach(definitions, definitions[name], reached)
        for value in node.values():
            _reach(definitions, value, reached)


def _properties(schema: dict[str, Any], route: Route) -> dict[str, Any]:
    """The properties of the section at `route`; `*` stands for the items of a list."""
    here = schema
    for step in route:
        here = _resolve(schema, here)
        here = here["items"] if step == "*" else here["properties"][str(step)]
    properties: dict[str, Any] = _resolve(schema, here)["properties"]
    return properties


def _property(schema: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = _properties(schema, route[:-1])[str(route[-1])]
    return found


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A node behind its reference, whether bare or in the `anyOf` of an optional section."""
    for candidate in (node, *node.get("anyOf", ())):
        if "$ref" in candidate:
            definition: dict[str, Any] = schema["$defs"][candidate["$ref"].rpartition("/")[2]]
            return definition
    return node


def _cleaned(node: Any) -> Any:
    """Without the titles pydantic adds, and with sections that may be null."""
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        return node
    cleaned = {
        key: _cleaned(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str) and value != "llmstack values") and key not in ("chart", MARK)
    }
    return cleaned | {"description": f"{node['description']} {node[MARK]}"} if MARK in node else cleaned
