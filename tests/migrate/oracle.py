"""What a migration is to do to the data, said a second time and without any text: the tests compare with it.

The oracle is idempotent: a file that is migrated in part has the same outcome as before.
"""

from __future__ import annotations

import copy
from typing import Any

DEAD = ("VLLM_USE_V1", "VLLM_RPC_TIMEOUT", "LMCACHE_USE_EXPERIMENTAL")
SECRET = {"a secret": "by reference"}


def outcome(data: dict[str, Any]) -> dict[str, Any]:
    """The data after a migration, with one mark for every secret, referred to or in plain text.

    Written for stacks whose images do not read the dead variables, and whose API keys are not among arguments.
    """
    data = copy.deepcopy(data)
    _rename(data, "cacheserverSpec", "cacheServerSpec")
    _rename(data, "sharedPvcStorage", "sharedStorage")
    cache = data.get("cacheServerSpec")
    if isinstance(cache, dict):
        _cache_server(cache)
    data.get("routerSpec", {}).pop("enablePD", None)
    _refer(data.get("servingEngineSpec", {}), "vllmApiKey")
    _refer(data.get("routerSpec", {}), "hf_token")
    for model in data.get("servingEngineSpec", {}).get("modelSpec") or []:
        _model(model)
    return data


def _cache_server(cache: dict[str, Any]) -> None:
    _rename(cache, "enabled", "enableServer")
    image = cache.get("image", {})
    for flat, name in (("repository", "repository"), ("tag", "tag"), ("imagePullPolicy", "pullPolicy")):
        if flat in cache and (name not in image or flat == "imagePullPolicy"):
            image[name] = cache.pop(flat)
        cache.pop(flat, None)  # the chart reads those under `image`
    if image:
        cache["image"] = image


def _model(model: dict[str, Any]) -> None:
    model.pop("device", None)
    _rename(model.get("lmcacheConfig", {}), "workerPorts", "workerPort")
    for key in ("v0", "v1"):
        model.get("vllmConfig", {}).pop(key, None)
    if model.get("raySpec") and "enabled" not in model["raySpec"]:
        model["raySpec"]["enabled"] = True
    keda = model.get("keda", {})
    if isinstance(keda.get("triggers"), dict):
        keda["triggers"] = [keda["triggers"]]
    _refer(model, "hf_token")
    if "env" in model:
        model["env"] = [_variable(entry) for entry in model["env"] if entry["name"] not in DEAD]


def _variable(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["name"].endswith(("_TOKEN", "_KEY")):
        return {"name": entry["name"], **SECRET}
    return entry


def _refer(section: dict[str, Any], key: str) -> None:
    if section.get(key):
        section[key] = SECRET


def _rename(section: dict[str, Any], old: str, new: str) -> None:
    """Of two spellings the chart's own counts, which is the old one."""
    if old in section:
        section[new] = section.pop(old)
