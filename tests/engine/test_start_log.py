"""Start-up logs of vLLM in the wording of each release: what is read of them, and what is not."""

from __future__ import annotations

import json
import time
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack.engine.start_log import LINE, StartLog, read_log
from tests.engine.starts import rows

# Lines as vLLM's code writes them (`logger.info` of the files that they name); figures of published logs.
V0_6_3 = """
INFO 10-21 09:12:01 api_server.py:528] vLLM API server version 0.6.3.post1
INFO 10-21 09:12:03 llm_engine.py:237] Initializing an LLM engine (v0.6.3.post1) with config: model='meta-llama/Llama-3.1-8B-Instruct', speculative_config=None, dtype=torch.bfloat16, max_seq_len=32768, tensor_parallel_size=1, quantization=None
INFO 10-21 09:12:31 model_runner.py:1067] Loading model weights took 14.9888 GB
INFO 10-21 09:12:33 gpu_executor.py:122] # GPU blocks: 26907, # CPU blocks: 2048
INFO 10-21 09:12:33 gpu_executor.py:126] Maximum concurrency for 32768 tokens per request: 13.14x
INFO 10-21 09:12:51 model_runner.py:1523] Graph capturing finished in 15 secs, took 0.26 GiB
INFO:     Application startup complete.
"""
V0_6_4 = """
INFO 12-25 14:00:09 model_runner.py:1094] Loading model weights took 67.6979 GB
INFO 12-25 14:00:28 worker.py:265] Memory profiling results: duration=18.41 seconds, total_gpu_memory=191.98GiB, initial_memory_usage=71.40GiB, peak_torch_memory=86.79GiB, non_torch_memory=6.07GiB, kv_cache_size=95.28GiB, gpu_memory_utilization=0.98.
INFO 12-25 14:00:28 gpu_executor.py:76] # GPU blocks: 19513, # CPU blocks: 819
INFO 12-25 14:00:40 llm_engine.py:447] init engine (profile, create kv cache, warmup model) took 30.59 seconds
"""
V0_7 = """
INFO 03-01 10:30:55 model_runner.py:1115] Loading model weights took 2.8797 GB
INFO 03-01 10:30:57 worker.py:267] Memory profiling takes 1.48 seconds
INFO 03-01 10:30:57 worker.py:267] the current vLLM instance can use total_gpu_memory (22.06GiB) x gpu_memory_utilization (0.90) = 19.85GiB
INFO 03-01 10:30:57 worker.py:267] model weights take 2.88GiB; non_torch_memory takes 0.05GiB; PyTorch activation peak memory takes 1.40GiB; the rest of the memory reserved for KV Cache is 15.52GiB.
INFO 03-01 10:30:57 executor_base.py:110] # CUDA blocks: 36332, # CPU blocks: 9362
INFO 03-01 10:31:09 llm_engine.py:436] init engine (profile, create kv cache, warmup model) took 13.50 seconds
"""
V1_0_7 = """
INFO 02-13 15:01:40 monitor.py:33] torch.compile takes 30.03 s in total
INFO 02-13 15:01:40 kv_cache_utils.py:407] # GPU blocks: 33660
INFO 02-13 15:01:59 gpu_model_runner.py:1043] Graph capturing finished in 18 secs, took 0.62 GiB
INFO 02-13 15:01:59 core.py:91] init engine (profile, create kv cache, warmup model) took 50.20 seconds
"""
V1_0_8 = """
INFO 03-23 05:02:21 [gpu_model_runner.py:1176] Model loading took 14.9889 GB and 27.316012 seconds
INFO 03-23 05:03:04 [monitor.py:33] torch.compile takes 34.61 s in total
INFO 03-23 05:03:05 [kv_cache_utils.py:537] GPU KV cache size: 28,704 tokens
INFO 03-23 05:03:05 [kv_cache_utils.py:540] Maximum concurrency for 2,048 tokens per request: 14.02x
INFO 03-23 05:03:30 [gpu_model_runner.py:1499] Graph capturing finished in 25 secs, took 1.58 GiB
INFO 03-23 05:03:30 [core.py:138] init engine (profile, create kv cache, warmup model) took 70.27 seconds
"""
V1_0_12 = """
(APIServer pid=1) INFO 12-11 00:05:40 [api_server.py:1772] vLLM API server version 0.12.0
(EngineCore_DP0 pid=2412130) INFO 12-11 00:05:52 [core.py:93] Initializing a V1 LLM engine (v0.12.0) with config: model='org/big', speculative_config=None, max_seq_len=100000, tensor_parallel_size=2, pipeline_parallel_size=1
(Worker_TP0 pid=2412213) INFO 12-11 00:06:20 [gpu_model_runner.py:3259] Model loading took 16.1000 GiB memory and 20.500000 seconds
(Worker_TP1 pid=2412214) INFO 12-11 00:06:21 [gpu_model_runner.py:3259] Model loading took 16.1200 GiB memory and 21.700000 seconds
(Worker_TP0 pid=2412213) INFO 12-11 00:06:52 [monitor.py:34] torch.compile takes 25.11 s in total
(Worker_TP1 pid=2412214) INFO 12-11 00:06:53 [gpu_worker.py:359] Available KV cache memory: 52.30 GiB
(Worker_TP0 pid=2412213) INFO 12-11 00:06:53 [gpu_worker.py:359] Available KV cache memory: 52.36 GiB
(EngineCore_DP0 pid=2412130) INFO 12-11 00:06:53 [kv_cache_utils.py:1286] GPU KV cache size: 686,320 tokens
(Worker_TP1 pid=2412214) 2025-12-11 00:06:54,210 - INFO - autotuner.py:256 - flashinfer.jit: [Autotuner]: Autotuning process starts ...
(Worker_TP0 pid=2412213) INFO 12-11 00:07:10 [gpu_model_runner.py:4100] Graph capturing finished in 12 secs, took 0.84 GiB
(EngineCore_DP0 pid=2412130) INFO 12-11 00:07:11 [core.py:250] init engine (profile, create kv cache, warmup model) took 49.21 seconds
"""
V1_0_20 = """
(EngineCore pid=111) INFO 06-07 08:56:05 [default_loader.py:384] Loading weights took 6.71 seconds
(EngineCore pid=111) INFO 06-07 08:56:06 [gpu_model_runner.py:4854] Model loading took 14.99 GiB memory and 7.42 seconds
(EngineCore pid=111) INFO 06-07 08:56:35 [monitor.py:53] torch.compile took 25.93 s in total
(EngineCore pid=111) INFO 06-07 08:56:40 [gpu_model_runner.py:6350] Estimated CUDA graph memory: 0.84 GiB total
(EngineCore pid=111) INFO 06-07 08:56:41 [gpu_worker.py:440] Available KV cache memory: 48.93 GiB
(EngineCore pid=111) INFO 06-07 08:56:41 [kv_cache_utils.py:1711] GPU KV cache size: 400,800 tokens, Maximum concurrency for 131,072 tokens per request: 3.06x
(EngineCore pid=111) INFO 06-07 08:56:55 [gpu_model_runner.py:6279] Graph capturing finished in 13 secs, took 0.79 GiB
(EngineCore pid=111) INFO 06-07 08:56:56 [core.py:283] init engine (profile, create kv cache, warmup model) took 49.51 s (compilation: 25.93 s)
"""

