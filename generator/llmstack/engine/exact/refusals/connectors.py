"""What connectors of keys and values refuse once they are made (distributed/kv_transfer/kv_connector/, v1/kv_offload/,
vllm/config/vllm.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.exact.refusals.speculation import SPECULATIVE
from llmstack.engine.support import ARCHITECTURES

TRANSFER, EVENTS, WITHOUT_GROUPS = "--kv-transfer-config", "--kv-events-config", "--disable-hybrid-kv-cache-manager"
SIZE = "--kv-offloading-size"
"""A flag that chooses the connector itself, and its size."""
OFFLOADING, MOONCAKE, PEER = "OffloadingConnector", "MooncakeConnector", "P2pNcclConnector"
NIXL, HIDDEN, CONTEXTS = "NixlConnector", "ExampleHiddenStatesConnector", "--decode-context-parallel-size"
POLICIES = frozenset(("lru", "arc"))
"""What `eviction_policy` may be (`_CACHE_POLICIES`, vllm/v1/kv_offload/cpu/manager.py)."""
POLICIES_UNTIL = (0, 25)
"""The last release of which that is known."""
GROUPED_SINCE = {
    "NixlConnector": (0, 18),
    "SimpleCPUOffloadConnector": (0, 19),
    MOONCAKE: (0, 20),
    **dict.fromkeys(("P2pNcclConnector", "LMCacheConnectorV1", "ExampleConnector"), (99, 0)),
    **dict.fromkeys((OFFLOADING, "MultiConnector", "DecodeBenchConnector", "ExampleHiddenStatesConnector"), (0, 21)),
}
"""From which release a connector follows a cache of several groups (`SupportsHMA`, kv_connector/v1/)."""
ASKED_UNTIL = (0, 30)
"""The last release that asks every connector for it (`KVConnectorFactory.create_connector`)."""
ASKS_SINCE, EVENTS_UNTIL = (0, 13), (0, 19)
"""From where an explicit wish for groups counts, and the last release whose events do not go with them."""


def _more(line: Line) -> Mapping[str, Any]:
    """What `--kv-transfer-config` has in `kv_connector_extra_config`."""
    more = line.object(TRANSFER).get("kv_connector_extra_config")
    return more if isinstance(more, dict) else {}


def _of(connector: str, holds: Callable[[Mapping[str, Any]], object]) -> Callable[[Line], bool]:
    """Whether a connector is asked for, and something holds of what else it is told."""

    def found(line: Line) -> bool:
        asked = line.object(TRANSFER).get("kv_connector") == connector and SIZE not in line.given
        return asked and bool(holds(_more(line)))

    return found


def _lacks(key: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether what is offloaded to the pod's memory has no size; other places have settings of their own."""
    return lambda more: not more.get(key) and more.get("spec_name") in (None, "CPUOffloadingSpec")


def _evicts_otherwise(more: Mapping[str, Any]) -> bool:
    return str(more.get("eviction_policy", "lru")) not in POLICIES and "spec_name" not in more


def _answers_nobody(more: Mapping[str, Any]) -> bool:
    """Whether a proxy is named, and not the port that it is to send requests to."""
    return bool(more.get("proxy_ip")) and bool(more.get("proxy_port")) and more.get("http_port") is None


def _says_chunk_twice(more: Mapping[str, Any]) -> bool:
    return more.get("block_size") is not None and more.get("blocks_per_chunk") is not None


def _has_no_blocks(more: Mapping[str, Any]) -> bool:
    blocks = more.get("blocks_per_chunk")
    return type(blocks) is int and blocks <= 0


def _cuts_blocks(line: Line) -> bool:
    """Whether what is offloaded at once is no number of whole blocks."""
    chunk, block = _more(line).get("block_size"), line.settings.block_size
    if not isinstance(chunk, int) or not block or CONTEXTS in line.given:
        return False
    return _of(OFFLOADING, lambda _: True)(line) and chunk % block != 0


def _has_no_pool(more: Mapping[str, Any]) -> bool:
    size = more.get("host_pool_gib")
    return isinstance(size, (int, float)) and size <= 0


def _moves_parts(line: Line) -> bool:
    """Whether Nixl is to move keys and values that are spread over some GPUs of a stage, or not compressed."""
    parts = line.number(CONTEXTS) or 1
    whole = max(line.settings.tensor, line.number("--prefill-context-parallel-size") or 1)
    plain = line.facts is not None and line.facts.architecture in ARCHITECTURES and not line.facts.is_latent
    return line.object(TRANSFER).get("kv_connector") == NIXL and parts > 1 and (parts != whole or plain)


