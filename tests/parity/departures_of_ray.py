"""Departures of a model served by a RayCluster."""

from __future__ import annotations

from collections.abc import Sequence

from tests.parity.departure import ENGINE, POD, Departure, added, becomes, gone

NAMED_PORTS = ('"container-port"', '"zmq-port"', '"ucx-port"')
LMCACHE_NAMES = r"LMCACHE_\w+|PYTHONHASHSEED|UCX_TLS|CUDA_VISIBLE_DEVICES"

OF_RAY: Sequence[Departure] = (
    Departure(
        "service-finds-ray-head",
        "section 3: selectors are three frozen keys: the Service of a RayCluster has its head behind it",
        "Service",
        r"spec\.ports\[\d+/TCP\]\.target",
        lambda difference: difference.helm in NAMED_PORTS and (difference.ours or "").isdigit(),
    ),
    Departure(
        "ray-worker-group",
        "section 3: a Ray worker group states minReplicas = maxReplicas = replicas",
        "RayCluster",
        r"spec\.workerGroupSpecs\.(min|max)Replicas",
        added,
    ),
    Departure(
        "ray-upgrade",
        "section 3: a RayCluster states `upgradeStrategy: Recreate` unless told otherwise",
        "RayCluster",
        r"spec\.upgradeStrategy\.type",
        becomes(None, "Recreate"),
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
        added,
    ),
    Departure(
        "ray-command",
        "section 3: args are a flat list in a fixed order; the container's own command starts Ray",
        "RayCluster",
        rf"{POD}\.containers\[vllm-ray-worker\]\.command|metadata\.annotations\.ray\.io/overwrite-container-cmd",
        added,
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
    Departure(
        "ray-prefix-caching-off",
        "section 2: `false` for prefix caching or chunked prefill passes the `--no-` flag",
        "RayCluster",
        rf"{ENGINE}\.command\[--no-enable-prefix-caching\]",
        added,
    ),
    Departure(
        "ray-lmcache",
        "section 3: KV transfer sets LMCache's current names; reference: the rows of lmcacheConfig, in a RayCluster too",
        "RayCluster",
        rf"{ENGINE}\.env\[({LMCACHE_NAMES})\]",
        lambda difference: added(difference) or difference.path.endswith(("LMCACHE_INSTANCE_ID]", "CONTROLLER_URL]")),
    ),
    Departure(
        "ray-honours-the-model",
        "reference: the rows of modelSpec[] hold in every form that a model is served in",
        "RayCluster",
        rf"{ENGINE}\.(command\[--(revision|runner|convert)\]|envFrom|mount\[/data/shared-pvc-storage\])"
        rf"|{POD}\.spec\.(priorityClassName|affinity\..*)|{POD}\.containers\[sidecar\]\..*",
        added,
    ),
    Departure(
        "ray-shared-weights",
        "reference: `sharedStorage` is for the models, those of a RayCluster too",
        "RayCluster",
        rf"{ENGINE}\.env\[HF_HOME\]",
        lambda difference: difference.ours == '"/data/shared-pvc-storage"',
    ),
    Departure(
        "ray-head-gpu",
        "reference: `requestGPUType` is the type of the model's GPUs, the head's too",
        "RayCluster",
        rf"{POD}\.containers\[vllm-ray-head\]\.resources\.(requests|limits)\.\w+(\.\w+)*/.*",
        lambda difference: added(difference) or gone(difference),
    ),
)
