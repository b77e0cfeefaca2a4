"""Parallel sizes, nodes, ranks and the balance of load that do not go together (vllm/config/parallel.py,
engine/arg_utils.py, entrypoints/cli/serve.py)."""

from __future__ import annotations

from llmstack.engine.defaults import Minor
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal, lacks, says
from llmstack.engine.exact.refusals.speculation import ASYNC
from llmstack.engine.support import ARCHITECTURES

NODES, NODE_RANK, EXECUTOR = "--nnodes", "--node-rank", "--distributed-executor-backend"
RANK, LOCAL, BACKEND = "--data-parallel-rank", "--data-parallel-size-local", "--data-parallel-backend"
HYBRID, EXTERNAL, ELASTIC = "--data-parallel-hybrid-lb", "--data-parallel-external-lb", "--enable-elastic-ep"
EPLB, OVERLAP = "--eplb-config", "--enable-dbo"
PREFILL, DECODE = "--prefill-context-parallel-size", "--decode-context-parallel-size"
RETURNED = "--enable-return-routed-experts"
TOLERANT, MOST, ALL_TO_ALL = "--enable-fault-tolerance", "--elastic-ep-max-dp-size", "--all2all-backend"
THRESHOLDS = ("--dbo-decode-token-threshold", "--dbo-prefill-token-threshold")
PLAIN_RAY_UNTIL: Minor = (0, 20)
"""Up to here Ray runs `RayDistributedExecutor`, later one that schedules ahead (`Executor.get_class`)."""
NOT_OVERLAPPED = frozenset(("", "allgather_reducescatter", "naive", "pplx"))
"""What `--all2all-backend` may be where batches are not overlapped; unsaid it is the first of the names."""


def _outside_ranks(line: Line) -> bool:
    rank, size = line.number(RANK), line.settings.data
    return rank is not None and size > 1 and not 0 <= rank < size


def _nodes(line: Line) -> int:
    return line.number(NODES) or 1


def _outside_nodes(line: Line) -> bool:
    rank = line.number(NODE_RANK)
    return rank is not None and _nodes(line) > 1 and not 0 <= rank < _nodes(line)


def _is_uneven(line: Line) -> bool:
    return _nodes(line) > 1 and line.settings.gpus % _nodes(line) != 0


def _is_balanced_outside(line: Line) -> bool:
    return line.is_on(EXTERNAL) or RANK in line.given


def _balances_twice(line: Line) -> bool:
    return _is_balanced_outside(line) and line.is_on(HYBRID)


def _starts_ranks_twice(line: Line) -> bool:
    return _is_balanced_outside(line) and not line.is_on(HYBRID)


def _starts_more_than_its_rank(line: Line) -> bool:
    return line.number(RANK) is not None and line.number(LOCAL) not in (None, 1)


def _lacks_local_size(line: Line) -> bool:
    """Whether load is balanced among the ranks of this pod, and nothing says how many they are."""
    return line.is_on(HYBRID) and not _is_balanced_outside(line) and LOCAL not in line.given and _nodes(line) == 1


def _lacks_rank(line: Line) -> bool:
    """Whether load is balanced outside, and nothing says which rank this engine is."""
    return line.is_on(EXTERNAL) and line.settings.data > 1 and RANK not in line.given and _nodes(line) == 1


def _spare_experts(line: Line) -> bool:
    more = line.object(EPLB).get("num_redundant_experts")
    return type(more) is int and more != 0 and not line.is_on("--enable-eplb")


def _is_off_both_axes(line: Line) -> bool:
    """Whether decode context parallelism spans neither that of prefill nor all GPUs of a stage."""
    prefill, decode = line.number(PREFILL) or 1, line.number(DECODE) or 1
    return prefill > 1 and decode not in (1, prefill, line.settings.tensor * prefill)


def _is_over_contexts(line: Line) -> bool:
    return any((line.number(flag) or 1) > 1 for flag in (PREFILL, DECODE))


def _balances_apart(line: Line) -> bool:
    config = line.object(EPLB)
    return config.get("use_async") is True and config.get("policy", "default") != "default"


def _logs_without_interval(line: Line) -> bool:
    config = line.object(EPLB)
    every = config.get("log_balancedness_interval")
    return config.get("log_balancedness") is True and type(every) is int and every <= 0


def _overlaps_without_kernels(line: Line) -> bool:
    chosen = line.text(ALL_TO_ALL).lower() in NOT_OVERLAPPED
    return line.is_on(OVERLAP) and chosen and "VLLM_ALL2ALL_BACKEND" not in line.variables


def _profiles_without_ray(line: Line) -> bool:
    return line.is_on("--ray-workers-use-nsight") and lacks(EXECUTOR, "ray")(line)


def _schedules_ahead_in_ray(line: Line) -> bool:
    return line.is_on(ASYNC) and says(EXECUTOR, "ray")(line)


def _schedules_ahead_in_plain_ray(line: Line) -> bool:
    plain = line.catalogue.release.minor <= PLAIN_RAY_UNTIL and "VLLM_USE_RAY_V2_EXECUTOR_BACKEND" not in line.variables
    return plain and _schedules_ahead_in_ray(line)