V1_0_18 = """
(EngineCore pid=1730732) INFO 06-10 14:41:29 [core.py:103] Initializing a V1 LLM engine (v0.18.1.dev0+gbcf2be961.d20260324) with config: model='/models/qwen3', speculative_config=None, max_seq_len=4096, tensor_parallel_size=1, pipeline_parallel_size=1
(EngineCore pid=1730732) INFO 06-10 14:41:30 [default_loader.py:384] Loading weights took 0.18 seconds
(EngineCore pid=1730732) INFO 06-10 14:41:31 [gpu_model_runner.py:4566] Model loading took 1.12 GiB memory and 0.517589 seconds
(EngineCore pid=1730732) INFO 06-10 14:41:35 [backends.py:284] Directly load the compiled graph(s) for compile range (1, 8192) from the cache, took 0.649 s
(EngineCore pid=1730732) INFO 06-10 14:41:36 [monitor.py:48] torch.compile and initial profiling/warmup run together took 4.57 s in total
(EngineCore pid=1730732) INFO 06-10 14:41:40 [gpu_model_runner.py:5686] Estimated CUDA graph memory: 0.08 GiB total
(EngineCore pid=1730732) INFO 06-10 14:41:41 [gpu_worker.py:456] Available KV cache memory: 17.23 GiB
(EngineCore pid=1730732) INFO 06-10 14:41:41 [kv_cache_utils.py:1316] GPU KV cache size: 161,280 tokens
(EngineCore pid=1730732) INFO 06-10 14:41:41 [gpu_model_runner.py:5746] Graph capturing finished in 1 secs, took 0.04 GiB
(EngineCore pid=1730732) INFO 06-10 14:41:41 [gpu_worker.py:617] CUDA graph pool memory: 0.04 GiB (actual), 0.08 GiB (estimated), difference: 0.04 GiB (85.7%).
INFO 04-04 17:58:20 [core.py:281] init engine (profile, create kv cache, warmup model) took 28.67 seconds
"""
STATED_KV = """
(EngineCore pid=860990) INFO 08-23 22:37:30 [model_runner.py:404] Model loading took 81.8 GiB memory and 92.003756 seconds
(EngineCore pid=860990) INFO 08-23 22:37:34 [gpu_worker.py:491] Initial free memory 111.7 GiB, reserved 37.11 GiB memory for KV Cache as specified by kv_cache_memory_bytes config and skipped memory profiling. This does not respect the gpu_memory_utilization config.
(EngineCore pid=860990) INFO 08-23 22:37:34 [kv_cache_utils.py:2146] GPU KV cache size: 105,202 tokens, Maximum concurrency for 32,768 tokens per request: 3.21x
INFO 04-04 17:58:20 [core.py:281] init engine (profile, create kv cache, warmup model) took 28.67 seconds
"""
RAY_0_6_4 = """
(VLLM_Chat_Ray pid=609877) INFO 01-17 08:07:47 worker.py:232] Memory profiling results: total_gpu_memory=23.64GiB initial_memory_usage=7.82GiB peak_torch_memory=9.74GiB memory_usage_post_profile=7.89Gib non_torch_memory=0.76GiB kv_cache_size=12.67GiB gpu_memory_utilization=0.98
(RayWorkerWrapper pid=609874) INFO 01-17 08:07:43 model_runner.py:1077] Loading model weights took 7.1216 GB
INFO 04-04 17:58:20 [core.py:281] init engine (profile, create kv cache, warmup model) took 28.67 seconds
"""
V0_8 = """
INFO 04-04 17:57:59 [loader.py:429] Loading weights took 0.56 seconds
INFO 04-04 17:57:59 [model_runner.py:1146] Model loading took 0.4678 GB and 114.953146 seconds
INFO 04-04 17:58:00 [worker.py:268] the current vLLM instance can use total_gpu_memory (16.00GiB) x gpu_memory_utilization (0.90) = 14.40GiB
INFO 04-04 17:58:00 [worker.py:268] model weights take 0.47GiB; non_torch_memory takes 0.03GiB; PyTorch activation peak memory takes 0.50GiB; the rest of the memory reserved for KV Cache is 13.40GiB.
INFO 04-04 17:58:00 [executor_base.py:111] # cuda blocks: 12200, # CPU blocks: 3640
INFO 04-04 17:58:20 [core.py:281] init engine (profile, create kv cache, warmup model) took 28.67 seconds
"""

