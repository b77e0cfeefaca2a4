"""Why a generated pod template is not the chart's: a table of departures, by the fields that differ."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.revisions import compared
from llmstack.review.differences import differences


class Reason(Struct, frozen=True):
    """One way in which llmstack differs from the chart on purpose; `fields` is a pattern of paths."""

    id: str
    fields: str
    words: str


REASONS: Sequence[Reason] = (
    Reason("no-hostname", r"\.(hostname|subdomain)$", "the chart gives all pods of a model one host name"),
    Reason("no-host-namespaces", r"\.host(IPC|PID)$", "host namespaces are taken only where the values ask for them"),
    Reason("no-transfer-ports", r"\.ports\[(55555|9999)\]", "ports of KV transfer are open only where it is on"),
    Reason("probes-follow-port", r"Probe\.httpGet\.port$", "probes name the container's port, whatever its number"),
    Reason("checksum", r"\[checksum/config\]$", "a checksum restarts pods when a config map that they read changes"),
    Reason("dead-environment", r"\.env\[(VLLM_USE_V1|VLLM_RPC_TIMEOUT|LMCACHE_USE_EXPERIMENTAL)\]",
           "neither vLLM nor LMCache reads these variables any more"),
    Reason("current-transfer-names", r"\.env\[LMCACHE_(ENABLE_PD|PD_\w+|TRANSFER_CHANNEL)\]",
           "KV transfer is told in LMCache's current names too"),
    Reason("prefix-caching-unset", r"\.args\[--no-enable-(prefix-caching|chunked-prefill)\]",
           "prefix caching and chunked prefill unset pass no flag: vLLM's default holds"),
    Reason("chat-template", r"\.args\[--chat-template\]|chat-templates\]|\[/templates\]",
           "a chat template is mounted as a file of a config map"),
    Reason("one-connector", r"\.args\[--kv-transfer-config\]", "the connector is that of vLLM's one engine"),
    Reason("shared-memory", r"\[(shm|/dev/shm)\]", "/dev/shm is a memory volume where several processes need it"),
    Reason("disk-offloading", r"\[(LMCACHE_(LOCAL_DISK|MAX_LOCAL_DISK_SIZE)|/var/lib/lmcache|lmcache-disk)\]",
           "offloading to disk has a path and a volume"),
    Reason("cpu-offloading", r"\.env\[LMCACHE_(LOCAL_CPU|MAX_LOCAL_CPU_SIZE)\]", "a buffer of 0 GiB is said, too"),
    Reason("router-minute-to-start", r"\[router-container\]\.startupProbe", "the router has a minute to start"),
    Reason("default-router-resources", r"\[router-container\]\.resources", "the router's default size is larger"),
    Reason("router-arguments", r"\[router-container\]\.args", "the router is told ports and labels of the engines"),
    Reason("router-ports", r"\[router-container\]\.ports", "the ports of LMCache's controller are open"),
    Reason("router-secrets", r"\[router-container\]\.env\[(HF_TOKEN|VLLM_API_KEY)\]",
           "the router refers to Secrets, and has the engines' API key"),
    Reason("cache-server-defaults", r"\[lmcache-server\]", "a cache server is probed by TCP, and has other defaults"),
    Reason("worker-port", r"\.ports\[\d+\]", "the port of the LMCache worker is the container's"),
    Reason("token-by-reference", r"\.env\[HF_TOKEN\]", "a token is a reference to a Secret"),
    Reason("flags-in-args", r"\.command$|\.command\[|\.args\((order|spelling)\)$|\.args\[(\d+|model)\]",
           "the same words stand in command and args otherwise"),
    Reason("order", r"\(order\)$|\.env\[\d+\]", "the order is another, and a name stands once"),
    Reason("ray", r"HeadGroupSpec|headGroupSpec|workerGroupSpecs",
           "Ray's pods are found by labels, probed, and started by arguments"),
)  # fmt: skip
"""The first that fits counts; ids are those of the parity with the chart where it has one."""

FLAGS, ORDER = (next(reason for reason in REASONS if reason.id == id) for id in ("flags-in-args", "order"))
VALUES = Reason("values", "", "the values say something else than what runs")
"""What the table does not know is a difference of the values: it is named, and not explained away."""


def reasons(live: Object, generated: Object) -> Mapping[Reason, tuple[str, ...]]:
    """The reasons for which a workload's pods would restart, each with the fields; empty where none would."""
    before, after = compared(live), compared(generated)
    if before is None or after is None or next(differences(before, after), None) is None:
        return {}
    found: dict[Reason, list[str]] = {}
    for each in differences(_joined(before), _joined(after)):
        found.setdefault(reason_of(each.path), []).append(each.path)
    if spelled := [each.path for each in differences(before, after) if re.search(FLAGS.fields, each.path)]:
        found.setdefault(FLAGS, spelled)
    if not found:
        found[ORDER] = [each.path for each in differences(before, after)]
    return {reason: tuple(paths) for reason, paths in found.items()}


def reason_of(path: str) -> Reason:
    return next((reason for reason in REASONS if re.search(reason.fields, path)), VALUES)


def _joined(value: Any) -> Any:
    """The value with the command line of each container in one list, flags spelled one way: only their words differ."""
    if isinstance(value, list):
        return [_joined(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("command"), list) and "name" in value:
        words = [_spelled(word) for word in [*value["command"], *(value.get("args") or [])]]
        value = {key: item for key, item in value.items() if key != "command"} | {"args": words}
    return {key: _joined(item) for key, item in value.items()}


def _spelled(word: Any) -> Any:
    if not isinstance(word, str) or not word.startswith("--"):
        return word
    flag, equals, rest = word.partition("=")
    return flag.replace("_", "-") + equals + rest
