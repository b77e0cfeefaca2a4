"""Builds by kustomize, several at once, each with its time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from llmstack.programs.command import ToolError, judge
from llmstack.programs.running import Call, ending_together, run_together
from llmstack.progress import Step, ignore

BUILD_TIMEOUT = 120
"""Seconds after which a build counts as hung: the largest known take half a minute."""

BUILD_PROCESSOR, EACH_FILE = 4, 0.02
"""Seconds of processor time that a build may take, and how many more for each file that is there to be read.

A unit takes a tenth of a second, and an aggregate of 800 models, of some 3,000 files, half a minute, since kustomize is
quadratic in objects, and in the keys of a map too: one file of a megabyte can keep it busy for minutes.
"""

BUILD_MEMORY, MEMORY_EACH_FILE = 450, 0.25
"""Mebibytes of memory that a build may hold, and how many more for each file: a few operations of a JSON patch that
copy a map into itself double it each time. Linux alone knows this bound (getrlimit(2), RLIMIT_DATA)."""

_NO_MEMORY = re.compile(r"^(fatal error: |runtime: )?(runtime: )?(out of memory|cannot allocate memory)", re.MULTILINE)
"""What Go says where it gets no memory (runtime/mem_linux.go, malloc.go)."""

WORKERS = 4
"""How many builds run at once, at most: kustomize itself uses more than one core."""


def kustomize_build_all(
    program: Path, folders: Iterable[Path], step: Step = ignore, *, files: int = 0
) -> dict[Path, str | ToolError]:
    """Build several folders at once; one that fails is a ToolError in its place and hides no other.

    `files` is how many there are to be read, by which a build is given its time and its memory.

    The default load restriction holds: files outside of a folder are reached through its bases only. The folder is
    named as `.`, which no name of it can make into a repository to be fetched. `step` is told how many of how many are
    built.
    """
    ordered = list(dict.fromkeys(folders))
    command = [os.path.abspath(program), "build", "."]
    processor, memory = round(BUILD_PROCESSOR + EACH_FILE * files), round(BUILD_MEMORY + MEMORY_EACH_FILE * files)
    with ending_together():
        ended = run_together(
            [Call(command, folder, processor, memory) for folder in ordered],
            timeout=BUILD_TIMEOUT, at_once=min(WORKERS, os.cpu_count() or 1), step=step,
        )  # fmt: skip
    built: dict[Path, str | ToolError] = {}
    for folder, each in zip(ordered, ended, strict=True):
        try:
            what = f"kustomize build {folder}"
            if isinstance(each, subprocess.CompletedProcess) and each.returncode == -signal.SIGKILL:
                raise ToolError(f"{what} did not finish within {processor} seconds of processor time")
            if isinstance(each, subprocess.CompletedProcess) and each.returncode and _NO_MEMORY.search(each.stderr):
                raise ToolError(f"{what} did not get by with {memory} MiB of memory")
            built[folder] = judge(each, command, what, (0,), BUILD_TIMEOUT).stdout
        except ToolError as error:
            built[folder] = error
    return built
