"""facts/clusters/<name>.yaml: reads its text, and writes it."""

from __future__ import annotations

from datetime import date
from typing import Any

from llmstack import yamlio
from llmstack.facts.cluster import (
    ATTRIBUTES,
    EXISTS,
    ClusterFacts,
    Devices,
    Load,
    NodeGroup,
    PriorityClass,
    Quota,
    StorageClass,
)
from llmstack.facts.fields import (
    MARK,
    MOST_GROUPS,
    MOST_NODES,
    MOST_QUOTAS,
    FactsError,
    amount_of,
    count_of,
    counts_of,
    map_of,
    maps_of,
    names_of,
    read_text,
    text_of,
)
from llmstack.observed.things import Scope, Taint

FOLDER = "facts/clusters"
HEADER = MARK + "; `llmstack learn cluster {name}` writes it again.\n"

TOP = (
    "date",
    "versions",
    "flux",
    "nodes",
    "loads",
    "storageClasses",
    "priorityClasses",
    "quotas",
    "claimModes",
    "exists",
)
GROUP = ("group", "count", "cordoned", "labels", "taints", "allocatable", "devices", "others")
QUOTA = ("namespace", "name", "hard", "others", "scopes")
DEVICES = ("driver", "count", "classes", "attributes", "memory", "resource")


def file_path(cluster: str) -> str:
    """Where a cluster's facts are; an environment that names no cluster (`env:dev`) is one of its own name."""
    return f"{FOLDER}/{cluster.removeprefix('env:')}.yaml"


def read_cluster(text: str) -> ClusterFacts:
    """The facts in the text of one file; raises FactsError, with the line, for anything that they cannot be."""
    return read_text(text, lambda data: _facts(map_of(data, "the file", TOP)))


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
        "quotas": [_quota_data(each) for each in facts.quotas or ()] or None,
        "claimModes": {claim: list(modes) for claim, modes in facts.claim_modes.items()} or None,
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
        "devices": [_devices_data(each) for each in group.devices],
        "others": {key: value for key, value in others.items() if value},
    }
    return {key: value for key, value in data.items() if value or key not in ("devices", "others")}


def _devices_data(each: Devices) -> dict[str, Any]:
    resource = {"resource": each.resource} if each.resource != each.driver else {}
    traits = {"attributes": dict(each.attributes), "memory": each.memory}
    known = {key: value for key, value in traits.items() if value}
    return {"driver": each.driver, "count": each.count, "classes": list(each.classes), **known, **resource}


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


def _quota_data(quota: Quota) -> dict[str, Any]:
    scopes = [
        {"scope": each.name, "operator": each.operator, **({"values": list(each.values)} if each.values else {})}
        for each in quota.scopes
    ]
    data = {
        "namespace": quota.namespace,
        "name": quota.name,
        "hard": dict(quota.hard),
        "others": dict(quota.others),
        "scopes": scopes,
    }
    return {key: value for key, value in data.items() if value or key == "hard"}


def _facts(top: dict[str, Any]) -> ClusterFacts:
    exists = map_of(top.get("exists"), "exists", tuple(EXISTS))
    flux = map_of(top.get("flux"), "flux", ("concurrent",))
    classes = top.get("storageClasses")
    priorities = maps_of(top.get("priorityClasses"), "priorityClasses", _PRIORITY)
    groups = tuple(_group(each) for each in maps_of(top.get("nodes"), "nodes", GROUP))
    if len(groups) > MOST_GROUPS or sum(each.count for each in groups) > MOST_NODES:
        raise FactsError(f"`nodes` are more than {MOST_NODES}, or of more than {MOST_GROUPS} groups")
    quotas = maps_of(top.get("quotas"), "quotas", QUOTA)
    if len(quotas) > MOST_QUOTAS:
        raise FactsError(f"`quotas` are more than {MOST_QUOTAS}")
    return ClusterFacts(
        date=_date(top.get("date")),
        versions={key: str(value) for key, value in map_of(top.get("versions"), "versions").items()},
        concurrent=count_of(flux, "concurrent") if "concurrent" in flux else None,
        nodes=groups,
        loads=tuple(_load(each) for each in maps_of(top.get("loads"), "loads", ("model", "image", "seconds"))),
        storage_classes=None if classes is None else tuple(_class(each) for each in _classes(classes)),
        priority_classes=tuple(map(_priority, maps_of(priorities, "priorityClasses", _PRIORITY)))
        if priorities
        else None,
        quotas=tuple(map(_quota, quotas)) or None,
        claim_modes={key: names_of(value, key) for key, value in map_of(top.get("claimModes"), "claimModes").items()},
        exists={key: names_of(value, key) for key, value in exists.items()},
    )


