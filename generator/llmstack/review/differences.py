"""Field by field, what differs between two versions of one object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct

from llmstack.finding import Route
from llmstack.review.arguments import is_command_line, parse_flags
from llmstack.secrecy.places import value_key

_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",), "initContainers": ("name",), "ephemeralContainers": ("name",), "env": ("name",),
    "volumes": ("name",), "volumeMounts": ("mountPath",), "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",), "resourceClaims": ("name",), "hostAliases": ("ip",), "items": ("key",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"), "workerGroupSpecs": ("groupName",),
    "parentRefs": ("name",), "subjects": ("name",), "httpHeaders": ("name",), "secrets": ("name",), "roles": ("name",),
}  # fmt: skip
"""Lists by their field, and what identifies an item."""

_PORT_KEYS = ("containerPort", "port")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_COMMANDS = ("args", "command")
_IN_TEMPLATE = "emplate."
"""Part of every path inside a pod template: only there the order of a keyed list is kept and compared."""

_STEPS = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
"""A step of a path: `.name`, or `[name]`."""

ORDER = "(order)"
SPELLING = "(spelling)"


class Difference(Struct, frozen=True):
    """One field; None where it is not there on that side. `key` names what the value is, for masking."""

    path: str
    key: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "", key: str = "") -> Iterator[Difference]:
    """Yield what differs, maps in the order of their keys.

    Items of lists that Kubernetes keys are paired by key; their order counts inside a pod template alone, as
    one difference at `env(order)`. Arguments are compared as flags. Other lists are aligned item by item. A
    map that is new or gone is one difference, named by its only field where it has but one. `1` and `true` differ,
    which Python's comparison of maps does not tell: what is equal to it is looked at as text.
    """
    if before == after and type(before) is type(after) and repr(before) == repr(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            holder = after if name in after else before
            where = value_key(holder, name)
            yield from differences(before.get(name), after.get(name), _join(path, name), where)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path, key)
    elif before != after or type(before) is not type(after):
        yield _leaf(before, after, path, key)


def route_to(object: Any, path: str) -> Route:
    """The way to a field of an object by the path that a difference gives it, as far as the object has it."""
    route: list[str | int] = []
    for plain, named in _STEPS.findall(path.removesuffix(ORDER).removesuffix(SPELLING)):
        step = _step(object, plain or named, str(route[-1]) if route else "")
        if step is None:
            break
        route.append(step)
        object = object[step]
    return tuple(route)


def _step(holder: Any, name: str, key: str) -> str | int | None:
    """The key or the number under which a map, or a list at `key`, has what a path calls so; None where it has not."""
    if isinstance(holder, Mapping):
        return name if name in holder else None
    if not isinstance(holder, list):
        return None
    keyed = [_identity(item, key) if isinstance(item, Mapping) else None for item in holder]
    if name in keyed:
        return keyed.index(name)
    return int(name) if name.isdecimal() and int(name) < len(holder) else None


def _leaf(before: Any, after: Any, path: str, key: str) -> Difference:
    """The difference at a field that one side lacks or that changes its type; descends while there is one
    way."""
    present = after if before is None else before
    if before is None or after is None:
        while isinstance(present, Mapping) and len(present) == 1:
            ((name, value),) = present.items()
            if value is None:
                break
            path, key, present = _join(path, name), value_key(present, name), value
        before, after = (None, present) if before is None else (present, None)
    return Difference(path, key, before, after)


def _join(path: str, name: str) -> str:
    if not _PLAIN_KEY.match(name):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _lists(before: list[Any], after: list[Any], path: str, key: str) -> Iterator[Difference]:
    if key in _COMMANDS and is_command_line([*before, *after]):
        yield from _commands(before, after, path)
        return
    old, new = _by_key(before, key), _by_key(after, key)
    if old is None or new is None:
        yield from _aligned(before, after, path, key)
        return
    for name in [*old, *(name for name in new if name not in old)]:
        yield from _items(old.get(name), new.get(name), f"{path}[{name}]", key)
    common = [name for name in old if name in new]
    now = [name for name in new if name in old]
    if common != now and _IN_TEMPLATE in path:
        yield Difference(f"{path}{ORDER}", "", ", ".join(common), ", ".join(now))


def _items(before: Any, after: Any, path: str, key: str) -> Iterator[Difference]:
    """Two items with one key; an item that is new or gone is told by its other field where it has but one."""
    present = after if before is None else before
    if before is not None and after is not None:
        yield from differences(before, after, path, key)
        return
    rest = {name: value for name, value in present.items() if name not in (_KEYS.get(key) or _PORT_KEYS)}
    if len(rest) == 1 and None not in rest.values():
        ((name, value),) = rest.items()
        where = value_key(present, name)
        old, new = (None, value) if before is None else (value, None)
        yield from differences(old, new, _join(path, name), where)
    else:
        yield Difference(path, "", before, after)


def _by_key(items: Sequence[Any], key: str) -> dict[str, Any] | None:
    """The items by what identifies them; None where something does not."""
    found: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, Mapping):
            return None
        name = _identity(item, key)
        if name is None or name in found:
            return None
        found[name] = item
    return found


def _identity(item: Mapping[str, Any], key: str) -> str | None:
    if key == "ports":
        port = next((item[name] for name in _PORT_KEYS if name in item), None)
        protocol = item.get("protocol", "TCP")
        return None if port is None else str(port) if protocol == "TCP" else f"{port}/{protocol}"
    names = [item.get(name) for name in _KEYS.get(key, ("",))]
    return "/".join(map(str, names)) if all(isinstance(name, (str, int)) for name in names) else None


def _commands(before: list[str], after: list[str], path: str) -> Iterator[Difference]:
    """Flag by flag; where only order or spelling (`--a=b` for `--a b`) differs, one difference says so."""
    old, new = parse_flags(before), parse_flags(after)
    found = False
    for flag in [*old, *(flag for flag in new if flag not in old)]:
        if old.get(flag) != new.get(flag):
            found = True
            yield Difference(f"{path}[{flag}]", flag, old.get(flag), new.get(flag))
    if not found:
        how = ORDER if sorted(before) == sorted(after) or list(old) != list(new) else SPELLING
        yield Difference(f"{path}{how}", "args", before, after)


def _aligned(before: list[Any], after: list[Any], path: str, key: str) -> Iterator[Difference]:
    """Lists without keys: the longest common run stays, what stands between is paired item by item."""
    old, new = ([json.dumps(item, sort_keys=True, default=str) for item in items] for items in (before, after))
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for step in range(max(i2 - i1, j2 - j1)):
            left = before[i1 + step] if i1 + step < i2 else None
            right = after[j1 + step] if j1 + step < j2 else None
            index = j1 + step if j1 + step < j2 else i1 + step
            yield from differences(left, right, f"{path}[{index}]", key)