def _hides_nothing(line: Line) -> bool:
    hidden = line.object(TRANSFER).get("kv_connector") == HIDDEN
    return hidden and "$" not in (line.given.get(SPECULATIVE) or "") and SPECULATIVE not in line.given


def _transcribes(line: Line) -> bool:
    """Whether a connector is asked for, and the model is a Whisper."""
    name = line.facts.architecture if line.facts is not None else ""
    whisper = name == "WhisperForConditionalGeneration" or line.model.startswith("openai/whisper-")
    return whisper and bool(line.object(TRANSFER).get("kv_connector"))


def _wants_groups(line: Line) -> bool:
    return (line.given.get(WITHOUT_GROUPS) or "").lower() == "false"


def _follows_no_groups(line: Line) -> bool:
    since = GROUPED_SINCE.get(str(line.object(TRANSFER).get("kv_connector")))
    return _wants_groups(line) and since is not None and line.catalogue.release.minor < since


REFUSALS: tuple[Refusal, ...] = (
    *(Refusal(f"{key} must be specified in", TRANSFER, _of(OFFLOADING, _lacks(key)),
              f"an {OFFLOADING} without {key}", f"{key} in kv_connector_extra_config")
      for key in ("cpu_bytes_to_use", "num_cpu_blocks")),
    *(Refusal(sentence, TRANSFER, _of(OFFLOADING, _evicts_otherwise),
              "this eviction_policy", f"one of {', '.join(sorted(POLICIES))}", until=POLICIES_UNTIL)
      for sentence in ("Unknown eviction policy: ", "Unknown cache policy: ")),
    Refusal("Mooncake Transfer Engine does not support pipeline", TRANSFER,
            lambda line: line.settings.pipeline > 1 and _of(MOONCAKE, lambda _: True)(line),
            f"a {MOONCAKE} in a pipeline", "--tensor-parallel-size instead"),
    Refusal("kv_connector_extra_config.http_port is required", TRANSFER, _of(PEER, _answers_nobody),
            f"a {PEER} with a proxy and without http_port", "http_port, the engine's own port"),
    Refusal(" does not support HMA but ", WITHOUT_GROUPS, _follows_no_groups,
            "this KV connector with the hybrid KV cache manager", f"{WITHOUT_GROUPS}",
            since=ASKS_SINCE, until=ASKED_UNTIL),
    Refusal("Specify only one of 'block_size' or 'blocks_per_chunk'", TRANSFER, _of(OFFLOADING, _says_chunk_twice),
            f"block_size beside blocks_per_chunk of an {OFFLOADING}", "one of both"),
    Refusal("'blocks_per_chunk' must be greater than 0", TRANSFER, _of(OFFLOADING, _has_no_blocks),
            f"blocks_per_chunk of an {OFFLOADING} under 1", "at least 1"),
    Refusal("must be a multiple of the GPU KV cache block size", TRANSFER, _cuts_blocks,
            f"a block_size of an {OFFLOADING} that is no multiple of --block-size", "a multiple"),
    Refusal("HiSparseConnector host_pool_gib must be positive", TRANSFER, _of("HiSparseConnector", _has_no_pool),
            "a host_pool_gib of 0 or less", "more than 0"),
    Refusal("to the NIXL transfer parallel size=", TRANSFER, _moves_parts,
            f"a {NIXL} with this {CONTEXTS}", "1, or for latent attention --tensor-parallel-size"),
    Refusal("NixlPushConnector does not support decode_context", TRANSFER,
            lambda line: (line.number(CONTEXTS) or 1) > 1 and _of("NixlPushConnector", lambda _: True)(line),
            f"a NixlPushConnector with {CONTEXTS} over 1", f"leave one of both out, or {NIXL}"),
    Refusal("only works when using 'extract_hidden_states'", TRANSFER, _hides_nothing,
            f"an {HIDDEN} without the method of speculation extract_hidden_states", "--speculative-config"),
    Refusal("Encoder-decoder models are not currently supported with", TRANSFER, _transcribes,
            "a KV connector for a model with an encoder and a decoder", "leave it out"),
    Refusal("Hybrid KV cache manager was explicitly enabled", WITHOUT_GROUPS,
            lambda line: _wants_groups(line) and bool(line.object(EVENTS)),
            f"{EVENTS} with the hybrid KV cache manager", f"{WITHOUT_GROUPS}, or leave it out", until=EVENTS_UNTIL),
)  # fmt: skip
"""In the order in which they are said."""
