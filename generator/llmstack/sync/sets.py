"""The Applications that an ApplicationSet makes: its template, with what its generators and its patch put over that.

A generator's own template wins over the set's, field by field (argo-cd, applicationset/generators/
generator_spec_processor.go, `mergeGeneratorTemplate`); those of generators in a matrix or a merge count for nothing
(matrix.go, `Transform` with an empty template). `templatePatch` is filled as text, and merged (applicationset/
controllers/template/patch.go). With `goTemplate` a field begins with a dot; without, it has none, and one of the other
form stays as it stands, or is refused (applicationset/utils/utils.go, `Replace`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync.generators import entries_of, filled, is_filled, value_of
from llmstack.sync.git_entries import MOST_ENTRIES, Entry, Tree

_FIELDS = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_AS_JSON = re.compile(r"\{\{-?\s*\.([A-Za-z_][\w.]*)\s*\|\s*toJson\s*-?\}\}")
_OF_GO = re.compile(r"\.|index\s+\.")


class Made(Struct, frozen=True):
    """An Application that an ApplicationSet makes: its metadata and specification."""

    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    unread: Mapping[str, Any]
    """What of the set decides something about it, and cannot be told."""


def applications_of(object: Object, tree: Tree) -> list[Made] | None:
    """The Applications of an ApplicationSet; None where only the controller knows which there are, or what they build:
    it asks clusters, or its fields are not those of its kind of template."""
    spec = mapping(object.get("spec"))
    found: list[Made] = []
    for generator in map(mapping, sequence(spec.get("generators"))):
        entries = entries_of(generator, tree)
        if entries is None or len(found) + len(entries) > MOST_ENTRIES:
            return None
        template = _over(_own_template(generator), mapping(spec.get("template")))
        found += [_made(spec, template, entry) for entry in entries]
    is_told = _is_of_its_kind(spec) and all(map(_is_told, found))
    return found if is_told else None


def _own_template(generator: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((mapping(mapping(each).get("template")) for key, each in generator.items() if key != "selector"), {})


def _over(own: Any, base: Any) -> Any:
    """A value with what another one has where it has nothing, false and zero among that."""
    if isinstance(own, Mapping) and isinstance(base, Mapping):
        return {key: _over(own.get(key), base.get(key)) for key in (*base, *(each for each in own if each not in base))}
    return own or base


def _made(spec: Mapping[str, Any], template: Mapping[str, Any], entry: Entry) -> Made:
    made = mapping(filled(template, entry))
    patch, unread = _patch(str(spec.get("templatePatch") or ""), entry)
    project = mapping(made.get("spec")).get("project")
    patched = mapping(_merged(made, patch))
    rest = mapping(patched.get("spec"))
    return Made(mapping(patched.get("metadata")), {**rest, "project": project} if project else rest, unread)


def _patch(text: str, entry: Entry) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The patch of an entry, and what of it cannot be told."""
    written = filled(_AS_JSON.sub(lambda found: _as_json(found, entry), text), entry)
    try:
        return (mapping(yamlio.load(written)), {}) if is_filled(written) else ({}, {"templatePatch": [text, entry]})
    except yamlio.YAMLError:
        return {}, {"templatePatch": [text, entry]}


def _as_json(found: re.Match[str], entry: Entry) -> str:
    value = value_of(found[1].split("."), entry)
    return found[0] if value is None else json.dumps(value)


def _merged(value: Any, patch: Any) -> Any:
    """A strategic merge as Application has it: maps by their keys, lists as a whole, null takes away."""
    if not (isinstance(value, Mapping) and isinstance(patch, Mapping)):
        return patch
    merged = {**value, **{key: _merged(value.get(key), each) for key, each in patch.items()}}
    return {key: each for key, each in merged.items() if each is not None}


def _is_told(made: Made) -> bool:
    """Whether the name of an Application and what it builds are filled in."""
    return is_filled([made.metadata.get("name"), made.spec.get("source"), made.spec.get("sources")])


def _is_of_its_kind(spec: Mapping[str, Any]) -> bool:
    """Whether its fields are written as its kind of template has them."""
    fields = _fields([spec.get("template"), spec.get("generators")])
    return all(bool(_OF_GO.match(each)) is (spec.get("goTemplate") is True) for each in fields)


def _fields(value: Any) -> Iterator[str]:
    """What stands between braces in the texts of a value."""
    if isinstance(value, str):
        yield from _FIELDS.findall(value) if "{{" in value else ()
    elif isinstance(value, (Mapping, Sequence)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _fields(each)
