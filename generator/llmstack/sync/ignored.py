"""Fields that an owner leaves as they are in the cluster: `ignoreDifferences` of an Application of Argo CD whose sync
respects them, `ignore` of a Kustomization of Flux.

docs/user-guide/diffing.md and sync-options.md, "Respect ignore difference configs": with `RespectIgnoreDifferences`
such a field gets the value that it has in the cluster before the object is applied; kustomize-controller takes that
value too, or leaves the field to the manager that has it (docs/spec/v1/kustomizations.md, "Ignore Rules"; fluxcd/pkg,
ssa/manager_apply.go, `applyDriftResult`). One of an object that is new is applied. Rules by field managers, and jq
expressions beyond keys and `[]`, depend on what only the cluster knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.kustomize.merge import Unsupported
from llmstack.kustomize.references import Resource
from llmstack.kustomize.targets import parse_target
from llmstack.sync.manifests import is_of_kind

Path = tuple[str, ...]
"""Keys of a field, `*` for every item of a list."""
_JQ = re.compile(r"\.([A-Za-z0-9_-]+)|\[\"([^\"]+)\"\]|\[(\d*)\]")
_ABSENT = object()


def ignored_paths(rules: Iterable[Any], obj: Object) -> Iterator[Path]:
    """Yield the fields of an object that are left as they are; those that cannot be told from the rules alone apart."""
    metadata = mapping(obj.get("metadata"))
    for rule in map(mapping, rules):
        yield from _of_flux(rule, obj)
        named = all(rule.get(key) in (None, "", metadata.get(key)) for key in ("name", "namespace"))
        if not (named and is_of_kind(obj, rule)):
            continue
        yield from map(_pointer_path, sequence(rule.get("jsonPointers")))
        for expression in sequence(rule.get("jqPathExpressions")):
            yield from _jq_path(str(expression))


def _of_flux(rule: Mapping[str, Any], obj: Object) -> Iterator[Path]:
    """What a rule of a Kustomization names: `paths`, of all objects where it has no target."""
    try:
        select = parse_target(rule.get("target") or {})
    except Unsupported:
        return
    if rule.get("paths") and select(Resource(dict(obj))):
        yield from map(_pointer_path, sequence(rule["paths"]))


def _pointer_path(pointer: object) -> Path:
    """A JSON pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in str(pointer).split("/")[1:])


def _jq_path(expression: str) -> Iterator[Path]:
    found = list(_JQ.finditer(expression))
    if found and "".join(each[0] for each in found) == expression:
        yield tuple(each[1] or each[2] or each[3] or "*" for each in found)


def left_as_it_is(before: Object, after: Object, rules: Sequence[Any]) -> Object:
    """An object as it is applied: ignored fields that it states have the value of before. The same object where that is
    all the same."""
    made: Any = after
    for path in ignored_paths(rules, after):
        made = _with(made, before, path)
    return after if made == after else made


def left_of_application(before: Object, after: Object, rules: Sequence[Any]) -> Object | None:
    """An Application as its ApplicationSet applies it: what `ignoreApplicationDifferences` names stays as it was, there
    or not, for it is taken out of both before they are compared (argo-cd, applicationset/utils/createOrUpdate.go,
    `applyIgnoreDifferences`). None where that cannot be told: by jq beyond keys, or of a field in a list that changes,
    which goes to the cluster whole (docs/operator-manual/applicationset/Controlling-Resource-Modification.md)."""
    made = after
    for rule in map(mapping, rules):
        if rule.get("name") not in (None, "", mapping(after.get("metadata")).get("name")):
            continue
        paths = [*map(_pointer_path, sequence(rule.get("jsonPointers")))]
        for expression in map(str, sequence(rule.get("jqPathExpressions"))):
            found = [*_jq_path(expression)]
            if not found:
                return None
            paths += found
        for path in paths:
            above = tuple(takewhile(lambda step: step != "*" and not step.isdigit(), path))
            if above == path:
                made = _as_before(made, before, path)
            elif _at(made, above) != _at(before, above):
                return None
    return made


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = mapping(value).get(step, _ABSENT)
    return value


def _as_before(value: Any, old: Any, path: Path) -> Object:
    """The value with what the old one has at a path, there or not."""
    step, rest = path[0], path[1:]
    own, kept = mapping(old).get(step, _ABSENT), mapping(value)
    if rest:
        below = _as_before(kept.get(step), own, rest)
        return {**kept, step: below} if below or step in kept else kept
    return {**{key: each for key, each in kept.items() if key != step}, **({} if own is _ABSENT else {step: own})}


def _with(value: Any, old: Any, path: Path) -> Any:
    """The value with what the old one has at a path; without it where the old one has nothing there."""
    if not path:
        return old
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        olds = old if isinstance(old, list) else []
        chosen = [number for number in range(len(value)) if step in ("*", str(number)) and number < len(olds)]
        return [_with(each, olds[at], rest) if at in chosen else each for at, each in enumerate(value)]
    if not isinstance(value, Mapping) or step not in value:
        return value
    own = old.get(step, _ABSENT) if isinstance(old, Mapping) else _ABSENT
    if own is _ABSENT:
        return value if rest else {key: each for key, each in value.items() if key != step}
    return {**value, step: _with(value[step], own, rest)}
