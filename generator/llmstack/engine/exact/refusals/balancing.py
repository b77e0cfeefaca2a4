"""How load is spread over engines and experts, by whom it is balanced, and by which kernels they talk
(entrypoints/cli/serve.py, launchers/dp_supervisor.py, vllm/config/parallel.py, kernel.py)."""

from __future__ import annotations

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal, says

SEVERAL, EXTERNAL, HYBRID = (
    "--data-parallel-multi-port-external-lb",
    "--data-parallel-external-lb",
    "--data-parallel-hybrid-lb",
)
RANK, START, LOCAL = "--data-parallel-rank", "--data-parallel-start-rank", "--data-parallel-size-local"
SERVERS, EPLB, SPARE = "--api-server-count", "--eplb-config", "--num-redundant-experts"
EXPERTS, ALL_TO_ALL = "--moe-backend", "--all2all-backend"
ASYNC_SINCE = (0, 23)
"""From here experts move while the engine serves, unless `use_async` says otherwise (`EPLBConfig`)."""
OWN_TRANSPORT = ("flashinfer_moe_ep_cutedsl", "flashinfer_moe_ep_mega_deep_gemm")
"""Kernels of experts that send and collect tokens themselves."""
PLAIN_TRANSPORT = "allgather_reducescatter"
"""What `--all2all-backend` is where nothing is said."""


def _balancers(line: Line) -> int:
    """How many ways of balancing load are asked for, as `serve` counts them."""
    several, hybrid = line.is_on(SEVERAL), line.is_on(HYBRID)
    started = START in line.given and not several and not hybrid
    return sum((several, line.is_on(EXTERNAL) or RANK in line.given, hybrid or started))


def _is_small(line: Line) -> bool:
    return line.is_on(SEVERAL) and (line.number(LOCAL) or 0) < 2 and "$" not in (line.given.get(LOCAL) or "")


def _is_uneven(line: Line) -> bool:
    local = line.number(LOCAL) or 0
    return line.is_on(SEVERAL) and 1 < local <= line.settings.data and line.settings.data % local != 0


def _moves_by_nccl(line: Line) -> bool:
    config = line.object(EPLB)
    ahead = config.get("use_async", line.catalogue.release.minor >= ASYNC_SINCE) is True
    return ahead and config.get("communicator") in ("torch_nccl", "pynccl")


def _tolerates_several_servers(line: Line) -> bool:
    return line.is_on("--enable-fault-tolerance") and (line.number(SERVERS) or 1) > 1


def _sends_twice(line: Line) -> bool:
    return says(EXPERTS, *OWN_TRANSPORT)(line) and line.text(ALL_TO_ALL).lower() not in ("", PLAIN_TRANSPORT)


def _is_not_deepseek(line: Line) -> bool:
    known = line.facts is not None and not line.facts.architecture.startswith("DeepseekV4")
    return known and says(EXPERTS, OWN_TRANSPORT[1])(line)


def _scatters_experts(line: Line) -> bool:
    placed = line.text("--expert-placement-strategy").lower()
    return says(ALL_TO_ALL, "moonep")(line) and placed not in ("", "linear")


def _moves_other_numbers(line: Line) -> bool:
    return says(ALL_TO_ALL, "moonep")(line) and line.text("--dtype").lower() in ("float16", "half", "float32", "float")


def _spares_without_balance(line: Line) -> bool:
    return (line.number(SPARE) or 0) != 0 and not line.is_on("--enable-eplb")


REFUSALS: tuple[Refusal, ...] = (
    *(Refusal("Cannot use more than one data parallel load", flag, lambda line: _balancers(line) > 1,
              "several ways to balance load", "one of them")
      for flag in (SEVERAL, HYBRID, START)),
    Refusal("multi-port-external-lb requires --data-parallel-size > 1", SEVERAL,
            lambda line: line.is_on(SEVERAL) and line.settings.data < 2,
            f"{SEVERAL} for one engine", "--data-parallel-size over 1"),
    Refusal("multi-port-external-lb requires --data-parallel-size-local >= 2", SEVERAL, _is_small,
            f"{SEVERAL} with fewer than two engines of this pod", f"{LOCAL} of at least 2"),
    Refusal("--data-parallel-size must be divisible by", SEVERAL, _is_uneven,
            f"{LOCAL} that does not divide --data-parallel-size", "as many engines on each node"),
    Refusal("multi-port-external-lb currently requires --api-server-count=1", SEVERAL,
            lambda line: line.is_on(SEVERAL) and line.number(SERVERS) not in (None, 1),
            f"{SEVERAL} with this {SERVERS}", "1, or leave it out"),
    Refusal("communicator is incompatible with async EPLB", EPLB, _moves_by_nccl,
            "this communicator while experts move as the engine serves", "torch_gloo, nixl or use_async false"),
    Refusal("Fault tolerance requires a single API server", "--enable-fault-tolerance", _tolerates_several_servers,
            f"--enable-fault-tolerance with {SERVERS} over 1", f"{SERVERS} 1"),
    Refusal("cannot be paired with all2all_backend=", EXPERTS, _sends_twice,
            f"this {EXPERTS} beside {ALL_TO_ALL}", f"leave {ALL_TO_ALL} out"),
    Refusal("is only supported for DeepSeek-V4 models", EXPERTS, _is_not_deepseek,
            f"this {EXPERTS} for another model than DeepSeek-V4", "leave it out"),
    Refusal("The moonep all2all backend requires linear expert", ALL_TO_ALL, _scatters_experts,
            f"{ALL_TO_ALL} moonep with this --expert-placement-strategy", "linear"),
    Refusal("The moonep all2all backend currently supports BF16", ALL_TO_ALL, _moves_other_numbers,
            f"{ALL_TO_ALL} moonep with this --dtype", "bfloat16"),
    Refusal("num_redundant_experts should be used with EPLB", SPARE, _spares_without_balance,
            f"{SPARE} without --enable-eplb", "--enable-eplb"),
    Refusal("num_redundant_experts must be non-negative", SPARE,
            lambda line: line.is_on("--enable-eplb") and (line.number(SPARE) or 0) < 0,
            f"{SPARE} under 0", "0, or more"),
)  # fmt: skip
"""In the order in which they are said."""
