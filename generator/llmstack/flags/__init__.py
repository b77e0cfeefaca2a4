"""vLLM's command-line flags: which there are in each release, and what is wrong with an argument list.

match = catalogue_for("vllm/vllm-openai", "v0.11.2")
lint_arguments(["Qwen/Qwen3-8B", "--max-model-len", "16k"], match)   # []
"""

from llmstack.flags.abbreviations import find_abbreviated
from llmstack.flags.catalogue import Catalogue, Flag, load_catalogue, newest, router_catalogue, versions
from llmstack.flags.environment import lint_environment
from llmstack.flags.lint import lint_arguments, lint_router_arguments
from llmstack.flags.match import Match, catalogue_for
from llmstack.flags.problem import FlagProblem
from llmstack.flags.split import Given, ParallelSizes, parallel_sizes, split_flags

__all__ = [
    "Catalogue",
    "Flag",
    "FlagProblem",
    "Given",
    "Match",
    "ParallelSizes",
    "catalogue_for",
    "find_abbreviated",
    "lint_arguments",
    "lint_environment",
    "lint_router_arguments",
    "load_catalogue",
    "newest",
    "parallel_sizes",
    "router_catalogue",
    "split_flags",
    "versions",
]
