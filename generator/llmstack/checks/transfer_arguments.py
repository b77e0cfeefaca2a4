"""What a person tells vLLM of its peers in `--kv-transfer-config`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from llmstack.flags import split_flags

_FLAG = "--kv-transfer-config"


def transfer_peers(arguments: Sequence[str]) -> Iterator[tuple[int, str, int | None]]:
    """Yield the index of the argument, the host and the port that `kv_ip` and `kv_port` give.

    `kv_ip` is "the KV connector ip, used to build distributed connection" (KVTransferConfig,
    vllm/config/kv_transfer.py). Text that is no JSON is another check's.
    """
    if not any(_FLAG in text.replace("_", "-") for text in arguments):
        return
    for flag in split_flags(arguments):
        if flag.name != _FLAG or not flag.value:
            continue
        try:
            config = json.loads(flag.value)
        except (ValueError, RecursionError):
            continue
        host, port = (config.get("kv_ip"), config.get("kv_port")) if isinstance(config, dict) else (None, None)
        if isinstance(host, str):
            value_follows = "=" not in arguments[flag.index]
            yield flag.index + value_follows, host, port if isinstance(port, int) else None
