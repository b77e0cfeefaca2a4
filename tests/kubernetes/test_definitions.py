"""Kinds that a cluster does not know."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.kubernetes.definitions import undefined_groups


def made(api_version: str, kind: str = "Thing", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}


KEDA = made("keda.sh/v1alpha1", "ScaledObject")
ROUTE = made("gateway.networking.k8s.io/v1", "HTTPRoute")
DEFINITION = made("apiextensions.k8s.io/v1", "CustomResourceDefinition", group="keda.sh")


@pytest.mark.parametrize(
    ("before", "after", "definitions", "undefined"),
    [
        ([], [KEDA], None, set()),
        ([], [KEDA], ["rayclusters.ray.io"], {"keda.sh"}),
        ([], [KEDA], ["scaledobjects.keda.sh"], set()),
        ([], [KEDA], ["v1.", "v1.apps", "v1alpha1.keda.sh"], set()),
        ([], [KEDA], ["v1.", "v1.apps"], {"keda.sh"}),
        ([], [KEDA, DEFINITION], [], set()),
        ([KEDA], [KEDA], [], set()),
        ([], [ROUTE, made("networking.k8s.io/v1", "Ingress")], [], {"gateway.networking.k8s.io"}),
        ([], [made("apps/v1", "Deployment"), made("v1", "Service")], [], set()),
    ],
)
def test_groups_that_nothing_defines(before: Any, after: Any, definitions: Any, undefined: set[str]) -> None:
    assert undefined_groups(before, after, definitions) == undefined
