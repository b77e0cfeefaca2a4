"""What an API server stores of a pod template: decoded into its types, defaulted, encoded again."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.pod_types import POINTERS, POINTERS_IN, QUANTITIES, RAY_POINTERS, TEXTS, VALUE_STRUCTS
from llmstack.kubernetes.quantities import quantity

Fields = dict[str, Any]

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_POINTERS = POINTERS | RAY_POINTERS
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
_FAMILIES = ("decimal", "binary", "exponent")
"""Of suffixes of quantities, as Kubernetes keeps them."""
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def stored_template(template: Mapping[str, Any], *, canonical: bool = False) -> Fields:
    """A pod template as the API server stores it in a workload, quantities as in `decoded`.

    Two manifests whose results are equal are one template to the Deployment controller: no pod restarts.
    Sources: k8s.io/kubernetes 1.36, pkg/apis/core/v1/defaults.go and zz_generated.defaults.go
    (SetObjectDefaults_Deployment), and the controller's comparison by `apiequality.Semantic.DeepEqual`, to
    which an empty list is none.
    """
    result = decoded(template, canonical=canonical)
    spec: Fields = result.setdefault("spec", {})
    account = spec.pop("serviceAccount", None)
    if account and "serviceAccountName" not in spec:
        spec["serviceAccountName"] = account
    _default(
        spec,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        schedulerName="default-scheduler",
        securityContext={},
        terminationGracePeriodSeconds=30,
    )
    for volume in _maps(spec, "volumes"):
        _default_volume(volume)
    for group in _CONTAINERS:
        for container in _maps(spec, group):
            _default_container(container)
    for lists in _quantity_maps(spec):
        lists.update({name: _to_milli(amount) for name, amount in lists.items()})
    return result


def decoded(value: Mapping[str, Any], *, canonical: bool = False) -> Fields:
    """A manifest, or a part of one that begins at a pod template or above it, without what Go's types do not
    keep.

    Null, empty lists and maps and zero values are dropped where a type cannot hold them. Quantities become
    exact numbers, or with `canonical` the text to which Kubernetes shortens them (`1000m` to `1`, `1024Mi` to
    `1Gi`).
    """
    result = _decode(value, "", "", canonical)
    return result if isinstance(result, dict) else {}


def _decode(value: Any, key: str, parent: str, canonical: bool) -> Any:
    """One value under `key`, which stands in `parent`; None when it is not kept."""
    if isinstance(value, Mapping):
        if key in TEXTS or (key == "options" and parent == "flexVolume"):
            return {name: "" if text is None else text for name, text in value.items()} or None
        if key in QUANTITIES:
            return {name: _amount(amount, canonical) for name, amount in value.items()} or None
        inside = "claim" if key == "spec" and parent.startswith("volumeClaimTemplate") else key
        fields = {name: _decode(item, name, inside, canonical) for name, item in value.items()}
        kept = {name: item for name, item in fields.items() if item is not None}
        by_value = key in VALUE_STRUCTS and (parent, key) != ("spec", "resources")
        return kept if kept or not by_value else None
    if isinstance(value, list):
        items = [_decode_item(item, key, parent, canonical) for item in value]
        return items or None
    if value is None:
        return None
    if key in ("sizeLimit", "divisor"):
        amount = _amount(value, canonical)
        return amount if amount not in (0, "0") or key == "sizeLimit" else None
    if value not in ("", 0, False) or key in _POINTERS or (parent, key) in POINTERS_IN:
        return value
    return value if key == "port" and value == "" else None


def _decode_item(item: Any, key: str, parent: str, canonical: bool) -> Any:
    """An item of a list: scalars stay as they are, structs stay when they are empty."""
    if not isinstance(item, Mapping):
        return "" if item is None else item
    fields = {name: _decode(value, name, key, canonical) for name, value in item.items()}
    return {name: value for name, value in fields.items() if value is not None}


def _amount(value: Any, canonical: bool) -> Any:
    """A quantity as an exact number or as canonical text; anything else as it is."""
    amount = quantity(value)
    if amount is None:
        return value
    return _canonical(amount, str(value)) if canonical else amount


def _to_milli(amount: Any) -> Any:
    """Amounts of resources are rounded up to a thousandth (`SetDefaults_ResourceList`)."""
    if isinstance(amount, Fraction):
        return Fraction(math.ceil(amount * 1000), 1000)
    number, _, family = str(amount).partition(" ")
    return f"{_to_milli(Fraction(number))} {family}" if family in _FAMILIES else amount


def _canonical(amount: Fraction, text: str) -> str:
    """The amount with its family of suffixes; equal exactly when Kubernetes writes both alike.

    A binary suffix makes way for a decimal one below 1024 (apimachinery, pkg/api/resource/quantity.go,
    `CanonicalizeBytes`).
    """
    exponent = "e" in text.lower() and text[-1:].isdigit()
    decimal, binary, exponential = _FAMILIES
    family = binary if text.endswith("i") else exponential if exponent else decimal
    if family == binary and (abs(amount) < 1024 or amount.denominator != 1):
        family = decimal
    return f"{amount} {family}"


def _default(fields: Fields, **defaults: Any) -> None:
    for name, value in defaults.items():
        if name not in fields:
            fields[name] = value


def _maps(fields: Fields, name: str) -> list[Fields]:
    """The maps of a list field, or the one map of a map field."""
    value = fields.get(name)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _maps_below(holders: Iterable[Fields], *path: str) -> list[Fields]:
    """The maps at a path below each of the holders, one for each item of the lists on the way."""
    found = list(holders)
    for name in path:
        found = [each for holder in found for each in _maps(holder, name)]
    return found


def _default_container(container: Fields) -> None:
    _default(
        container,
        imagePullPolicy=_pull_policy(container.get("image")),
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in _maps(container, "ports"):
        _default(port, protocol="TCP")
    for source in _maps_below([container], "env", "valueFrom"):
        _default_field(source)
        for reference in _maps(source, "fileKeyRef"):
            _default(reference, optional=False)
    for name in _PROBES:
        for probe in _maps(container, name):
            _default_probe(probe)
    for hook in ("postStart", "preStop"):
        for handler in _maps_below([container], "lifecycle", hook):
            _default_http(handler)


def _default_probe(probe: Fields) -> None:
    _default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    _default_http(probe)
    for call in _maps(probe, "grpc"):
        _default(call, service="")


def _default_http(handler: Fields) -> None:
    for request in _maps(handler, "httpGet"):
        _default(request, path="/", scheme="HTTP")


def _default_field(source: Fields) -> None:
    for reference in _maps(source, "fieldRef"):
        _default(reference, apiVersion="v1")


_VOLUME_DEFAULTS: dict[str, Fields] = {
    "hostPath": {"type": ""},
    "secret": {"defaultMode": 420},
    "configMap": {"defaultMode": 420},
    "downwardAPI": {"defaultMode": 420},
    "projected": {"defaultMode": 420},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def _default_volume(volume: Fields) -> None:
    """A volume without a source is an empty directory."""
    if not volume.keys() - {"name"}:
        volume["emptyDir"] = {}
    for source, defaults in _VOLUME_DEFAULTS.items():
        for fields in _maps(volume, source):
            _default(fields, **defaults)
    for image in _maps(volume, "image"):
        _default(image, pullPolicy=_pull_policy(image.get("reference")))
    projections = _maps_below([volume], "projected", "sources")
    for item in _maps_below([volume, *projections], "downwardAPI", "items"):
        _default_field(item)
    for token in _maps_below(projections, "serviceAccountToken"):
        _default(token, expirationSeconds=3600)
    for claim in _maps_below([volume], "ephemeral", "volumeClaimTemplate"):
        _default(claim.setdefault("spec", {}), volumeMode="Filesystem")


def _quantity_maps(value: Any) -> list[Fields]:
    """Every map of quantities below `value`."""
    found: list[Fields] = []
    if isinstance(value, dict):
        for key, item in value.items():
            if key in QUANTITIES and isinstance(item, dict):
                found.append(item)
            else:
                found += _quantity_maps(item)
    elif isinstance(value, list):
        for item in value:
            found += _quantity_maps(item)
    return found


def _pull_policy(image: Any) -> str:
    """`Always` for the tag `latest`, said or (without tag and digest) unsaid, else `IfNotPresent`.

    As `ParseImageName` (k8s.io/kubernetes, pkg/util/parsers); a name that it cannot parse has no tag.
    """
    name, _, digest = str(image or "").partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "" if digest else "latest"
    first, *rest = repository.split("/")
    if rest and (set(".:") & set(first) or first == "localhost" or first != first.lower()):
        first, *rest = rest
    parses = all(_COMPONENT.fullmatch(part) for part in (first, *rest))
    return "Always" if parses and tag == "latest" else "IfNotPresent"