def _tolerates_inside(line: Line) -> bool:
    return line.is_on(TOLERANT) and not _is_balanced_outside(line)


def _is_dense_outside(line: Line) -> bool:
    """Whether a model without experts is one of several ranks that are balanced outside."""
    dense = line.facts is not None and line.facts.architecture in ARCHITECTURES and not line.facts.is_moe
    return dense and line.settings.data > 1 and _is_balanced_outside(line)


def _cannot_shrink(line: Line) -> bool:
    return line.is_on(ELASTIC) and (line.number(MOST) or line.settings.data) < line.settings.data


def _splits_one_token(line: Line) -> bool:
    least = (line.number(each) for each in THRESHOLDS)
    return line.is_on(OVERLAP) and any(number is not None and number < 2 for number in least)


def _moves_quantized(line: Line) -> bool:
    quantized = line.facts is not None and line.facts.quantization is not None
    return says(ALL_TO_ALL, "moonep")(line) and quantized


_LOCAL = (LOCAL, _starts_more_than_its_rank, f"{LOCAL} beside {RANK}", "leave it out: a rank is one engine")
_HYBRID = (HYBRID, _lacks_local_size, f"{HYBRID} without {LOCAL}", f"{LOCAL}, how many ranks this pod starts")
_RANK = (EXTERNAL, _lacks_rank, f"{EXTERNAL} without {RANK}", RANK)
_NODE = (NODE_RANK, _outside_nodes, f"{NODE_RANK} outside {NODES}", "ranks begin at 0")
_EVEN = (NODES, _is_uneven, f"{NODES} that do not divide the GPUs", "data x pipeline x tensor parallel, evenly spread")
_RAY = (NODES, lambda line: _nodes(line) > 1 and says(BACKEND, "ray")(line), f"{NODES} with {BACKEND} ray", "mp")

