"""Where we leave the chart on purpose: every difference to Helm carries one of these ids, or it is a defect.

Each says which sentence of the design allows it: of section 3 ("Objects"), of section 2 ("Values", with its table of
defaults), or that a row of the values reference works as documented where the chart's template does not honour it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.parity.compare import Difference, Key
from tests.parity.meaning import Object

Condition = Callable[[Difference], bool]


@dataclass(frozen=True)
class Departure:
    """One way in which we differ on purpose."""

    id: str
    allowed_by: str
    kinds: str
    path: str
    """Patterns (of `re.fullmatch`) of the kinds of objects and of the paths in them."""
    holds: Condition = lambda difference: True

    def explains(self, difference: Difference) -> bool:
        return (
            re.fullmatch(self.kinds, difference.kind) is not None
            and re.fullmatch(self.path, difference.path) is not None
            and self.holds(difference)
        )


def _added(difference: Difference) -> bool:
    return difference.helm is None


def _gone(difference: Difference) -> bool:
    return difference.ours is None


def _becomes(helm: object, ours: object) -> Condition:
    wanted = tuple(None if side is None else json.dumps(side) for side in (helm, ours))
    return lambda difference: (difference.helm, difference.ours) == wanted


POD = r"(spec\.template|spec\.headGroupSpec\.template|spec\.workerGroupSpecs\.template|spec\.leaderWorkerTemplate\.\w+)"
ENGINE = rf"{POD}\.containers\[vllm[a-z-]*\]"
ROUTER = rf"{POD}\.containers\[router-container\]"
CACHE = rf"{POD}\.containers\[lmcache-server\]"
STANDARD = r"app\.kubernetes\.io/(name|instance|component|part-of)"
SELECTOR = r"spec\.(selector|selector\.matchLabels)"
WORKLOADS = r"Deployment|RayCluster|LeaderWorkerSet"
SCRIPTS = ("-wait-for-ray-script", "-vllm-start-script")

DEPARTURES: Sequence[Departure] = (
    Departure(
        "no-secret",
        "section 3: no empty Secret; section 2: a secret in plain text is refused",
        "Secret",
        r"\*",
        lambda difference: _gone(difference) and difference.name.endswith("-secrets"),
    ),
    Departure(
        "no-managed-by-helm",
        "section 3: no `managed-by: helm`",
        ".*",
        r".*app\.kubernetes\.io/managed-by",
        _becomes("helm", None),
    ),
    Departure(
        "frozen-selector",
        "section 3: selectors are three frozen keys; router and ServiceMonitor select by them",
        "Deployment|Service|ServiceMonitor|PodDisruptionBudget",
        rf"{SELECTOR}\..*",
    ),
    Departure(
        "router-finds-frozen-labels",
        "section 3: router and ServiceMonitor select by the frozen labels",
        "Deployment",
        rf"{ROUTER}\.command\[--k8s-label-selector\]",
    ),
    Departure(
        "frozen-labels",
        "section 3: the frozen keys name component and model on every object and pod",
        ".*",
        rf"({POD}\.)?metadata\.labels\.{STANDARD}",
        lambda difference: difference.helm in (None, '"serving-engine"'),
    ),
    Departure(
        "labels-on-objects",
        "section 3: user labels go on objects and pods; labels that others read stay (model, helm-release-name)",
        ".*",
        rf"({POD}\.)?metadata\.labels\..*",
        _added,
    ),
    Departure(
        "strategy",
        "section 3: `strategy` unset is chosen by replicas, GPUs and claim; router and cache server 1/0",
        "Deployment",
        r"spec\.strategy\.rollingUpdate\.max(Surge|Unavailable)",
        lambda difference: difference.ours in ("0", "1"),
    ),
    Departure(
        "progress-deadline",
        "section 3: progressDeadlineSeconds exceeds the start-up budget",
        "Deployment",
        r"spec\.progressDeadlineSeconds",
        lambda difference: int(difference.ours or 0) >= 1200,
    ),
    Departure(
        "kept-on-prune",
        "section 3: claims carry the annotations that keep them when their unit is pruned",
        "PersistentVolumeClaim|PersistentVolume",
        r"metadata\.annotations\.(kustomize\.toolkit\.fluxcd\.io/prune|argocd\.argoproj\.io/sync-options)",
        _added,
    ),
    Departure(
        "checksum",
        "section 3: a pod-template annotation `checksum/config` covers the config maps that the pod reads",
        WORKLOADS,
        rf"{POD}\.metadata\.annotations\.checksum/config",
        _added,
    ),
    Departure(
        "no-hostname",
        "section 3: no `hostname`/`subdomain`",
        "Deployment",
        rf"{POD}\.spec\.(hostname|subdomain)",
        _gone,
    ),
    Departure(
        "no-host-namespaces",
        "section 3: no hostIPC/hostPID unless asked",
        "Deployment",
        rf"{POD}\.spec\.host(IPC|PID)",
        _gone,
    ),
    Departure(
        "no-transfer-ports",
        "section 3: no 55555/9999 ports unless KV transfer needs them",
        "Deployment|Service|LeaderWorkerSet",
        rf"({ENGINE}|spec)\.ports\[(55555|9999)/TCP\](\.\w+)?",
        _gone,
    ),
    Departure(
        "shm-for-tensor-parallelism",
        "section 3: `/dev/shm` is a memory volume of shmSize when tensorParallelSize > 1",
        WORKLOADS,
        rf"{ENGINE}\.mount\[/dev/shm\]",
        _gone,
    ),
    Departure(
        "prefix-caching-unset",
        "section 3: prefix caching and chunked prefill unset pass no flag",
        WORKLOADS,
        rf"{ENGINE}\.command\[--no-enable-(prefix-caching|chunked-prefill)\]",
        _gone,
    ),
    Departure(
        "dead-environment",
        "section 3: what vLLM and LMCache no longer read is gone",
        WORKLOADS,
        rf"{ENGINE}\.env\[(VLLM_USE_V1|VLLM_RPC_TIMEOUT|LMCACHE_USE_EXPERIMENTAL)\]",
        _gone,
    ),
    Departure(
        "current-transfer-names",
        "section 3: KV transfer sets LMCache's current names beside the older ones, same values",
        WORKLOADS,
        rf"{ENGINE}\.env\[LMCACHE_(ENABLE_PD|PD_\w+|TRANSFER_CHANNEL)\]",
        _added,
    ),
    Departure(
        "controller-ports",
        "section 3: LMCache ports are exposed on the Service that clients are told of",
        "Deployment|Service",
        rf"{ROUTER}\.ports\[\d+/TCP\]|spec\.ports\[\d+/TCP\]\.(name|target)",
        lambda difference: _added(difference) and "router" in difference.name,
    ),
    Departure(
        "default-router-resources",
        "section 2: the reference's Default column holds where the chart's differs (routerSpec.resources)",
        "Deployment",
        rf"{ROUTER}\.resources\.(requests|limits)\.(cpu|memory)",
        lambda difference: difference.ours in ('"4"', '"8"', '"16000000000"', '"32000000000"'),
    ),
    Departure(
        "default-cache-server",
        "section 2: the reference's Default column holds where the chart's differs (cacheServerSpec)",
        "Deployment",
        rf"{CACHE}\.(imagePullPolicy|securityContext\.runAsNonRoot|startupProbe\.(?!tcpSocket).*"
        r"|livenessProbe\.(initialDelaySeconds|timeoutSeconds))",
    ),
    Departure(
        "cache-server-tcp-probe",
        "section 3: a cache server is probed by TCP unless told otherwise",
        "Deployment",
        rf"{CACHE}\.(liveness|startup)Probe\.(exec\.command|tcpSocket\.port)",
    ),
    Departure(
        "flat-cache-image",
        "section 2: flat `repository`/`tag` of the cache server are `image.*`",
        "Deployment",
        rf"{CACHE}\.image",
    ),
    Departure(
        "worker-port",
        "reference: `lmcacheConfig.workerPort`, the port of the LMCache worker, is the container's",
        WORKLOADS,
        rf"{ENGINE}\.(ports\[\d+/TCP\]|env\[LMCACHE_LMCACHE_WORKER_PORTS\])",
        _added,
    ),
    Departure(
        "chat-template-text",
        "section 2: `chatTemplate` is the template's text (a config map, mounted); Helm puts a line break before it",
        "ConfigMap",
        r"data\..*",
        lambda difference: (
            difference.helm is not None
            and difference.ours is not None
            and json.loads(difference.helm).strip() == json.loads(difference.ours).strip()
        ),
    ),
    Departure(
        "own-dashboards",
        "section 3: labels that others read stay (grafana_dashboard); the dashboards are our own",
        "ConfigMap",
        r"data\.vllm-(model-metrics-)?dashboard\.json",
        lambda difference: bool(json.loads(json.loads(difference.ours or '"{}"')).get("panels")),
    ),
    Departure(
        "whole-gpu",
        "reference: `requestGPU` is a whole number; the prepared file asks for 1 where it said 0.5",
        "Deployment",
        rf"{ENGINE}\.resources\.(requests|limits)\.nvidia\.com/gpu",
        _becomes(None, "1"),
    ),
    Departure(
        "service-finds-ray-head",
        "section 3: selectors are three frozen keys: the Service of a RayCluster has its head behind it",
        "Service",
        r"spec\.ports\[\d+/TCP\]\.target",
        lambda difference: difference.helm == '"container-port"' and (difference.ours or "").isdigit(),
    ),
    Departure(
        "ray-worker-group",
        "section 3: a Ray worker group states minReplicas = maxReplicas = replicas",
        "RayCluster",
        r"spec\.workerGroupSpecs\.(min|max)Replicas",
        _added,
    ),
    Departure(
        "ray-upgrade",
        "section 3: a RayCluster states `upgradeStrategy: Recreate` unless told otherwise",
        "RayCluster",
        r"spec\.upgradeStrategy\.type",
        _becomes(None, "Recreate"),
    ),
    Departure(
        "ray-probes",
        "section 3: probes follow the container's port; reference: `startupProbe`, `livenessProbe` are the engine's",
        "RayCluster",
        rf"{ENGINE}\.(startup|liveness|readiness)Probe\..*",
    ),
    Departure(
        "ray-security-context",
        "reference: `containerSecurityContext` is that of the serving engine's container",
        "RayCluster",
        rf"{ENGINE}\.securityContext\..*",
        _added,
    ),
    Departure(
        "ray-command",
        "section 3: args are a flat list in a fixed order; the container's own command starts Ray",
        "RayCluster",
        rf"{POD}\.containers\[vllm-ray-worker\]\.command|metadata\.annotations\.ray\.io/overwrite-container-cmd",
        _added,
    ),
    Departure(
        "ray-script-names",
        "section 3: names are the chart's, `<release>-<model>-…`; two releases share no config map",
        "ConfigMap|RayCluster",
        rf"metadata\.name|{ENGINE}\.mount\[/(scripts|entrypoint)\]",
        lambda difference: "-script" in (difference.ours or ""),
    ),
    Departure(
        "ray-script-text",
        "section 3: args are a flat list in a fixed order; a script runs what the container's arguments say",
        "ConfigMap",
        r"data\.(wait_for_ray\.py|vllm-entrypoint\.sh)",
    ),
)


def explain(difference: Difference) -> Departure | None:
    """The departure that a difference is, the first that fits; None when it is unexplained."""
    return next((departure for departure in DEPARTURES if departure.explains(difference)), None)


def renamed(helm: Sequence[Object], release: str) -> Mapping[Key, str]:
    """Objects of Helm that have another name with us: the scripts of RayClusters, named by the model alone."""
    names = [object["metadata"]["name"] for object in helm if object["kind"] == "ConfigMap"]
    return {("ConfigMap", name): f"{release}-{name}" for name in names if name.endswith(SCRIPTS)}
