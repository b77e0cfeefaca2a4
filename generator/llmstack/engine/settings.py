"""The arguments of an engine as far as they decide its memory, and those of which nobody knows what they do to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from llmstack.flags import Catalogue
from llmstack.flags.dotted import join_keys
from llmstack.flags.split import Given, split_flags

Flags = Mapping[str, str | None]
"""Each flag with the text of its last value; None where it has none."""

AUTO_LENGTH = -1
"""`--max-model-len auto` (or -1): vLLM takes the longest request that fits."""

_NUMBER = re.compile(r"(\d{1,19}(?:\.\d{1,19})?)([kKmMgG]?)\Z", re.ASCII)
"""Of at most 64 bits: no engine has more of anything."""
_FACTORS = {"": 1, "k": 1000, "m": 10**6, "g": 10**9, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

INTEGERS = {
    "--max-model-len": "length",
    "--max-num-seqs": "sequences",
    "--max-num-batched-tokens": "tokens",
    "--tensor-parallel-size": "tensor",
    "--pipeline-parallel-size": "pipeline",
    "--data-parallel-size": "data",
    "--block-size": "block_size",
    "--kv-cache-memory-bytes": "kv_bytes",
    "--num-gpu-blocks-override": "blocks",
}
COUNTED = {
    "--enable-lora": "lora",
    "--max-loras": "adapters",
    "--max-lora-rank": "adapter_rank",
    "--cpu-offload-gb": "offloaded",
}
TEXTS = {"--dtype": "dtype", "--quantization": "quantization", "--kv-cache-dtype": "kv_dtype"}

_WITHOUT_EFFECT = """
aggregate-engine-logging allow-credentials allowed-headers allowed-methods allowed-origins api-key
api-server-count async-scheduling chat-template chat-template-content-format code-revision
collect-detailed-traces default-chat-template-kwargs disable-access-log-for-endpoints
disable-fastapi-docs disable-frontend-multiprocessing
disable-log-requests disable-log-stats disable-uvicorn-access-log distributed-executor-backend download-dir
enable-auto-tool-choice enable-chunked-prefill enable-force-include-usage enable-log-outputs
enable-log-requests enable-prefix-caching enable-prompt-tokens-details enable-request-id-headers
enable-server-load-tracking enable-ssl-refresh enable-tokenizer-info-endpoint
exclude-tools-when-tool-choice-none generation-config guided-decoding-backend h11-max-header-count
h11-max-incomplete-event-size headless host kv-events-config log-config-file max-log-len middleware model
model-loader-extra-config otlp-traces-endpoint override-generation-config port prefix-caching-hash-algo
reasoning-parser response-role return-tokens-as-token-ids revision root-path scheduling-policy seed
served-model-name show-hidden-metrics-for-version shutdown-timeout ssl-ca-certs ssl-cert-reqs ssl-certfile
ssl-keyfile structured-outputs-config swap-space tokenizer tokenizer-mode tokenizer-revision tool-call-parser
tool-parser-plugin tool-server trust-remote-code trust-request-chat-template uds use-tqdm-on-load
uvicorn-log-level
"""
WITHOUT_EFFECT = frozenset(f"--{name}" for name in _WITHOUT_EFFECT.split())
"""Flags that leave a GPU's memory alone. Any flag that is neither here nor read below makes the answer unknown."""

_VARIABLES_WITHOUT_EFFECT = """
ALLOW_LONG_MAX_MODEL_LEN ALLOW_RUNTIME_LORA_UPDATING API_KEY CACHE_ROOT CONFIGURE_LOGGING
DEBUG_LOG_API_SERVER_RESPONSE DO_NOT_TRACK DP_MASTER_IP DP_MASTER_PORT ENGINE_ITERATION_TIMEOUT_S HOST_IP
HTTP_TIMEOUT_KEEP_ALIVE IMAGE_FETCH_TIMEOUT KEEP_ALIVE_ON_ENGINE_DEATH LOGGING_CONFIG_PATH LOGGING_LEVEL
LOGGING_PREFIX NIXL_SIDE_CHANNEL_HOST NIXL_SIDE_CHANNEL_PORT NO_USAGE_STATS
PORT RPC_BASE_PATH RPC_TIMEOUT SERVER_DEV_MODE USAGE_SOURCE USE_MODELSCOPE
WORKER_MULTIPROC_METHOD
"""
VARIABLES_WITHOUT_EFFECT = frozenset(f"VLLM_{name}" for name in _VARIABLES_WITHOUT_EFFECT.split())


