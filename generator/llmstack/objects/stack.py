"""What belongs to the whole environment: its Namespace and the config map of all engines."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.metadata import KEPT, metadata
from llmstack.objects.placed import Placed, place

UNIT = "stack"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the Namespace (where it is asked for) and the config map of `servingEngineSpec.configs`."""
    gitops = stack.gitops
    if gitops.create_namespace:
        own = {"name": gitops.namespace, "annotations": dict(KEPT)}
        level = {f"pod-security.kubernetes.io/{mode}": gitops.pod_security for mode in ("enforce", "warn")}
        yield place(UNIT, {"apiVersion": "v1", "kind": "Namespace", "metadata": own | {"labels": level}})
    if stack.engine.configs:
        own = metadata(stack, names.configs(stack), labels.labels(stack, labels.ENGINE, "configs"))
        yield place(
            UNIT,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": own, "data": dict(stack.engine.configs)},
            "configmap-configs",
        )