LOGS = {
    "V1 0.18": (V1_0_18, {"weights": 1.12, "kv": 17.23, "graphs": 0.04, "load": 0.517589, "read": 0.18, "compile": 4.57, "capture": 1, "tokens": 161280, "length": 4096, "tensor": 1}),
    "stated KV cache": (STATED_KV, {"weights": 81.8, "kv": 37.11, "load": 92.003756, "tokens": 105202}),
    "Ray 0.6.4": (RAY_0_6_4, {"weights": 7.1216, "kv": 12.67, "total": 23.64}),
    "V0 0.8": (V0_8, {"weights": 0.47, "kv": 13.40, "total": 16.00, "load": 114.953146, "read": 0.56, "blocks": 12200}),
    "V0 0.6.3": (V0_6_3, {"weights": 14.9888, "blocks": 26907, "graphs": 0.26, "capture": 15, "length": 32768, "tensor": 1}),
    "V0 0.6.4": (V0_6_4, {"weights": 67.6979, "kv": 95.28, "blocks": 19513, "total": 191.98}),
    "V0 0.7": (V0_7, {"weights": 2.88, "kv": 15.52, "blocks": 36332, "total": 22.06}),
    "V1 0.7": (V1_0_7, {"compile": 30.03, "blocks": 33660, "graphs": 0.62, "capture": 18}),
    "V1 0.8": (V1_0_8, {"weights": 14.9889, "load": 27.316012, "compile": 34.61, "tokens": 28704, "graphs": 1.58,
                        "capture": 25}),
    "V1 0.12, two workers": (V1_0_12, {"weights": 16.12, "load": 21.7, "compile": 25.11, "kv": 52.3, "tokens": 686320,
                                       "graphs": 0.84, "capture": 12, "length": 100000, "tensor": 2}),
    "V1 0.20": (V1_0_20, {"weights": 14.99, "load": 7.42, "read": 6.71, "compile": 25.93, "kv": 48.93, "tokens": 400800,
                          "graphs": 0.79, "capture": 13}),
}  # fmt: skip


