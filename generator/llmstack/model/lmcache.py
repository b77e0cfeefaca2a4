"""`modelSpec[].lmcacheConfig`: LMCache in the engine's pods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmstack.model.switch import SectionSwitch
from llmstack.model.types import NumberText, Port, Ports, Section, Text, chart


class LmcacheConfig(Section):
    """KV cache offloading, the cache server, the controller, and KV transfer for disaggregated prefill."""

    enabled: Annotated[bool | None, SectionSwitch(besides=frozenset(("cudaVisibleDevices",)))] = Field(
        False, description="Use LMCache."
    )
    cpu_offloading_buffer_size: NumberText | None = Field(
        "4",
        description="LMCACHE_MAX_LOCAL_CPU_SIZE: CPU memory for KV cache, in GB; 0 turns it off. "
        "Off with KV transfer unless set.",
        json_schema_extra=dict(chart("")),
    )
    disk_offloading_buffer_size: NumberText | None = Field(
        None,
        description="Disk space for KV cache (`10Gi`, or a number of GB); LMCache gets the number and a path.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = Field("INFO", description="LMCACHE_LOG_LEVEL.")
    enable_controller: bool | None = Field(
        None, description="Report to the LMCache controller in the router (KV-aware routing)."
    )
    instance_id: Text | None = Field(
        None,
        description="LMCACHE_LMCACHE_INSTANCE_ID. "
        "Unset: the pod's name, because one text for several pods is not unique.",
    )
    controller_port: Port = Field(
        9000, description="Port of the controller on the router's Service; unset: the one the router listens on."
    )
    controller_reply_port: Port = Field(
        None, description="Port on which the controller answers, on the router's Service."
    )
    worker_port: Ports | None = Field(
        "8001",
        description="Port (or comma-separated ports, one per tensor-parallel rank) of the LMCache worker in the pod.",
    )
    worker_heartbeat_time: NumberText | None = Field(None, description="Seconds between the worker's heartbeats.")
    p2p_host: Text | None = Field(None, alias="p2pHost", description="LMCACHE_P2P_HOST.")
    p2p_init_ports: Ports | None = Field(None, alias="p2pInitPorts", description="LMCACHE_P2P_INIT_PORTS.")
    kv_role: Literal["kv_producer", "kv_consumer", "kv_both"] | None = Field(
        None, description="This engine's role in KV transfer; kv_both when unset."
    )
    enable_nixl: bool | None = Field(None, description="KV transfer over NIXL, for disaggregated prefill.")
    enable_pd: bool | None = Field(
        None, alias="enablePD", description="Older companion of enableNixl; either turns KV transfer on."
    )
    nixl_role: Literal["sender", "receiver"] | None = Field(
        None, description="Whether this engine sends (prefill) or receives (decode)."
    )
    nixl_peer_host: Text | None = Field(
        None, description="Host of the receiver; unset: the Service of the only model that receives."
    )
    nixl_peer_port: Port = Field(
        55555, description="Port of the receiver; unset in a sender: the one its receiver listens on."
    )
    nixl_buffer_size: NumberText | None = Field("1073741824", description="Transfer buffer, in bytes.")
    nixl_buffer_device: Text | None = Field(None, description="Where the transfer buffer is: cuda or cpu.")
    nixl_enable_gc: bool | None = Field(None, description="Let NIXL collect garbage (LMCache 0.3).")
    cuda_visible_devices: NumberText | None = Field(None, description="CUDA_VISIBLE_DEVICES in the engine's container.")

    @property
    def transfers(self) -> bool:
        """Whether KV transfer between prefill and decode engines is on."""
        return bool(self.enabled and (self.enable_nixl or self.enable_pd))
