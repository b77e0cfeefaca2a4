"""facts/clusters/<name>.yaml: reads its text, and writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from llmstack import yamlio
from llmstack.facts.cluster import EXISTS, Amount, ClusterFacts, Load, NodeGroup, PriorityClass, StorageClass
from llmstack.observed.things import Taint

FOLDER = "facts/clusters"
MARK = "# Learned by llmstack"
HEADER = MARK + "; `llmstack learn cluster {name}` writes it again.\n"
MOST = 1_000_000
"""Nodes, GPUs of a node, measurements: what is more is no number of them."""
MOST_NODES = 100_000
MOST_GROUPS = 1_000

TOP = ("date", "versions", "flux", "nodes", "loads", "storageClasses", "priorityClasses", "exists")
GROUP = ("group", "count", "cordoned", "labels", "taints", "allocatable", "others")


class ClusterFactsError(ValueError):
    """Facts that cannot be read: what is wrong, and the line where it stands (None: the file as a whole)."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def file_path(cluster: str) -> str:
    """Where a cluster's facts are; an environment that names no cluster (`env:dev`) is one of its own name."""
    return f"{FOLDER}/{cluster.removeprefix('env:')}.yaml"


def read_cluster(text: str) -> ClusterFacts:
    """The facts in the text of one file; raises ClusterFactsError, with the line, for anything that they cannot be."""
    try:
        data = yamlio.load(text)
    except yamlio.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ClusterFactsError("is not YAML", mark.line + 1 if mark else None) from error
    try:
        return _facts(_map(data, "the file", TOP))
    except ClusterFactsError as error:
        raise ClusterFactsError(str(error), _line_of(text, str(error))) from error


def write_cluster(name: str, facts: ClusterFacts) -> str:
    """The text of a cluster's file; `read_cluster` reads it back."""
    return HEADER.format(name=name) + yamlio.dump(data_of(facts))


def data_of(facts: ClusterFacts) -> dict[str, Any]:
    """The facts as plain data, what is not known left out."""
    data: dict[str, Any] = {
        "date": facts.date.isoformat(),
        "versions": dict(facts.versions) or None,
        "flux": {"concurrent": facts.concurrent} if facts.concurrent is not None else None,
        "nodes": [_group_data(each) for each in facts.nodes] or None,
        "loads": [_load_data(each) for each in facts.loads] or None,
        "storageClasses": _classes_data(facts.storage_classes),
        "priorityClasses": [_priority_data(each) for each in facts.priority_classes or ()] or None,
        "exists": {key: list(names) for key, names in facts.exists.items()} or None,
    }
    return {key: value for key, value in data.items() if value is not None}


def _group_data(group: NodeGroup) -> dict[str, Any]:
    others = {
        "free": dict(sorted(group.free.items(), reverse=True)),
        "priorities": dict(sorted(group.priorities.items())),
    }
    data: dict[str, Any] = {
        "group": group.name,
        "count": group.count,
        "cordoned": group.cordoned,
        "labels": dict(group.labels),
        "taints": [_taint_data(each) for each in group.taints],
        "allocatable": dict(group.allocatable),
        "others": {key: value for key, value in others.items() if value},
    }
    return {key: value for key, value in data.items() if value or key != "others"}


def _taint_data(taint: Taint) -> dict[str, str]:
    return {"key": taint.key, **({"value": taint.value} if taint.value else {}), "effect": taint.effect}


def _load_data(load: Load) -> dict[str, Any]:
    seconds = {"median": load.median, "worst": load.worst, "of": load.of}
    return {"model": load.model, "image": load.image, "seconds": seconds}


def _classes_data(classes: tuple[StorageClass, ...] | None) -> list[dict[str, Any]] | None:
    if classes is None:
        return None
    return [{"name": each.name, "default": each.default, "expands": each.expands} for each in classes]


def _priority_data(each: PriorityClass) -> dict[str, Any]:
    data = {"name": each.name, "value": each.value, "default": each.default, "preempts": each.preempts}
    return {key: value for key, value in data.items() if (key, value) not in (("default", False), ("preempts", True))}


def _facts(top: dict[str, Any]) -> ClusterFacts:
    exists = _map(top.get("exists"), "exists", tuple(EXISTS))
    flux = _map(top.get("flux"), "flux", ("concurrent",))
    classes = top.get("storageClasses")
    priorities = top.get("priorityClasses")
    groups = tuple(_group(each) for each in _list(top.get("nodes"), "nodes", GROUP))
    if len(groups) > MOST_GROUPS or sum(each.count for each in groups) > MOST_NODES:
        raise ClusterFactsError(f"`nodes` are more than {MOST_NODES}, or of more than {MOST_GROUPS} groups")
    return ClusterFacts(
        date=_date(top.get("date")),
        versions={key: str(value) for key, value in _map(top.get("versions"), "versions").items()},
        concurrent=_count(flux, "concurrent") if "concurrent" in flux else None,
        nodes=groups,
        loads=tuple(_load(each) for each in _list(top.get("loads"), "loads", ("model", "image", "seconds"))),
        storage_classes=None if classes is None else tuple(_class(each) for each in _classes(classes)),
        priority_classes=tuple(map(_priority, _list(priorities, "priorityClasses", _PRIORITY))) if priorities else None,
        exists={key: _names(value, key) for key, value in exists.items()},
    )


