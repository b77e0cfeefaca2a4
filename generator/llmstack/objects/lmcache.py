"""LMCache in an engine's pod: environment, KV transfer, ports.

LMCache reads `LMCACHE_<SETTING>` for every setting of lmcache/v1/config.py. Settings that were renamed
between 0.3 and 0.5 are given under both names, with the same value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import names, router_arguments
from llmstack.objects.pod import env, field_env

DISK_PATH = "/var/lib/lmcache"
_DISK = "LMCACHE_LOCAL_DISK"
ZMQ_PORT, UCX_PORT = 55555, 9999


def kv_transfer_config(model: Model) -> str | None:
    """The value of `--kv-transfer-config`, None without LMCache."""
    config = model.lmcache_config
    if not config.enabled:
        return None
    value: dict[str, Any] = {"kv_connector": "LMCacheConnectorV1", "kv_role": config.kv_role or "kv_both"}
    if config.transfers:
        value["kv_connector_extra_config"] = {
            "discard_partial_chunks": False,
            "lmcache_rpc_port": config.nixl_role or "default",
        }
    return json.dumps(value, separators=(",", ":"))


def environment(stack: Stack, model: Model) -> Iterator[dict[str, Any]]:
    """Yield the environment that LMCache reads.

    A section that is turned off still says the rest, as in the chart: nothing reads it before LMCache is on, in
    `extraArgs` or by `enabled`.
    """
    config = model.lmcache_config
    if config.cuda_visible_devices:
        yield env("CUDA_VISIBLE_DEVICES", config.cuda_visible_devices)
    if not (config.enabled or config.model_fields_set):
        return
    if config.log_level and config.enabled:
        yield env("LMCACHE_LOG_LEVEL", config.log_level)
    yield from _offloading(model)
    yield from _transfer(stack, model)
    cache = stack.cache_server_spec
    if cache.enable_server:
        port = cache.service_port or cache.container_port or 8000
        yield env("LMCACHE_REMOTE_URL", f"lm://{names.cache_server_service(stack)}:{port}")
        if cache.serde:
            yield env("LMCACHE_REMOTE_SERDE", cache.serde)
    yield from _controller(stack, model)


def _offloading(model: Model) -> Iterator[dict[str, Any]]:
    config = model.lmcache_config
    size = config.cpu_offloading_buffer_size
    stated = "cpu_offloading_buffer_size" in config.model_fields_set
    if not (stated or config.enabled):
        return
    if config.transfers and not stated:
        size = None
    on = bool(size) and quantity(str(size)) not in (0, None)
    yield env("LMCACHE_LOCAL_CPU", "True" if on else "False")
    yield env("LMCACHE_MAX_LOCAL_CPU_SIZE", size if on else "0")
    if disk := disk_gigabytes(model):
        yield env(_DISK, f"file://{DISK_PATH}/")
        yield env("LMCACHE_MAX_LOCAL_DISK_SIZE", disk)


def disk_gigabytes(model: Model) -> str | None:
    """diskOffloadingBufferSize as LMCache wants it, in units of 1024³ bytes; a bare number is that."""
    text = model.lmcache_config.disk_offloading_buffer_size
    number = quantity(text) if text and model.lmcache_config.enabled else None
    if not number or not text:
        return None
    gigabytes = number if text[-1].isdigit() else number / 1024**3
    return f"{float(gigabytes):.3f}".rstrip("0").rstrip(".")


def owns_disk(stack: Stack, model: Model) -> bool:
    """Whether the disk cache lies on a volume of ours: not where a person's LMCACHE_LOCAL_DISK leads elsewhere."""
    stated = [entry for entry in (*(stack.engine.env or []), *(model.env or [])) if entry.get("name") == _DISK]
    return disk_gigabytes(model) is not None and not stated


def _transfer(stack: Stack, model: Model) -> Iterator[dict[str, Any]]:
    """KV transfer between a prefill and a decode engine: the older names, then the current ones."""
    config = model.lmcache_config
    if not config.transfers:
        return
    yield env("LMCACHE_REMOTE_SERDE", "NULL")
    yield env("UCX_TLS", "cuda_ipc,cuda_copy,tcp")
    host, port, role = peer_host(stack, model), peer_port(stack, model), config.nixl_role
    size, device = config.nixl_buffer_size, config.nixl_buffer_device or "cuda"
    collects = None if config.nixl_enable_gc is None else str(config.nixl_enable_gc)
    named: dict[str, object] = {
        "LMCACHE_ENABLE_NIXL": "True",
        "LMCACHE_NIXL_ROLE": role,
        "LMCACHE_NIXL_RECEIVER_HOST": host,
        "LMCACHE_NIXL_RECEIVER_PORT": port,
        "LMCACHE_NIXL_BUFFER_SIZE": size,
        "LMCACHE_NIXL_BUFFER_DEVICE": device,
        "LMCACHE_NIXL_ENABLE_GC": collects,
        "LMCACHE_ENABLE_PD": "True",
        "LMCACHE_TRANSFER_CHANNEL": "nixl",
        "LMCACHE_PD_ROLE": role,
        "LMCACHE_PD_BUFFER_SIZE": size,
        "LMCACHE_PD_BUFFER_DEVICE": device,
    }
    if role == "sender":
        named |= {"LMCACHE_PD_PROXY_HOST": host, "LMCACHE_PD_PROXY_PORT": port}
    else:
        named |= {"LMCACHE_PD_PEER_HOST": host, "LMCACHE_PD_PEER_INIT_PORT": port}
        named |= {"LMCACHE_PD_PEER_ALLOC_PORT": UCX_PORT}
    yield from (env(name, value) for name, value in named.items() if value is not None)


