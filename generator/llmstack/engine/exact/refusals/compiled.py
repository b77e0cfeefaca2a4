"""Batches, compilation, CUDA graphs and kernels (vllm/config/compilation.py, scheduler.py, vllm.py)."""

from __future__ import annotations

from collections.abc import Callable

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal, both

COMPILATION = "--compilation-config"
SIZES, LARGEST = "--cudagraph-capture-sizes", "--max-cudagraph-capture-size"
GRAPHS, PIECES_UNTIL = "cudagraph_mode", (0, 11)
"""The key that says how CUDA graphs are made; later releases make none where pieces are wanted and not compiled."""
IN_PIECES, UNCOMPILED = ("PIECEWISE", "FULL_AND_PIECEWISE"), ("NONE", "STOCK_TORCH_COMPILE", "DYNAMO_TRACE_ONCE")
PIECEWISE_BACKENDS = frozenset(("", "eager", "inductor"))


def _partial(flag: str) -> Callable[[Line], bool]:
    return lambda line: line.number(flag) not in (None, 1)


def _captures(line: Line) -> bool:
    """Whether sizes of graphs and the largest are both given, and are not of each other."""
    config = line.object(COMPILATION)
    words = line.text(SIZES).split()
    sizes: object = [int(word) for word in words] if words and all(map(str.isdecimal, words)) else None
    sizes, most = sizes or config.get("cudagraph_capture_sizes"), config.get("max_cudagraph_capture_size")
    most = most if most is not None else line.number(LARGEST)
    known = isinstance(sizes, list) and sizes and all(type(size) is int for size in sizes) and type(most) is int
    plain = "--speculative-config" not in line.given and not config.get("pass_config")
    return bool(known) and plain and isinstance(sizes, list) and max(sizes) <= 256 and max(sizes) != most


def _operations(line: Line) -> list[str]:
    given = line.object(COMPILATION).get("custom_ops")
    return [str(each) for each in given] if isinstance(given, list) else []


def _has_both_modes(line: Line) -> bool:
    return sum(each in ("none", "all") for each in _operations(line)) > 1


def _has_plain_operation(line: Line) -> bool:
    return any(each not in ("none", "all") and not each.startswith(("+", "-")) for each in _operations(line))


def _cannot_compile(line: Line) -> bool:
    config = line.object(COMPILATION)
    compiles = str(config.get("mode")).upper() in ("3", "VLLM_COMPILE")
    return compiles and isinstance(config.get("backend"), str) and config["backend"] not in PIECEWISE_BACKENDS


def _switches_both_ways(line: Line) -> bool:
    on, off = ({each[1:] for each in _operations(line) if each.startswith(sign)} for sign in "+-")
    return bool(on & off)


def _says_graphs_twice(key: str, value: bool) -> Callable[[Line], bool]:
    """Whether a former key has a value that stands for a mode of graphs, and the mode is given too."""
    return lambda line: line.object(COMPILATION).get(key) is value and bool(line.object(COMPILATION).get(GRAPHS))


def _cuts_uncompiled(line: Line) -> bool:
    config = line.object(COMPILATION)
    compiled = config.get("level", config.get("mode"))
    level = compiled in (0, 1, 2) if type(compiled) is int else str(compiled or "").upper() in UNCOMPILED
    pieces = str(config.get(GRAPHS)).upper() in IN_PIECES
    return level and pieces and not line.is_on("--enforce-eager") and (line.variables.get("VLLM_USE_V1") or "1") == "1"


def _makes_graphs(line: Line) -> bool:
    """Whether CUDA graphs are made, as far as nobody says otherwise."""
    config = line.object(COMPILATION)
    return not line.is_on("--enforce-eager") and not {"cudagraph_mode", "mode", "level"} & set(config)


_LARGEST = ("a largest size of CUDA graphs that is not the largest of the sizes", "leave the largest out")
_MODES = (COMPILATION, _has_both_modes, "`none` beside `all` in custom_ops", "one of both")

REFUSALS: tuple[Refusal, ...] = (
    Refusal("Concurrent Partial Prefill", "--max-num-partial-prefills", _partial("--max-num-partial-prefills"),
            "--max-num-partial-prefills other than 1", "leave it out", since=(0, 11)),
    Refusal("Concurrent Partial Prefill", "--max-long-partial-prefills", _partial("--max-long-partial-prefills"),
            "--max-long-partial-prefills other than 1", "leave it out", since=(0, 11)),
    Refusal("attention_backend and attention_config.backend", "--attention-backend",
            both("--attention-backend", "backend", "--attention-config"),
            "--attention-backend beside a backend in --attention-config", "one of both"),
    Refusal("enable_flashinfer_autotune and", "--enable-flashinfer-autotune",
            both("--enable-flashinfer-autotune", "enable_flashinfer_autotune", "--kernel-config"),
            "--enable-flashinfer-autotune beside that in --kernel-config", "one of both"),
    Refusal("cudagraph_capture_sizes and compilation_config", SIZES,
            both(SIZES, "cudagraph_capture_sizes", COMPILATION),
            f"{SIZES} beside those in {COMPILATION}", "one of both"),
    Refusal("max_cudagraph_capture_size and compilation_config", LARGEST,
            both(LARGEST, "max_cudagraph_capture_size", COMPILATION),
            f"{LARGEST} beside that in {COMPILATION}", "one of both"),
    Refusal("should be consistent with the max value of", COMPILATION, _captures, *_LARGEST),
    Refusal("should be consistent with the max value of", SIZES, _captures, *_LARGEST),
    Refusal("cudagraph_capture_sizes should contain at least one", COMPILATION,
            lambda line: line.object(COMPILATION).get("cudagraph_capture_sizes") == [] and _makes_graphs(line),
            "no size of CUDA graphs", "leave the sizes out, or --enforce-eager"),
    *(Refusal(f"{key} and cudagraph_mode are ", COMPILATION, _says_graphs_twice(key, value),
              f"{key} beside cudagraph_mode", "cudagraph_mode alone")
      for key, value in (("use_cudagraph", False), ("full_cuda_graph", True))),
    Refusal("when cudagraph_mode piecewise cudagraphs is used, ", COMPILATION, _cuts_uncompiled,
            "a cudagraph_mode of pieces where nothing is compiled into pieces", "FULL or NONE, or level 3",
            until=PIECES_UNTIL),
    Refusal("Can only specify 'none' or 'all'", *_MODES),
    Refusal("custom_ops can contain only one base mode", *_MODES),
    Refusal("must be 'all', 'none', '+op' or '-op'", COMPILATION, _has_plain_operation,
            "an operation in custom_ops without a sign", "+name, -name, all or none"),
    Refusal("Invalid backend for piecewise compilation", COMPILATION, _cannot_compile,
            "this backend for mode VLLM_COMPILE", "inductor or eager"),
    Refusal("custom_ops cannot both enable and disable", COMPILATION, _switches_both_ways,
            "an operation with + and with - in custom_ops", "one of both"),
)  # fmt: skip
"""In the order in which they are said."""
