"""Departures of any stack: names, labels, secrets, defaults of the pods."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.parity.departure import (
    ENGINE,
    POD,
    ROUTER,
    SELECTOR,
    STANDARD,
    WORKLOADS,
    Departure,
    added,
    becomes,
    gone,
)

OF_ALL: Sequence[Departure] = (
    Departure(
        "no-secret",
        "section 3: no empty Secret; section 2: a secret in plain text is refused",
        "Secret",
        r"\*",
        lambda difference: gone(difference) and difference.name.endswith("-secrets"),
    ),
    Departure(
        "no-managed-by-helm",
        "section 3: no `managed-by: helm`",
        ".*",
        r".*app\.kubernetes\.io/managed-by",
        becomes("helm", None),
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
        lambda difference: difference.helm in (None, '"serving-engine"', '"leader-election"'),
    ),
    Departure(
        "labels-on-objects",
        "section 3: user labels go on objects and pods; labels that others read stay (model, helm-release-name)",
        ".*",
        rf"({POD}\.)?metadata\.labels\..*",
        added,
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
        added,
    ),
    Departure(
        "checksum",
        "section 3: a pod-template annotation `checksum/config` covers the config maps that the pod reads",
        WORKLOADS,
        rf"{POD}\.metadata\.annotations\.checksum/config",
        added,
    ),
    Departure(
        "no-hostname",
        "section 3: no `hostname`/`subdomain`",
        "Deployment",
        rf"{POD}\.spec\.(hostname|subdomain)",
        gone,
    ),
    Departure(
        "no-host-namespaces",
        "section 3: no hostIPC/hostPID unless asked",
        "Deployment",
        rf"{POD}\.spec\.host(IPC|PID)",
        gone,
    ),
    Departure(
        "no-service-links",
        "section 3: service links are off on engine pods",
        WORKLOADS,
        rf"{POD}\.spec\.enableServiceLinks",
        becomes(None, False),
    ),
    Departure(
        "router-minute-to-start",
        "section 3: the router has a minute to start where nothing is said",
        "Deployment",
        rf"{ROUTER}\.startupProbe\.failureThreshold",
        becomes(3, 11),
    ),
    Departure(
        "shm-for-several-workers",
        "section 3: `/dev/shm` is a memory volume of shmSize where one pod runs more than one worker process, or offloads "
        "KV cache by vLLM itself, or where shmSize is written; not otherwise",
        WORKLOADS,
        rf"{ENGINE}\.mount\[/dev/shm\]",
        lambda difference: added(difference) or gone(difference),
    ),
    Departure(
        "prefix-caching-unset",
        "section 3: prefix caching and chunked prefill unset pass no flag",
        WORKLOADS,
        rf"{ENGINE}\.command\[--no-enable-(prefix-caching|chunked-prefill)\]",
        gone,
    ),
    Departure(
        "default-router-resources",
        "section 2: the reference's Default column holds where the chart's differs (routerSpec.resources)",
        "Deployment",
        rf"{ROUTER}\.resources\.(requests|limits)\.(cpu|memory)",
        lambda difference: (
            difference.ours in ('"4"', '"8"', '"16000000000"', '"32000000000"')
            or (gone(difference) and difference.helm in ('"2/5"', '"1048576000"'))
        ),
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
        becomes(None, "1"),
    ),
    Departure(
        "cluster-scoped-names",
        "section 3: names of cluster-scoped objects include the namespace",
        "PersistentVolume|PersistentVolumeClaim|ClusterRole|ClusterRoleBinding",
        r"metadata\.name|roleRef\.name|spec\.volumeName",
        lambda difference: (difference.ours or "").strip('"') == "default-" + (difference.helm or "").strip('"'),
    ),
    Departure(
        "shared-storage-defaults",
        "section 2: the reference's Default column holds where the chart's differs (sharedStorage); "
        "hostPath and NFS storage states one explicit storageClassName",
        "PersistentVolume|PersistentVolumeClaim",
        r"spec\.(storageClassName|accessModes)",
        lambda difference: "shared" in difference.name and difference.ours in ('"standard"', '["ReadWriteOnce"]'),
    ),
    Departure(
        "budget-of-zero",
        "section 3: PDBs mean what they say (`maxUnavailable: 0` protects everything)",
        "PodDisruptionBudget",
        r"spec\.(maxUnavailable|minAvailable)",
        lambda difference: (difference.helm, difference.ours) in ((None, "0"), ("0", None)),
    ),
    Departure(
        "keda-triggers",
        "section 3: keda triggers are a list and the default query uses `model_name`",
        "ScaledObject",
        r"spec\.triggers(\..*)?",
        lambda difference: (
            "model_name=" in (difference.ours or "")
            if difference.path == "spec.triggers" and difference.helm
            else difference.path == "spec.triggers" or gone(difference)
        ),
    ),
    Departure(
        "probes-follow-port",
        "section 3: probes follow `containerPort`",
        "Deployment|LeaderWorkerSet",
        rf"{ENGINE}\.(startup|liveness|readiness)Probe\.httpGet\.port",
        lambda difference: difference.helm == "8000" and difference.ours == '"the first of its ports"',
    ),
    Departure(
        "router-knows-port",
        "reference: `servingEngineSpec.containerPort`, the port of the engines, is where the router looks for them",
        "Deployment",
        rf"{ROUTER}\.command\[--k8s-port\]",
        added,
    ),
    Departure(
        "key-reaches-router",
        "section 2: the engines' `vllmApiKey` reaches the router too",
        "Deployment",
        rf"{ROUTER}\.env\[VLLM_API_KEY\]",
        added,
    ),
    Departure(
        "token-by-reference",
        "section 2: a secret in plain text is refused (`routerSpec.hf_token`)",
        "Deployment",
        rf"{ROUTER}\.env\[HF_TOKEN\]",
        lambda difference: "secretKeyRef" in (difference.ours or ""),
    ),
    Departure(
        "empty-is-unset",
        'section 3: `hf_token: {secretName: ""}` means unset',
        WORKLOADS,
        rf"{ENGINE}\.env\[HF_TOKEN\]",
        lambda difference: gone(difference) and '"name": null' in (difference.helm or ""),
    ),
    Departure(
        "chat-template-file",
        "section 2: `chatTemplate` is the name of a file under /templates",
        WORKLOADS,
        rf"{ENGINE}\.command\[--chat-template\]",
        lambda difference: (difference.ours or "").startswith('["/templates/'),
    ),
    Departure(
        "keys-of-real-files",
        "section 2: real files use keys that neither has, each honoured or a warning",
        "Deployment",
        rf"{POD}\.spec\.nodeSelector\..*|{ENGINE}\.command\[--pipeline-parallel-size\]",
        added,
    ),
)