def read(text: str) -> StartLog:
    return read_log(text.splitlines()).start


@pytest.mark.parametrize("name", LOGS)
def test_the_wording_of_each_release_is_read(name: str) -> None:
    text, figures = LOGS[name]
    start = read(text)
    assert start.figures == figures
    assert start.serves
    assert not start.failed


def test_model_and_version_are_those_of_the_log() -> None:
    assert (read(V0_6_3).version, read(V0_6_3).model) == ("0.6.3.post1", "meta-llama/Llama-3.1-8B-Instruct")
    assert (read(V1_0_12).version, read(V1_0_12).model) == ("0.12.0", "org/big")


WRAPPERS = {
    "kubectl --timestamps": lambda line: f"2026-11-21T10:12:33.123456789Z {line}",
    "kubectl --prefix": lambda line: f"[pod/llmstack-llama-deployment-vllm-0/vllm] {line}",
    "CRI": lambda line: f"2026-11-21T10:12:33.123456789+01:00 stdout F {line}",
    "docker": lambda line: json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-11-21T10:12:33.1Z"}),
    "a collector": lambda line: json.dumps({"@timestamp": "2026-11-21 10:12:33", "message": f"\x1b[32m{line}\x1b[0m"}),
    "colour": lambda line: f"\x1b[1;36m(EngineCore_DP0 pid=1)\x1b[0;0m {line}".replace(" took ", " took \x1b[1m"),
    "Ray": lambda line: f"(RayWorkerWrapper pid=206994, ip=10.0.0.25) {line} [repeated 3x across cluster]",
    "carriage return": lambda line: f"{line}\r",
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", LOGS)
def test_what_stands_around_a_line_does_not_matter(name: str, wrapper: str) -> None:
    text, figures = LOGS[name]
    assert read("\n".join(map(WRAPPERS[wrapper], text.strip().splitlines()))).figures == figures


def test_the_day_is_that_of_the_newest_timestamp_with_a_year_in_utc() -> None:
    def day(*lines: str) -> date | None:
        return read_log(lines).day

    assert day(*V1_0_20.splitlines()) is None
    assert day(*V1_0_12.splitlines()) == date(2025, 12, 11)
    for wrapper in ("kubectl --timestamps", "CRI", "docker", "a collector"):
        assert day(WRAPPERS[wrapper]("INFO 06-07 08:56:05 [x.py:1] y"), "2024-01-01T00:00:00Z z") == date(2026, 11, 21)
    assert day("2026-11-21T23:30:00-05:00 late") == date(2026, 11, 22)
    assert day("2026-11-21T00:30:00+05:30 early") == date(2026, 11, 20)
    assert day("2026-13-41T99:99:99Z no day", "2026-02-30T10:00:00Z no day either") is None
    assert day("INFO 06-07 08:56:05 model='x-2030-01-01T10:00' expires 2031-01-01T10:00:00Z") is None


def test_the_last_start_counts_and_a_failed_one_is_known() -> None:
    failed = V1_0_12.replace("GPU KV cache size: 686,320 tokens", "ERROR EngineCore failed to start.")
    failed = failed.replace("init engine (profile", "engine (profile")
    assert read(failed).failed
    assert read(failed + V1_0_12).figures == LOGS["V1 0.12, two workers"][1]
    assert not read(failed + V1_0_12).failed
    assert read(V1_0_12 + failed).failed
    assert not read(V1_0_12 + "torch.OutOfMemoryError: CUDA out of memory, of a later request").failed


def test_metrics_say_blocks_and_where_there_are_tokens_those() -> None:
    labels = 'block_size="16",cache_dtype="auto",gpu_memory_utilization="0.9",num_gpu_blocks="26328",engine="0"'
    start = read(f"# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{{{labels}}} 1.0\n")
    assert (start.figures, start.block_size, start.serves) == ({"blocks": 26328}, 16, True)
    start = read(f'vllm:cache_config_info{{kv_cache_size_tokens="421248",{labels}}} 1.0')
    assert start.figures == {"tokens": 421248, "blocks": 26328}
    two = [f'vllm:cache_config_info{{block_size="16",num_gpu_blocks="{number}"}} 1.0' for number in (10, 9)]
    assert read("\n".join(two)).figures == {"blocks": 9}
    assert read('vllm:cache_config_info{block_size="None",num_gpu_blocks="None"} 1.0').figures == {}


@pytest.mark.parametrize("row", [row for row in rows() if row.number("kv_gib")], ids=lambda row: row.id)
def test_the_figures_of_published_starts_survive_each_wording(row: object) -> None:
    from tests.engine.starts import Row

    assert isinstance(row, Row)
    kv, tokens, weights = row.number("kv_gib"), row.count("kv_tokens"), row.number("weights_gib")
    lines = [f"INFO 01-01 00:00:00 [gpu_worker.py:1] Available KV cache memory: {kv} GiB"]
    lines += [f"INFO 01-01 00:00:00 [kv_cache_utils.py:1] GPU KV cache size: {tokens:,} tokens"] if tokens else []
    lines += (
        [f"INFO 01-01 00:00:00 [m.py:1] Model loading took {weights} GiB memory and 3.5 seconds"] if weights else []
    )
    figures = read("\n".join(lines)).figures
    assert figures["kv"] == kv
    assert figures.get("tokens") == tokens
    assert figures.get("weights") == weights


def test_the_order_of_workers_changes_nothing() -> None:
    lines = [line for line in V1_0_12.splitlines() if "Model loading" in line or "Available KV" in line]
    assert len({tuple(sorted(read("\n".join(order)).figures.items())) for order in permutations(lines)}) == 1


@given(st.lists(st.text(max_size=200) | st.sampled_from([*V1_0_12.splitlines(), *V0_7.splitlines()])))
def test_any_text_is_read(lines: list[str]) -> None:
    start = read_log(lines).start
    assert all(abs(value) <= 1e10 for value in start.figures.values())


@pytest.mark.parametrize(
    "line",
    [
        "Model loading took 1.2.3 GiB and 1.2.3 seconds",
        "Available KV cache memory: 99999999999999999999999999 GiB",
        "GPU KV cache size: ,,, tokens",
        "LLM engine (v" + "a" * LINE,
        "total_gpu_memory" + "(" * LINE,
        "Free memory on device" + " " * LINE,
        "vllm:cache_config_info{" + 'a="' * 20_000,
        "[" * LINE,
        "(" * LINE,
    ],
    ids=lambda line: line[:30],
)
def test_hostile_lines_say_nothing_and_cost_little(line: str) -> None:
    assert read_log([line] * 20).start.figures == {}


@pytest.mark.parametrize(
    "unit",
    ["LLM engine (v0.10.10.1 ", "LLM engine (v0.1 model='", "\x1b[1;", "took 1.1 GiB ", "[2026-11-21T10:12 took \n", 'cache_config_info{a="'],
)  # fmt: skip
def test_the_time_that_a_log_takes_grows_with_it(unit: str) -> None:
    text = unit * ((1 << 20) // len(unit))
    started = time.process_time()
    read_log(text[at : at + LINE] for at in range(0, len(text), LINE))
    assert time.process_time() - started < 5, "it was minutes for the first"


def test_what_the_engine_says_stands_behind_its_name() -> None:
    start = read_log(["max_seq_len=1 LLM engine (v0.11.0) max_seq_len=4096, tensor_parallel_size=2, model='a/b'"]).start
    assert (start.version, start.model) == ("0.11.0", "a/b")
    assert start.figures == {"length": 4096, "tensor": 2}
