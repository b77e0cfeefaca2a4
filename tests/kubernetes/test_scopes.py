"""Where objects of a kind stand."""

from __future__ import annotations

import pytest

from llmstack import schemas
from llmstack.kubernetes.scopes import is_cluster_scoped


@pytest.mark.parametrize(
    ("group", "kind", "outside"),
    [
        ("", "Namespace", True),
        ("apps", "Deployment", False),
        ("nvidia.com", "ClusterPolicy", True),
        ("kyverno.io", "ClusterPolicy", True),
        ("kyverno.io", "Policy", False),
        ("karpenter.sh", "NodePool", True),
        ("hypershift.openshift.io", "NodePool", None),
        ("constraints.gatekeeper.sh", "K8sRequiredLabels", True),
        ("cilium.io", "CiliumLoadBalancerIPPool", True),
        ("cilium.io", "CiliumNetworkPolicy", None),  # of a group that has both, not every kind was looked up
        ("example.com", "ClusterRole", None),
    ],
)
def test_a_kind_is_of_its_group(group: str, kind: str, outside: bool | None) -> None:
    assert is_cluster_scoped(group, kind) is outside


def test_of_every_kind_with_a_schema_it_is_known() -> None:
    found = {path.parent.name for path in (schemas.folder() / "crds").glob("*/*.json")}
    assert found
    assert {group for group in found if is_cluster_scoped(group, "Any") is None} == set()
