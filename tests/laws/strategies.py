"""Random values: stacks that use many features at once, with names that collide across layers often."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("llama", "qwen", "mistral")
_TEXT = st.sampled_from(
    (
        "x",
        "08",
        "1e3",
        "yes",
        "$(POD_IP)",
        "${HOME}",
        "{{ x }}",
        "a: b",
        "line\nline\n",
        " lead",
        "ü",
        "#",
        "",
    )
)
_WORD = st.sampled_from(("a", "b", "team-1", "x.y", "0", "true"))
_LABELS = st.dictionaries(
    st.sampled_from(("team", "tier", "example.com/x")), st.sampled_from(("a", "b", "1", "")), max_size=2
)
_QUANTITY = st.sampled_from(("1", "500m", "16Gi", "2G"))
_PORT = st.sampled_from((8000, 8080, 9000))
_ENV = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(("A", "B", "HF_HOME", "POD_IP")), "value": _TEXT}),
    max_size=3,
)
_TOLERATIONS = st.lists(st.fixed_dictionaries({"key": _WORD, "operator": st.just("Exists")}), max_size=2)
_PROBE = st.fixed_dictionaries({}, optional={
    "periodSeconds": st.integers(1, 30), "failureThreshold": st.integers(1, 90),
    "exec": st.just({"command": ["true"]}), "tcpSocket": st.just({"port": 8000}),
})  # fmt: skip
_STRATEGY = st.sampled_from(
    (
        {"type": "Recreate"},
        {"rollingUpdate": {"maxSurge": 1}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}},
    )
)
_VOLUMES = st.sampled_from(
    (
        [],
        [{"name": "tmp", "emptyDir": {}}],
        [{"name": "tmp", "configMap": {"name": "c"}}, {"name": "shm", "emptyDir": {"medium": "Memory"}}],
    )
)
_SECRET = st.sampled_from((None, {"secretName": "hf", "secretKey": "token"}, {"secretName": ""}))


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


_VLLM = _some(
    maxModelLen=st.integers(1, 9999), dtype=_WORD, enablePrefixCaching=st.booleans(), tensorParallelSize=st.integers(1, 4),
    gpuMemoryUtilization=st.sampled_from((0.9, "0.85")), extraArgs=st.lists(_TEXT, max_size=2), maxLoras=st.integers(0, 2),
)  # fmt: skip
_LMCACHE = _some(
    enabled=st.booleans(), cpuOffloadingBufferSize=st.sampled_from(("0", 30)), diskOffloadingBufferSize=st.just("10Gi"),
    enableController=st.booleans(), workerPort=st.just(8001), enableNixl=st.booleans(), nixlRole=st.sampled_from(("sender", "receiver")),
    nixlPeerHost=st.just("peer"), kvRole=st.just("kv_producer"),
)  # fmt: skip
_MODEL = _some(
    enabled=st.booleans(), repository=st.sampled_from(("vllm/vllm-openai", "lmcache/vllm-openai")), tag=st.sampled_from(("v1", "sha256:ab")),
    modelURL=_WORD, replicaCount=st.integers(0, 3), requestCPU=st.integers(0, 2), requestMemory=_QUANTITY, requestGPU=st.integers(0, 2),
    limitCPU=_QUANTITY, annotations=_LABELS, podAnnotations=_LABELS, labels=_LABELS, env=_ENV, tolerations=_TOLERATIONS,
    pvcStorage=st.sampled_from(("10Gi", "20Gi", None)), pvcAccessMode=st.sampled_from((["ReadWriteOnce"], ["ReadWriteMany"])),
    storageClass=st.sampled_from(("", "fast")), pvcMatchLabels=_LABELS, vllmConfig=_VLLM, lmcacheConfig=_LMCACHE, hf_token=_SECRET,
    chatTemplate=st.sampled_from(("{{ messages }}\n", "file.jinja")), extraVolumes=_VOLUMES, nodeSelector=_LABELS,
    extraVolumeMounts=st.sampled_from(([], [{"name": "tmp", "mountPath": "/x"}])), enableLoRA=st.booleans(),
    initContainer=st.sampled_from(({"image": "busybox"}, [{"name": "a", "image": "b", "mountPvcStorage": True}, {"image": "c", "env": [{"name": "X", "value": "y"}]}])),
    pdb=st.sampled_from(({"enabled": True, "minAvailable": 1}, {"enabled": True, "maxUnavailable": "50%", "labels": {"a": "b"}})),
    nodeSelectorTerms=st.just([{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]),
    runtimeClassName=st.sampled_from(("", "other")), serviceAccountName=st.sampled_from(("", "sa")), imagePullSecret=st.just("pull"),
)  # fmt: skip
_ENGINE = _some(
    enableEngine=st.booleans(), labels=_LABELS, containerPort=_PORT, servicePort=st.sampled_from((80, 8000)), configs=_LABELS,
    strategy=_STRATEGY, startupProbe=st.one_of(st.none(), _PROBE), livenessProbe=st.one_of(st.none(), _PROBE), tolerations=_TOLERATIONS,
    runtimeClassName=st.sampled_from(("", "nvidia")), securityContext=st.sampled_from(({}, {"fsGroup": 1})),
    containerSecurityContext=st.sampled_from(({"runAsNonRoot": None, "privileged": False}, {"runAsUser": 1})),
    extraPorts=st.sampled_from(([], [{"name": "x", "port": 7000}], [{"name": "x", "port": 7000, "targetPort": 7001, "protocol": "UDP"}])),
    maxUnavailablePodDisruptionBudget=st.sampled_from(("", "1", "50%")), vllmApiKey=_SECRET,
)  # fmt: skip
_ROUTER = _some(
    enableRouter=st.booleans(), replicaCount=st.integers(0, 3), labels=_LABELS, env=_ENV, strategy=_STRATEGY, containerPort=_PORT,
    extraArgs=st.lists(_TEXT, max_size=2), resources=st.sampled_from(({"limits": None}, {"requests": {"cpu": "1"}})), nodePort=st.just(30001),
    serviceType=st.sampled_from(("ClusterIP", "NodePort")), ingress=st.sampled_from(({"enabled": True}, {"enabled": True, "hosts": [{"host": "h"}]})),
    serviceAccountName=st.sampled_from(("", "own")), pdb=st.just({"enabled": True}), routingLogic=st.sampled_from(("roundrobin", "kvaware")),
    livenessProbe=st.one_of(st.none(), _PROBE), k8sServiceDiscoveryType=st.sampled_from(("pod-ip", "service-name")),
)  # fmt: skip
_CACHE = _some(
    enableServer=st.booleans(), image=_some(repository=_WORD, tag=st.just("v1")), labels=_LABELS, strategy=_STRATEGY,
    startupProbe=st.one_of(st.none(), _PROBE), containerPort=_PORT, resources=st.sampled_from(({}, {"requests": None})), serde=_WORD,
    maxUnavailablePodDisruptionBudget=st.just("1"), tolerations=_TOLERATIONS,
)  # fmt: skip
_STORAGE = _some(
    enabled=st.booleans(), size=_QUANTITY, hostPath=st.just("/x"), nfs=st.just({"server": "s", "path": "/p"}),
    storageClass=st.sampled_from(("", "fast", None)), accessModes=st.just(["ReadWriteMany"]),
)  # fmt: skip
_GITOPS = _some(
    release=st.sampled_from(("one", "two")),
    namespace=st.sampled_from(("n1", "n2")),
    createNamespace=st.booleans(),
)


@st.composite
def stacks(draw: st.DrawFn) -> dict[str, Any]:
    """Values of one file."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    engine = draw(_ENGINE) | {"modelSpec": [{"name": name, **draw(_MODEL)} for name in names]}
    sections = {
        "routerSpec": _ROUTER,
        "cacheServerSpec": _CACHE,
        "sharedStorage": _STORAGE,
        "gitops": _GITOPS,
    }
    return {"servingEngineSpec": engine} | {
        name: draw(section) for name, section in sections.items() if draw(st.booleans())
    }
