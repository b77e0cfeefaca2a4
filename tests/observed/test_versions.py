"""What kubectl prints of other Kubernetes versions: forms of objects that differ from one to the next.

Written after the API reference of each version and what its release notes say; none was recorded from a server of it
(`tests/cluster/check_facts.py` reads a real one, of the version that its modules pin).
"""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.observed.things import Claim, Device, Node, Pod, ResourceClaim, ResourceSlice, Scaler, StorageClass
from tests.observed.support import Object, meta, node, pod, seen


def of(kind: str, api: str, name: str = "x", **fields: Any) -> Object:
    return {**meta(kind, name), **fields, "apiVersion": api}


TARGET = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"}}
SCALERS = {
    "1.22, autoscaling/v1": of(
        "HorizontalPodAutoscaler", "autoscaling/v1", spec={**TARGET, "minReplicas": 1, "maxReplicas": 4},
        status={"currentReplicas": 2, "desiredReplicas": 3, "currentCPUUtilizationPercentage": 80},
    ),
    "1.34, autoscaling/v2": of(
        "HorizontalPodAutoscaler", "autoscaling/v2",
        spec={**TARGET, "minReplicas": 1, "maxReplicas": 4, "metrics": [], "behavior": {}},
        status={"currentReplicas": 2, "desiredReplicas": 3, "conditions": [], "currentMetrics": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", SCALERS)
def test_a_scaler(version: str) -> None:
    [found] = seen(SCALERS[version]).now(Scaler)
    assert (found.target, found.least, found.most, found.wanted) == (("Deployment", "llama"), 1, 4, 3)


ATTRIBUTES = {"type": {"string": "gpu"}, "driverVersion": {"version": "580.1.0"}, "example.com/index": {"int": 0}}
READ = {"gpu.nvidia.com/type": "gpu", "example.com/index": 0}
"""A version is compared with no literal."""
POOL = {"driver": "gpu.nvidia.com", "nodeName": "n", "pool": {"name": "n", "generation": 3, "resourceSliceCount": 2}}
SLICES = {
    "1.31, v1alpha3": of(
        "ResourceSlice", "resource.k8s.io/v1alpha3",
        spec={**POOL, "devices": [{"name": "gpu-0", "basic": {"attributes": ATTRIBUTES}}]},
    ),
    "1.32, v1beta1": of(
        "ResourceSlice", "resource.k8s.io/v1beta1",
        spec={**POOL, "devices": [{"name": "gpu-0", "basic": {"attributes": ATTRIBUTES, "capacity": {}}}]},
    ),
    "1.34, v1": of(
        "ResourceSlice", "resource.k8s.io/v1",
        spec={**POOL, "devices": [{"name": "gpu-0", "attributes": ATTRIBUTES, "capacity": {}}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", SLICES)
def test_a_resource_slice(version: str) -> None:
    [found] = seen(SLICES[version]).now(ResourceSlice)
    assert (found.driver, found.node, found.pool, found.generation, found.slices) == ("gpu.nvidia.com", "n", "n", 3, 2)
    assert found.devices == (Device("gpu-0", READ),)


PARTS = {
    "1.33, v1beta1": {"name": "gpu-0", "basic": {"consumesCounters": [{"counterSet": "gpu-0", "counters": {}}]}},
    "1.34, v1": {"name": "gpu-0", "consumesCounters": [{"counterSet": "gpu-0", "counters": {}}]},
    "1.34, v1, shared": {"name": "gpu-0", "allowMultipleAllocations": True},
}


@pytest.mark.parametrize("version", PARTS)
def test_a_device_that_is_a_part_of_another_or_shared(version: str) -> None:
    [found] = seen(of("ResourceSlice", "resource.k8s.io/v1", spec={**POOL, "devices": [PARTS[version]]})).now(
        ResourceSlice
    )
    assert [each.whole for each in found.devices] == [False]


CLAIMS = {
    "1.32, v1beta1": "resource.k8s.io/v1beta1",
    "1.34, v1": "resource.k8s.io/v1",
}


@pytest.mark.parametrize("version", CLAIMS)
def test_a_resource_claim_that_was_given_devices(version: str) -> None:
    results = [
        {"driver": "gpu.nvidia.com", "pool": "n", "device": "gpu-0", "request": "gpu"},
        {"driver": "gpu.nvidia.com", "pool": "n", "device": "gpu-1", "request": "watch", "adminAccess": True},
    ]
    status = {
        "allocation": {"devices": {"results": results}, "nodeSelector": {}},
        "reservedFor": [{"resource": "pods", "name": "llama-0", "uid": "1"}],
    }
    [found] = seen(of("ResourceClaim", CLAIMS[version], spec={"devices": {}}, status=status)).now(ResourceClaim)
    assert (found.devices, found.users) == ((("gpu.nvidia.com", "n", "gpu-0"),), ("llama-0",))


DEFAULTS = {
    "1.5, beta": {"storageclass.beta.kubernetes.io/is-default-class": "true"},
    "1.6 and later": {"storageclass.kubernetes.io/is-default-class": "true"},
}


@pytest.mark.parametrize("version", DEFAULTS)
def test_a_default_class(version: str) -> None:
    [found] = seen(meta("StorageClass", "fast", annotations=DEFAULTS[version])).now(StorageClass)
    assert found.default


def test_a_pod_with_sidecars_as_1_29_has_them() -> None:
    sidecar = {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}
    one = pod("a", on="n")
    one["spec"]["initContainers"] = [sidecar]
    [found] = seen(one).now(Pod)
    assert found.requests["cpu"] == 9


def test_a_pod_with_conditions_of_1_33() -> None:
    one = pod("a", on="n", load=60)
    for each in one["status"]["conditions"]:
        each["observedGeneration"] = 1
    one["status"] |= {"observedGeneration": 1, "resize": "", "hostIPs": [{"ip": "10.0.0.1"}], "qosClass": "Burstable"}
    [found] = seen(one).now(Pod)
    assert found.ready
    assert "10.0.0.1" not in repr(found)


def test_a_node_with_features_and_handlers_of_1_31() -> None:
    one = node("n")
    one["status"] |= {"features": {"supplementalGroupsPolicy": True}, "runtimeHandlers": [{"name": "nvidia"}]}
    assert seen(one).now(Node)[0].ready


def test_a_claim_that_grows_as_1_32_says_it() -> None:
    status = {
        "phase": "Bound",
        "capacity": {"storage": "1Gi"},
        "allocatedResourceStatuses": {"storage": "NodeResizePending"},
    }
    spec = {"resources": {"requests": {"storage": "2Gi"}}, "volumeAttributesClassName": "fast"}
    [found] = seen({**meta("PersistentVolumeClaim", "c", "llm"), "spec": spec, "status": status}).now(Claim)
    assert found.asked == 2 << 30