def peer_host(stack: Stack, model: Model) -> str | None:
    """Host of the receiver: `nixlPeerHost`, else every address in the receiver itself, and in a sender the
    Service of the only receiver of the stack; None when there are several."""
    config = model.lmcache_config
    if config.nixl_peer_host:
        return config.nixl_peer_host
    if config.nixl_role != "sender":
        return "0.0.0.0"
    receiving = receivers(stack)
    return names.engine_service(stack, receiving[0].name or "") if len(receiving) == 1 else None


def peer_port(stack: Stack, model: Model) -> int | None:
    """Port of the receiver: `nixlPeerPort`, else in a sender the one of the receiver that its host names."""
    config = model.lmcache_config
    if config.nixl_role == "sender" and "nixl_peer_port" not in config.model_fields_set:
        service = (peer_host(stack, model) or "").partition(".")[0]
        for other in receivers(stack):
            if names.engine_service(stack, other.name or "") == service:
                return other.lmcache_config.nixl_peer_port
    return config.nixl_peer_port


def receivers(stack: Stack) -> list[Model]:
    """The models that receive KV cache."""
    return [
        model
        for model in stack.models
        if model.name and model.lmcache_config.transfers and model.lmcache_config.nixl_role == "receiver"
    ]


def _controller(stack: Stack, model: Model) -> Iterator[dict[str, Any]]:
    """What ties the engine to the LMCache controller in the router."""
    config = model.lmcache_config
    if config.enable_controller is not None:
        yield env("LMCACHE_ENABLE_CONTROLLER", str(config.enable_controller))
    if config.instance_id:
        yield env("LMCACHE_LMCACHE_INSTANCE_ID", config.instance_id)
    else:
        yield field_env("LMCACHE_LMCACHE_INSTANCE_ID", "metadata.name")
    yield from _controller_urls(stack, model)
    for name, value in (
        ("LMCACHE_LMCACHE_WORKER_PORTS", config.worker_port if _reports(model, "worker_port") else None),
        ("LMCACHE_P2P_HOST", config.p2p_host),
        ("LMCACHE_P2P_INIT_PORTS", config.p2p_init_ports),
        ("LMCACHE_LMCACHE_WORKER_HEARTBEAT_TIME", config.worker_heartbeat_time),
    ):
        if value:
            yield env(name, value)


def _reports(model: Model, field: str) -> bool:
    """Whether an engine is told a field of the controller's: it reports to it, or the values state the field."""
    return bool(model.lmcache_config.enable_controller) or field in model.lmcache_config.model_fields_set


def _controller_urls(stack: Stack, model: Model) -> Iterator[dict[str, Any]]:
    config, service = model.lmcache_config, names.router_service(stack)
    said = config.controller_port if "controller_port" in config.model_fields_set else None
    reply = config.controller_reply_port or router_arguments.reply_port(stack)
    if _reports(model, "controller_port"):
        port = said or router_arguments.controller_port(stack)
        yield env("LMCACHE_CONTROLLER_PULL_URL", f"{service}:{port}")
    if _reports(model, "controller_reply_port") and reply:
        yield env("LMCACHE_CONTROLLER_REPLY_URL", f"{service}:{reply}")


def container_ports(model: Model) -> Iterator[dict[str, Any]]:
    """Ports of KV transfer and of the controller's worker, where they are used."""
    config = model.lmcache_config
    if config.transfers:
        yield {"name": "zmq-port", "containerPort": ZMQ_PORT}
        yield {"name": "ucx-port", "containerPort": UCX_PORT}
    if config.enabled and config.worker_port and (config.enable_controller or "worker_port" in config.model_fields_set):
        ports = [port.strip() for port in config.worker_port.split(",")]
        for number, port in enumerate(port for port in ports if port.isdecimal()):
            yield {
                "name": f"lmcache-work-{number}" if number else "lmcache-worker",
                "containerPort": int(port),
            }


def service_ports(model: Model) -> Iterator[dict[str, Any]]:
    """The ports of KV transfer on the engine's Service."""
    if model.lmcache_config.transfers:
        yield {"name": "zmq-port", "port": ZMQ_PORT, "targetPort": "zmq-port", "protocol": "TCP"}
        yield {"name": "ucx-port", "port": UCX_PORT, "targetPort": "ucx-port", "protocol": "TCP"}
