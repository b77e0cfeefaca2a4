"""How one container of a pod starts again: what the API server asks of `restartPolicy`, and of init containers with it.

Sources: k8s.io/kubernetes 1.36, pkg/apis/core/validation/validation.go (validateInitContainers, validateContainers,
validateInitContainerRestartPolicy, validateContainerRestartPolicy) and pkg/features/kube_features.go
(ContainerRestartRules: off in 1.34, on from 1.35; without it only init containers have the field, and only `Always`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.schema import Problem

RULES_SINCE = 35
"""The minor version from which a container may say more than that it is a sidecar."""

_OF_SIDECARS = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")


def broken_restart(container: Mapping[str, Any], *, is_init: bool, minor: int) -> Iterator[Problem]:
    """Yield what Kubernetes 1.`minor` says against how a container starts again."""
    policy = container.get("restartPolicy")
    words = ("Always", "OnFailure", "Never") if minor >= RULES_SINCE else ("Always",)
    if policy and not is_init and minor < RULES_SINCE:
        message = f"`restartPolicy` is of init containers alone before Kubernetes 1.{RULES_SINCE}"
        yield Problem(("restartPolicy",), message, "remove it")
    elif policy and policy not in words:
        message = f"`restartPolicy` is {' or '.join(f'`{word}`' for word in words)} in Kubernetes 1.{minor}"
        yield Problem(("restartPolicy",), message, _help(policy, is_init=is_init))
    if container.get("restartPolicyRules") and not policy:
        yield Problem(("restartPolicyRules",), "`restartPolicyRules` go with a `restartPolicy`")
    if is_init and policy != "Always":
        for key in _OF_SIDECARS:
            if container.get(key) is not None:
                message = f"an init container has a `{key}` only with `restartPolicy: Always`"
                yield Problem((key,), message, "remove it, or make the container a sidecar by `restartPolicy: Always`")


def _help(policy: Any, *, is_init: bool) -> str:
    if is_init and policy in ("OnFailure", "Never"):
        return "remove it: an init container is started again until it succeeds; a sidecar has `Always`"
    return "choose one of these, or remove it"
