"""Values that are set at the same time are all kept, whoever is first."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.commands import secret
from llmstack.disk.error import BusyError, ChangedMeanwhileError
from tests.cli.sandbox import make_sandbox
from tests.secrets.test_sealed import KEY, SEALED, write_certificate

VALUES = {
    "servingEngineSpec": {
        "modelSpec": [{"name": "m", "repository": "vllm/vllm-openai", "tag": "v0.11.0", "modelURL": "facebook/opt-125m", "requestCPU": 1, "requestMemory": "2Gi"}]
    },
    "gitops": SEALED,
}  # fmt: skip


def test_every_key_is_there_in_the_end(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path, anew=True)
    write_certificate(sandbox.root, KEY, days=365_000)
    sandbox.write({"values/prod.yaml": yamlio.dump(VALUES)})
    runs = "".join(f"(printf value{n} | llmstack secret set prod hf key{n} || echo failed) & " for n in range(6))
    output, _ = sandbox.run(f"git init -q; {runs} wait")
    assert "failed" not in output, output
    manifest = yamlio.load((sandbox.root / "overlays/prod/secrets/hf.yaml").read_text())
    assert sorted(manifest["spec"]["encryptedData"]) == [f"key{n}" for n in range(6)]


@pytest.mark.parametrize("error", [BusyError("x", "busy"), ChangedMeanwhileError("x", "changed")])
def test_a_run_waits_for_its_turn_and_not_for_ever(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [error, error]

    def write() -> str:
        if left:
            raise left.pop()
        return "written"

    assert secret.take_turns(write) == "written"
    monkeypatch.setattr(secret, "_PATIENCE", -1)
    left.append(error)
    with pytest.raises(type(error)):
        secret.take_turns(write)
