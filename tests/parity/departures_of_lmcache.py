"""Departures around LMCache: its environment, its ports, the cache server."""

from __future__ import annotations

from collections.abc import Sequence

from tests.parity.departure import (
    CACHE,
    ENGINE,
    ROUTER,
    WORKLOADS,
    Departure,
    added,
    gone,
)

OF_LMCACHE: Sequence[Departure] = (
    Departure(
        "no-transfer-ports",
        "section 3: no 55555/9999 ports unless KV transfer needs them",
        "Deployment|Service|LeaderWorkerSet",
        rf"({ENGINE}|spec)\.ports\[(55555|9999)/TCP\](\.\w+)?",
        gone,
    ),
    Departure(
        "dead-environment",
        "section 3: what vLLM and LMCache no longer read is gone",
        WORKLOADS,
        rf"{ENGINE}\.env\[(VLLM_USE_V1|VLLM_RPC_TIMEOUT|LMCACHE_USE_EXPERIMENTAL)\]",
        gone,
    ),
    Departure(
        "current-transfer-names",
        "section 3: KV transfer sets LMCache's current names beside the older ones, same values",
        WORKLOADS,
        rf"{ENGINE}\.env\[LMCACHE_(ENABLE_PD|PD_\w+|TRANSFER_CHANNEL)\]",
        added,
    ),
    Departure(
        "controller-ports",
        "section 3: LMCache ports are exposed on the Service that clients are told of; section 2: `controllerPort` is "
        "a port that the router's Service really has",
        "Deployment|Service",
        rf"{ROUTER}\.ports\[\d+/TCP\]|spec\.ports\[\d+/TCP\]\.(name|target)",
        lambda difference: "router" in difference.name and (added(difference) or "[9000/TCP]" in difference.path),
    ),
    Departure(
        "default-cache-server",
        "section 2: the reference's Default column holds where the chart's differs (cacheServerSpec)",
        "Deployment",
        rf"{CACHE}\.(imagePullPolicy|resources\.\w+\.(cpu|memory)|securityContext\.runAsNonRoot"
        r"|startupProbe\.(?!tcpSocket).*"
        r"|livenessProbe\.(initialDelaySeconds|timeoutSeconds))",
    ),
    Departure(
        "default-cache-server-strategy",
        "section 2: the reference's Default column holds where the chart's differs (cacheServerSpec.strategy)",
        "Deployment",
        r"spec\.strategy\.rollingUpdate\.max(Surge|Unavailable)",
        lambda difference: gone(difference) and difference.name.endswith("cache-server"),
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
        added,
    ),
    Departure(
        "cpu-offloading",
        "section 2: the reference's Default column holds (cpuOffloadingBufferSize); reference: 0 and 0.5 are sizes too",
        WORKLOADS,
        rf"{ENGINE}\.env\[LMCACHE_(LOCAL_CPU|MAX_LOCAL_CPU_SIZE)\]",
        added,
    ),
    Departure(
        "disk-offloading",
        "section 2: `diskOffloadingBufferSize` reaches LMCache as the number it wants together with a path",
        WORKLOADS,
        rf"{ENGINE}\.(env\[LMCACHE_(LOCAL_DISK|MAX_LOCAL_DISK_SIZE)\]|mount\[/var/lib/lmcache\])",
        lambda difference: not gone(difference),
    ),
    Departure(
        "one-connector",
        "section 3: what vLLM no longer reads is gone: of the connectors of its two engines, V0's",
        WORKLOADS,
        rf"{ENGINE}\.command\[--kv-transfer-config\]",
        lambda difference: (
            (difference.helm or "").replace('LMCacheConnector"', 'LMCacheConnectorV1"') == difference.ours
        ),
    ),
)