class Settings(Struct, frozen=True):
    """What an engine is told; None where the default holds.

    `unread` names what may change its memory in a way that is not computed here.
    """

    length: int | None = None
    sequences: int | None = None
    tokens: int | None = None
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    block_size: int | None = None
    kv_bytes: int | None = None
    blocks: int | None = None
    """Blocks of the KV cache, whatever memory there is."""
    utilization: float | None = None
    dtype: str = "auto"
    quantization: str | None = None
    kv_dtype: str = "auto"
    eager: bool = False
    offloaded: float = 0.0
    """GiB of weights that each GPU leaves to the CPU."""
    adapters: int = 0
    """LoRA adapters that fit at once; 0 without LoRA."""
    adapter_rank: int | None = None
    pods: int = 1
    """Pods that one engine spreads over; its arguments do not say it."""
    unread: tuple[str, ...] = ()

    @property
    def gpus(self) -> int:
        """GPUs that one engine takes."""
        return self.tensor * self.pipeline * self.data


def is_on(given: Flags, flag: str) -> bool:
    """Whether a switch is given and does not say `false`."""
    return flag in given and (given[flag] or "true").lower() == "true"


def read_settings(arguments: Sequence[str], catalogue: Catalogue, variables: Iterable[str] = ()) -> Settings:
    """The settings in the arguments of `vllm serve`, the last of a flag counting, and in the names of variables."""
    known: dict[str, object] = {}
    unread: list[str] = []
    for flag in split_flags(arguments, catalogue):
        if flag.name:
            _take(flag, catalogue, known, unread)
    _take_adapters(known)
    unread += [name for name in variables if name.startswith("VLLM_") and name not in VARIABLES_WITHOUT_EFFECT]
    unread += [name for name in variables if name in ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")]
    return Settings(**known, unread=tuple(dict.fromkeys(unread)))  # type: ignore[arg-type]


def read_flags(arguments: Sequence[str], catalogue: Catalogue) -> Flags:
    """The flags of the arguments, the last of each, and keys that are flags of their own as the JSON of theirs."""
    return join_keys(split_flags(arguments, catalogue), catalogue)


def _take(flag: Given, catalogue: Catalogue, known: dict[str, object], unread: list[str]) -> None:
    """Put one flag into `known`, or into `unread` where it cannot be read."""
    text = flag.values[-1] if flag.values else None
    if flag.name in INTEGERS:
        automatic = flag.name == "--max-model-len" and text in ("auto", "-1")
        _set(known, unread, flag.name, INTEGERS[flag.name], AUTO_LENGTH if automatic else read_number(text or ""))
    elif flag.name in TEXTS:
        _set(known, unread, flag.name, TEXTS[flag.name], text)
    elif flag.name == "--gpu-memory-utilization":
        _set(known, unread, flag.name, "utilization", _share(text or ""))
    else:
        _take_switch(flag, text, catalogue, known, unread)


def _take_adapters(known: dict[str, object]) -> None:
    """One adapter at least where LoRA is on, and none where it is not (vllm/config/lora.py)."""
    on = known.pop("lora", False)
    known["adapters"] = (known.get("adapters") or 1) if on else 0


def _take_switch(
    flag: Given, text: str | None, catalogue: Catalogue, known: dict[str, object], unread: list[str]
) -> None:
    """The same for what is on or off, or one of few words."""
    if flag.name == "--enforce-eager":
        known["eager"] = text != "false"
    elif flag.name in COUNTED:
        _take_counted(flag.name, text, known, unread)
    elif flag.name == "--load-format":
        unread += [] if text in ("auto", "safetensors") else [f"--load-format {text}"]
    elif flag.name == "--enable-chunked-prefill" and text == "false":
        unread.append("--no-enable-chunked-prefill")
    elif flag.name not in WITHOUT_EFFECT and not _is_off_anyway(flag, catalogue):
        unread.append(flag.name)


def _take_counted(name: str, text: str | None, known: dict[str, object], unread: list[str]) -> None:
    """What is counted in a bound, and computed by no class of engines."""
    if name == "--enable-lora":
        known["lora"] = text != "false"
        unread += [name] if known["lora"] else []
        return
    unread.append(name)
    try:
        known[COUNTED[name]] = float(text or "") if name == "--cpu-offload-gb" else int(text or "")
    except ValueError:
        unread.append(f"{name} {text}")


def _is_off_anyway(flag: Given, catalogue: Catalogue) -> bool:
    """Whether a flag is given its own default, `false`."""
    known = catalogue.flags.get(flag.name)
    return flag.values[-1:] == ("false",) and known is not None and not known.default


def _set(known: dict[str, object], unread: list[str], name: str, field: str, value: object) -> None:
    if value is None or value == 0:
        unread.append(name)
    else:
        known[field] = value


def read_number(text: str) -> int | None:
    """A whole number as vLLM's parser reads it: `16k` is 16000, `16K` is 16384 (`human_readable_int`)."""
    match = _NUMBER.match(text.strip())
    return int(float(match[1]) * _FACTORS[match[2]]) if match else None


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 < share <= 1 else None
