"""The overlay that does what no key of the values does: a patch of a pod or of its container."""

from __future__ import annotations

import json
from typing import Any

from llmstack.finding import Route, at_route
from llmstack.secrecy.masking import mask_text
from llmstack.values.layers import MODELS

POD_FIELDS = frozenset((
    "activeDeadlineSeconds", "automountServiceAccountToken", "dnsConfig", "hostAliases", "hostIPC", "hostNetwork",
    "hostPID", "hostUsers", "hostname", "overhead", "preemptionPolicy", "readinessGates", "restartPolicy",
    "schedulingGates", "setHostnameAsFQDN", "shareProcessNamespace", "subdomain",
))  # fmt: skip
CONTAINER_FIELDS = frozenset((
    "envFrom", "ports", "resizePolicy", "stdin", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "workingDir",
))  # fmt: skip
CONTAINERS = frozenset(("sidecars", "sidecar", "extraContainers", "containers", "additionalContainers"))
"""Keys under which people write further containers."""
LONGEST = 160
"""How many characters of a value a help repeats."""


def overlay_help(route: Route, data: Any, environment: str) -> str | None:
    """The overlay that does what no key does, for a field of the pod or of its container.

    The patch is JSON, because kustomize takes text that begins with `[` for that.
    """
    key, of_model = str(route[-1]), route[:2] == MODELS and len(route) == 4
    if key not in POD_FIELDS | CONTAINER_FIELDS | CONTAINERS:
        return None
    if not of_model and route[:-1] not in (("servingEngineSpec",), ("routerSpec",)):
        return None
    model = at_route(data, route[:3]) if of_model else None
    kind, template = _workload(model)
    folder = "router" if route[0] == "routerSpec" else f"models/{_name(model)}"
    up = "../" * (3 + folder.count("/"))
    patch = _patch(f"{template}/spec/{_pointer(key)}", at_route(data, route), first=key in CONTAINERS)
    return (
        f"llmstack has no key for it; an overlay does it: custom/{environment}/{folder}/kustomization.yaml with "
        f"`resources: [{up}overlays/{environment}/{folder}]` and `patches: [{{target: {{kind: {kind}}}, "
        f"patch: '{patch}'}}]`"
    )


def _workload(model: Any) -> tuple[str, str]:
    """The kind that a model is served by, and the path of its pod's template in it."""
    for section, kind, template in (
        ("raySpec", "RayCluster", "/spec/headGroupSpec/template"),
        ("lwsSpec", "LeaderWorkerSet", "/spec/leaderWorkerTemplate/leaderTemplate"),
    ):
        held = model.get(section) if isinstance(model, dict) else None
        if isinstance(held, dict) and held.get("enabled"):
            return kind, template
    return "Deployment", "/spec/template"


def _name(model: Any) -> str:
    name = model.get("name") if isinstance(model, dict) else None
    return str(name or "<model>")


def _patch(path: str, value: Any, *, first: bool) -> str:
    """The JSON patch that adds a value; a long one, or one with a secret in it, is left out."""
    if first and isinstance(value, list) and value:
        value = value[0]
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) > LONGEST or "'" in shown or mask_text(shown) != shown:
        shown = '"..."'
    return f'[{{"op": "add", "path": "{path}", "value": {shown}}}]'


def _pointer(key: str) -> str:
    """The path, in the pod's spec, that a JSON patch sets."""
    if key in CONTAINERS:
        return "containers/-"
    return f"containers/0/{key}" if key in CONTAINER_FIELDS else key
