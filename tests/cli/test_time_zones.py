"""What a command says does not depend on where its machine thinks it is: days are UTC's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.sandbox import make_sandbox

VALUES = """\
servingEngineSpec:
  modelSpec:
    - {{name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: facebook/opt-125m, replicaCount: {replicas}, requestCPU: 1, requestMemory: 2Gi, requestGPU: 1}}
gitops:
  capacity: [{{pool: p, count: 1, perNode: 1}}]
  acknowledge: [{{risk: gpu-shortage, object: Deployment/llmstack-m-deployment-vllm, until: {until}, reason: planned}}]
"""
ZONES = ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "")


def verdicts(folder: Path, days: int) -> set[tuple[str, int]]:
    """What a review says, in each time zone, with an acknowledgement that ends some days from now."""
    folder.mkdir()
    sandbox = make_sandbox(folder)
    until = (datetime.now(UTC) + timedelta(days=days)).date()
    sandbox.write({"values/prod.yaml": VALUES.format(replicas=1, until=until)})
    sandbox.run("llmstack gen && git init -q -b main && git add -A && git commit -qm start")
    sandbox.write({"values/prod.yaml": VALUES.format(replicas=4, until=until)})
    sandbox.run("llmstack gen")
    return {sandbox.run(f"env TZ={zone} llmstack diff --fail-on error") for zone in ZONES}


def test_an_acknowledgement_ends_with_the_same_day_everywhere(tmp_path: Path) -> None:
    ((output, code),) = verdicts(tmp_path / "today", 0)
    assert code == 0, output
    ((output, code),) = verdicts(tmp_path / "yesterday", -1)
    assert code == 1, output
