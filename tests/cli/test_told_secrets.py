"""Every command on values whose names and addresses are tokens: none is told, in no format."""

from __future__ import annotations

import pytest

from tests.cli.sandbox import Sandbox, make_sandbox

TOKEN = "hf_aBcDeFgHiJkLmNoPqRsT1234"
PASSWORD = "Xk9vQ2mLr7tB"
VALUES = """\
servingEngineSpec:
  modelSpec:
    - {{name: {name}, repository: vllm/vllm-openai, tag: v0.11.2, modelURL: {url}, replicaCount: {replicas}, requestCPU: 1,
       requestMemory: 2Gi, requestGPU: 1}}
gitops: {{capacity: [{{pool: {pool}, count: 4}}]}}
"""
PLAIN = {"name": "m", "url": "facebook/opt-125m", "pool": "p", "replicas": 1}
HOSTILE = {
    "a model": {"name": TOKEN},
    "an address": {"url": f"https://u:{PASSWORD}@example.com/m"},
    "a pool": {"pool": TOKEN, "replicas": 2},
}
COMMANDS = (
    "status", "status --format json", "fit", "fit --format json", "lint", "diff main --format json", "diff main --generate",
    "diff main --format markdown", "diff main --format html", "diff main --format sarif", "diff main --format github",
)  # fmt: skip


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    sandbox = make_sandbox(tmp_path_factory.mktemp("told"))
    sandbox.write({"values/prod.yaml": VALUES.format(**PLAIN)})
    output, code = sandbox.run("llmstack gen && git init -q -b main && git add -A && git commit -q -m start")
    assert code == 0, output
    return sandbox


@pytest.mark.parametrize("case", HOSTILE)
def test_no_command_tells_a_token(sandbox: Sandbox, case: str) -> None:
    sandbox.write({"values/prod.yaml": VALUES.format(**PLAIN | HOSTILE[case])})
    told = {command: sandbox.run(f"llmstack gen >said 2>&1; llmstack {command}")[0] for command in COMMANDS}
    assert "(masked)" in told["status"] + told["fit"] + told["diff main --format json"]
    assert not [command for command, text in told.items() if TOKEN[3:12] in text or PASSWORD[:6] in text]


def test_migrate_tells_no_key_that_is_a_token(sandbox: Sandbox) -> None:
    sandbox.write({"values/prod.yaml": VALUES.format(**PLAIN) + f"{TOKEN}: 1\n"})
    told, _ = sandbox.run("llmstack migrate values/prod.yaml")
    assert "what the difference does not say:\n  (masked)" in told
    assert TOKEN[3:12] not in told
