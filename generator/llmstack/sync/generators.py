"""The entries of an ApplicationSet's generators, as far as this repository answers them.

Lists say them, Git generators read folders and files of a repository, and a matrix combines two (argo-cd,
docs/operator-manual/applicationset/Generators-{List,Git,Matrix}.md). What asks clusters, pull requests, an SCM or a
plugin, and a pattern whose folder is not in this repository, only the controller knows. A selector chooses among the
entries of its generator by their fields (Generators-Post-Selector.md, applicationset/generators/
generator_spec_processor.go), and a merge puts later entries over the first ones by their keys (merge.go).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmstack import yamlio
from llmstack.kubernetes.selectors import selects
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync.git_entries import Entries, Entry, Tree, joined, of_git

_FIELD = re.compile(r"\{\{-?\s*(?:index\s+)?\.?([A-Za-z_][\w.-]*?)(?:\[(\d+)\]|\s+(\d+))?\s*-?\}\}")


def entries_of(generator: Mapping[str, Any], tree: Tree) -> Entries:
    """Return the entries of one of the generators of an ApplicationSet's specification."""
    return joined(iter((_entries(generator, tree, {}),)))


def filled(template: Any, entry: Entry) -> Any:
    """The template with the entry's fields in it: `{{ .name }}`, `{{path.basename}}`, `{{index .path.segments 1}}`;
    what the entry does not have stays as it stands."""
    if isinstance(template, Mapping):
        return {key: filled(value, entry) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, entry) for value in template]
    if isinstance(template, str):
        return _FIELD.sub(lambda found: _value(found, entry), template)
    return template


def is_filled(template: Any) -> bool:
    """Whether nothing is left in a filled template that only the controller fills."""
    return "{{" not in str(template)


def value_of(names: Sequence[str], entry: Entry) -> Any:
    """The value of a field, by the names that lead to it; None for none."""
    value: Any = entry
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _value(found: re.Match[str], entry: Entry) -> str:
    value = value_of(found[1].split("."), entry)
    number = found[2] or found[3]
    if isinstance(value, Mapping):
        value = value.get("segments") if number else value.get("path")
    if number is not None:
        value = value[int(number)] if isinstance(value, list) and int(number) < len(value) else None
    return str(value) if isinstance(value, (str, int, float)) else found[0]


def _entries(generator: Mapping[str, Any], tree: Tree, outer: Entry) -> Entries:
    """The entries of one generator; `outer` are the fields of the one that a matrix combines it with."""
    kinds = [(kind, written) for kind, written in generator.items() if kind != "selector" and written is not None]
    of_kind = _KINDS.get(kinds[0][0]) if len(kinds) == 1 else None
    if of_kind is None:
        return None
    stated = filled(mapping(kinds[0][1]), outer)
    found = of_kind(stated, tree)
    if found is None:
        return None
    entries = [_with_values(each, mapping(stated.get("values"))) for each in found]
    return [each for each in entries if selects(mapping(generator.get("selector")), _flat(each))]


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """The values of an entry by the keys that lead to them, joined by dots, as Go prints them."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        return {place: str(value).lower() if isinstance(value, bool) else str(value)}
    found: dict[str, str] = {}
    for key, each in items:
        found |= _flat(each, f"{place}.{key}" if place else str(key))
    return found


def _with_values(entry: Entry, values: Mapping[str, Any]) -> Entry:
    return {**entry, "values": filled(values, entry)} if values else entry


def _of_list(stated: Mapping[str, Any], tree: Tree) -> Entries:
    written = str(stated.get("elementsYaml") or "")
    if not is_filled(written):
        return None
    try:
        more = yamlio.load(written)
    except yamlio.YAMLError:
        return None
    return [mapping(each) for each in (*sequence(stated.get("elements")), *sequence(more))]


def _of_matrix(stated: Mapping[str, Any], tree: Tree) -> Entries:
    """Each entry of the first with each of the second, which may use its fields."""
    both = [mapping(each) for each in sequence(stated.get("generators"))]
    if len(both) != 2:
        return None
    first = _entries(both[0], tree, {})
    if first is None:
        return None
    parts = ((one, _entries(both[1], tree, one)) for one in first)
    return joined(None if found is None else [{**one, **other} for other in found] for one, found in parts)


def _of_merge(stated: Mapping[str, Any], tree: Tree) -> Entries:
    """The entries of the first, each with those of the others over it that have the same values of the merge keys."""
    parts = [_entries(mapping(each), tree, {}) for each in sequence(stated.get("generators"))]
    keys = [str(each) for each in sequence(stated.get("mergeKeys"))]
    if len(parts) < 2 or not keys:
        return None
    keyed: list[dict[str, Entry]] = []
    for part in parts:
        named = {json.dumps([each.get(key) for key in keys], default=str): each for each in part or ()}
        if part is None or len(named) != len(part):
            return None
        keyed.append(named)
    return [_merged([entry, *(other[key] for other in keyed[1:] if key in other)]) for key, entry in keyed[0].items()]


def _merged(entries: Sequence[Entry]) -> Entry:
    """Entries over one another; what a later one has empty takes nothing away."""
    found: dict[str, Any] = {}
    for entry in entries:
        for key, value in entry.items():
            both = found.get(key), value
            found[key] = _merged(both) if all(isinstance(each, Mapping) for each in both) else value or both[0]  # type: ignore[arg-type]
    return found


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Tree], Entries]] = {
    "list": _of_list,
    "git": of_git,
    "matrix": _of_matrix,
    "merge": _of_merge,
}
"""The generators that this repository answers."""
