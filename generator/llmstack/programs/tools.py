"""The programs that are looked for: which version will do, where one is, and how to get it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from msgspec import Struct

from llmstack.programs.command import ToolError, run


class Tool(Struct, frozen=True):
    """A program we run: its name, the oldest version that will do, and how to get the one that is tested."""

    name: str
    oldest: tuple[int, int, int]
    install: str
    ask: str
    """The arguments that make it print its version."""

    @property
    def package(self) -> str:
        """The Go package that it is built from."""
        return self.install.removeprefix("go install ").partition("@")[0]

    @property
    def tested(self) -> str:
        """The version that is tested, with its `v`."""
        return self.install.rpartition("@")[2]


KUSTOMIZE = Tool("kustomize", (5, 4, 0), "go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1", "version")
"""5.4.0 builds the example and some 400 units of tests/cases to the same bytes as 5.8.1, and so does 5.8.2. That one
is not taken: Flux's kustomize-controller 1.10.1 and Argo CD 3.5.7 build by 5.8.1 (go.mod, hack/tool-versions.sh), and
5.8.2 builds custom/ otherwise: `includeTemplates` labels no claim templates, `images` replaces digests other than
SHA-256, and an admission policy gets no namespace."""
KUBECONFORM = Tool("kubeconform", (0, 7, 0), "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0", "-v")
"""0.8.0 finds the same; it is not taken: it needs Go 1.26, and libraries that kustomize's release does not have."""

BUILT = (KUSTOMIZE, KUBECONFORM)
"""What `llmstack tools install` builds, or fetches."""


class Found(Struct, frozen=True):
    """A program that is there: where, and what it says of its version (`v5.8.1`, `development`)."""

    path: Path
    version: str


def find_tool(tool: Tool, folder: Path | None = None) -> Path:
    """Return the program's path: in `folder` (the tools that are named or installed), else on PATH.

    Raises ToolError with the install line when it is missing or older than `tool.oldest`.
    """
    return look_up(tool, folder).path


def look_up(tool: Tool, folder: Path | None = None) -> Found:
    """`find_tool`, with the version."""
    advice = f"install it with `{tool.install}`" + (", or run `llmstack tools install`" if tool in BUILT else "")
    wanted = ".".join(map(str, tool.oldest))
    places = ([str(folder)] if folder is not None else []) + [os.environ.get("PATH", os.defpath)]
    found = shutil.which(tool.name, path=os.pathsep.join(places))
    if found is None:
        where = f"neither in {folder} nor on PATH" if folder is not None else "not on PATH"
        raise ToolError(f"{tool.name} is {where}: {advice}")
    said = run([found, *tool.ask.split()], tool.name, confined=True).stdout.strip()
    version = _parse_version(said)
    if version is not None and (version < tool.oldest or _is_next_major(version, tool)):
        raise ToolError(f"{found} is {said}, and {wanted} is needed: {advice}")
    number = "v{}.{}.{}".format(*version) if version is not None else said.partition("\n")[0]
    return Found(Path(found), number)


def _parse_version(text: str) -> tuple[int, int, int] | None:
    """The first `1.2.3` in a program's answer. None for a build that does not know its version.

    kubeconform prints `development` when it was built with `go install`, kustomize `(devel)` when built from
    source.
    """
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _is_next_major(version: tuple[int, int, int], tool: Tool) -> bool:
    return tool.oldest[0] > 0 and version[0] > tool.oldest[0]
