"""Helm itself on a control plane, and a chart that renders to objects which are there already."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import yamlio
from tests.cluster.kubectl import Kubectl, Refused

RELEASE = "vllm"


@dataclass(frozen=True)
class Helm:
    """helm as one user of one cluster, with nothing of the machine's own configuration."""

    program: Path
    kubectl: Kubectl
    home: Path

    def __call__(self, *arguments: str) -> str:
        """What helm prints; raises Refused."""
        homes = {f"HELM_{name}_HOME": str(self.home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        environment = os.environ | homes | {"KUBECONFIG": str(self.kubectl.kubeconfig), "HOME": str(self.home)}
        argv = [str(self.program), *arguments]
        run = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise Refused(run.stderr.strip() or f"exit code {run.returncode}")
        return run.stdout

    def install(self, chart: Path, place: str, *, is_applied: bool) -> None:
        """Install a chart as the release `vllm`: by server-side apply, as Helm 4 does where nothing else is said, or by
        its client, as Helm 3 did."""
        how = f"--server-side={str(is_applied).lower()}"
        self("install", RELEASE, str(chart), "-n", place, how, "--disable-openapi-validation")

    def manifest(self, place: str) -> str:
        """What the release of a namespace consists of, as Helm's record has it."""
        return self("get", "manifest", RELEASE, "-n", place)


def write_chart(folder: Path, objects: Iterable[Mapping[str, Any]]) -> Path:
    """Write a chart that renders to exactly these objects, Helm's delimiters in them escaped; its folder."""
    text = "---\n".join(yamlio.dump(dict(each)) for each in objects).replace("{{", '{{ "{{" }}')
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {RELEASE}\nversion: 0.1.0\n", encoding="utf-8")
    (folder / "templates" / "all.yaml").write_text(text, encoding="utf-8")
    return folder
