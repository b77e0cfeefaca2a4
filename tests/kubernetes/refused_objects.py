"""Objects of which the API server takes one and refuses its neighbour; tests/cluster/check_refused.py asks it."""

from __future__ import annotations

import base64
from typing import Any

Object = dict[str, Any]

LABELS = {"app": "a"}
GPU = "nvidia.com/gpu"


def _object(api_version: str, kind: str, **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "default"}, **fields}


def _named(name: str, made: Object) -> Object:
    return {**made, "metadata": {**made["metadata"], "name": name}}


def _labelled(labels: Object) -> Object:
    made = _object("v1", "ConfigMap", data={})
    return {**made, "metadata": {**made["metadata"], "labels": labels}}


def _annotated(annotations: Object) -> Object:
    made = _object("v1", "ConfigMap", data={})
    return {**made, "metadata": {**made["metadata"], "annotations": annotations}}


def _base64(size: int) -> str:
    return base64.b64encode(b"a" * size).decode()


def _ingress(hosts: int) -> Object:
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": f"a{number}.example.com", "http": {"paths": paths}} for number in range(hosts)]
    return _object("networking.k8s.io/v1", "Ingress", spec={"rules": rules})


def _deployment(
    container: Object | None = None, labels: Object = LABELS, pod: Object | None = None, **spec: Any
) -> Object:
    first = {"name": "c", "image": "x:1", **(container or {})}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [first], **(pod or {})}}
    return _object("apps/v1", "Deployment", spec={"selector": {"matchLabels": LABELS}, "template": template, **spec})


def _amounts(requests: Object, limits: Object) -> Object:
    return _deployment({"resources": {"requests": requests, "limits": limits}})