REFUSALS: tuple[Refusal, ...] = (
    Refusal("Async scheduling is not yet compatible with", ASYNC,
            lambda line: line.is_on(ASYNC) and line.settings.pipeline > 1,
            "asynchronous scheduling in a pipeline", "leave it out"),
    Refusal("async scheduling only supports", ASYNC, _schedules_ahead_in_ray,
            "asynchronous scheduling with Ray", "leave it out: vLLM chooses"),
    Refusal("` does not support async scheduling yet", ASYNC, _schedules_ahead_in_plain_ray,
            f"asynchronous scheduling with {EXECUTOR} ray", "leave it out"),
    Refusal("uni-process backend.", ASYNC,
            lambda line: line.is_on(ASYNC) and says(EXECUTOR, "uni")(line),
            f"asynchronous scheduling with {EXECUTOR} uni", "mp, or leave it out"),
    Refusal("pipeline-parallel-size > 1.", ASYNC,
            lambda line: line.is_on(ASYNC) and line.settings.pipeline > 1,
            "asynchronous scheduling in a pipeline", "leave it out"),
    Refusal("must be <= data_parallel_size", LOCAL,
            lambda line: (line.number(LOCAL) or 0) > line.settings.data,
            f"{LOCAL} over --data-parallel-size", "--data-parallel-size is that of all nodes"),
    Refusal("data_parallel_external_lb can only be set when data_parallel_size > 1", EXTERNAL,
            lambda line: line.is_on(EXTERNAL) and line.settings.data <= 1,
            f"{EXTERNAL} for one engine", "--data-parallel-size over 1"),
    Refusal("data_parallel_rank or node_rank must be specified", *_RANK),
    Refusal("`--data-parallel-external-lb` requires a data-parallel rank", *_RANK),
    Refusal(" must be in the range [0, ", RANK, _outside_ranks, f"{RANK} outside --data-parallel-size",
            "ranks begin at 0"),
    Refusal("Cannot use both external and hybrid data parallel load", HYBRID, _balances_twice,
            "external and hybrid load balancing together", "one of both"),
    Refusal("Cannot use both external and hybrid data parallel load", "--data-parallel-start-rank",
            _starts_ranks_twice, "external and hybrid load balancing together", "one of both"),
    Refusal("must be 1 or None when data_parallel_rank", *_LOCAL),
    Refusal("requires `--data-parallel-size-local 1`", *_LOCAL),
    Refusal("must be set to use data_parallel_hybrid_lb", *_HYBRID),
    Refusal("requires `--data-parallel-size-local`. ", *_HYBRID),
    Refusal("data_parallel_hybrid_lb is not applicable in headless mode", HYBRID,
            lambda line: line.is_on(HYBRID) and line.is_on("--headless"),
            f"{HYBRID} beside --headless", "leave one of both out"),
    Refusal(" must be less than nnodes=", *_NODE),
    Refusal("`--node-rank` must be between 0 and", *_NODE),
    Refusal(" must be divisible by nnodes=", *_EVEN),
    Refusal("must evenly divide the total world size", *_EVEN),
    Refusal("nnodes > 1 is only supported with data_parallel_backend", *_RAY),
    Refusal("requires `--data-parallel-backend mp`", *_RAY),
    Refusal("nnodes > 1 can only be set when distributed", NODES,
            lambda line: _nodes(line) > 1 and says(EXECUTOR, "ray")(line), f"{NODES} with {EXECUTOR} ray",
            f"leave {NODES} out, or {EXECUTOR} mp"),
    Refusal("Unable to use nsight profiling unless workers", "--ray-workers-use-nsight", _profiles_without_ray,
            "--ray-workers-use-nsight without Ray", f"{EXECUTOR} ray"),
    Refusal("dcp_comm_backend='a2a' requires", "--dcp-comm-backend",
            lambda line: says("--dcp-comm-backend", "a2a")(line)
            and (line.number("--decode-context-parallel-size") or 1) <= 1,
            "--dcp-comm-backend a2a without decode context parallelism", "--decode-context-parallel-size over 1"),
    Refusal("but EPLB is not enabled", EPLB, _spare_experts, "num_redundant_experts without --enable-eplb",
            "--enable-eplb"),
    Refusal("Async EPLB is only supported with the default", EPLB, _balances_apart,
            "use_async with this policy", "the policy default"),
    Refusal("When PCP is enabled, DCP must be disabled", DECODE, _is_off_both_axes,
            f"this {DECODE} beside {PREFILL}", f"1, {PREFILL}, or that times --tensor-parallel-size"),
    Refusal("PCP does not support data parallelism yet", PREFILL,
            lambda line: (line.number(PREFILL) or 1) > 1 and line.settings.data > 1,
            f"{PREFILL} with data parallel engines", "leave one of both out"),
    Refusal("is incompatible with pipeline parallelism (PP > 1)", RETURNED,
            lambda line: line.is_on(RETURNED) and line.settings.pipeline > 1,
            f"{RETURNED} in a pipeline", "leave one of both out"),
    Refusal("is incompatible with context parallelism (DCP/PCP", RETURNED,
            lambda line: line.is_on(RETURNED) and _is_over_contexts(line),
            f"{RETURNED} with context parallelism", "leave one of both out"),
    Refusal("log_balancedness_interval must be greater than 0", EPLB, _logs_without_interval,
            "a log_balancedness_interval of 0", "at least 1"),
    Refusal("Elastic EP is only supported", ELASTIC,
            lambda line: line.is_on(ELASTIC) and not line.is_on("--enable-eplb"),
            f"{ELASTIC} without --enable-eplb", "--enable-eplb"),
    Refusal("Elastic EP is not supported with pipeline parallelism", ELASTIC,
            lambda line: line.is_on(ELASTIC) and line.settings.pipeline > 1,
            f"{ELASTIC} in a pipeline", "leave one of both out"),
    Refusal("Elastic EP is not compatible with data_parallel_external_lb", ELASTIC,
            lambda line: line.is_on(ELASTIC) and (line.is_on(EXTERNAL) or line.is_on(HYBRID)),
            f"{ELASTIC} with load balanced outside", f"leave {EXTERNAL} and {HYBRID} out"),
    Refusal("Elastic EP is not compatible with data_parallel_hybrid_lb", ELASTIC,
            lambda line: line.is_on(ELASTIC) and line.is_on(HYBRID), f"{ELASTIC} with {HYBRID}",
            "leave one of both out"),
    Refusal("Microbatching currently only supports the", OVERLAP, _overlaps_without_kernels,
            f"{OVERLAP} with this {ALL_TO_ALL}", f"{ALL_TO_ALL} deepep_low_latency or deepep_high_throughput"),
    Refusal("dbo_decode_token_threshold and dbo_prefill_token", OVERLAP, _splits_one_token,
            "a threshold of tokens under 2", "at least 2: one for each half"),
    Refusal("The moonep all2all backend currently supports unquan", ALL_TO_ALL, _moves_quantized,
            f"{ALL_TO_ALL} moonep for a quantized model", "leave it out"),
    Refusal("The moonep all2all backend does not support EPLB", ALL_TO_ALL,
            lambda line: says(ALL_TO_ALL, "moonep")(line) and line.is_on("--enable-eplb"),
            f"{ALL_TO_ALL} moonep with --enable-eplb", "leave one of both out"),
    Refusal("--elastic-ep-max-dp-size must be greater than", MOST, _cannot_shrink,
            f"{MOST} under --data-parallel-size", "at least --data-parallel-size"),
    Refusal("Fault tolerance requires external load balancer mode", TOLERANT, _tolerates_inside,
            f"{TOLERANT} with load balanced inside", f"{RANK} or {EXTERNAL}"),
    Refusal("Non-MoE models do not support external data parallel", "--data-parallel-size", _is_dense_outside,
            "ranks that are balanced outside, for a model without experts", "start engines of their own"),
    Refusal("used with --headless", "--headless",
            lambda line: line.is_on("--headless") and (line.number("--api-server-count") or 0) > 0,
            "--api-server-count beside --headless", "leave one of both out"),
)  # fmt: skip
"""In the order in which they are said."""
