"""Batches, compilation, CUDA graphs and kernels (vllm/config/compilation.py, scheduler.py, vllm.py)."""

from __future__ import annotations

from collections.abc import Callable

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal, both
from llmstack.engine.exact.refusals.speculation import SPECULATIVE
from llmstack.engine.support import ARCHITECTURES

COMPILATION = "--compilation-config"
SIZES, LARGEST = "--cudagraph-capture-sizes", "--max-cudagraph-capture-size"
GRAPHS, PIECES_UNTIL = "cudagraph_mode", (0, 11)
"""The key that says how CUDA graphs are made; later releases make none where pieces are wanted and not compiled."""
IN_PIECES, UNCOMPILED = ("PIECEWISE", "FULL_AND_PIECEWISE"), ("NONE", "STOCK_TORCH_COMPILE", "DYNAMO_TRACE_ONCE")
FORMER_RUNNER_UNTIL = (0, 21)
"""The last release in which every model runs on the runner that cuts its graphs to drafts."""
OTHER_BACKENDS = frozenset(("--attention-backend", "--attention-config"))
"""Flags that choose how a model attends."""
PIECEWISE_BACKENDS = frozenset(("", "eager", "inductor"))


def _partial(flag: str) -> Callable[[Line], bool]:
    return lambda line: line.number(flag) not in (None, 1)


def _captures(line: Line) -> bool:
    """Whether sizes of graphs and the largest are both given, and are not of each other."""
    config, sizes = line.object(COMPILATION), _sizes(line)
    most = config.get("max_cudagraph_capture_size")
    most = most if most is not None else line.number(LARGEST)
    plain = SPECULATIVE not in line.given and not config.get("pass_config")
    return sizes is not None and type(most) is int and plain and max(sizes) <= 256 and max(sizes) != most


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


def makes_graphs(line: Line) -> bool:
    """Whether CUDA graphs are made, as far as nobody says otherwise."""
    config, level = line.object(COMPILATION), line.given.get("--optimization-level") or "1"
    said = line.is_on("--enforce-eager") or {"cudagraph_mode", "mode", "level"} & set(config)
    return not said and level in ("1", "2", "3")


def _compiles_other_sizes(line: Line) -> bool:
    sizes = line.object(COMPILATION).get("compile_sizes")
    words = {each for each in sizes if isinstance(each, str)} if isinstance(sizes, list) else set()
    return bool(words - {"cudagraph_capture_sizes"})


def _captures_up_to_nothing(line: Line) -> bool:
    given = line.object(COMPILATION).get("max_cudagraph_capture_size")
    return makes_graphs(line) and (given == 0 or line.number(LARGEST) == 0)


def _sizes(line: Line) -> list[int] | None:
    """The sizes of graphs that are given; None where none are, or they are no numbers."""
    words = line.text(SIZES).split()
    given = line.object(COMPILATION).get("cudagraph_capture_sizes")
    plain = isinstance(given, list) and given and all(type(size) is int for size in given)
    sizes = given if plain else None
    return [int(word) for word in words] if words and all(map(str.isdecimal, words)) else sizes


def _drafts_more_than_it_captures(line: Line) -> bool:
    """Whether one request with its drafts is more than the largest graph holds; with FlashAttention, the backend of
    these cards, graphs of drafts are whole."""
    drafts, sizes = line.object(SPECULATIVE).get("num_speculative_tokens"), _sizes(line)
    most = max(sizes) if sizes else line.number(LARGEST)
    card = line.card.capability if line.card is not None and line.card.maker == "nvidia" else None
    flash = card is not None and (8, 0) <= card < (10, 0) and not line.given.keys() & OTHER_BACKENDS
    plain = flash and line.facts is not None and line.facts.architecture in ARCHITECTURES and not line.facts.is_latent
    return plain and makes_graphs(line) and isinstance(drafts, int) and most is not None and 0 < most < drafts + 1


def _holds_numbers_under(key: str, least: int) -> Callable[[Line], bool]:
    """Whether a key of the JSON has a number, or a list with one, that is too small."""

    def found(line: Line) -> bool:
        value = line.object(COMPILATION).get(key)
        return any(type(each) is int and each < least for each in (value if isinstance(value, list) else [value]))

    return found


def _sees_by_graphs(key: str) -> Callable[[Line], bool]:
    small = _holds_numbers_under(key, 0)
    return lambda line: line.object(COMPILATION).get("cudagraph_mm_encoder") is True and small(line)


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
            lambda line: line.object(COMPILATION).get("cudagraph_capture_sizes") == [] and makes_graphs(line),
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
    Refusal("Unrecognized size type in compile_sizes", COMPILATION, _compiles_other_sizes,
            "a word in compile_sizes", "numbers, or cudagraph_capture_sizes"),
    *(Refusal("Maximum cudagraph size should be greater than or equal", flag, _captures_up_to_nothing,
              "CUDA graphs of no size", "--enforce-eager")
      for flag in (COMPILATION, LARGEST)),
    *(Refusal("No valid cudagraph sizes after rounding", flag, _drafts_more_than_it_captures,
              "CUDA graphs that do not hold one request with its drafts", "num_speculative_tokens + 1, or more",
              until=FORMER_RUNNER_UNTIL)
      for flag in (SIZES, LARGEST, COMPILATION)),
    Refusal("All decoder_replay_cudagraph_capture_sizes must be", COMPILATION,
            _holds_numbers_under("decoder_replay_cudagraph_capture_sizes", 1),
            "a decoder_replay_cudagraph_capture_sizes under 1", "at least 1"),
    Refusal("All encoder_cudagraph_token_budgets must be", COMPILATION,
            _holds_numbers_under("encoder_cudagraph_token_budgets", 1),
            "an encoder_cudagraph_token_budgets under 1", "at least 1"),
    *(Refusal(f"{key} must be ", COMPILATION, _sees_by_graphs(key), f"{key} under 0", "0, or more")
      for key in ("encoder_cudagraph_max_vision_items_per_batch", "encoder_cudagraph_max_images_per_batch",
                  "encoder_cudagraph_max_frames_per_batch")),
    Refusal("custom_ops cannot both enable and disable", COMPILATION, _switches_both_ways,
            "an operation with + and with - in custom_ops", "one of both"),
)  # fmt: skip
"""In the order in which they are said."""
