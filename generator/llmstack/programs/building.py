"""kustomize and kubeconform, built by Go from a module whose sources are pinned by their checksums."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from llmstack.programs import BUILT, Found, ToolError, look_up, run

OLDEST_GO = (1, 21)
"""The first release that fetches the Go which go.mod names (https://go.dev/doc/toolchain)."""


def find_go() -> str | None:
    """The path of Go; None where it is not on PATH, or older than `OLDEST_GO`."""
    go = shutil.which("go")
    try:
        said = run([go, "version"], "go version").stdout if go is not None else ""
    except ToolError:
        return None
    version = re.search(r"\bgo(\d+)\.(\d+)", said, re.ASCII)
    return go if version is not None and (int(version[1]), int(version[2])) >= OLDEST_GO else None


def build_tools(go: str, module: Mapping[str, str], target: Path) -> dict[str, Found]:
    """Build every program of `BUILT` into `target` with the Go at `go`; returns where each is, by name.

    `module` holds go.mod and go.sum: Go takes no source whose checksum is not there. A program is replaced when its
    build has succeeded. Raises ToolError with what Go says when a build fails.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=target) as name:
        for path, text in module.items():
            Path(name, path).write_text(text, encoding="utf-8")
        for tool in BUILT:
            # kubeconform learns its version from the linker alone
            command = [
                go,
                "-C",
                name,
                "build",
                "-mod=readonly",
                "-trimpath",
                "-ldflags",
                f"-X main.version={tool.tested}",
            ]
            run([*command, "-o", tool.name, tool.package], f"the build of {tool.name} {tool.tested}")
            os.replace(Path(name, tool.name), target / tool.name)
    return {tool.name: look_up(tool, target) for tool in BUILT}
