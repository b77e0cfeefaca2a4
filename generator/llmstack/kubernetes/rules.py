"""What the API server asks of raw blocks beyond their schema: one handler, one source, known words.

Source: k8s.io/kubernetes pkg/apis/core/validation/validation.go (validateHandler, ValidateEnv,
validateVolumeSource, validateTolerations, ValidateNodeSelectorRequirement, ValidateResourceQuantityValue) and
pkg/apis/apps/validation (ValidateDeploymentStrategy). Values have passed the schema when they come here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmstack.finding import Route
from llmstack.kubernetes.quantities import is_zero, quantity
from llmstack.kubernetes.schema import Problem

_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Toleration": {
        "operator": ("Exists", "Equal", "Lt", "Gt"),
        "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute"),
    },
    "NodeSelectorRequirement": {"operator": ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")},
    "LabelSelectorRequirement": {"operator": ("In", "NotIn", "Exists", "DoesNotExist")},
    "DeploymentStrategy": {"type": ("RollingUpdate", "Recreate")},
    "ServicePort": {"protocol": ("TCP", "UDP", "SCTP")},
}
"""By type and field, the words that there are where a schema says text."""
_PERCENT = re.compile(r"[0-9]{1,300}%")
_NODE_OPERATORS = WORDS["NodeSelectorRequirement"]["operator"]
_LABEL_OPERATORS = WORDS["LabelSelectorRequirement"]["operator"]


def broken_rules(definition: str, value: Any, key: str) -> Iterator[Problem]:
    """Yield what is wrong with a value of a type (`io.k8s.api.core.v1.Probe`); `key` is the values' key it
    is under."""
    rule = _RULES.get(definition.rpartition(".")[2])
    if rule is not None and isinstance(value, dict):
        yield from rule(value, key)


def _stated(value: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if value.get(key) is not None]


def _word(value: Mapping[str, Any], type: str, key: str) -> Iterator[Problem]:
    words = WORDS[type][key]
    if value.get(key) and value[key] not in words:
        yield Problem((key,), f"`{key}` is one of {', '.join(f'`{word}`' for word in words)}")


def _probe(probe: dict[str, Any], key: str) -> Iterator[Problem]:
    handlers = _stated(probe, _HANDLERS)
    if len(handlers) != 1:
        what = f"has {len(handlers)} handlers, {' and '.join(handlers)}" if handlers else "has no handler"
        yield Problem((), f"`{key}` {what}", f"keep one of {', '.join(_HANDLERS)}")
    for name in ("periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"):
        if probe.get(name) is not None and probe[name] < 1:
            yield Problem((name,), f"`{name}` is at least 1")
    if probe.get("initialDelaySeconds") is not None and probe["initialDelaySeconds"] < 0:
        yield Problem(("initialDelaySeconds",), "`initialDelaySeconds` is at least 0")
    if key in ("livenessProbe", "startupProbe") and probe.get("successThreshold") not in (None, 0, 1):
        yield Problem(("successThreshold",), f"`successThreshold` of a {key} is 1")
    for handler in handlers:
        port = probe[handler].get("port")
        if isinstance(port, int) and not 1 <= port <= 65535:
            yield Problem((handler, "port"), f"{port} is not a port: 1 to 65535")


def _toleration(toleration: dict[str, Any], key: str) -> Iterator[Problem]:
    yield from _word(toleration, "Toleration", "operator")
    yield from _word(toleration, "Toleration", "effect")
    operator = toleration.get("operator") or "Equal"
    if not toleration.get("key") and operator != "Exists":
        yield Problem((), "a toleration without `key` takes `operator: Exists`", "add `key`, or set `operator: Exists`")
    if operator == "Exists" and toleration.get("value"):
        yield Problem(("value",), "`value` stays empty with `operator: Exists`", "remove it, or set `operator: Equal`")
    if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
        yield Problem(("tolerationSeconds",), "`tolerationSeconds` goes with `effect: NoExecute` alone")


def _env_var(entry: dict[str, Any], key: str) -> Iterator[Problem]:
    name, source = entry["name"], entry.get("valueFrom")
    if not name or "=" in name or not name.isprintable() or not name.isascii():
        yield Problem(("name",), "the name of a variable is printable ASCII without `=`")
    if source is not None and entry.get("value"):
        yield Problem((), f"`{name}` has both `value` and `valueFrom`", "keep one")
    if isinstance(source, dict) and len(_stated(source, tuple(source))) != 1:
        yield Problem(("valueFrom",), f"`valueFrom` of `{name}` names one source")


def _volume(volume: dict[str, Any], key: str) -> Iterator[Problem]:
    """One without a source is an emptyDir (SetDefaults_Volume, pkg/apis/core/v1/defaults.go)."""
    sources = [name for name, value in volume.items() if name != "name" and value is not None]
    if len(sources) > 1:
        message = f"the volume `{volume['name']}` has {len(sources)} sources, {' and '.join(sources)}"
        yield Problem((), message, "keep one")


def _strategy(strategy: dict[str, Any], key: str) -> Iterator[Problem]:
    yield from _word(strategy, "DeploymentStrategy", "type")
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        yield Problem(("rollingUpdate",), "`rollingUpdate` does not go with `type: Recreate`", "remove it")
    if isinstance(rolling, dict) and all(is_zero(rolling.get(name)) for name in ("maxSurge", "maxUnavailable")):
        yield Problem(("rollingUpdate",), "maxSurge and maxUnavailable are not both 0", "let one of them be 1")
    yield from broken_shares(rolling, ("rollingUpdate",), ("maxUnavailable",), ("maxSurge",))


def broken_shares(
    holder: Any, route: Route, within: tuple[str, ...], beyond: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """Yield which fields of a map at `route` are no number of pods and no percentage of them, of 100 at most but for
    those that may go `beyond` (ValidatePositiveIntOrPercent and IsNotMoreThan100Percent, pkg/apis/apps/validation)."""
    for key in (*within, *beyond) if isinstance(holder, dict) else ():
        value = holder.get(key)
        if isinstance(value, str):
            is_share = _PERCENT.fullmatch(value) and (key in beyond or float(value[:-1]) <= 100)
        else:
            is_share = not isinstance(value, int) or value >= 0
        if not is_share:
            most = "" if key in beyond else " of 100 at most"
            yield Problem((*route, key), f"`{key}` is a number of pods, or a percentage{most} such as `25%`")


def _node_terms(term: dict[str, Any], key: str) -> Iterator[Problem]:
    for part in ("matchExpressions", "matchFields"):
        for number, expression in enumerate(term.get(part) or []):
            yield from _expression((part, number), expression, _NODE_OPERATORS)


def _affinity(value: dict[str, Any], key: str) -> Iterator[Problem]:
    """Every selector in an affinity, wherever it is."""
    for name, words in (
        ("nodeAffinity", _NODE_OPERATORS),
        ("podAffinity", _LABEL_OPERATORS),
        ("podAntiAffinity", _LABEL_OPERATORS),
    ):
        yield from _expressions((name,), value.get(name), words)


def _expressions(route: Route, value: Any, operators: tuple[str, ...]) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("matchExpressions", "matchFields") and isinstance(item, list):
                for number, expression in enumerate(item):
                    yield from _expression((*route, key, number), expression, operators)
            else:
                yield from _expressions((*route, key), item, operators)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _expressions((*route, number), item, operators)


def _expression(route: Route, expression: Any, operators: tuple[str, ...]) -> Iterator[Problem]:
    if not isinstance(expression, dict):
        return
    operator, values = expression.get("operator"), expression.get("values") or []
    if operator not in operators:
        yield Problem((*route, "operator"), f"`operator` is one of {', '.join(f'`{word}`' for word in operators)}")
    elif operator in ("In", "NotIn") and not values:
        yield Problem(route, f"`operator: {operator}` needs `values`")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield Problem((*route, "values"), f"`operator: {operator}` takes no `values`")
    elif operator in ("Gt", "Lt") and not (len(values) == 1 and str(values[0]).lstrip("-").isdecimal()):
        yield Problem(route, f"`operator: {operator}` takes one whole number in `values`, as text")


def _service_port(port: dict[str, Any], key: str) -> Iterator[Problem]:
    yield from _word(port, "ServicePort", "protocol")
    for name in ("port", "targetPort", "nodePort"):
        number = port.get(name)
        if isinstance(number, int) and not 1 <= number <= 65535:
            yield Problem((name,), f"{number} is not a port: 1 to 65535")


def _resources(resources: dict[str, Any], key: str) -> Iterator[Problem]:
    for part in ("requests", "limits"):
        for name, value in (resources.get(part) or {}).items():
            number = quantity(value)
            if value is not None and (number is None or number < 0):
                yield Problem((part, name), f"`{name}` is not a Kubernetes quantity such as 500m, 6, 16Gi")


_RULES: Mapping[str, Callable[[dict[str, Any], str], Iterator[Problem]]] = {
    "Probe": _probe,
    "Toleration": _toleration,
    "EnvVar": _env_var,
    "Volume": _volume,
    "DeploymentStrategy": _strategy,
    "NodeSelectorTerm": _node_terms,
    "Affinity": _affinity,
    "ServicePort": _service_port,
    "ResourceRequirements": _resources,
}
