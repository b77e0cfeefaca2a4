"""What an object says, as a flat map: the same for two objects that mean the same.

Flags are parsed, environment and ports are keyed, volumes stand where they are mounted, quantities are numbers, named
ports are their numbers, and what the API takes for unset is left out.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.quantities import quantity as exact_quantity

Object = Mapping[str, Any]
Facts = dict[str, str]
"""Path → value, as JSON."""

_ARGUMENTS = re.compile(r"ARGS\+?=\(((?:[^()\"]|\"[^\"]*\")*)\)")
"""What the chart's start script of a Ray head adds to the command."""

POD_TEMPLATES: Mapping[str, Mapping[str, tuple[str | int, ...]]] = {
    "Deployment": {"spec.template": ("spec", "template")},
    "RayCluster": {
        "spec.headGroupSpec.template": ("spec", "headGroupSpec", "template"),
        "spec.workerGroupSpecs.template": ("spec", "workerGroupSpecs", 0, "template"),
    },
    "LeaderWorkerSet": {
        "spec.leaderWorkerTemplate.leaderTemplate": ("spec", "leaderWorkerTemplate", "leaderTemplate"),
        "spec.leaderWorkerTemplate.workerTemplate": ("spec", "leaderWorkerTemplate", "workerTemplate"),
    },
}
SERVERS = frozenset(("vllm", "lmcache-server", "router-container", "vllm-ray-head", "vllm-leader", "vllm-worker"))
"""Containers whose command line is flags and their values."""


def facts(object: Object, others: Sequence[Object]) -> Facts:
    """What an object says, its metadata.name, namespace and kind left out; `others` are the objects beside it."""
    found: Facts = {}
    templates = POD_TEMPLATES.get(object["kind"], {})
    rest = {key: value for key, value in object.items() if key not in ("kind", "apiVersion")}
    rest["metadata"] = {k: v for k, v in rest["metadata"].items() if k not in ("name", "namespace")}
    for path, steps in templates.items():
        template = _at(object, steps)
        rest = _without(rest, steps)
        found |= {f"{path}.{key}": value for key, value in _pod(_with_command(template, others)).items()}
    if object["kind"] == "Service":
        rest["spec"] = {k: v for k, v in rest["spec"].items() if k != "ports"}
        found |= _service_ports(object, others)
    return found | dict(_flat(_defaulted(rest), ""))


