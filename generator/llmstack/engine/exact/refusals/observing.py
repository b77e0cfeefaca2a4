"""What is observed of an engine: histograms, traces and profilers (vllm/config/observability.py, profiler.py,
vllm.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.compiled import makes_graphs
from llmstack.engine.exact.refusals.refusal import Refusal

PROFILER, HISTOGRAMS = "--profiler-config", "--custom-histogram-buckets"
FAMILIES = frozenset(
    (
        *("request_latency", "time_to_first_token", "inter_token_latency", "iteration_tokens", "request_params_n"),
        *("request_num_preemptions", "request_tokens", "kv_cache_residency"),
    )
)
"""Families of histograms (`BucketFamilyKey`, vllm/v1/metrics/buckets.py)."""
PROTON: Mapping[str, Any] = {
    "proton_profiler_dir": "",
    "proton_context": "shadow",
    "proton_data": "tree",
    "proton_backend": None,
    "proton_mode": None,
    "proton_hook": None,
    "proton_output_format": None,
    "proton_graph_attribution": False,
}
"""What proton alone takes, and what each is where nothing is said (`ProfilerConfig`, vllm/config/profiler.py)."""
WRITTEN_FROM = {"chrome_trace": "trace", "hatchet": "tree", "hatchet_msgpack": "tree"}
"""What proton has to record for what it is to write."""


def _profiles_nowhere(line: Line) -> bool:
    config = line.object(PROFILER)
    nowhere = not config.get("torch_profiler_dir") and "VLLM_TORCH_PROFILER_DIR" not in line.variables
    return config.get("profiler") == "torch" and nowhere


def _profiles_otherwise(line: Line) -> bool:
    config = line.object(PROFILER)
    return bool(config.get("torch_profiler_dir")) and config.get("profiler") in (None, "cuda")


def _profiles_kernels_otherwise(line: Line) -> bool:
    config = line.object(PROFILER)
    own = any(config.get(key, default) != default for key, default in PROTON.items())
    return own and config.get("profiler") != "proton"


def _of_proton(holds: Callable[[Mapping[str, Any]], object]) -> Callable[[Line], bool]:
    """Whether proton profiles, and something holds of what it is told."""

    def found(line: Line) -> bool:
        config = line.object(PROFILER)
        return config.get("profiler") == "proton" and bool(holds(config))

    return found


def _draws_otherwise(config: Mapping[str, Any]) -> bool:
    """Whether proton is to write what it does not record."""
    recorded: object = config.get("proton_data", PROTON["proton_data"])
    return WRITTEN_FROM.get(str(config.get("proton_output_format")), recorded) != recorded


def _profiles_graphs(line: Line) -> bool:
    """Whether proton is to look into CUDA graphs, of which it sees nothing unless it is told to."""
    return makes_graphs(line) and _of_proton(lambda config: config.get("proton_graph_attribution") is not True)(line)


def _records_otherwise(line: Line) -> bool:
    config = line.object(PROFILER)
    return config.get("torch_profiler_activities") is not None and config.get("profiler") != "torch"


def _records_twice(line: Line) -> bool:
    kinds = line.object(PROFILER).get("torch_profiler_activities")
    return isinstance(kinds, list) and len({str(each) for each in kinds}) < len(kinds)


def _bounds(line: Line) -> list[list[Any]]:
    """The bounds of each histogram, as far as they are lists."""
    return [each for each in line.object(HISTOGRAMS).values() if isinstance(each, list)]


def _descends(line: Line) -> bool:
    """Whether the bounds of a histogram do not rise."""
    numbers = [each for each in _bounds(line) if all(type(bound) in (int, float) for bound in each)]
    return any(later <= earlier for each in numbers for earlier, later in pairwise(each))


def _counts_below_nothing(line: Line) -> bool:
    return any(type(bound) in (int, float) and bound <= 0 for each in _bounds(line) for bound in each)


def _captures_nothing(line: Line) -> bool:
    config = line.object(PROFILER)
    return config.get("capture_torch_profiler") is True and config.get("profiler") != "torch"


REFUSALS: tuple[Refusal, ...] = (
    Refusal("collect_detailed_traces requires", "--collect-detailed-traces",
            lambda line: bool(line.text("--collect-detailed-traces")) and "--otlp-traces-endpoint" not in line.given,
            "--collect-detailed-traces without --otlp-traces-endpoint", "--otlp-traces-endpoint"),
    Refusal("torch_profiler_dir must be set when profiler is", PROFILER, _profiles_nowhere,
            "profiler torch without torch_profiler_dir", "torch_profiler_dir"),
    Refusal("torch_profiler_dir is only applicable when", PROFILER, _profiles_otherwise,
            "torch_profiler_dir with another profiler", "profiler torch"),
    Refusal("proton_profiler_dir must be set when", PROFILER,
            _of_proton(lambda config: not config.get("proton_profiler_dir")),
            "profiler proton without proton_profiler_dir", "proton_profiler_dir"),
    Refusal("torch_profiler_activities must not contain duplicates", PROFILER, _records_twice,
            "torch_profiler_activities that name one twice", "name each once"),
    Refusal("only applicable when profiler is set to 'proton'", PROFILER, _profiles_kernels_otherwise,
            "settings of proton with another profiler", "profiler proton"),
    Refusal("must be strictly increasing", HISTOGRAMS, _descends, "bounds of a histogram that do not rise",
            "the lowest first, each once"),
    Refusal("capture_torch_profiler is only applicable when", PROFILER, _captures_nothing,
            "capture_torch_profiler without profiler torch", "profiler torch"),
    Refusal("custom_histogram_buckets: unknown bucket family", HISTOGRAMS,
            lambda line: set(line.object(HISTOGRAMS)) - FAMILIES,
            f"a family of histograms in {HISTOGRAMS} that there is not", f"one of {', '.join(sorted(FAMILIES))}"),
    Refusal("bucket list must not be empty", HISTOGRAMS, lambda line: [] in _bounds(line),
            "a histogram without bounds", "one bound at least"),
    Refusal("must be finite and greater than 0", HISTOGRAMS, _counts_below_nothing,
            "a bound of a histogram that is 0 or less", "more than 0"),
    Refusal("must be a number, not a boolean", HISTOGRAMS,
            lambda line: any(type(bound) is bool for each in _bounds(line) for bound in each),
            "a bound of a histogram that is no number", "numbers"),
    Refusal("torch_profiler_activities is only applicable when", PROFILER, _records_otherwise,
            "torch_profiler_activities without profiler torch", "profiler torch"),
    Refusal("proton_profiler_dir must be a local directory", PROFILER,
            _of_proton(lambda config: "://" in str(config.get("proton_profiler_dir"))),
            "a proton_profiler_dir that is an address", "a folder"),
    Refusal("proton_graph_attribution requires proton_data='tree'", PROFILER,
            _of_proton(lambda config: config.get("proton_graph_attribution") is True
                       and config.get("proton_data", "tree") != "tree"),
            "proton_graph_attribution with this proton_data", "tree"),
    *(Refusal(sentence, PROFILER, _of_proton(_draws_otherwise),
              "a proton_output_format of what proton_data does not record", "chrome_trace of trace, hatchet of tree")
      for sentence in ("chrome_trace output requires proton_data='trace'", " output requires proton_data='tree'")),
    Refusal("Proton profiling with CUDA graphs requires", PROFILER, _profiles_graphs,
            "profiler proton with CUDA graphs and without proton_graph_attribution",
            "proton_graph_attribution true, or --enforce-eager"),
)  # fmt: skip
"""In the order in which they are said."""
