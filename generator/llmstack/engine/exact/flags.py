"""Flags that vLLM refuses by themselves or beside one another, whatever the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from llmstack.engine import registry
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.configs import misconfigured, read_object
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.together import refused_together
from llmstack.engine.settings import AUTO_LENGTH, Flags, Settings, is_on, read_number
from llmstack.flags import Catalogue

CHUNKED_ALWAYS_UNTIL: Minor = (0, 10)
"""Up to here the V1 engine always prefills in chunks, whatever the flag says (`_set_default_args_v1`)."""
THRESHOLD_CHECKED: Minor = (0, 29)
"""From here the threshold of a long prompt may not be over the longest request, however many are prefilled at once."""
ACTIVE_CHECKED: Minor = (0, 33)
"""From here no more requests may be active than `--max-num-seqs`."""
UPDATES_ADAPTERS = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
LAST_PORT = 65535
AGAINST_LENGTH = frozenset(
    ("--max-num-batched-tokens", "--long-prefill-token-threshold", "--speculative-config", "--mamba-block-size")
)
"""Flags that are held against the longest request: without them its length refuses nothing here, as long as it is a
whole number above 0 (`flags.length`)."""
SPECULATION_CHECKED: Minor = (0, 11)
"""From here an unknown method of speculation is refused (`SpeculativeConfig`, vllm/config/speculative.py)."""


def refused(line: Line) -> Iterator[Fault]:
    """Yield what vLLM refuses in a command line."""
    for flags, find in CHECKS:
        if not flags.isdisjoint(line.given):
            yield from find(line)
    yield from refused_together(line)
    yield from misconfigured(line.given, line.catalogue, line.among, line.repository)


def _batch(line: Line) -> Iterator[Fault]:
    """`SchedulerConfig.verify_max_model_len` (vllm/config/scheduler.py)."""
    given, release = line.given, line.catalogue.release.minor
    tokens, sequences, length = line.settings.tokens, line.settings.sequences, line.settings.length
    if tokens and sequences and tokens < sequences:
        message = f"--max-num-batched-tokens {tokens} is less than --max-num-seqs {sequences}"
        yield Fault("batch", message, f"at least {sequences}")
    whole = (given.get("--enable-chunked-prefill") or "").lower() == "false" and release > CHUNKED_ALWAYS_UNTIL
    if whole and tokens and length and length != AUTO_LENGTH and tokens < length:
        message = f"without chunked prefill --max-num-batched-tokens {tokens} is less than --max-model-len {length}"
        yield Fault("chunked", message, f"--max-num-batched-tokens {length}, or chunked prefill")


def _prompts(line: Line) -> Iterator[Fault]:
    """The same method, of prompts that are long."""
    threshold, length = line.number("--long-prefill-token-threshold"), line.settings.length
    is_held = length != AUTO_LENGTH and line.catalogue.release.minor >= THRESHOLD_CHECKED
    if threshold and length and is_held and threshold > length:
        message = f"--long-prefill-token-threshold {threshold} is over --max-model-len {length}"
        yield Fault("--long-prefill-token-threshold", message, f"at most {length}")


def _requests(line: Line) -> Iterator[Fault]:
    """The same method, of requests that run at once."""
    active, sequences = line.number("--max-num-active-seqs"), line.settings.sequences
    if active and sequences and active > sequences and line.catalogue.release.minor >= ACTIVE_CHECKED:
        message = f"--max-num-active-seqs {active} is over --max-num-seqs {sequences}"
        yield Fault("--max-num-active-seqs", message, f"at most {sequences}")


def _share(line: Line) -> Iterator[Fault]:
    """`CacheConfig.gpu_memory_utilization` (vllm/config/cache.py): more than 0, at most 1."""
    text = line.given.get("--gpu-memory-utilization")
    try:
        share = float(text) if text else None
    except ValueError:
        return  # `bad-flag-value` says so
    if share is not None and not 0 < share <= 1:
        yield Fault("utilization", f"--gpu-memory-utilization {text} is no share of a GPU", "more than 0, at most 1")


def _adapters(line: Line) -> Iterator[Fault]:
    """`LoRAConfig` (vllm/config/lora.py); adapters at start are loaded as any other, and end it where that fails
    (`init_static_loras`, vllm/entrypoints/openai/); how they are written: `LoRAParserAction`, cli_args.py there."""
    given = line.given
    on_gpu, in_all = (read_number(given.get(flag) or "") for flag in ("--max-loras", "--max-cpu-loras"))
    on, modules = is_on(given, "--enable-lora"), given.get("--lora-modules") or ""
    if modules and not on:
        yield Fault("modules", "--lora-modules needs --enable-lora", "--enable-lora, or no adapters")
    if modules and not any(sign in modules for sign in "=${"):
        yield Fault("modules", "--lora-modules takes neither a name with its path nor JSON", "name=path")
    adapter = read_object(modules)
    lacking = [key for key in ("name", "path") if adapter is not None and key not in adapter]
    if lacking:
        yield Fault("modules", f"an adapter of --lora-modules has no {lacking[0]}", '{"name": …, "path": …}')
    if on and on_gpu and in_all and in_all < on_gpu:
        yield Fault("adapters", f"--max-cpu-loras {in_all} is less than --max-loras {on_gpu}", f"at least {on_gpu}")


def _parsers(line: Line) -> Iterator[Fault]:
    """`validate_parsed_serve_args`, `validate_api_server_args` (vllm/entrypoints/): names are those that are
    registered, and a plugin may register more."""
    given, catalogue, among = line.given, line.catalogue, line.among
    automatic = is_on(given, "--enable-auto-tool-choice")
    if automatic and not given.get("--tool-call-parser"):
        yield Fault("tools", "--enable-auto-tool-choice needs --tool-call-parser", "name the parser of the model")
    elif automatic and "--tool-parser-plugin" not in given:
        yield from _named("tools", "--tool-call-parser", given, catalogue, among)
    if "--reasoning-parser-plugin" not in given:
        yield from _named("reasoning", "--reasoning-parser", given, catalogue, among)


def _named(about: Any, name: str, given: Flags, catalogue: Catalogue, among: Sequence[str]) -> Iterator[Fault]:
    """A name that the release has not registered; of a release that is not certain nothing is said."""
    flag, value = catalogue.flags.get(name), given.get(name)
    known = flag.known_values if flag else ()
    if value and known and value not in known and len(among) == 1:
        yield Fault(
            about, f"vLLM {among[0]} has no {name[2:].replace('-', ' ')} `{value}`", f"it has {', '.join(known)}"
        )


def _speculation(line: Line) -> Iterator[Fault]:
    """`SpeculativeConfig.__post_init__` (vllm/config/speculative.py)."""
    config, among = read_object(line.given.get("--speculative-config") or ""), line.among
    if config is None or line.catalogue.release.minor < SPECULATION_CHECKED:
        return
    method = config.get("method")
    if isinstance(method, str) and method and not any(registry.has_speculation(method, each) for each in among):
        known = ", ".join(registry.speculation(among[0]))
        yield Fault("speculation", f"vLLM {among[0]} has no method of speculation `{method}`", f"it has {known}")
    if not method and not config.get("model") and config.get("num_speculative_tokens"):
        message = "--speculative-config names neither a method nor a model"
        yield Fault("speculation", message, 'for example {"method": "ngram", "num_speculative_tokens": 3}')

    yield from _draft(config, line.settings)


def _draft(config: Mapping[str, Any], settings: Settings) -> Iterator[Fault]:
    """`_verify_and_get_draft_tp` of it, and what ngram looks up."""
    size = config.get("draft_tensor_parallel_size")
    if isinstance(size, int) and size not in (1, settings.tensor):
        message = f"draft_tensor_parallel_size {size} is neither 1 nor --tensor-parallel-size {settings.tensor}"
        yield Fault("speculation", message, f"1 or {settings.tensor}" if settings.tensor > 1 else "1")
    low, high = config.get("prompt_lookup_min"), config.get("prompt_lookup_max")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Fault("speculation", f"prompt_lookup_min {low} is over prompt_lookup_max {high}", f"at most {high}")


def _transfer(line: Line) -> Iterator[Fault]:
    """`KVTransferConfig.__post_init__` (vllm/config/kv_transfer.py)."""
    config = read_object(line.given.get("--kv-transfer-config") or "") or {}
    if config.get("kv_connector") and not config.get("kv_role"):
        yield Fault("transfer", f"{config['kv_connector']} without kv_role", "kv_both, kv_producer or kv_consumer")


def _balance(line: Line) -> Iterator[Fault]:
    """`ParallelConfig.__post_init__` (vllm/config/parallel.py), in 0.10 and later, which have the flag."""
    if not line.is_on("--enable-eplb"):
        return
    if not line.is_on("--enable-expert-parallel"):
        yield Fault("experts", "--enable-eplb needs --enable-expert-parallel", "--enable-expert-parallel")
    elif line.settings.tensor * line.settings.data == 1:
        yield Fault("experts", "--enable-eplb has one GPU, and nothing to balance", "leave it out")


def _servers(line: Line) -> Iterator[Fault]:
    """`run_multi_api_server` (vllm/entrypoints/cli/serve.py), since 0.9."""
    servers = read_number(line.given.get("--api-server-count") or "")
    updating = line.variables.get(UPDATES_ADAPTERS) or ""
    if servers and servers > 1 and updating.strip().lower() in ("1", "true"):
        yield Fault("--api-server-count", f"{UPDATES_ADAPTERS} goes with one API server", "--api-server-count 1")


def _port(line: Line) -> Iterator[Fault]:
    """What `socket.bind` takes (`create_server_socket`, vllm/entrypoints/)."""
    port = line.number("--port")
    if port is not None and not 0 <= port <= LAST_PORT:
        yield Fault("--port", f"--port {port} is none", f"from 1 to {LAST_PORT}")


CHECKS: tuple[tuple[frozenset[str], Callable[[Line], Iterator[Fault]]], ...] = (
    (frozenset(("--max-num-batched-tokens",)), _batch),
    (frozenset(("--long-prefill-token-threshold",)), _prompts),
    (frozenset(("--max-num-active-seqs",)), _requests),
    (frozenset(("--gpu-memory-utilization",)), _share),
    (frozenset(("--lora-modules", "--max-cpu-loras")), _adapters),
    (frozenset(("--enable-auto-tool-choice", "--reasoning-parser")), _parsers),
    (frozenset(("--speculative-config",)), _speculation),
    (frozenset(("--kv-transfer-config",)), _transfer),
    (frozenset(("--enable-eplb",)), _balance),
    (frozenset(("--api-server-count",)), _servers),
    (frozenset(("--port",)), _port),
)
"""What is looked at where one of these flags is given."""