def _scaler(**spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", spec={"scaleTargetRef": target, **spec})


def _service(*ports: Object) -> Object:
    return _object("v1", "Service", spec={"selector": LABELS, "ports": [*ports]})


def _rolling(surge: Any, unavailable: Any) -> Object:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return _deployment(strategy={"type": "RollingUpdate", "rollingUpdate": rolling})


def _budget(**spec: Any) -> Object:
    return _object("policy/v1", "PodDisruptionBudget", spec={"selector": {"matchLabels": LABELS}, **spec})


def _kind(kind: str, **spec: Any) -> Object:
    made = _deployment()
    return {**made, "kind": kind, "spec": {**made["spec"], **spec}}


def _on_nodes(**rolling: Any) -> Object:
    return _kind("DaemonSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})


def _job(policy: str | None) -> Object:
    pod = {"containers": [{"name": "c", "image": "x:1"}], **({} if policy is None else {"restartPolicy": policy})}
    return _object("batch/v1", "Job", spec={"template": {"spec": pod}})


def _mounts(*names: str, **pod: Any) -> Object:
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in names]
    return _deployment({"volumeMounts": mounts}, pod=pod)


def _init(**fields: Any) -> Object:
    return _deployment(pod={"initContainers": [{"name": "i", "image": "x:1", **fields}]})


PROBE = {"tcpSocket": {"port": 80}}
SCRATCH = [{"name": "v", "emptyDir": {}}]
CLAIM = {
    "metadata": {"name": "v"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


WAITING: Object = {"nodeName": "n", "schedulingGates": [{"name": "example.com/a"}]}

TAKEN: dict[str, Object] = {
    "a Service whose name begins with a digit": _named("7b", _service({"port": 80})),
    "a name with dots": _named("llama-3.1", _deployment()),
    "a name of a digit": _named("7b", _deployment()),
    "a role with a colon": _named("a:B", _object("rbac.authorization.k8s.io/v1", "Role", rules=[])),
    "an empty label": _labelled({"a": ""}),
    "a label with a prefix": _labelled({"example.com/A_b.c": "D_e.f"}),
    "an annotation with a blank": _annotated({"example.com/a": "b c"}),
    "annotations of 256 KiB": _annotated({"a": "b" * ((256 << 10) - 1)}),
    "a config map of a mebibyte": _object("v1", "ConfigMap", data={"a": "b" * (1 << 20)}),
    "a Secret of a mebibyte": _object("v1", "Secret", data={"a": _base64(1 << 20)}),
    "an Ingress of many hosts": _ingress(5_000),
    "a port's name": _deployment({"ports": [{"name": "a" * 15, "containerPort": 80}]}),
    "a sidecar": _init(restartPolicy="Always", readinessProbe=PROBE),
    "an init container that runs once": _init(restartPolicy="Never"),
    "a container that ends": _deployment({"restartPolicy": "OnFailure"}),
    "a job": _job("Never"),
    "a mount": _mounts("v", volumes=SCRATCH),
    "a mount of a claim of its own": _kind(
        "StatefulSet", serviceName="a", volumeClaimTemplates=[CLAIM], template=_mounts("v")["spec"]["template"]
    ),
    "a set that rolls two at a time": _kind(
        "StatefulSet", serviceName="a", updateStrategy={"rollingUpdate": {"maxUnavailable": 2}}
    ),
    "a server of names of its own": _deployment(pod={"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.0.0.1"]}}),
    "a port of the host": _deployment({"ports": [{"containerPort": 80, "hostPort": 80}]}, pod={"hostNetwork": True}),
    "another port of the host": _deployment({"ports": [{"containerPort": 80, "hostPort": 81}]}),
    "processes that see each other": _deployment(pod={"shareProcessNamespace": True}),
    "a template with a node for what waits": _deployment(pod=WAITING),
    "a daemon set that surges": _on_nodes(maxSurge=1, maxUnavailable=0),
    "a daemon set that gives up two": _on_nodes(maxUnavailable=2),
    "a set that waits for deletions": _kind("StatefulSet", serviceName="a", updateStrategy={"type": "OnDelete"}),
    "a deadline": _deployment(minReadySeconds=10, progressDeadlineSeconds=11),
    "a deployment": _deployment(),
    "no replicas": _deployment(replicas=0),
    "more labels than the selector": _deployment(labels={**LABELS, "b": "c"}),
    "a surge alone": _rolling(1, 0),
    "no percent unavailable": _rolling("25%", "0%"),
    "a surge of more than all": _rolling("150%", "100%"),
    "GPUs by their limit": _amounts({}, {GPU: "2"}),
    "GPUs by both": _amounts({GPU: 1}, {GPU: "1"}),
    "GPUs as thousandths": _amounts({}, {GPU: "1000m"}),
    "a request of the limit": _amounts({"cpu": "1"}, {"cpu": "1000m"}),
    "a request without a limit": _amounts({"memory": "1Gi"}, {}),
    "one handler": _deployment({"readinessProbe": {"tcpSocket": {"port": 80}}}),
    "a scaler": _scaler(minReplicas=2, maxReplicas=2),
    "a scaler without a minimum": _scaler(maxReplicas=1),
    "a port without a name": _service({"port": 80}),
    "one port by two protocols": _service({"name": "a", "port": 80}, {"name": "b", "port": 80, "protocol": "UDP"}),
    "a budget": _budget(maxUnavailable=0),
    "a budget of all": _budget(minAvailable="100%"),
}
UNREAD: dict[str, Object] = {
    "a number as text": _deployment(replicas="3"),
    "a field that is none": _deployment(replica=3),
    "a field of a container that is none": _deployment({"argss": ["a"]}),
    "a number beyond its bits": _deployment(minReadySeconds=1 << 31),
    "a list in the place of a map": _object("v1", "ConfigMap", data=["a"]),
}
"""What it cannot even read."""
REFUSED: dict[str, Object] = {
    "a name with a capital": _named("Llama", _deployment()),
    "a long Service": _named("a" * 64, _service({"port": 80})),
    "a long Job": _named("a" * 64, _job("Never")),
    "a label that is too long": _deployment(labels={**LABELS, "b": "c" * 64}),
    "a label of two parts": _deployment(labels={**LABELS, "a/b/c": "d"}),
    "a label with a blank": _labelled({"a": "b c"}),
    "an annotation without a name": _annotated({"a/": "b"}),
    "annotations of more than 256 KiB": _annotated({"a": "b" * (256 << 10)}),
    "a config map of more than a mebibyte": _object("v1", "ConfigMap", data={"a": "b" * (1 << 20), "c": "d"}),
    "a Secret of more than a mebibyte": _object("v1", "Secret", data={"a": _base64((1 << 20) + 3)}),
    "an Ingress of more than three mebibytes": _ingress(40_000),
    "a container with a capital": _deployment({"name": "C"}),
    "a volume with a dot": _deployment(pod={"volumes": [{"name": "a.b", "emptyDir": {}}]}),
    "a port's name of sixteen": _deployment({"ports": [{"name": "a" * 16, "containerPort": 80}]}),
    "a port's name without a letter": _deployment({"ports": [{"name": "80", "containerPort": 80}]}),
    "an init container that starts again sometimes": _init(restartPolicy="Sometimes"),
    "a container that starts again sometimes": _deployment({"restartPolicy": "always"}),
    "an init container that is asked whether it lives": _init(livenessProbe=PROBE),
    "an init container that ends with a probe": _init(restartPolicy="Never", startupProbe=PROBE),
    "rules of starting again without a policy": _deployment(
        {"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}
    ),
    "a job that starts again for ever": _job("Always"),
    "a job that does not say": _job(None),
    "a deployment with a deadline for its pods": _deployment(pod={"activeDeadlineSeconds": 60}),
    "a deployment that ends": _deployment(pod={"restartPolicy": "Never"}),
    "a mount of nothing": _mounts("w", volumes=SCRATCH),
    "two mounts at a path": _mounts("v", "v", volumes=SCRATCH),
    "two containers of a name": _deployment(pod={"containers": [{"name": "c", "image": "x:1"}] * 2}),
    "no server of names": _deployment(pod={"dnsPolicy": "None"}),
    "another port of the host than its own": _deployment(
        {"ports": [{"containerPort": 80, "hostPort": 81}]}, pod={"hostNetwork": True}
    ),
    "processes that see each other, and the host's": _deployment(pod={"shareProcessNamespace": True, "hostPID": True}),
    "a node for what waits": _object("v1", "Pod", spec={"containers": [{"name": "c", "image": "x:1"}], **WAITING}),
    "a daemon set that surges and gives up one": _on_nodes(maxSurge=1),
    "a daemon set that does neither": _on_nodes(maxUnavailable=0),
    "a set that rolls as it waits": _kind(
        "StatefulSet", serviceName="a", updateStrategy={"type": "OnDelete", "rollingUpdate": {"partition": 1}}
    ),
    "a deadline before readiness": _deployment(minReadySeconds=11, progressDeadlineSeconds=11),
    "a deadline of the default": _deployment(minReadySeconds=600),
    "fewer replicas than none": _deployment(replicas=-1),
    "pods of another label": _deployment(labels={"app": "b"}),
    "pods without labels": _deployment(labels={}),
    "neither surge nor unavailable": _rolling(0, 0),
    "neither of them in percent": _rolling("0%", "0%"),
    "a surge in words": _rolling("all", 0),
    "a surge in a number as text": _rolling("1", 0),
    "a surge of less than none": _rolling(-1, 1),
    "more than all unavailable": _rolling(0, "101%"),
    "more than all of a daemon set": _on_nodes(maxUnavailable="101%"),
    "half a GPU": _amounts({}, {GPU: "0.5"}),
    "GPUs without a limit": _amounts({GPU: 1}, {}),
    "more GPUs than asked": _amounts({GPU: 1}, {GPU: 2}),
    "a request beyond its limit": _amounts({"cpu": "2"}, {"cpu": "1"}),
    "two handlers": _deployment({"readinessProbe": {"tcpSocket": {"port": 80}, "httpGet": {"port": 80}}}),
    "a volume of two sources": _deployment(
        pod={"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]}
    ),
    "a toleration without a key": _deployment(pod={"tolerations": [{"operator": "Equal", "value": "a"}]}),
    "a variable of two values": _deployment(
        {"env": [{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}
    ),
    "a scaler that goes to zero by what its pods use": _scaler(minReplicas=0, maxReplicas=4),
    "a scaler whose most is less than its least": _scaler(minReplicas=6, maxReplicas=4),
    "a scaler to none": _scaler(maxReplicas=0),
    "two ports without names": _service({"port": 80}, {"port": 81}),
    "a port twice": _service({"name": "a", "port": 80}, {"name": "b", "port": 80}),
    "a budget of more than all": _budget(minAvailable="150%"),
    "a budget of less than none": _budget(maxUnavailable=-1),
    "a budget in words": _budget(maxUnavailable="half"),
    "a budget of two minds": _budget(maxUnavailable=1, minAvailable=1),
}


def _quota(*scopes: str) -> Object:
    return _object("v1", "ResourceQuota", spec={"hard": {"pods": "20"}, "scopes": [*scopes]})


def _definition(**spec: Any) -> Object:
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Foo", "plural": "foos"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
            **spec,
        },
    }


def _families(*families: str) -> Object:
    return _object("v1", "Service", spec={"selector": LABELS, "ports": [{"port": 80}], "ipFamilies": [*families]})


def _slice(address_type: str) -> Object:
    return _object("discovery.k8s.io/v1", "EndpointSlice", addressType=address_type, endpoints=[], ports=[])


def _attributes(iops: str) -> Object:
    return _object("storage.k8s.io/v1", "VolumeAttributesClass", driverName="a.example.com", parameters={"iops": iops})


def _driver(attach: bool) -> Object:
    return _object("storage.k8s.io/v1", "CSIDriver", spec={"attachRequired": attach})


UPDATES: dict[str, tuple[Object, Object, bool]] = {
    "scopes of a quota": (_quota("NotTerminating"), _quota("Terminating"), True),
    "scopes of a quota in another order": (
        _quota("NotTerminating", "NotBestEffort"),
        _quota("NotBestEffort", "NotTerminating"),
        False,
    ),
    "the scope of a definition": (_definition(), _definition(scope="Cluster"), True),
    "the short names of a definition": (
        _definition(),
        _definition(names={"kind": "Foo", "plural": "foos", "shortNames": ["f"]}),
        False,
    ),
    "the family of a Service": (_families("IPv4"), _families("IPv6"), True),
    "the addresses of a slice": (_slice("IPv4"), _slice("IPv6"), True),
    "the parameters of an attributes class": (_attributes("1"), _attributes("2"), True),
    "whether a driver attaches": (_driver(True), _driver(False), True),
}
"""Pairs of before and after, and whether the API server refuses the change."""


def _within(api_version: str, kind: str, name: str, **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": SPACE}, **fields}


def _named_service(name: str, **spec: Any) -> Object:
    return _within("v1", "Service", name, spec={"selector": LABELS, "ports": [{"name": "a", "port": 80}], **spec})


def _claim(name: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, "storageClassName": ""}
    return _within("v1", "PersistentVolumeClaim", name, spec=spec)


def _pods(number: int) -> Object:
    made = _deployment(replicas=number)
    return {**made, "metadata": {"name": "d", "namespace": SPACE}}


SPACE = "counted"
_POD = _within("v1", "Pod", "x", spec={"containers": [{"name": "c", "image": "x:1"}]})
QUOTAS: dict[str, tuple[tuple[str, str], str, list[Object], Object, bool]] = {
    "a Service too many": (("services", "1"), "1", [_named_service("x")], _named_service("y"), True),
    "a Service that is there": (("services", "1"), "1", [_named_service("x")], _named_service("x"), False),
    "a Service too many of its resource": (
        ("count/services", "1"),
        "1",
        [_named_service("x")],
        _named_service("y"),
        True,
    ),
    "a load balancer": (("services.loadbalancers", "0"), "0", [], _named_service("x", type="LoadBalancer"), True),
    "a Service that becomes one": (
        ("services.loadbalancers", "0"),
        "0",
        [_named_service("x")],
        _named_service("x", type="LoadBalancer"),
        True,
    ),
    "a Deployment too many": (("count/deployments.apps", "0"), "0", [], _pods(1), True),
    "a Deployment whose pods are too many": (("pods", "0"), "0", [], _pods(1), False),
    "a Pod too many": (("pods", "2"), "2", [_pods(2)], _POD, True),
    "a Pod that finds room": (("pods", "3"), "2", [_pods(2)], _POD, False),
    "a claim too many": (("persistentvolumeclaims", "1"), "1", [_claim("x")], _claim("y"), True),
    "a claim too large": (("requests.storage", "15Gi"), "10Gi", [_claim("x")], _claim("y"), True),
    "a claim that finds room": (("requests.storage", "20Gi"), "10Gi", [_claim("x")], _claim("y"), False),
}
"""What a quota limits to how much, how much is used, by what, and whether the API server refuses an object more."""
