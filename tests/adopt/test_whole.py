"""What `adopt --write` writes is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path

from llmstack import yamlio
from tests.cli.sandbox import make_sandbox


def test_a_hold_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    models = [
        {"name": name, "repository": "vllm/vllm-openai", "tag": "v0.11.0", "modelURL": "a/b", "requestCPU": 1}
        for name in ("first", "second")
    ]
    sandbox.write({"values/prod.yaml": yamlio.dump({"servingEngineSpec": {"modelSpec": models}})})
    output, code = sandbox.run("llmstack render prod 2>/dev/null | sed 's/cpu: 1/cpu: 2/' > live.yaml")
    assert code == 0, output
    before = (sandbox.root / "values/prod.yaml").read_text()
    sandbox.write({"custom/prod/models/second": "somebody's\n"})
    output, code = sandbox.run("llmstack adopt prod --manifest live.yaml --write")
    assert code == 5, output
    assert (sandbox.root / "values/prod.yaml").read_text() == before
    assert sorted(path.name for path in (sandbox.root / "custom/prod/models").iterdir()) == ["second"]
    (sandbox.root / "custom/prod/models/second").unlink()
    output, code = sandbox.run("llmstack adopt prod --manifest live.yaml --write")
    assert code == 0, output
    assert (sandbox.root / "values/prod.yaml").read_text() != before
    assert list((sandbox.root / "custom/prod/models/second").iterdir())
