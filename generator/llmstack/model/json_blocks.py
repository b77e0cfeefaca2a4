"""Kubernetes' own types in the JSON Schema of the values: what an editor offers in `tolerations`, a probe, a volume.

They are those of the newest version that comes with llmstack, which has every field of the older ones. A map may say a
part alone, since another layer may say the rest; a list is replaced whole, so what its items need is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack import schemas
from llmstack.kubernetes.rules import WORDS
from llmstack.model.blocks import KUBE
from llmstack.secrecy.names import SURE_VARIABLES

_REF = "#/definitions/"
_SHORT = (("io.k8s.api.", ""), ("io.k8s.apimachinery.pkg.", ""))
_NOT_PLAIN = r"^$|[${}<]"
"""A text that is empty, or may refer to something."""


def with_blocks(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with a definition in the place of each raw block, and the definitions that those refer to."""
    definitions = schemas.definitions(schemas.KUBERNETES_VERSIONS[-1])["definitions"]
    roots: dict[str, bool] = {}
    replaced: dict[str, Any] = _replace(schema, roots)
    whole = _reach(definitions, roots)
    replaced["$defs"] |= {
        _name(each): _definition(each, definitions[each], keeps=whole[each]) for each in sorted(whole)
    }
    return replaced


def _replace(node: Any, roots: dict[str, bool]) -> Any:
    """A node with references at the marks; `roots` gathers what they refer to, and whether in lists alone."""
    if isinstance(node, list):
        return [_replace(item, roots) for item in node]
    if not isinstance(node, dict):
        return node
    definition = node.get(KUBE)
    if definition is None:
        return {key: _replace(value, roots) for key, value in node.items()}
    rest = {key: value for key, value in node.items() if key not in (KUBE, "items", "type", "additionalProperties")}
    listed = node["type"] == "array"
    roots[definition] = roots.get(definition, True) and listed
    reference = {"$ref": f"#/$defs/{_name(definition)}"}
    return {**rest, "type": "array", "items": reference} if listed else {**rest, **reference}


def _reach(definitions: Mapping[str, Any], roots: Mapping[str, bool]) -> dict[str, bool]:
    """Every definition that is referred to, and whether only from within the items of a list."""
    reached: dict[str, bool] = {}
    waiting = list(roots.items())
    while waiting:
        name, listed = waiting.pop()
        if name in reached and (listed or not reached[name]):
            continue
        reached[name] = listed
        waiting += _references(definitions[name], listed=listed)
    return reached


def _references(node: Any, *, listed: bool) -> Iterator[tuple[str, bool]]:
    """The definitions that a node refers to, and whether from within the items of a list."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item, listed=listed)
    elif isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix(_REF), listed
        for key, value in node.items():
            yield from _references(value, listed=listed or key == "items")


def _name(definition: str) -> str:
    for long, short in _SHORT:
        definition = definition.replace(long, short)
    return definition


def _definition(name: str, node: dict[str, Any], *, keeps: bool) -> dict[str, Any]:
    """A definition as the editor's schema has it; `required` stays where `keeps` says that nothing is layered."""
    copied: dict[str, Any] = _copied(node)
    if not keeps:
        copied.pop("required", None)
    for key, words in WORDS.get(name.rpartition(".")[2], {}).items():
        copied["properties"][key] = {"anyOf": [{"enum": list(words)}, {"type": ["string", "null"], "maxLength": 0}]}
    if name.endswith(".EnvVar"):
        copied |= _no_plain_secret()
    return copied


def _copied(node: Any) -> Any:
    """Without extensions and formats; `oneOf` of types that are all nullable takes no null, and `anyOf` does."""
    if isinstance(node, list):
        return [_copied(item) for item in node]
    if not isinstance(node, dict):
        return f"#/$defs/{_name(node.removeprefix(_REF))}" if str(node).startswith(_REF) else node
    return {
        "anyOf" if key == "oneOf" else key: _copied(value)
        for key, value in node.items()
        if key != "format" and not key.startswith("x-kubernetes-")
    }


def _no_plain_secret() -> dict[str, Any]:
    return {
        "if": {"required": ["name"], "properties": {"name": {"pattern": SURE_VARIABLES}}},
        "then": {
            "properties": {
                "value": {"pattern": _NOT_PLAIN, "patternErrorMessage": "a secret in plain text: use valueFrom"}
            }
        },
    }