def _classes(data: Any) -> list[dict[str, Any]]:
    return _list(data, "storageClasses", ("name", "default", "expands"))


def _class(data: dict[str, Any]) -> StorageClass:
    return StorageClass(_text(data, "name"), data.get("default") is True, data.get("expands") is True)


_PRIORITY = ("name", "value", "default", "preempts")


def _priority(data: dict[str, Any]) -> PriorityClass:
    value = data.get("value")
    if type(value) is not int or not -(1 << 31) <= value < 1 << 31:
        raise ClusterFactsError("`value` is a whole number of 32 bits")
    return PriorityClass(_text(data, "name"), value, data.get("default") is True, data.get("preempts") is not False)


def _group(data: dict[str, Any]) -> NodeGroup:
    others = _map(data.get("others"), "others", ("free", "priorities"))
    return NodeGroup(
        name=_text(data, "group"),
        count=_count(data, "count"),
        cordoned=_count(data, "cordoned") if "cordoned" in data else 0,
        labels={key: str(value) for key, value in _map(data.get("labels"), "labels").items()},
        taints=tuple(_taint(each) for each in _list(data.get("taints"), "taints", ("key", "value", "effect"))),
        allocatable={key: _amount(value, key) for key, value in _map(data.get("allocatable"), "allocatable").items()},
        free=_counts(others.get("free"), "free"),
        priorities=_counts(others.get("priorities"), "priorities", signed=True),
    )


def _taint(data: dict[str, Any]) -> Taint:
    return Taint(_text(data, "key"), _text(data, "effect"), str(data.get("value") or ""))


def _load(data: dict[str, Any]) -> Load:
    seconds = _map(data.get("seconds"), "seconds", ("median", "worst", "of"))
    median, worst, of = (_count(seconds, key) for key in ("median", "worst", "of"))
    if worst < median:
        raise ClusterFactsError("`worst` is less than the median")
    return Load(_text(data, "model"), _text(data, "image"), median, worst, of)


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value.removesuffix("T00:00:00Z"))  # as the reader of YAML has a bare date
    except (AttributeError, ValueError):
        raise ClusterFactsError("`date` is a day, as in 2026-11-20") from None


def _map(data: Any, where: str, keys: Sequence[str] | None = None) -> dict[str, Any]:
    if data is None and where != "the file":
        return {}
    if not isinstance(data, dict):
        raise ClusterFactsError(f"`{where}` is a map of keys" if where != "the file" else "the file is a map of keys")
    for key in data:
        if keys is not None and key not in keys:
            raise ClusterFactsError(f"`{key}` is no key of {where}; it has {', '.join(keys)}")
    return data


def _list(data: Any, where: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise ClusterFactsError(f"`{where}` is a list")
    if not all(isinstance(each, dict) for each in data):
        raise ClusterFactsError(f"`{where}` is a list of maps")
    return [_map(each, where, keys) for each in data]


def _names(data: Any, where: str) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise ClusterFactsError(f"`{where}` is a list of names")
    return tuple(data)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise ClusterFactsError(f"`{key}` is text" if key in data else f"`{key}` is missing")
    return value


def _count(data: Mapping[str, Any], key: str) -> int:
    return _checked(data.get(key), key, lambda value: 0 <= value <= MOST)


def _counts(data: Any, where: str, *, signed: bool = False) -> dict[int, int]:
    """A map of whole numbers; the reader of YAML has keys as text."""
    found = {}
    for key, value in _map(data, where).items():
        is_number = re.fullmatch(r"-?\d{1,18}", key, re.ASCII) is not None
        number = _checked(int(key) if is_number else None, where, lambda value: signed or 0 <= value <= MOST)
        found[number] = _checked(value, where, lambda value: 0 <= value <= MOST)
    if len(found) > MOST_GROUPS or (not signed and sum(found.values()) > MOST_NODES):
        raise ClusterFactsError(f"`{where}` is of more than {MOST_NODES} nodes")
    return found


def _checked(value: Any, where: str, fits: Callable[[int], bool]) -> int:
    if type(value) is not int or not fits(value):
        raise ClusterFactsError(f"`{where}` is a whole number, 0 or more")
    return value


def _amount(value: Any, key: str) -> Amount:
    if type(value) is int and 0 <= value <= MOST:
        return value
    if isinstance(value, str) and value:
        return value
    raise ClusterFactsError(f"`{key}` is an amount")


def _line_of(text: str, message: str) -> int | None:
    """The first line that has the key which a message begins with."""
    key = message.split("`")[1] if message.startswith("`") else None
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if key and f"{key}:" in line), None)
