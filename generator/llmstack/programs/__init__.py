"""The one room that runs external programs: kustomize and kubeconform here, sops for `secret set`.

A program is looked for in the folder of tools that the caller names, then on PATH, and its version is checked
once. Nothing here reads the environment but PATH, and nothing but Go's builds reaches for the network.
"""

from llmstack.programs.builds import (
    BUILD_MEMORY,
    BUILD_PROCESSOR,
    BUILD_TIMEOUT,
    EACH_FILE,
    MEMORY_EACH_FILE,
    kustomize_build_all,
)
from llmstack.programs.command import COPY, ToolError, run, run_on_copy
from llmstack.programs.tools import BUILT, KUBECONFORM, KUSTOMIZE, Found, Tool, find_tool, look_up
from llmstack.programs.verdicts import Verdict, kubeconform, kubeconform_texts

__all__ = [
    "BUILD_MEMORY",
    "BUILD_PROCESSOR",
    "BUILD_TIMEOUT",
    "BUILT",
    "COPY",
    "EACH_FILE",
    "KUBECONFORM",
    "KUSTOMIZE",
    "MEMORY_EACH_FILE",
    "Found",
    "Tool",
    "ToolError",
    "Verdict",
    "find_tool",
    "kubeconform",
    "kubeconform_texts",
    "kustomize_build_all",
    "look_up",
    "run",
    "run_on_copy",
]
