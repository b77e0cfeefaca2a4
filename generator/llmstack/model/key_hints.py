"""What people write that is no key, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

EARLY = "charts of early 2025 had it, and no later one has"
_AMOUNTS = ("requestCPU", "requestMemory", "limitCPU", "limitMemory")
_REFERENCE = {"name": "set `secretName`", "key": "set `secretKey`"}
_PEERS = (
    "p2pEnabled", "distributedPort", "localCpu", "maxLocalCpuSize", "maxLocalDiskSize", "rpcPort", "skipLastNTokens",
    "kvRank", "kvParallelSize",
)  # fmt: skip
_TRANSFER = (
    "enableXpyd", "nixlProxyHost", "nixlProxyPort", "nixlPeerInitPort", "nixlPeerAllocPort", "nixlBackends",
)  # fmt: skip
"""Keys of LMCache that the values files of the chart's own repository (tutorials/assets, .github) once had."""

HINTS: Mapping[str, Mapping[str, str]] = {
    "": {
        "sops": "a file that SOPS encrypts is no values file: keep secrets out, `llmstack secret set` brings them",
        "nameOverride": "`gitops.release` names every object",
        "fullnameOverride": "`gitops.release` names every object",
        "namespace": "set `gitops.namespace`",
        "namespaceOverride": "set `gitops.namespace`",
        "imagePullSecrets": "set `global.imagePullSecrets`",
        "image": "set `repository` and `tag` of the component",
        "modelSpec": "`modelSpec` is a key of servingEngineSpec: indent it under that",
        "replicaCount": "set it in `servingEngineSpec.modelSpec[]` and in `routerSpec`",
        "autoscaling": "set `modelSpec[].keda` for a model, `routerSpec.autoscaling` for the router",
        "observabilitySpec": "set `serviceMonitor` in servingEngineSpec and in routerSpec",
        "engineStrategy": "set `servingEngineSpec.strategy`",
        "routerStrategy": "set `routerSpec.strategy`",
        "lookupserverSpec": EARLY,
    },
    "servingEngineSpec": {
        "enabled": "set `enableEngine`",
        "imagePullSecrets": "set `modelSpec[].imagePullSecret` for a model, `global.imagePullSecrets` for everything",
        "imagePullSecret": "set `modelSpec[].imagePullSecret` for a model, `global.imagePullSecrets` for everything",
        "replicas": "set `modelSpec[].replicaCount`",
        "replicaCount": "set `modelSpec[].replicaCount`",
        "image": "set `modelSpec[].repository` and `modelSpec[].tag`",
        "resources": "set `modelSpec[].resources`, or requestCPU, requestMemory and requestGPU of each model",
        "hf_token": "set `modelSpec[].hf_token`",
        "autoscaling": "set `modelSpec[].keda`",
        "models": "the list of models is `modelSpec`",
        "podDisruptionBudget": "set `maxUnavailablePodDisruptionBudget`, or `modelSpec[].pdb`",
    },
    "servingEngineSpec.modelSpec[]": {
        "replicas": "set `replicaCount`",
        "imagePullSecrets": "set `imagePullSecret`, the name of one Secret, or `global.imagePullSecrets`",
        "image": "set `repository` and `tag`",
        "model": "set `modelURL`",
        "modelName": "set `name`, and `modelURL` for what is loaded",
        "modelPath": "set `modelURL`",
        "gpu": "set `requestGPU`",
        "gpus": "set `requestGPU`",
        "gpuCount": "set `requestGPU`",
        "cpu": "set `requestCPU`",
        "memory": "set `requestMemory`",
        "hfToken": "set `hf_token`",
        "autoscaling": "set `keda`",
        "hpa": "set `keda`",
        "service": "the engine's Service is of type ClusterIP, on servingEngineSpec.servicePort; `serviceAnnotations` "
        "adds annotations, and the router is reached from outside (routerSpec.serviceType, ingress, route)",
        "port": "set `servingEngineSpec.containerPort`",
        "containerPort": "set `servingEngineSpec.containerPort`",
        "pvc": "set `pvcStorage`, or `pvcExistingClaimName`",
        "persistence": "set `pvcStorage`, or `pvcExistingClaimName`",
        "storage": "set `pvcStorage`, or `pvcExistingClaimName`",
        "volumes": "set `extraVolumes`",
        "volumeMounts": "set `extraVolumeMounts`",
        "initContainers": "set `initContainer`, one map or a list of them",
        "extraEnv": "set `env`",
        "envVars": "set `env`",
        "envFrom": "set `envFromSecret` for a Secret, `servingEngineSpec.configs` for a config map",
        "priorityClass": "set `priorityClassName`",
        "runtimeClass": "set `runtimeClassName`",
        "serviceAccount": "set `serviceAccountName`",
        "podDisruptionBudget": "set `pdb`",
        "resourceName": "set `requestGPUType`",
    },
    "servingEngineSpec.modelSpec[].lmcacheConfig": dict.fromkeys((*_PEERS, *_TRANSFER), EARLY),
    "routerSpec": {
        "enabled": "set `enableRouter`",
        **dict.fromkeys(_TRANSFER, EARLY),
        **dict.fromkeys(_AMOUNTS, "set `resources`"),
        "replicas": "set `replicaCount`",
        "image": "set `repository` and `tag`",
        "service": "set `serviceType`, `servicePort` and `serviceAnnotations`",
        "port": "set `containerPort`",
        "imagePullSecret": "set `imagePullSecrets`, a list of `{name: …}`",
        "hpa": "set `autoscaling`",
        "volumes": "set `extraVolumes`",
        "volumeMounts": "set `extraVolumeMounts`",
        "sessionKeyName": "set `sessionKey`",
    },
    "cacheServerSpec": {
        "replicas": "set `replicaCount`",
        "port": "set `containerPort`",
        **dict.fromkeys(_AMOUNTS, "set `resources`"),
    },
    "servingEngineSpec.modelSpec[].hf_token": _REFERENCE,
    "servingEngineSpec.vllmApiKey": _REFERENCE,
    "routerSpec.vllmApiKey": _REFERENCE,
    "loraController": {"enabled": "set `enableLoraController`", "replicas": "set `replicaCount`"},
}
"""By section, `[]` for the items of a list."""