def _at(value: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        value = value[step]
    return value


def _with_command(template: Object, others: Sequence[Object]) -> Object:
    """A Ray head whose command is the server's, wherever that is said: the chart's start script builds it as ARGS."""
    first, *more = template["spec"]["containers"]
    if first["name"] != "vllm-ray-head":
        return template
    words = [*(first.get("command") or []), *(first.get("args") or [])]
    if "serve" in words:
        words = words[words.index("serve") - 1 :]
    else:
        texts = [other["data"].get("vllm-entrypoint.sh", "") for other in others if other["kind"] == "ConfigMap"]
        lines = [line for text in texts for line in _ARGUMENTS.findall(text)]
        words = [word for line in lines for word in shlex.split(line, comments=True)]
    first = {**first, "command": words, "args": []}
    return {**template, "spec": {**template["spec"], "containers": [first, *more]}}


def _without(value: Any, steps: Sequence[str | int]) -> Any:
    """A copy without what is at `steps`; a list of one item on the way becomes the item."""
    step, *rest = steps
    if isinstance(step, int):
        return _without(value[step], rest)
    copy = dict(value)
    if rest:
        copy[step] = _without(copy[step], rest)
    else:
        del copy[step]
    return copy


def _defaulted(value: dict[str, Any]) -> dict[str, Any]:
    """Written out what the API takes for granted: the type of a strategy, what becomes of a volume."""
    spec = value.get("spec")
    if isinstance(spec, dict) and "capacity" in spec:
        return {**value, "spec": {"persistentVolumeReclaimPolicy": "Retain", **spec}}
    if isinstance(spec, dict) and isinstance(spec.get("strategy"), dict):
        return {**value, "spec": {**spec, "strategy": {"type": "RollingUpdate", **spec["strategy"]}}}
    return value


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value in (None, "", {}, []):
        return
    if isinstance(value, Mapping):
        quantities = path.rsplit(".", 1)[-1] in ("requests", "limits", "capacity")
        for key, item in value.items():
            yield from _flat(quantity(item) if quantities else item, f"{path}.{key}" if path else str(key))
    elif path.endswith("accessModes"):
        yield path, _text(sorted([value] if isinstance(value, str) else value))
    elif path == "rules":
        yield path, _text([{key: sorted(words) for key, words in rule.items()} for rule in value])
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def quantity(value: Any) -> Any:
    """A quantity as the shortest decimal; anything else as it is."""
    number = exact_quantity(str(value))
    if number is None:
        return value
    exact = Fraction(number).limit_denominator(10**9)
    return str(exact)


def _pod(template: Object) -> Facts:
    """A pod template: its metadata, containers and the rest of its spec."""
    spec = template["spec"]
    found = dict(_flat(template.get("metadata"), "metadata"))
    volumes = {volume["name"]: {k: v for k, v in volume.items() if k != "name"} for volume in spec.get("volumes") or []}
    for kind in ("containers", "initContainers"):
        for container in spec.get(kind) or []:
            of = _container(container, volumes)
            found |= {f"{kind}[{container['name']}].{key}": value for key, value in of.items()}
    rest = {k: v for k, v in spec.items() if k not in ("containers", "initContainers", "volumes")}
    return found | dict(_flat(rest, "spec"))


def _container(container: Object, volumes: Mapping[str, Any]) -> Facts:
    found: Facts = {}
    keyed: dict[str, Callable[[Any], Facts]] = {
        "env": _environment,
        "ports": _container_ports,
        "volumeMounts": lambda mounts: _mounts(mounts, volumes),
    }
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    found |= flags(words) if container["name"] in SERVERS else dict(_flat(words, "command"))
    ports = {port.get("name"): port["containerPort"] for port in container.get("ports") or []}
    for key, value in container.items():
        if key in keyed:
            found |= keyed[key](value or [])
        elif key.endswith("Probe"):
            found |= dict(_flat(_numbered(value, ports), key))
        elif key not in ("name", "command", "args"):
            found |= dict(_flat(value, key))
    return found


def flags(words: Sequence[str]) -> Facts:
    """A command line: the words before the first flag, then each flag with its values; `_` in a flag is `-`."""
    found: dict[str, list[str]] = {"words": []}
    here = found["words"]
    for word in words:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            here = found.setdefault(flag.replace("_", "-"), [])
            here += [value] if equals else []
        else:
            here.append(word)
    return {f"command[{flag}]": _text([_json(value) for value in values]) for flag, values in found.items()}


def _json(value: str) -> Any:
    """JSON in an argument is what it says, not how it is spaced."""
    try:
        return json.loads(value) if value[:1] in "{[" else value
    except ValueError:
        return value


def _environment(items: Sequence[Object]) -> Facts:
    """The last of several of one name counts, as in the kubelet."""
    return {f"env[{item['name']}]": _text(item.get("value") or item.get("valueFrom") or "") for item in items}


def _container_ports(items: Sequence[Object]) -> Facts:
    return {f"ports[{item['containerPort']}/{item.get('protocol') or 'TCP'}]": _text(True) for item in items}


def _mounts(items: Sequence[Object], volumes: Mapping[str, Any]) -> Facts:
    """What is mounted at each path; a volume's own name means nothing."""
    found: Facts = {}
    for item in items:
        rest = {k: v for k, v in item.items() if k not in ("name", "mountPath")}
        source = dict(volumes.get(item["name"], {"missing": item["name"]}))
        if "sizeLimit" in (source.get("emptyDir") or {}):
            source["emptyDir"] = source["emptyDir"] | {"sizeLimit": quantity(source["emptyDir"]["sizeLimit"])}
        found[f"mount[{item['mountPath']}]"] = _text(source | rest)
    return found


def _numbered(probe: Any, ports: Mapping[str | None, int]) -> Any:
    """A probe whose port is a number, or the first of the container's own."""
    if not isinstance(probe, Mapping):
        return probe
    copy, first = dict(probe), next(iter(ports.values()), None)
    for handler in ("httpGet", "tcpSocket", "grpc"):
        if isinstance(copy.get(handler), Mapping) and "port" in copy[handler]:
            number = ports.get(copy[handler]["port"], copy[handler]["port"])
            copy[handler] = {**copy[handler], "port": "the first of its ports" if number == first else number}
    return copy


def _service_ports(service: Object, others: Sequence[Object]) -> Facts:
    """A Service's ports: the name that others may use, and the number of the container's port behind it."""
    named = dict(_ports_behind(service, others))
    found: Facts = {}
    for port in service["spec"].get("ports") or []:
        key = f"spec.ports[{port['port']}/{port.get('protocol') or 'TCP'}]"
        target = port.get("targetPort", port["port"])
        found |= {f"{key}.name": _text(port.get("name")), f"{key}.target": _text(named.get(target, target))}
        if port.get("nodePort"):
            found[f"{key}.nodePort"] = _text(port["nodePort"])
    return found


def _ports_behind(service: Object, others: Sequence[Object]) -> Iterator[tuple[str, int]]:
    selector = (service["spec"].get("selector") or {}).items()
    for other in others:
        for steps in POD_TEMPLATES.get(other["kind"], {}).values():
            template = _at(other, steps)
            if selector <= (template["metadata"].get("labels") or {}).items():
                for container in template["spec"]["containers"]:
                    for port in container.get("ports") or []:
                        if "name" in port:
                            yield port["name"], port["containerPort"]