def _classes(data: Any) -> list[dict[str, Any]]:
    return maps_of(data, "storageClasses", ("name", "default", "expands"))


def _class(data: dict[str, Any]) -> StorageClass:
    return StorageClass(text_of(data, "name"), data.get("default") is True, data.get("expands") is True)


_PRIORITY = ("name", "value", "default", "preempts")


def _priority(data: dict[str, Any]) -> PriorityClass:
    value = data.get("value")
    if type(value) is not int or not -(1 << 31) <= value < 1 << 31:
        raise FactsError("`value` is a whole number of 32 bits")
    return PriorityClass(text_of(data, "name"), value, data.get("default") is True, data.get("preempts") is not False)


def _quota(data: dict[str, Any]) -> Quota:
    hard, others = (
        {key: amount_of(value, key) for key, value in map_of(data.get(part), part).items()}
        for part in ("hard", "others")
    )
    return Quota(
        namespace=text_of(data, "namespace"),
        name=text_of(data, "name"),
        hard=hard,
        others=others,
        scopes=tuple(_scope(each) for each in maps_of(data.get("scopes"), "scopes", ("scope", "operator", "values"))),
    )


def _scope(data: dict[str, Any]) -> Scope:
    operator = text_of(data, "operator") if "operator" in data else "Exists"
    return Scope(text_of(data, "scope"), operator, names_of(data.get("values", []), "values"))


def _group(data: dict[str, Any]) -> NodeGroup:
    others = map_of(data.get("others"), "others", ("free", "priorities"))
    return NodeGroup(
        name=text_of(data, "group"),
        count=count_of(data, "count"),
        cordoned=count_of(data, "cordoned") if "cordoned" in data else 0,
        labels={key: str(value) for key, value in map_of(data.get("labels"), "labels").items()},
        taints=tuple(_taint(each) for each in maps_of(data.get("taints"), "taints", ("key", "value", "effect"))),
        allocatable={
            key: amount_of(value, key) for key, value in map_of(data.get("allocatable"), "allocatable").items()
        },
        devices=tuple(_devices(each) for each in maps_of(data.get("devices"), "devices", DEVICES)),
        free=counts_of(others.get("free"), "free"),
        priorities=counts_of(others.get("priorities"), "priorities", signed=True),
    )


def _devices(data: dict[str, Any]) -> Devices:
    driver = text_of(data, "driver")
    attributes = map_of(data.get("attributes"), "attributes", ATTRIBUTES)
    return Devices(
        driver=driver,
        count=count_of(data, "count"),
        classes=names_of(data.get("classes"), "classes"),
        resource=text_of(data, "resource") if "resource" in data else driver,
        attributes=tuple(sorted((key, text_of(attributes, key)) for key in attributes)),
        memory=text_of(data, "memory") if "memory" in data else "",
    )


def _taint(data: dict[str, Any]) -> Taint:
    return Taint(text_of(data, "key"), text_of(data, "effect"), str(data.get("value") or ""))


def _load(data: dict[str, Any]) -> Load:
    seconds = map_of(data.get("seconds"), "seconds", ("median", "worst", "of"))
    median, worst, of = (count_of(seconds, key) for key in ("median", "worst", "of"))
    if worst < median:
        raise FactsError("`worst` is less than the median")
    return Load(text_of(data, "model"), text_of(data, "image"), median, worst, of)


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value.removesuffix("T00:00:00Z"))  # as the reader of YAML has a bare date
    except (AttributeError, ValueError):
        raise FactsError("`date` is a day, as in 2026-11-20") from None
