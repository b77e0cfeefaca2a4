"""JSON patches (RFC 6902), as kustomize applies them to one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmstack.kustomize.merge import Unsupported


class Broken(Unsupported):
    """What kustomize refuses: a patch of what is not there."""


_OPERATIONS = frozenset(("add", "replace", "remove"))


def apply_json_patch(obj: Mapping[str, Any], operations: Sequence[Any]) -> dict[str, Any]:
    """Return the object after the operations; raises Unsupported for what is not `add`, `replace` or `remove`, and
    Broken for a path that is not there, of which `replace` makes the last step as `add` does."""
    found = dict(obj)
    for each in operations:
        if not isinstance(each, Mapping) or each.get("op") not in _OPERATIONS:
            raise Unsupported("an operation of a JSON patch")
        found = _applied(found, str(each["op"]), _steps(str(each.get("path") or "")), each.get("value"))
    return found


def _steps(path: str) -> list[str]:
    if not path.startswith("/"):
        raise Unsupported("a JSON patch of the whole object")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _applied(holder: Any, operation: str, steps: Sequence[str], value: Any) -> Any:
    """A map or list after an operation; what that does not reach is shared: of many patches none copies the whole."""
    first, *rest = steps
    if isinstance(holder, list):
        items = list(holder)
        if rest:
            at = _index(first, len(items))
            items[at] = _applied(items[at], operation, rest, value)
        else:
            _apply_to_list(items, operation, first, value)
        return items
    if not isinstance(holder, dict) or ((rest or operation == "remove") and first not in holder):
        raise Broken("a path of a JSON patch")
    made = dict(holder)
    if rest:
        made[first] = _applied(made[first], operation, rest, value)
    elif operation == "remove":
        del made[first]
    else:
        made[first] = value
    return made


def _apply_to_list(holder: list[Any], operation: str, last: str, value: Any) -> None:
    if operation == "add" and last == "-":
        holder.append(value)
        return
    at = _index(last, len(holder) + (operation == "add"))
    if operation == "add":
        holder.insert(at, value)
    elif operation == "remove":
        del holder[at]
    else:
        holder[at] = value


def _index(step: str, length: int) -> int:
    if not step.isdecimal() or int(step) >= length:
        raise Broken("an index of a JSON patch")
    return int(step)
